"""Which versions served in a window, and when, from the ledger's entries alone; a window over a change is parted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from model_governance.domain.ledger import Entry, EntryKind
from model_governance.domain.production import Change, changes, version_of


@dataclass(frozen=True)
class Part:
    """The part of a window in which one version served.

    Attributes:
        version: The version.
        subject: Its ARN.
        run_id: The run that made and deployed it.
        intervals: From when to when, one after the other; aware.
    """

    version: int
    subject: str
    run_id: str
    intervals: tuple[tuple[datetime, datetime], ...]


def served_parts(entries: Sequence[Entry], start: datetime, end: datetime) -> tuple[Part, ...]:
    """The versions that served between two times, each once, by number.

    Args:
        entries: A use case's ledger, verified.
        start: Aware; in the window.
        end: Aware; no longer in it.

    Raises:
        LedgerBroken: A deployment names no version.
    """
    return parts_between(changes(entries), start, end)


def parts_between(known: Sequence[Change], start: datetime, end: datetime) -> tuple[Part, ...]:
    """The same from the changes of what serves, for many windows of one ledger.

    Args:
        known: In the ledger's order.
        start: Aware; in the window.
        end: Aware; no longer in it.

    Raises:
        LedgerBroken: A deployment names no version.
    """
    times = sorted({each.time for each in known if start < each.time < end})
    found: dict[int, Part] = {}
    for since, until in pairwise([start, *times, end]):
        deployment = next((each.after.served for each in reversed(known) if each.time <= since), None)
        if deployment is None:
            continue
        version = version_of(deployment)
        before = found[version].intervals if version in found else ()
        goes_on = bool(before) and before[-1][1] == since
        interval = (before[-1][0] if goes_on else since, until)
        found[version] = Part(
            version=version,
            subject=deployment.subject,
            run_id=str(deployment.body.get("run_id", "")),
            intervals=(*(before[:-1] if goes_on else before), interval),
        )
    return tuple(found[version] for version in sorted(found))


def first_served(entries: Sequence[Entry]) -> datetime | None:
    """When the use case began to serve in production, since the last clean-up; None where it has not."""
    first = None
    for change in changes(entries):
        if change.entry.kind is EntryKind.CLEAN_UP:
            first = None
        elif first is None and change.after.served is not None:
            first = change.time
    return first
