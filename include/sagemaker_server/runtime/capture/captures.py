"""Data capture as the runtime sees it: exchanges go in, and no fault of it ever reaches a request."""

from __future__ import annotations

import logging

from sagemaker_server.runtime.capture.losses import Losses
from sagemaker_server.runtime.capture.rules import CaptureRule, Exchange
from sagemaker_server.runtime.capture.sending import Sender
from sagemaker_server.runtime.capture.spool import Spool, SpoolFull, Stream
from sagemaker_server.runtime.objects import Objects
from sagemaker_server.settings import Settings

FOLDER = "capture"

_log = logging.getLogger(__name__)


class Captures:
    """Spool and sender of all endpoints."""

    def __init__(self, settings: Settings, objects: Objects) -> None:
        self._losses = Losses(settings.home)
        self._spool = Spool(settings.home / FOLDER, settings.capture_spool_bytes)
        self._sender = Sender(self._spool, objects, self._losses)

    def start(self) -> None:
        """Takes up what an earlier server did not send, and begins to send."""
        left = self._spool.take_over()
        if left:
            _log.info("%d segments of captured data were left by an earlier server; they are sent now", left)
        self._sender.start()

    def stop(self) -> None:
        """Sends what there is; what the store does not take now stays for the next server."""
        self._sender.stop()

    def take(self, rule: CaptureRule | None, exchange: Exchange) -> None:
        """Captures an exchange, if the rule says so; what cannot be kept is counted and told, nothing is raised."""
        if rule is None or not rule.draws():
            return
        try:
            stream = Stream.at(exchange.endpoint, exchange.variant, rule.destination, exchange.time)
            self._spool.append(stream, exchange.time, rule.line(exchange))
        except SpoolFull as full:
            self._losses.count(exchange.endpoint, str(full))
        except OSError as fault:
            self._losses.count(exchange.endpoint, f"the disk does not take them: {fault.strerror or fault}")
        except Exception as fault:
            _log.exception("an exchange could not be captured")
            self._losses.count(exchange.endpoint, repr(fault))
