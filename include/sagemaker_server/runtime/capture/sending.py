"""Segments on their way to the store: one thread, which tries again for as long as the store is away."""

from __future__ import annotations

import logging
import threading
import time

from sagemaker_server.runtime.capture.losses import Losses
from sagemaker_server.runtime.capture.spool import Sealed, Spool
from sagemaker_server.runtime.objects import Objects, ObjectsUnavailable

PERIOD = 0.5
LONGEST_PAUSE = 10.0
LAST_EFFORT = 5.0
"""Seconds that an ending server gives the store; what is left then is sent by the next."""

_log = logging.getLogger(__name__)


class Sender:
    """Sends what is sealed; an endpoint whose segments the store does not take is left alone for a while."""

    def __init__(self, spool: Spool, objects: Objects, losses: Losses) -> None:
        self._spool, self._objects, self._losses = spool, objects, losses
        self._pauses: dict[str, tuple[float, float]] = {}
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="data capture", daemon=True)

    def start(self) -> None:
        """Starts to send; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Sends what there is, if the store takes it soon."""
        self._ends.set()
        if self._thread.is_alive():
            self._thread.join(LAST_EFFORT)
        self._pauses.clear()
        until = time.monotonic() + LAST_EFFORT
        for sealed in self._spool.sealed(everything=True):
            if time.monotonic() < until and not self._pauses and not self._thread.is_alive():
                self._try(sealed)
        self._losses.tell()

    def _run(self) -> None:
        while not self._ends.wait(PERIOD):
            try:
                self._send_what_is_due()
                self._losses.tell()
            except Exception:  # what waits is tried again: this thread is the only one that sends
                _log.exception("captured data could not be sent")

    def _send_what_is_due(self) -> None:
        for sealed in self._spool.sealed():
            again_at, _ = self._pauses.get(sealed.endpoint, (0.0, 0.0))
            if time.monotonic() >= again_at and not self._ends.is_set():
                self._try(sealed)

    def _try(self, sealed: Sealed) -> None:
        """Sends a segment; a line is logged when an endpoint's first fails, and when one goes through again."""
        endpoint = sealed.endpoint
        try:
            self._objects.put(sealed.lines(), sealed.target)
        except FileNotFoundError:  # somebody has tidied up
            self._losses.count(endpoint, f"segment {sealed.file.name} of the spool is gone; records not known")
        except (ObjectsUnavailable, OSError) as fault:
            _, pause = self._pauses.get(endpoint, (0.0, 0.0))
            if not pause:
                self._losses.say(endpoint, f"the store does not take the records; they wait on disk: {fault}")
            pause = min(max(PERIOD, 2 * pause), LONGEST_PAUSE)
            self._pauses[endpoint] = (time.monotonic() + pause, pause)
            return
        else:
            if self._pauses.pop(endpoint, None):
                self._losses.say(endpoint, "the store takes the records again")
        self._spool.forget(sealed)
