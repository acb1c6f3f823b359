"""Model quality of a binary classifier; apart because its numbers need a decision threshold, and its curves do not.

Source: Amazon SageMaker AI Developer Guide, "Model quality metrics and Amazon CloudWatch monitoring".
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_governance.errors import EvaluationRefused
from model_governance.evaluation.labels import predicted_labels
from model_governance.evaluation.model_quality import curves
from model_governance.evaluation.model_quality.intervals import drawn_cells, drawn_rows, measured, subsamples
from model_governance.evaluation.model_quality.rates import RATES, best_constant, cells_of
from model_governance.evaluation.predictions import check_probabilities

Labels = NDArray[np.bool_]
Probabilities = NDArray[np.float64]

CONSTANT = "_best_constant_classifier"
METRIC_NAMES = frozenset(
    {"auc", f"auc{CONSTANT}", "expected_calibration_error"}
    | {rate.name for rate in RATES}
    | {f"{rate.name}{CONSTANT}" for rate in RATES}
)
"""Every metric of a binary classifier that a limit can name."""
CALIBRATION = "calibration_curve"
CURVES = ("receiver_operating_characteristic_curve", "precision_recall_curve", CALIBRATION)


def measure_binary_classification(
    labels: Labels, probabilities: Probabilities, *, threshold: float, seed: int
) -> dict[str, Any]:
    """The metrics of Model Monitor's ``binary_classification_metrics``.

    Each metric is {"value", "standard_deviation", "confidence_interval"}: the deviation over five random samples of
    80 % of the rows, or the text "NaN" below 200 rows, as Model Monitor has it; the interval by a bootstrap. A value
    that cannot be assessed is None, with "error". Curves are lists of points. ``calibration_curve`` and
    ``expected_calibration_error`` are ours.

    Args:
        labels: bool, shape (n_rows,).
        probabilities: float64, shape (n_rows,), each in [0, 1].
        threshold: In (0, 1); a prediction is positive at or above it.
        seed: Of the samples and draws.

    Raises:
        EvaluationRefused: For no rows, differing shapes, NaN, or values outside [0, 1].
    """
    if labels.dtype != np.bool_ or labels.ndim != 1 or not len(labels):
        raise EvaluationRefused(f"labels are {labels.dtype} of shape {labels.shape}; one bool a held-out row is needed")
    check_probabilities(probabilities, len(labels))
    predicted = predicted_labels(probabilities, threshold)
    found: dict[str, Any] = {"confusion_matrix": _confusion_matrix(labels, predicted)}
    found |= _rates(labels, predicted, seed)
    found["auc"] = _area(labels, probabilities, seed)
    found[f"auc{CONSTANT}"] = measured(None if _one_label(labels) else 0.5, _needs_both(labels), [], None)
    found |= _curves(labels, probabilities)
    return found


def rests_on(measured_rows: dict[str, Any]) -> dict[str, int]:
    """How many rows each rate is a share of, and of the rarer label for the area under the ROC curve.

    Args:
        measured_rows: What ``measure_binary_classification`` gave.
    """
    matrix = measured_rows["confusion_matrix"]
    cells = [matrix[true][said] for true in ("0", "1") for said in ("0", "1")]
    rows = {rate.name: sum(count for count, weight in zip(cells, rate.among, strict=True) if weight) for rate in RATES}
    return {**rows, "auc": min(cells[0] + cells[1], cells[2] + cells[3])}


def area_under_roc(labels: Labels, scores: Probabilities, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """AUC of each draw: P(score of a positive row > that of a negative) + P(equal) / 2, in [0, 1], 0.5 = by chance.

    Args:
        labels: bool, shape (n_rows,).
        scores: float64, shape (n_rows,).
        weights: float64, shape (n_draws, n_rows): how often each row was drawn.

    Returns:
        float64, shape (n_draws,); NaN for a draw with one label only.
    """
    order = np.argsort(scores, kind="stable")
    ordered = scores[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    positive = np.add.reduceat(weights[:, order] * labels[order], starts, axis=1)
    negative = np.add.reduceat(weights[:, order] * ~labels[order], starts, axis=1)
    below = np.cumsum(negative, axis=1) - negative
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        area = np.sum(positive * (below + negative / 2), axis=1) / pairs
    return np.where(pairs > 0, area, np.nan)


def _rates(labels: Labels, predicted: Labels, seed: int) -> dict[str, Any]:
    cells = cells_of(labels, predicted)
    sampled = [cells_of(labels[rows], predicted[rows]) for rows in subsamples(len(labels), seed)]
    draws = drawn_cells(cells, seed)
    found = {}
    for suffix, change in (("", lambda kept: kept), (CONSTANT, best_constant)):
        for rate in RATES:
            spread: list[float | None] = [float(rate.of(change(sample))) for sample in sampled]
            found[f"{rate.name}{suffix}"] = measured(
                float(rate.of(change(cells))),
                f"none of the {len(labels)} {rate.nothing}",
                spread,
                rate.of(change(draws)),
            )
    return found


def _area(labels: Labels, probabilities: Probabilities, seed: int) -> dict[str, Any]:
    if _one_label(labels):
        return measured(None, _needs_both(labels), [], None)
    whole = area_under_roc(labels, probabilities, np.ones((1, len(labels))))[0]
    sampled: list[float | None] = [
        float(area_under_roc(labels[rows], probabilities[rows], np.ones((1, len(rows))))[0])
        for rows in subsamples(len(labels), seed)
    ]
    draws = [area_under_roc(labels, probabilities, weights) for weights in drawn_rows(len(labels), seed)]
    return measured(float(whole), "", sampled, np.concatenate(draws))


def _curves(labels: Labels, probabilities: Probabilities) -> dict[str, Any]:
    calibration = curves.calibration(labels, probabilities)
    drawn = {
        CURVES[0]: curves.receiver_operating_characteristic(labels, probabilities),
        CURVES[1]: curves.precision_recall(labels, probabilities),
        CURVES[2]: calibration,
    }
    error = calibration.pop("expected_calibration_error")
    there = {name: curve for name, curve in drawn.items() if curve is not None}
    return {**there, "expected_calibration_error": measured(error, "", [], None)}


def _one_label(labels: Labels) -> bool:
    return bool(labels.all() or not labels.any())


def _needs_both(labels: Labels) -> str:
    kind = "positive" if labels.all() else "negative"
    return f"all {len(labels)} held-out labels are {kind}; the area under the ROC curve needs both"


def _confusion_matrix(labels: Labels, predicted: Labels) -> dict[str, dict[str, int]]:
    counted = cells_of(labels, predicted).reshape(2, 2)
    return {str(true): {str(said): int(counted[true][said]) for said in (0, 1)} for true in (0, 1)}
