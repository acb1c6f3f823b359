"""Shapley values as a report in the form of Clarify's ``analysis.json``, and what evidence says of them.

``global_shap_values`` are means of absolute values, Clarify's default ``agg_method`` ``mean_abs``: in [0, infinity),
0 = the feature moves no prediction. Source: Amazon SageMaker AI Developer Guide, "Feature Attributions that Use
Shapley Values" and "SHAP analysis output".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from model_governance.domain.evidence import EvidenceKind, Measurement
from model_governance.domain.use_case import Limit
from model_governance.evaluation.explainability import LARGEST_SHARE
from model_governance.evaluation.explainability.kernel import Attributions
from model_governance.evaluation.limits import judge
from model_governance.evaluation.report import Assessment


def assess_attributions(
    attributions: Attributions,
    features: Sequence[str],
    *,
    labels: Sequence[str],
    method: str,
    scale: str,
    settings: dict[str, Any],
    limits: Sequence[Limit],
    seed: int,
) -> Assessment:
    """The report and its judgement.

    ``largest_share_of_attribution`` is the share of the most important feature in the sum of all features' global
    values, the largest over the labels; in [1 / n_features, 1]. A model that no feature moves has none.

    Args:
        attributions: The values.
        features: Names, in order.
        labels: A name for each output.
        method: How the values were found.
        scale: What they add up to.
        settings: Sample size and the like, for the report.
        limits: What is asked of explainability.
        seed: Of the sample.
    """
    means = np.abs(attributions.values).mean(axis=0)
    rows = len(attributions.values)
    errors = np.abs(attributions.values).std(axis=0, ddof=1) / np.sqrt(rows) if rows > 1 else np.zeros_like(means)
    explained = {
        label: {
            "global_shap_values": {name: float(means[place, output]) for place, name in enumerate(features)},
            "standard_errors": {name: float(errors[place, output]) for place, name in enumerate(features)},
            "expected_value": float(attributions.expected[output]),
        }
        for output, label in enumerate(labels)
    }
    report = {
        "version": "1.0",
        "explanations": {"kernel_shap": explained},
        "explanation_method": {"name": method, "scale": scale, "rows": rows, "seed": seed, **settings},
    }
    largest = _largest_share(means, features)
    measurements = judge([largest], limits)
    return Assessment(EvidenceKind.EXPLAINABILITY, report, measurements, seed=seed)


def _largest_share(means: Any, features: Sequence[str]) -> Measurement:
    totals = means.sum(axis=0)
    if not (totals > 0).all():
        return Measurement(name=LARGEST_SHARE, detail="no feature moves any prediction of the sample")
    shares = means / totals
    place, output = divmod(int(shares.argmax()), shares.shape[1])
    order = np.argsort(-means[:, output], kind="stable")[:5]
    first = ", ".join(f"{features[one]} {shares[one, output]:.3f}" for one in order)
    return Measurement(
        name=LARGEST_SHARE, value=float(shares[place, output]), column=features[place], detail=f"shares: {first}"
    )
