"""What could not be captured, counted and told in the endpoint's log, apart from why it happened."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from pathlib import Path

from sagemaker_server.runtime.logs import ENDPOINTS, FORMER, log_file

STREAM = "data-capture"
"""The log stream of an endpoint in which its data capture speaks."""
LARGEST_LOG = 16 << 20

_log = logging.getLogger(__name__)


class Losses:
    """Records lost by endpoint: since the last telling with their last reason, and since the server's start."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._counting = threading.Lock()
        self._untold: dict[str, tuple[int, str]] = {}
        self._total: Counter[str] = Counter()

    def count(self, endpoint: str, reason: str, records: int = 1) -> None:
        """Counts records that are lost."""
        with self._counting:
            self._untold[endpoint] = (self._untold.get(endpoint, (0, ""))[0] + records, reason)
            self._total[endpoint] += records

    def tell(self) -> None:
        """Writes a line for each endpoint that has lost records since the last time; a full disk is waited for."""
        with self._counting:
            untold, self._untold = self._untold, {}
            totals = dict(self._total)
        for endpoint, (records, reason) in untold.items():
            message = f"{records} records lost ({totals[endpoint]} since the server's start): {reason}"
            if not self.say(endpoint, message):
                with self._counting:
                    later, _ = self._untold.get(endpoint, (0, ""))
                    self._untold[endpoint] = (records + later, reason)

    def say(self, endpoint: str, message: str) -> bool:
        """Writes a line to the endpoint's log, and to the server's; whether the endpoint's took it."""
        _log.warning("data capture of endpoint %s: %s", endpoint, message)
        try:
            file = log_file(self._home, f"{ENDPOINTS}/{endpoint}", STREAM)
            file.parent.mkdir(parents=True, exist_ok=True)
            if file.exists() and file.stat().st_size > LARGEST_LOG:
                file.replace(file.with_name(f"{file.name}{FORMER}"))
            with file.open("a", encoding="utf-8") as log:
                log.write(f"{time.time_ns() // 1_000_000} {' '.join(message.split())}\n")
                log.flush()
        except OSError as fault:  # the disk that took no record takes no line either: the server's log has it
            _log.warning("the log of endpoint %s cannot be written: %s", endpoint, fault)
            return False
        return True
