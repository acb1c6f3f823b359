"""Which windows are to be assessed: those that ended and are on no record, and those whose data has changed since."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from croniter import croniter

from model_governance.domain.monitoring import Monitoring
from model_governance.errors import RequestRefused

MADE_UP_FOR = timedelta(days=31)
"""How far back missed windows are made up for by themselves; older ones are asked for by the form of a run."""
MOST_WINDOWS = 48
"""How many windows one run takes on; the next takes the rest."""
MOST_ASKED_FOR = 1000
SETTLES = timedelta(seconds=60)
"""How long after its end a window's last requests may still be on their way into the store."""


def windows_between(monitoring: Monitoring, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Start and end of every window that ended after one time and not after another, the newest first."""
    ticks = croniter(monitoring.schedule, until + timedelta(seconds=1), max_years_between_matches=8)
    while (end := ticks.get_prev(datetime).astimezone(UTC)) > since:
        yield monitoring.window_ending(end)


def asked_windows(monitoring: Monitoring, start: str | None, end: str | None, now: datetime) -> tuple[datetime, ...]:
    """Ends of the windows that the form of a run asks for; empty where it asks for none.

    Args:
        monitoring: The declaration.
        start: The first window's start, ISO 8601; UTC unless it says.
        end: The last window's end.
        now: The time.

    Raises:
        RequestRefused: One of the two is missing or no time; no window lies between them; a window has not ended, or
            there are more than ``MOST_ASKED_FOR``.
    """
    asked = _asked_times(start, end, now)
    if asked is None:
        return ()
    first, last = asked
    found = []
    for began, ended in windows_between(monitoring, first, last):
        if began >= first:
            found.append(ended)
        if len(found) > MOST_ASKED_FOR:
            raise RequestRefused(f"between {start} and {end} lie more than {MOST_ASKED_FOR} windows: ask in parts")
    if not found:
        raise RequestRefused(
            f"no window lies between {start} and {end}: they are {monitoring.window_minutes} minutes long and end at "
            f"the ticks of {monitoring.schedule!r} (UTC)"
        )
    return tuple(found)


def own_window(
    monitoring: Monitoring, start: str | None, end: str | None, now: datetime
) -> tuple[datetime, datetime] | None:
    """The one window that the form of a run asks for beside the schedule; None where it says no times.

    Args:
        monitoring: The declaration.
        start: In it, ISO 8601, a whole minute; UTC unless it says.
        end: No longer in it.
        now: The time.

    Raises:
        RequestRefused: One of the two is missing or no time, it has not ended, or it begins where a window of the
            schedule does or within a minute, by which results are told apart.
    """
    asked = _asked_times(start, end, now)
    if asked is None:
        return None
    first, last = asked
    if first.second or first.microsecond:
        raise RequestRefused(f"window_start {start}: a window of its own begins with a whole minute")
    if begins_a_window(monitoring, first):
        raise RequestRefused(
            f"window_start {start}: a window of {monitoring.schedule!r} begins then, whose results would be mixed up "
            "with those of a window of its own: begin a minute later"
        )
    return first, last


def begins_a_window(monitoring: Monitoring, time: datetime) -> bool:
    """Whether a window of the schedule begins in that minute."""
    end = time.replace(second=0, microsecond=0) + timedelta(minutes=monitoring.window_minutes)
    return bool(croniter.match(monitoring.schedule, end))


def _asked_times(start: str | None, end: str | None, now: datetime) -> tuple[datetime, datetime] | None:
    if not start and not end:
        return None
    if not start or not end:
        raise RequestRefused("window_start and window_end go together: fill both or neither")
    first, last = _time("window_start", start), _time("window_end", end)
    if last <= first:
        raise RequestRefused(f"window_end {end} is not after window_start {start}")
    if last > now - SETTLES:
        raise RequestRefused(f"window_end {end} has not passed: it is {now:%Y-%m-%dT%H:%M} UTC")
    return first, last


def _time(name: str, text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise RequestRefused(f"{name} {text!r} is no time: write it as ISO 8601, such as 2026-03-01T12:00") from None
