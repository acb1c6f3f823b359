"""The order of the features by attribution, held to the version's baseline; apart because it is one number a label.

Source: Amazon SageMaker AI Developer Guide, "Feature Attribution Drift Violations". The baseline is the version's own
analysis.json.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

LEAST_NDCG = 0.90
"""Below this the order of the features has changed, as Model Monitor has it."""

Violation = dict[str, str]


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
