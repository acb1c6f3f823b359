"""What every task of a monitoring run starts from: the windows that are due, found afresh; nothing comes by XCom."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from model_governance.decisions.breach import window_results
from model_governance.domain.due_windows import (
    MADE_UP_FOR,
    MOST_ASKED_FOR,
    MOST_WINDOWS,
    SETTLES,
    asked_windows,
    own_window,
    windows_between,
)
from model_governance.domain.ledger import Entry
from model_governance.domain.monitoring import Monitoring
from model_governance.domain.monitoring_record import WindowResult, window_folder
from model_governance.domain.production import changes
from model_governance.domain.served_window import Part, first_served, parts_between
from model_governance.domain.use_case import UseCase
from model_governance.errors import RecordMissing, RequestRefused
from model_governance.hooks.aws import PIPELINE_CONNECTION, AirflowClients
from model_governance.hooks.captured import (
    CapturedObjects,
    by_hour,
    fingerprint,
    traffic_of,
    truth_of,
)
from model_governance.hooks.installation import Installation

if TYPE_CHECKING:
    from airflow.sdk import Context

_LATE_TRAFFIC = timedelta(hours=48)
"""How long after a window's end captured objects that come late have it assessed anew."""


@dataclass(frozen=True)
class DueWindow:
    """A window of one version's traffic that is to be assessed.

    Attributes:
        start: In it, UTC.
        end: No longer in it.
        part: The version that served, and when in the window.
        revision: From 1.
        folder: Where its objects go; ends with a slash.
    """

    start: datetime
    end: datetime
    part: Part
    revision: int
    folder: str

    @property
    def words(self) -> str:
        """What logs call it."""
        again = f", revision {self.revision}" if self.revision > 1 else ""
        return f"window {self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M}, version {self.part.version}{again}"


@dataclass(frozen=True)
class MonitoringRun:
    """One run of a use case's monitoring.

    Attributes:
        installation: Under the principal ``pipeline``.
        use_case: As its folder declares it now.
        run_id: The DAG run's id.
        due: What the run was due at: its logical date; None for one that has none.
        parameters: The run's Params.
    """

    installation: Installation
    use_case: UseCase
    run_id: str
    due: datetime | None
    parameters: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The use case's name."""
        return self.use_case.name

    @property
    def monitoring(self) -> Monitoring:
        """The declaration.

        Raises:
            RecordMissing: There is none.
        """
        if self.use_case.monitoring is None:
            raise RecordMissing(f"{self.name} declares no monitoring: nothing is looked at")
        return self.use_case.monitoring

    @cached_property
    def captured(self) -> CapturedObjects:
        """Captured traffic and ground truth."""
        return CapturedObjects(self.installation.artifacts, self.name)

    def awaits_truth(self, end: datetime) -> bool:
        """Whether ground truth of a window that ended then is still waited for."""
        return self.installation.now() <= self.monitoring.waits_for_truth_until(end)

    @property
    def is_held_to_coverage(self) -> bool:
        """Whether a KPI counts how much ground truth has come, which can be said only when the time for it is over."""
        return any(kpi.metric == "ground_truth_coverage" for kpi in self.monitoring.kpis)

    def entries(self) -> tuple[Entry, ...]:
        """The ledger, read afresh."""
        return self.installation.ledger(self.name).entries()

    def settled_at(self) -> datetime | None:
        """When the newest window's last requests will have come into the store; None if they have."""
        now = self.installation.now()
        newest = next(windows_between(self.monitoring, now - timedelta(days=400), now), None)
        if newest is None or self._asked or now >= newest[1] + SETTLES:
            return None
        return newest[1] + SETTLES

    def due_windows(self) -> tuple[tuple[DueWindow, ...], str]:
        """What is to be assessed, ``MOST_WINDOWS`` at most unless asked for; and in words what is not, and why.

        First those that nobody looked at, the newest first, then those whose data has changed, the longest ago looked
        at first: truth that trickles in keeps neither from their turn.

        Raises:
            RequestRefused: The run's form asks for what is no window.
            LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
        """
        entries = self.entries()
        recorded = sorted(window_results(entries), key=lambda pair: pair[0].revision)
        results = {each.place: each for each, _ in recorded}
        windows = tuple(self._windows(entries))
        if not windows:
            return (), f"no version of {self.name} has served in production while a window ended"
        changed = self._changed(results.values())
        parted = list(self._parted(entries, windows, changed.values()))
        if not parted:
            return (), (
                f"no version of {self.name} served between {windows[-1][0]:%Y-%m-%d %H:%M} and "
                f"{windows[0][1]:%Y-%m-%d %H:%M} UTC: there is nothing to look at"
            )
        found = [
            self._due(start, end, part, before)
            for start, end, part in parted
            if (before := results.get((start, part.version))) is None
            or before.place in changed
            or self._is_asked_anew(before)
        ]
        if not found:
            return (), f"every one of {len(parted)} windows is on record, and none of its data has changed since"
        looked_at = {each.place: entry.sequence for each, entry in recorded}
        found.sort(key=lambda each: looked_at.get((each.start, each.part.version), 0))
        most = MOST_ASKED_FOR if self._asked else MOST_WINDOWS
        left = len(found) - most
        said = f"{left} more windows are left to the next runs, {most} each" if left > 0 else ""
        return tuple(found[:most]), said

    def _due(self, start: datetime, end: datetime, part: Part, before: WindowResult | None) -> DueWindow:
        revision = before.revision + 1 if before else 1
        return DueWindow(start, end, part, revision, window_folder(self.name, part.version, start, revision))

    def _parted(
        self,
        entries: Sequence[Entry],
        windows: Sequence[tuple[datetime, datetime]],
        changed: Collection[WindowResult],
    ) -> Iterator[tuple[datetime, datetime, Part]]:
        """The windows, and older ones whose data has changed, by the versions that served in them."""
        known = changes(entries)
        older = {(each.start, each.end) for each in changed} if not self._asked else set()
        for start, end in (*windows, *sorted(older - set(windows), reverse=True)):
            for part in parts_between(known, start, end):
                yield start, end, part

    @cached_property
    def _asked(self) -> tuple[datetime, ...]:
        start, end = self.parameters.get("window_start"), self.parameters.get("window_end")
        if self.parameters.get("recompute") and not (start and end):
            raise RequestRefused("recompute asks for windows too: fill window_start and window_end")
        if self.parameters.get("one_window"):
            if self._own_window is None:
                raise RequestRefused("one_window asks for its times: fill window_start and window_end")
            return (self._own_window[1],)
        return asked_windows(self.monitoring, start, end, self.installation.now())

    @cached_property
    def _own_window(self) -> tuple[datetime, datetime] | None:
        """The window off the schedule that the form asks for."""
        if not self.parameters.get("one_window"):
            return None
        start, end = self.parameters.get("window_start"), self.parameters.get("window_end")
        return own_window(self.monitoring, start, end, self.installation.now())

    def _is_asked_anew(self, before: WindowResult) -> bool:
        return bool(self.parameters.get("recompute")) and before.end in self._asked and before.run_id != self.run_id

    def _windows(self, entries: Sequence[Entry]) -> Iterator[tuple[datetime, datetime]]:
        """The windows that are asked for; else all that ended since something served, as far as there was traffic."""
        if self._own_window is not None:
            yield self._own_window
            return
        if self._asked:
            yield from (self.monitoring.window_ending(end) for end in self._asked)
            return
        served = first_served(entries)
        if served is None:
            return
        settled = self.installation.now() - SETTLES
        first_traffic = self.captured.first_traffic()
        own = self._own_end(settled)
        for place, (start, end) in enumerate(
            windows_between(self.monitoring, max(served, settled - MADE_UP_FOR), settled)
        ):
            is_newest = place == 0
            if is_newest or end == own or (first_traffic is not None and end > first_traffic):
                yield start, end
        if own is not None and served < own <= settled - MADE_UP_FOR:  # of a backfill of long ago
            yield self.monitoring.window_ending(own)

    def _own_end(self, settled: datetime) -> datetime | None:
        """The end of the window that the run itself was scheduled for."""
        if self.due is None or self.due > settled:
            return None
        newest = next(windows_between(self.monitoring, self.due - timedelta(days=400), self.due), None)
        return newest[1] if newest else None

    def _changed(self, results: Collection[WindowResult]) -> dict[tuple[datetime, int], WindowResult]:
        """Results whose ground truth, or traffic that came late, is no longer what they were made of, by their places.

        So are those that a KPI of truth was left open in, when no more is waited for.
        """
        now = self.installation.now()
        traffic = [each for each in results if now - each.end <= _LATE_TRAFFIC]
        truth = [each for each in results if self.awaits_truth(each.end)]
        changed = [each for each in results if each.awaits_truth and not self.awaits_truth(each.end)]
        if traffic:
            held = by_hour(
                self.captured.traffic(min(each.start for each in traffic), max(each.end for each in traffic))
            )
            changed += [each for each in traffic if fingerprint(traffic_of(held, each.start, each.end)) != each.traffic]
        if truth:
            held = by_hour(self.captured.truth(min(each.start for each in truth), max(each.end for each in truth)))
            changed += [each for each in truth if fingerprint(truth_of(held, each.start, each.end)) != each.truth]
        return {each.place: each for each in changed}


def current_monitoring_run(use_case: str, context: Context) -> MonitoringRun:
    """The run of the task that is being executed.

    Raises:
        RecordMissing, UseCaseInvalid: The use case is not there, or does not validate.
    """
    installation = Installation.load(AirflowClients(PIPELINE_CONNECTION))
    dag_run = context["dag_run"]
    return MonitoringRun(
        installation=installation,
        use_case=installation.use_case(use_case),
        run_id=dag_run.run_id,
        due=getattr(dag_run, "logical_date", None),
        parameters=context["params"],
    )
