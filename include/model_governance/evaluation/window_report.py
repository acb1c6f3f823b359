"""What was found out about a window, in every form it is kept in; apart from how it was found out."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from model_governance.domain.monitoring import MonitorKind
from model_governance.domain.oversight import Severity
from model_governance.domain.series import SeriesPoint
from model_governance.evaluation.capture import Window
from model_governance.evaluation.report import report_bytes


class MonitorState(StrEnum):
    """How far a monitor came."""

    COMPLETED = "completed"
    NOT_ENOUGH_DATA = "not enough data"
    NO_BASELINE = "no baseline"
    NOT_CONFIGURED = "not configured"


class WindowVerdict(StrEnum):
    """How a window stands: ``passed`` only if every configured monitor was completed and nothing breached."""

    PASSED = "passed"
    BREACHED = "breached"
    NOT_ASSESSED = "not assessed"


@dataclass(frozen=True)
class Point(SeriesPoint):
    """A number of a window, with what kept it from being measured.

    Attributes:
        monitor: Which monitor measured it.
        reason: Why there is no value.
    """

    monitor: MonitorKind
    reason: str = ""


@dataclass(frozen=True)
class Breach:
    """What calls for a finding.

    Attributes:
        monitor: Which monitor found it.
        check: Model Monitor's name of the check, such as ``baseline_drift_check``.
        metric: The metric, distance or KPI.
        severity: Of the finding.
        sentence: What was found, held to what, with the numbers; one line.
        subject: The feature, or the facet and its group; "" for the model as a whole.
        value: What was measured.
        limit: What it was held to.
        rows: Rows behind it.
    """

    monitor: MonitorKind
    check: str
    metric: str
    severity: Severity
    sentence: str
    subject: str = ""
    value: float | None = None
    limit: float | None = None
    rows: int = 0

    @property
    def key(self) -> str:
        """The same for the same breach of another window: by it a second finding can be kept from being opened."""
        return "/".join(part for part in (self.monitor.value, self.check, self.metric, self.subject) if part)


@dataclass(frozen=True)
class MonitorResult:
    """How far one monitor came.

    Attributes:
        kind: Which.
        state: How far.
        detail: The numbers behind the state; one line.
        points: What it measured.
        violations: In constraint_violations.json's form, one for each breach.
        breaches: What calls for a finding.
        within_chance: What is beyond a limit by no more than chance explains, a line each; no breach.
        not_compared: What could not be compared and was not required, a line each, with the reason.
    """

    kind: MonitorKind
    state: MonitorState
    detail: str = ""
    points: tuple[Point, ...] = ()
    violations: tuple[dict[str, str], ...] = ()
    breaches: tuple[Breach, ...] = ()
    within_chance: tuple[str, ...] = ()
    not_compared: tuple[str, ...] = ()


@dataclass(frozen=True)
class WindowReport:
    """A window of production traffic held to its version's baselines; holds no clock but the window's own.

    Attributes:
        use_case: Its name.
        window: From when to when.
        monitors: One for each kind, in the order of ``MonitorKind``.
        traffic: Counts: lines, duplicates, outside, bad, requests, rows, rows_with_truth, and the like.
        statistics: The window's statistics.json; None without rows.
    """

    use_case: str
    window: Window
    monitors: tuple[MonitorResult, ...]
    traffic: dict[str, Any] = field(default_factory=dict)
    statistics: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def verdict(self) -> WindowVerdict:
        """A breach where there is one, whatever could not be assessed; else passed only if everything was."""
        if self.breaches:
            return WindowVerdict.BREACHED
        asked = [one for one in self.monitors if one.state is not MonitorState.NOT_CONFIGURED]
        whole = bool(asked) and all(one.state is MonitorState.COMPLETED for one in asked)
        return WindowVerdict.PASSED if whole else WindowVerdict.NOT_ASSESSED

    @property
    def points(self) -> tuple[Point, ...]:
        """Every number, for the time series."""
        return tuple(point for monitor in self.monitors for point in monitor.points)

    @property
    def breaches(self) -> tuple[Breach, ...]:
        """Every breach, the gravest first."""
        found = [breach for monitor in self.monitors for breach in monitor.breaches]
        return tuple(sorted(found, key=lambda breach: -_GRAVITY.index(breach.severity)))

    @property
    def sentence(self) -> str:
        """The whole in one line, for logs and notices."""
        when = f"{_time(self.window.start)} to {_time(self.window.end)}"
        parts = [f"{self.use_case}, {when}: {self.verdict}, {self.traffic.get('rows', 0)} rows"]
        parts += [f"{one.kind} {one.state} ({one.detail})" for one in self.monitors if _is_short(one)]
        if self.breaches:
            parts.append(f"{len(self.breaches)} breaches, first: {self.breaches[0].sentence}")
        return "; ".join(parts)

    @property
    def violations_json(self) -> bytes:
        """constraint_violations.json, as Model Monitor writes it: {"violations": [...]}."""
        return report_bytes({"violations": [dict(one) for each in self.monitors for one in each.violations]})

    @property
    def statistics_json(self) -> bytes:
        """statistics.json of the window's features; of no rows, with no features."""
        return report_bytes(self.statistics or {"version": 0, "dataset": {"item_count": 0}, "features": []})

    @property
    def report_json(self) -> bytes:
        """The whole report as canonical JSON."""
        return report_bytes(
            {
                "version": "1.0",
                "use_case": self.use_case,
                "window": {"start": _time(self.window.start), "end": _time(self.window.end)},
                "verdict": self.verdict.value,
                "monitors": [_document(one) for one in self.monitors],
                "traffic": self.traffic,
            }
        )

    def summary(self, most_characters: int = 1000) -> str:
        """The whole in bounded text, for a card's custom details: verdict, states, the gravest breaches."""
        states = ", ".join(f"{one.kind} {one.state}" for one in self.monitors)
        lines = [f"{_time(self.window.start)}: {self.verdict} ({self.traffic.get('rows', 0)} rows; {states})"]
        lines += [f"{breach.severity}: {breach.sentence}" for breach in self.breaches]
        text = "; ".join(lines)
        return text if len(text) <= most_characters else f"{text[: most_characters - 3]}..."


_GRAVITY = list(Severity)


def _is_short(monitor: MonitorResult) -> bool:
    return monitor.state in (MonitorState.NOT_ENOUGH_DATA, MonitorState.NO_BASELINE)


def _time(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _document(monitor: MonitorResult) -> dict[str, Any]:
    found = asdict(monitor)
    found["breaches"] = [{**asdict(breach), "key": breach.key} for breach in monitor.breaches]
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}
