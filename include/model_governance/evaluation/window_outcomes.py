"""What came of a window's predictions, held to the version's evaluation: quality and attribution; apart from bias."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from model_governance.domain.evidence import EvidenceKind
from model_governance.domain.monitoring import MonitorKind
from model_governance.evaluation.attribution_drift import LEAST_NDCG, attribution_violations, ndcg
from model_governance.evaluation.limits import METRICS
from model_governance.evaluation.window_report import Breach, MonitorResult, MonitorState, Point
from model_governance.evaluation.window_rows import WindowRows
from model_governance.evaluation.worse import Estimate, estimate, explained_by_chance

LEAST_ATTRIBUTED = 30
"""Rows that a window's attributions must be of."""
_QUALITY, _ATTRIBUTION = MonitorKind.MODEL_QUALITY, MonitorKind.ATTRIBUTION


def quality_points(report: Mapping[str, Any], section: str, kind: MonitorKind = _QUALITY) -> dict[str, Point]:
    """The numbers of a report of model quality, by name; one of too few rows has no value and says so."""
    rows = report["dataset"]["item_count"]
    found = {}
    for name, metric in report[section].items():
        if "value" not in metric:
            continue
        reason = metric.get("not_assessable") or metric.get("error", "")
        interval = metric.get("confidence_interval") or {}
        value = None if reason else metric["value"]
        found[name] = Point(
            kind, name, value, lower=interval.get("lower"), upper=interval.get("upper"), rows=rows, reason=reason
        )
    return found


def monitor_model_quality(rows: WindowRows) -> MonitorResult:
    """Every metric of the version's constraints, on the rows with ground truth."""
    if _QUALITY not in rows.monitoring.monitors:
        return MonitorResult(_QUALITY, MonitorState.NOT_CONFIGURED, "not among the use case's monitors")
    report, problem = rows.quality, rows.use_case.problem_type
    section = f"{problem.value}_constraints"
    limits = (rows.baselines.quality_constraints or {}).get(section)
    if limits is None:
        return MonitorResult(_QUALITY, MonitorState.NO_BASELINE, f"the version has no {section}")
    if isinstance(report, str):
        return MonitorResult(_QUALITY, MonitorState.NOT_ENOUGH_DATA, report)
    points = quality_points(report, problem.section)
    violations, breaches, chance, missed = [], [], [], {}
    for name, limit in limits.items():
        point = points.get(name)
        if point is None or point.value is None:
            missed[name] = f"{name}: {point.reason if point else 'not measured'}"
            continue
        said, counts = _held(name, point, limit, rows)
        if counts is None:
            missed[name] = said
        elif counts:
            operator = limit["comparison_operator"]
            violations.append({"constraint_check_type": operator, "description": said, "metric_name": name})
            breaches.append(_breach(name, said, point, limit, rows))
        elif said:
            chance.append(said)
    required = _required(rows, limits)
    lacking = [f"{name} has no baseline" for name in required if name not in limits]
    lacking += [missed[name] for name in required if name in missed]
    found = f"{len(rows.judged)} rows with ground truth, {rows.joined.coverage:.1%} of the window"
    return MonitorResult(
        _QUALITY,
        MonitorState.NOT_ENOUGH_DATA if lacking else MonitorState.COMPLETED,
        "; ".join(lacking) or found,
        points=tuple(points.values()),
        violations=tuple(violations),
        breaches=tuple(breaches),
        within_chance=tuple(chance),
        not_compared=tuple(said for name, said in missed.items() if name not in required),
    )


def _required(rows: WindowRows, limits: Mapping[str, Any]) -> tuple[str, ...]:
    """The metrics without which the window does not pass."""
    if rows.monitoring.quality_metrics:
        return rows.monitoring.quality_metrics
    own = METRICS[EvidenceKind.MODEL_QUALITY]
    asked = dict.fromkeys(limit.metric for limit in rows.use_case.limits if limit.metric in own)
    return tuple(name for name in asked if name in limits) or tuple(limits)[:1]


def _held(name: str, point: Point, limit: Mapping[str, Any], rows: WindowRows) -> tuple[str, bool | None]:
    """What to say of a metric, and whether it breaches; None where that cannot be said."""
    threshold, value = limit["threshold"], point.value or 0.0
    is_above = limit["comparison_operator"] == "GreaterThanThreshold"
    excess = value - threshold if is_above else threshold - value
    if excess <= 0:
        return "", False
    now = estimate(value, {"lower": point.lower, "upper": point.upper}, point.rows)
    chance = explained_by_chance(excess, now, _baseline(name, threshold, rows), rows.alpha)
    side = "above" if is_above else "below"
    said = f"metric {name} is {value:.6g} on {point.rows} rows, {side} {threshold:.6g}"
    if chance is None:
        return f"{said}; without an interval chance cannot be told from change", None
    return f"{said} by {excess:.3g}; chance explains {chance:.3g}", excess > chance


def _baseline(name: str, threshold: float, rows: WindowRows) -> Estimate | None:
    """The baseline's own estimate, where the threshold is its value; one that people have changed is exact."""
    report = rows.baselines.quality or {}
    metric = report.get(rows.use_case.problem_type.section, {}).get(name, {})
    value = metric.get("value")
    if not isinstance(value, int | float) or abs(value - threshold) > 1e-9 * max(1.0, abs(threshold)):
        return None
    count = report.get("dataset", {}).get("item_count", 0)
    return estimate(value, metric.get("confidence_interval"), count)


def _breach(name: str, said: str, point: Point, limit: Mapping[str, Any], rows: WindowRows) -> Breach:
    return Breach(
        monitor=_QUALITY,
        check=limit["comparison_operator"],
        metric=name,
        severity=rows.monitoring.severities.model_quality,
        sentence=said,
        value=point.value,
        limit=limit["threshold"],
        rows=point.rows,
    )


def monitor_attribution(
    rows: WindowRows, attributions: Mapping[str, Mapping[str, float]] | None, attributed_rows: int
) -> MonitorResult:
    """The order of the features by what they contribute, of each label."""
    if _ATTRIBUTION not in rows.monitoring.monitors:
        return MonitorResult(_ATTRIBUTION, MonitorState.NOT_CONFIGURED, "not among the use case's monitors")
    before = rows.baselines.attributions
    if before is None:
        return MonitorResult(_ATTRIBUTION, MonitorState.NO_BASELINE, "the version has no analysis of explainability")
    if attributions is None or attributed_rows < LEAST_ATTRIBUTED:
        said = f"attributions of {attributed_rows} rows; {LEAST_ATTRIBUTED} are needed"
        return MonitorResult(_ATTRIBUTION, MonitorState.NOT_ENOUGH_DATA, said)
    missing = sorted(set(before) - set(attributions))
    if missing:
        said = f"no attributions of {', '.join(missing)}"
        return MonitorResult(_ATTRIBUTION, MonitorState.NOT_ENOUGH_DATA, said)
    points, violations, breaches = [], [], []
    for label, shares in before.items():
        score = ndcg(shares, attributions[label])
        points.append(Point(_ATTRIBUTION, "ndcg", score, facet=label, rows=attributed_rows))
        for violation in attribution_violations(shares, attributions[label], label=label):
            violations.append(violation)
            breaches.append(
                Breach(
                    monitor=_ATTRIBUTION,
                    check=violation["constraint_check_type"],
                    metric="ndcg",
                    severity=rows.monitoring.severities.attribution,
                    sentence=f"{label}: {violation['description']}",
                    subject=label,
                    value=score,
                    limit=LEAST_NDCG,
                    rows=attributed_rows,
                )
            )
    return MonitorResult(
        _ATTRIBUTION,
        MonitorState.COMPLETED,
        f"attributions of {attributed_rows} rows",
        points=tuple(points),
        violations=tuple(violations),
        breaches=tuple(breaches),
    )
