"""Later results of a model held to its baseline ones: quality, bias, attribution; apart because they have no columns.

Sources: Amazon SageMaker AI Developer Guide, "Create a model quality baseline", "Bias Drift Violations" and "Feature
Attribution Drift Violations". The baseline of quality is ``constraints.suggest_model_quality_constraints``; those of
bias and attribution are the version's own analysis.json.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from model_governance.evaluation.constraints import Constraints

LEAST_NDCG = 0.90
"""Below this the order of the features has changed, as Model Monitor has it."""
_PARITY = {"DI": 1.0}
"""Where parity is not 0."""

Violation = dict[str, str]


def model_quality_violations(constraints: Constraints, report: dict[str, Any]) -> list[Violation]:
    """Every metric that is worse than its threshold, or that has no value any more.

    Args:
        constraints: From ``suggest_model_quality_constraints``, with whatever people have changed.
        report: A later report of model quality in the same form.
    """
    found = []
    for section, limits in constraints.items():
        if not section.endswith("_constraints"):
            continue
        metrics = report.get(f"{section.removesuffix('_constraints')}_metrics", {})
        for name, limit in limits.items():
            value, operator = metrics.get(name, {}).get("value"), limit["comparison_operator"]
            above = operator == "GreaterThanThreshold"
            if value is None:
                said = f"metric {name} has no value; its threshold is {limit['threshold']:g}"
            elif (value > limit["threshold"]) if above else (value < limit["threshold"]):
                said = f"metric {name} is {value:.6g}, {'above' if above else 'below'} {limit['threshold']:.6g}"
            else:
                continue
            found.append({"constraint_check_type": operator, "description": said, "metric_name": name})
    return found


def bias_violations(baseline: dict[str, Any], current: dict[str, Any]) -> list[Violation]:
    """Every bias metric that is farther from parity than in the baseline, or that has no value any more.

    Parity is 0, and 1 for disparate impact.

    Args:
        baseline: The version's analysis.json, with ``pre_training_bias_metrics`` or ``post_training_bias_metrics``.
        current: A later one.
    """
    now = dict(_bias_metrics(current))
    found = []
    for (facet, of, name), value in _bias_metrics(baseline):
        measured, parity = now.get((facet, of, name)), _PARITY.get(name, 0.0)
        if value is None:
            continue
        if measured is None:
            said = f"{name} has no value; the baseline has {value:.6g}"
        elif abs(measured - parity) > abs(value - parity):
            said = f"{name} is {measured:.6g}, farther from {parity:g} than the baseline's {value:.6g}"
        else:
            continue
        found.append(
            {
                "facet": facet,
                "facet_value": of,
                "metric_name": name,
                "constraint_check_type": "bias_drift_check",
                "description": said,
            }
        )
    return found


def _bias_metrics(analysis: dict[str, Any]) -> Iterator[tuple[tuple[str, str, str], float | None]]:
    for section in ("pre_training_bias_metrics", "post_training_bias_metrics"):
        for facet, entries in analysis.get(section, {}).get("facets", {}).items():
            for entry in entries:
                for metric in entry["metrics"]:
                    yield (facet, str(entry["value_or_threshold"]), metric["name"]), metric["value"]


def attribution_violations(
    baseline: Mapping[str, float], current: Mapping[str, float], *, label: str = "", least: float = LEAST_NDCG
) -> list[Violation]:
    """The violation, if any, by a changed order of the features.

    Args:
        baseline: Global attribution by feature, such as the mean absolute SHAP value; each >= 0.
        current: A later one.
        label: The label whose prediction is attributed.
        least: The least ``ndcg`` allowed, in (0, 1].
    """
    score = ndcg(baseline, current)
    if score >= least:
        return []
    said = f"the order of the features has changed: nDCG {score:.4g} is below {least:g}"
    check = "feature_attribution_drift_check"
    return [{"label": label, "metric_name": "shap", "constraint_check_type": check, "description": said}]


def ndcg(baseline: Mapping[str, float], current: Mapping[str, float]) -> float:
    """Normalised discounted cumulative gain of the current order by the baseline's attributions; in [0, 1], 1 = same.

    Sum over the current order of a / log2(rank + 1), a being the baseline attribution, over that of the best order;
    1 where the baseline attributes nothing. Features that the baseline does not know gain nothing; equal ones stand in
    the order of their names.
    """
    order = sorted(current, key=lambda name: (-current[name], name))
    gained = _discounted(baseline.get(name, 0.0) for name in order)
    best = _discounted(sorted(baseline.values(), reverse=True))
    return min(gained / best, 1.0) if best else 1.0


def _discounted(gains: Any) -> float:
    return math.fsum(gain / math.log2(rank + 2) for rank, gain in enumerate(gains))
