"""A window of production traffic held to its version's baselines: every monitor, one after the other, in one report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from model_governance.domain.monitoring import Monitoring
from model_governance.domain.use_case import UseCase
from model_governance.errors import EvaluationRefused
from model_governance.evaluation.baselines import Baselines
from model_governance.evaluation.capture import Captured, Window
from model_governance.evaluation.ground_truth import Joined, Truths, join_truth
from model_governance.evaluation.window_bias import monitor_bias
from model_governance.evaluation.window_features import describe_window, monitor_data_quality
from model_governance.evaluation.window_kpis import Invocations, monitor_kpis
from model_governance.evaluation.window_outcomes import monitor_attribution, monitor_model_quality
from model_governance.evaluation.window_report import WindowReport
from model_governance.evaluation.window_rows import MOST_UNREADABLE, WindowRows

__all__ = ["Invocations", "assess_window"]

_CHECKS = 4
"""Comparisons of a feature besides its distances: completeness, type, known values, the constraints' own distance."""


def assess_window(
    use_case: UseCase,
    window: Window,
    baselines: Baselines,
    captured: Captured,
    truths: Truths,
    *,
    minimum_group_rows: int = 1,
    attributions: Mapping[str, Mapping[str, float]] | None = None,
    attributed_rows: int = 0,
    invocations: Invocations | None = None,
    awaits_truth: bool = False,
    is_whole: bool = True,
) -> WindowReport:
    """Hold a window to the baselines of the version that served it.

    Args:
        use_case: The declaration under which the version was trained, with a ``monitoring`` section.
        window: From when to when.
        baselines: From ``parse_baselines``.
        captured: From ``read_capture`` of the same window; of that version's variant alone.
        truths: From ``read_ground_truth``.
        minimum_group_rows: Rows that each proportion of a bias metric must rest on, by the policy.
        attributions: Mean absolute Shapley value of each feature, by label, of rows of the window; None if there are
            none.
        attributed_rows: How many rows they are of.
        invocations: The endpoint's own counts; None if there are none.
        awaits_truth: Whether late ground truth is still waited for; it says so where too little has come.
        is_whole: Whether the version served all of the declared window; else counts are held to no KPI.

    Raises:
        EvaluationRefused: The use case declares no monitoring.
    """
    monitoring = use_case.monitoring
    if monitoring is None:
        raise EvaluationRefused(f"use case {use_case.name!r} declares no monitoring: there is nothing to hold it to")
    joined = join_truth(captured, truths, use_case.data)
    rows = WindowRows(
        use_case=use_case,
        monitoring=monitoring,
        baselines=baselines,
        captured=captured,
        joined=joined,
        alpha=monitoring.false_alarm_rate / _comparisons(monitoring, use_case, baselines),
        minimum_group_rows=minimum_group_rows,
        truth_fault=_truth_fault(captured, joined, monitoring, awaits_truth),
    )
    statistics = describe_window(captured.features, baselines.statistics)
    monitors = (
        monitor_data_quality(rows, statistics),
        monitor_model_quality(rows),
        monitor_bias(rows),
        monitor_attribution(rows, attributions, attributed_rows),
        monitor_kpis(rows, invocations, awaits_truth=awaits_truth, is_whole=is_whole),
    )
    return WindowReport(use_case.name, window, monitors, _traffic(captured, truths, joined), statistics)


def _comparisons(monitoring: Monitoring, use_case: UseCase, baselines: Baselines) -> int:
    """How many comparisons a window may be held to, whatever it holds."""
    features = len(use_case.data.features) * (_CHECKS + len(monitoring.drift.limits.by_name))
    own = sum(len(limits.by_name) for limits in monitoring.drift.by_feature.values())
    section = f"{use_case.problem_type.value}_constraints"
    quality = len((baselines.quality_constraints or {}).get(section) or ())
    facets = (baselines.bias or {}).get("post_training_bias_metrics", {}).get("facets", {})
    bias = sum(len(entry["metrics"]) for entries in facets.values() for entry in entries)
    return features + own + quality + bias + 2 * len(monitoring.kpis) + 1


def _truth_fault(captured: Captured, joined: Joined, monitoring: Monitoring, awaits_truth: bool) -> str:
    known, needed = len(joined.rows), monitoring.minimum_ground_truth
    if known < needed:
        awaited = "; more is awaited" if awaits_truth else ""
        share = f"{known} of {captured.row_count} rows have ground truth"
        return f"{share}; {needed} are needed{awaited}"
    if joined.refused.count > MOST_UNREADABLE * (known + joined.refused.count):
        return f"{joined.refused.count} truths could not be used, more than {MOST_UNREADABLE:.0%}; {known} could"
    return ""


def _traffic(captured: Captured, truths: Truths, joined: Joined) -> dict[str, Any]:
    """Counts of whatever was read, taken, left out and refused."""
    return {
        "lines": captured.lines,
        "duplicates": captured.duplicates,
        "outside_the_window": captured.outside,
        "unreadable": asdict(captured.bad),
        "requests": captured.request_count,
        "rows": captured.row_count,
        "ground_truth": {
            "lines": truths.lines,
            "corrected": truths.corrected,
            "unreadable": asdict(truths.bad),
            "unmatched": joined.unmatched,
            "refused": asdict(joined.refused),
            "rows": len(joined.rows),
            "coverage": joined.coverage,
        },
    }
