"""A use case's own numbers of a window, held to its limits; apart because no baseline of the version is asked.

A limit breaches where the number is beyond it by more than chance explains in so few rows; counts are exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model_governance.domain.metric_names import POST_TRAINING_BIAS
from model_governance.domain.monitoring import Kpi, MonitorKind, Payoff
from model_governance.evaluation.labels import favourable_labels, favourable_predictions
from model_governance.evaluation.window_bias import bias_points
from model_governance.evaluation.window_outcomes import quality_points
from model_governance.evaluation.window_report import Breach, MonitorResult, MonitorState, Point
from model_governance.evaluation.window_rows import LABEL_FREE, WindowRows
from model_governance.evaluation.worse import Estimate, estimate, explained_by_chance

_KIND = MonitorKind.KPIS
_HALF = 1.959964


@dataclass(frozen=True)
class Invocations:
    """What the endpoint itself counted in the window (CloudWatch's metrics of that name), refused requests included.

    Attributes:
        total: Invocations.
        refused: Answered with a 4xx.
        failed: Answered with a 5xx.
    """

    total: int
    refused: int
    failed: int


@dataclass(frozen=True)
class _Number:
    """A KPI as measured: an estimate, with the subject (a facet's group), or why there is none."""

    estimate: Estimate | None
    reason: str = ""
    subject: str = ""
    is_share: bool = False


_COUNTS = frozenset({"requests", "rows", "total_value"})
"""What grows with the time that a version serves."""
_PART = _Number(None, "the version served only a part of the window")


def monitor_kpis(
    rows: WindowRows, invocations: Invocations | None, *, awaits_truth: bool, is_whole: bool = True
) -> MonitorResult:
    """Every KPI that the use case declares; counts only where the version served the whole window."""
    if not rows.monitoring.kpis:
        return MonitorResult(_KIND, MonitorState.NOT_CONFIGURED, "the use case declares none")
    points, violations, breaches, chance, lacking = [], [], [], [], []
    for kpi in rows.monitoring.kpis:
        is_open = kpi.metric in _COUNTS and not is_whole
        for number in [_PART] if is_open else _measure(kpi, rows, invocations, awaits_truth):
            points.append(_point(kpi, number))
            if number.estimate is None:
                lacking.append(f"{kpi.name}: {number.reason}")
                continue
            for breach, is_chance in _held(kpi, number, number.estimate, rows.alpha):
                if is_chance:
                    chance.append(breach.sentence)
                    continue
                breaches.append(breach)
                said = {"constraint_check_type": breach.check, "description": breach.sentence}
                violations.append({**said, "metric_name": kpi.name})
    return MonitorResult(
        _KIND,
        MonitorState.NOT_ENOUGH_DATA if lacking else MonitorState.COMPLETED,
        "; ".join(lacking) or f"{len(rows.monitoring.kpis)} KPIs",
        points=tuple(points),
        violations=tuple(violations),
        breaches=tuple(breaches),
        within_chance=tuple(chance),
    )


def _held(kpi: Kpi, number: _Number, found: Estimate, alpha: float) -> list[tuple[Breach, bool]]:
    """Each limit that the number is beyond, and whether chance explains it."""
    beyond = []
    sides = (("LessThanThreshold", "below", kpi.minimum, -1), ("GreaterThanThreshold", "above", kpi.maximum, 1))
    for check, side, limit, sign in sides:
        if limit is None or sign * (found.value - limit) <= 0:
            continue
        excess = sign * (found.value - limit)
        explained = _explained(number, found, limit, sign, alpha)
        where = f" of {number.subject}" if number.subject else ""
        said = f"KPI {kpi.name}: {kpi.metric}{where} is {found.value:.6g} on {found.rows} rows, {side} {limit:g}"
        if explained:
            said += f" by {excess:.3g}; chance explains {explained:.3g}"
        breach = Breach(
            monitor=_KIND,
            check=check,
            metric=kpi.name,
            severity=kpi.severity,
            sentence=said,
            subject=number.subject,
            value=found.value,
            limit=limit,
            rows=found.rows,
        )
        beyond.append((breach, excess <= explained))
    return beyond


def _explained(number: _Number, found: Estimate, limit: float, sign: int, alpha: float) -> float:
    """How far beyond a limit chance alone may take the number; a share's by the binomial distribution."""
    if number.is_share and 0 <= limit <= 1:
        from scipy.stats import binom

        count = binom.isf(alpha, found.rows, limit) if sign > 0 else binom.ppf(alpha, found.rows, limit)
        return abs(float(count) / found.rows - limit)
    exact = Estimate(found.value, found.error or 0.0, found.rows)
    return explained_by_chance(sign * (found.value - limit), exact, None, alpha) or 0.0


def _point(kpi: Kpi, number: _Number) -> Point:
    found = number.estimate
    if found is None:
        return Point(_KIND, kpi.name, None, facet=number.subject, reason=number.reason)
    lower, upper = found.lower, found.upper
    if lower is None and upper is None and found.error:
        lower, upper = found.value - _HALF * found.error, found.value + _HALF * found.error
    return Point(_KIND, kpi.name, found.value, facet=number.subject, lower=lower, upper=upper, rows=found.rows)


def _measure(kpi: Kpi, rows: WindowRows, invocations: Invocations | None, awaits_truth: bool) -> list[_Number]:
    if kpi.metric in POST_TRAINING_BIAS:
        return _of_bias(kpi, rows)
    if kpi.metric in _OF_TRAFFIC:
        found = _OF_TRAFFIC[kpi.metric](rows)
    elif kpi.metric in ("share_refused", "share_failed"):
        found = _of_invocations(kpi.metric, invocations, rows)
    elif kpi.metric == "ground_truth_coverage":
        found = _Number(None, "ground truth is still awaited") if awaits_truth else _coverage(rows)
    elif kpi.payoff is not None:
        found = _of_value(kpi.metric, kpi.payoff, rows)
    else:
        found = _of_quality(kpi.metric, rows)
    return [found]


def _coverage(rows: WindowRows) -> _Number:
    return _share(len(rows.joined.rows), rows.captured.row_count, rows.monitoring.minimum_rows, "rows")


def _share(count: int, of: int, minimum: int, what: str) -> _Number:
    if of < minimum:
        return _Number(None, f"{of} {what}; {minimum} are needed")
    share = count / of
    return _Number(Estimate(share, math.sqrt(share * (1 - share) / of), of), is_share=True)


def _unreadable(rows: WindowRows) -> _Number:
    return _share(rows.captured.bad.count, rows.captured.lines, rows.monitoring.minimum_rows, "captured lines")


def _positive(rows: WindowRows) -> _Number:
    count = (
        int(favourable_predictions(rows.captured.predictions, rows.use_case).sum()) if rows.captured.row_count else 0
    )
    return _share(count, rows.captured.row_count, rows.monitoring.minimum_rows, "rows")


def _mean_prediction(rows: WindowRows) -> _Number:
    return _mean(rows.captured.predictions, rows.monitoring.minimum_rows, "rows")


def _mean(values: NDArray[np.float64], minimum: int, what: str) -> _Number:
    if len(values) < minimum:
        return _Number(None, f"{len(values)} {what}; {minimum} are needed")
    with np.errstate(over="ignore", invalid="ignore"):
        mean, spread = float(values.mean()), float(values.std(ddof=1)) / math.sqrt(len(values))
    if not math.isfinite(mean) or not math.isfinite(spread):
        return _Number(None, f"numbers of up to {np.abs(values).max():.3g} are too large for a mean")
    return _Number(Estimate(mean, spread, len(values)))


_OF_TRAFFIC: dict[str, Callable[[WindowRows], _Number]] = {
    "requests": lambda rows: _Number(Estimate(float(rows.captured.request_count), 0.0, rows.captured.row_count)),
    "rows": lambda rows: _Number(Estimate(float(rows.captured.row_count), 0.0, rows.captured.row_count)),
    "share_unreadable": _unreadable,
    "share_of_positive_predictions": _positive,
    "mean_prediction": _mean_prediction,
}


def _of_invocations(metric: str, invocations: Invocations | None, rows: WindowRows) -> _Number:
    if invocations is None:
        return _Number(None, "the endpoint's own counts were not given")
    count = invocations.refused if metric == "share_refused" else invocations.failed
    return _share(count, invocations.total, rows.monitoring.minimum_rows, "invocations")


def _of_bias(kpi: Kpi, rows: WindowRows) -> list[_Number]:
    report = rows.bias
    if isinstance(report, str):
        return [_Number(None, report)]
    if rows.is_without_truth and kpi.metric not in LABEL_FREE:
        return [_Number(None, rows.truth_fault)]
    found = [
        point for (facet, *_), point in bias_points(report).items() if (facet, point.name) == (kpi.facet, kpi.metric)
    ]
    return [_of_point(point, point.facet) for point in found] or [_Number(None, "not measured")]


def _of_quality(metric: str, rows: WindowRows) -> _Number:
    report = rows.quality
    if isinstance(report, str):
        return _Number(None, report)
    point = quality_points(report, rows.use_case.problem_type.section).get(metric)
    return _of_point(point, "") if point else _Number(None, "not measured")


def _of_point(point: Point, subject: str) -> _Number:
    if point.value is None:
        return _Number(None, point.reason, subject)
    return _Number(estimate(point.value, {"lower": point.lower, "upper": point.upper}, point.rows), subject=subject)


def _of_value(metric: str, payoff: Payoff, rows: WindowRows) -> _Number:
    if rows.truth_fault:
        return _Number(None, rows.truth_fault)
    label = rows.use_case.data.label
    truth = favourable_labels(rows.joined.labels, label)
    said = favourable_predictions(rows.captured.predictions[rows.joined.rows], rows.use_case)
    right = np.where(truth, payoff.true_positive, payoff.false_positive)
    wrong = np.where(truth, payoff.false_negative, payoff.true_negative)
    number = _mean(np.where(said, right, wrong), 1, "rows with truth")
    found = number.estimate
    if metric == "mean_value" or found is None:
        return number
    return _Number(Estimate(found.value * found.rows, (found.error or 0.0) * found.rows, found.rows))
