"""The bias of a window's predictions held to that of the version's evaluation; apart because its metrics are of groups.

Model Monitor calls it a violation when a metric is farther from parity than in the baseline. So would half of all
windows be in which nothing has changed: here it must be farther by more than chance explains.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from model_governance.domain.metric_names import NEVER_IN_A_WINDOW
from model_governance.domain.monitoring import MonitorKind
from model_governance.evaluation.bias.post_training import POST_TRAINING
from model_governance.evaluation.window_report import Breach, MonitorResult, MonitorState, Point
from model_governance.evaluation.window_rows import LABEL_FREE, WindowRows
from model_governance.evaluation.worse import Estimate, estimate, explained_by_chance, logarithm

_KIND = MonitorKind.BIAS
_SECTION = "post_training_bias_metrics"
_NAMES = {metric.short_name: metric.name for metric in POST_TRAINING}
_RATIO = "DI"
"""Disparate impact: parity is 1, and it is compared by its logarithm, in which a half is as far off as the double."""

Key = tuple[str, str, str]
"""Facet, its group and the metric's short name."""


@dataclass(frozen=True)
class _Measured:
    """A metric in an analysis.json."""

    value: float | None
    interval: Mapping[str, Any] | None
    rows: int
    reason: str

    @property
    def estimate(self) -> Estimate:
        """The number with its error, and the rows of the smaller group."""
        return estimate(self.value or 0.0, self.interval, self.rows)


def bias_points(report: Mapping[str, Any], kind: MonitorKind = _KIND) -> dict[Key, Point]:
    """The numbers of an analysis.json."""
    found = {}
    for key, one in _metrics(report):
        facet, of, short = key
        ends = one.interval or {}
        found[key] = Point(
            kind,
            _NAMES.get(short, short),
            one.value,
            facet=f"{facet}={of}",
            lower=ends.get("lower"),
            upper=ends.get("upper"),
            rows=one.rows,
            reason=one.reason,
        )
    return found


def monitor_bias(rows: WindowRows) -> MonitorResult:
    """Every metric that the baseline has, of every facet."""
    if _KIND not in rows.monitoring.monitors:
        return MonitorResult(_KIND, MonitorState.NOT_CONFIGURED, "not among the use case's monitors")
    if rows.baselines.bias is None:
        return MonitorResult(_KIND, MonitorState.NO_BASELINE, "the version has no analysis of post-training bias")
    report = rows.bias
    if isinstance(report, str):
        return MonitorResult(_KIND, MonitorState.NOT_ENOUGH_DATA, report)
    now = dict(_metrics(report))
    found: dict[str, list[Any]] = {"violations": [], "breaches": [], "within_chance": [], "not_compared": []}
    lacking: list[str] = []
    for key, before in _metrics(rows.baselines.bias):
        name = _NAMES.get(key[2], key[2])
        if name in NEVER_IN_A_WINDOW:
            continue
        said = _hold(key, before, now.get(key), rows, found)
        if said:
            (lacking if name in rows.monitoring.bias_metrics else found["not_compared"]).append(said)
    basis = "predictions alone, no ground truth" if rows.is_without_truth else f"{len(rows.judged)} rows with truth"
    return MonitorResult(
        _KIND,
        MonitorState.NOT_ENOUGH_DATA if lacking else MonitorState.COMPLETED,
        "; ".join(lacking) or basis,
        points=tuple(point for key, point in bias_points(report).items() if _is_told(key, rows)),
        **{name: tuple(each) for name, each in found.items()},
    )


def _is_told(key: Key, rows: WindowRows) -> bool:
    name = _NAMES.get(key[2], key[2])
    return name not in NEVER_IN_A_WINDOW and (name in LABEL_FREE or not rows.is_without_truth)


def _hold(key: Key, before: _Measured, now: _Measured | None, rows: WindowRows, found: dict[str, list[Any]]) -> str:
    """Hold one metric to the baseline; returns why it cannot be, "" where it can."""
    facet, of, short = key
    where = f"{short} of {facet}={of}"
    if now is None or now.value is None or before.value is None or not _is_told(key, rows):
        return f"{where}: {_why_not(key, before, now, rows)}"
    parity = 1.0 if short == _RATIO else 0.0
    said = f"{short} is {now.value:.6g}, farther from {parity:g} than the baseline's {before.value:.6g}"
    excess, chance, unit = _farther(short, now, before, rows.alpha)
    if excess <= 0:
        return ""
    if chance is None:
        return f"{where}: {said}; without an interval chance cannot be told from change"
    said = f"{said} by {excess:.3g}{unit}; chance explains {chance:.3g}"
    if excess <= chance:
        found["within_chance"].append(f"{where}: {said}")
        return ""
    breach = Breach(
        monitor=_KIND,
        check="bias_drift_check",
        metric=_NAMES.get(short, short),
        severity=rows.monitoring.severities.bias,
        sentence=f"facet {facet}={of}: {said}",
        subject=f"{facet}={of}",
        value=now.value,
        limit=before.value,
        rows=now.rows,
    )
    named = {"facet": facet, "facet_value": of, "metric_name": short}
    found["breaches"].append(breach)
    found["violations"].append({**named, "constraint_check_type": breach.check, "description": said})
    return ""


def _why_not(key: Key, before: _Measured, now: _Measured | None, rows: WindowRows) -> str:
    if not _is_told(key, rows):
        return "needs ground truth"
    if before.value is None:
        return "the baseline has no value"
    return now.reason if now else "the window has no such group"


def _farther(short: str, now: _Measured, before: _Measured, alpha: float) -> tuple[float, float | None, str]:
    """How much farther from parity than the baseline, how much of it chance explains, and in which unit."""
    current, baseline, unit = now.estimate, before.estimate, ""
    if short == _RATIO:
        logarithms = logarithm(current), logarithm(baseline)
        if all(one.error is not None for one in logarithms):
            (current, baseline), unit = logarithms, " in logarithm"
        else:
            current, baseline = (replace(one, value=one.value - 1) for one in (current, baseline))
    excess = abs(current.value) - abs(baseline.value)
    return excess, explained_by_chance(excess, current, baseline, alpha), unit


def _metrics(analysis: Mapping[str, Any]) -> Iterator[tuple[Key, _Measured]]:
    for facet, entries in analysis.get(_SECTION, {}).get("facets", {}).items():
        for entry in entries:
            groups = {one.get("group"): one.get("rows", 0) for one in entry.get("groups", [])}
            rows = int(min(groups.get("a", 0), groups.get("d", 0)))
            for metric in entry["metrics"]:
                value = metric["value"]
                known = value is not None and math.isfinite(value)
                reason = "" if known else metric.get("error", "no value")
                measured = _Measured(value if known else None, metric.get("interval"), rows, reason)
                yield (facet, str(entry["value_or_threshold"]), metric["name"]), measured
