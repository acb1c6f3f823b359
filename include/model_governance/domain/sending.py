"""When a notice that could not be sent is tried again; apart from the store that remembers the attempts."""

from __future__ import annotations

from datetime import timedelta

CLAIM_HOLDS = timedelta(minutes=10)
"""For how long whoever has claimed a notice may take to send it, before another may; longer than any channel waits."""

LONGEST_PAUSE = timedelta(days=1)
_FIRST_PAUSE = timedelta(minutes=15)


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many failed attempts: none, 15 minutes, 45, 105, ..., a day at most.

    Args:
        attempts: In [1, ...).
    """
    pause: timedelta = _FIRST_PAUSE * (2 ** min(attempts - 1, 16) - 1)
    return min(LONGEST_PAUSE, pause)


def may_try_again(attempts: int, since: timedelta) -> bool:
    """Whether a channel that failed may be tried again.

    Args:
        attempts: How many attempts have failed.
        since: How long ago the last one was.
    """
    return since >= pause_after(attempts)
