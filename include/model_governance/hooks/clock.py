"""The clock that entries and looks are stamped by; apart so that a test can set it in one place."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The time, aware."""
    return datetime.now(UTC)
