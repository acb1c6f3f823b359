"""The curves behind a binary model's numbers; apart because a report keeps points, at most a hundred of each curve.

Names as in Model Monitor's reports: ``receiver_operating_characteristic_curve``, ``precision_recall_curve``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_POINTS = 100
_BINS = 10

Labels = NDArray[np.bool_]
Scores = NDArray[np.float64]


def receiver_operating_characteristic(labels: Labels, scores: Scores) -> dict[str, list[float]] | None:
    """The ROC curve, from (0, 0) to (1, 1).

    Args:
        labels: bool, shape (n_rows,).
        scores: float64, shape (n_rows,).

    Returns:
        {"false_positive_rates", "true_positive_rates"}, each rising; None where one of the labels is absent.
    """
    from sklearn.metrics import roc_curve

    if labels.all() or not labels.any():
        return None
    false, true, _ = roc_curve(labels, scores)
    kept = _spread(len(false))
    return {"false_positive_rates": _numbers(false[kept]), "true_positive_rates": _numbers(true[kept])}


def precision_recall(labels: Labels, scores: Scores) -> dict[str, list[float]] | None:
    """The precision-recall curve, recall rising.

    Returns:
        {"precisions", "recalls"}; None where no label is positive.
    """
    from sklearn.metrics import precision_recall_curve

    if not labels.any():
        return None
    precisions, recalls, _ = precision_recall_curve(labels, scores)
    kept = _spread(len(recalls))
    return {"precisions": _numbers(precisions[::-1][kept]), "recalls": _numbers(recalls[::-1][kept])}


def calibration(labels: Labels, scores: Scores) -> dict[str, Any]:
    """What was predicted beside what came true, in ten bins of equal width; an empty bin is left out.

    ``expected_calibration_error`` = sum over bins of (rows in the bin / rows) * |mean prediction - share of positive
    labels|, in [0, 1], 0 = calibrated (Guo et al., "On Calibration of Modern Neural Networks", 2017).

    Returns:
        {"mean_predicted_probabilities", "fractions_of_positives", "rows", "expected_calibration_error"}.
    """
    bins = np.minimum((scores * _BINS).astype(np.int64), _BINS - 1)
    rows = np.bincount(bins, minlength=_BINS)
    there = rows > 0
    predicted = np.bincount(bins, scores, minlength=_BINS)[there] / rows[there]
    came_true = np.bincount(bins, labels, minlength=_BINS)[there] / rows[there]
    error = float(np.sum(rows[there] / len(labels) * np.abs(predicted - came_true)))
    return {
        "mean_predicted_probabilities": _numbers(predicted),
        "fractions_of_positives": _numbers(came_true),
        "rows": [int(count) for count in rows[there]],
        "expected_calibration_error": error,
    }


def _spread(points: int) -> NDArray[np.int64]:
    """Positions of at most MOST_POINTS points, the first and the last among them."""
    return np.unique(np.linspace(0, points - 1, min(points, MOST_POINTS)).round().astype(np.int64))


def _numbers(values: NDArray[np.float64]) -> list[float]:
    return [float(value) for value in values]
