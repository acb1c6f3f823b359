"""Model quality of a regression; apart because its numbers are in the label's unit, or its square.

Source: Amazon SageMaker AI Developer Guide, "Model quality metrics and Amazon CloudWatch monitoring".
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_governance.errors import EvaluationRefused
from model_governance.evaluation.model_quality.intervals import drawn_rows, measured, subsamples

METRIC_NAMES = frozenset({"mae", "mse", "rmse", "r2"})
"""Every metric of a regression that a limit can name."""

Numbers = NDArray[np.float64]


def measure_regression(labels: Numbers, predictions: Numbers, *, seed: int) -> dict[str, Any]:
    """The metrics of Model Monitor's ``regression_metrics``, in the form of ``binary``'s.

    mae = mean |y - p|; mse = mean (y - p)^2; rmse = its root: each in [0, infinity), 0 = perfect. r2 = 1 - mse /
    variance of the labels, in (-infinity, 1], 1 = perfect, 0 = no better than their mean; a constant label has none.

    Args:
        labels: float64, shape (n_rows,), finite.
        predictions: float64, shape (n_rows,), finite.
        seed: Of the samples and draws.

    Raises:
        EvaluationRefused: For no rows, differing shapes, or a number that is not finite.
    """
    _check(labels, predictions)
    whole = _metrics(labels, predictions, np.ones((1, len(labels))))
    sampled = [
        _metrics(labels[rows], predictions[rows], np.ones((1, len(rows)))) for rows in subsamples(len(labels), seed)
    ]
    drawn = [_metrics(labels, predictions, weights) for weights in drawn_rows(len(labels), seed)]
    reason = f"every one of the {len(labels)} held-out labels is {labels[0]:g}: there is no variance to explain"
    if not np.isfinite(whole["mse"][0]):
        reason = f"errors of up to {np.abs(predictions - labels).max():.3g} are too large to be squared"
    return {
        name: measured(
            float(value[0]),
            reason,
            [float(sample[name][0]) for sample in sampled],
            np.concatenate([draw[name] for draw in drawn]),
        )
        for name, value in whole.items()
    }


def _metrics(labels: Numbers, predictions: Numbers, weights: NDArray[np.float64]) -> dict[str, Numbers]:
    """Each metric of each draw: float64, shape (n_draws,)."""
    rows = weights.sum(axis=1)
    errors = predictions - labels
    mse = weights @ errors**2 / rows
    centred = labels - labels.mean()
    mean = weights @ centred / rows
    variance = weights @ centred**2 / rows - mean**2
    varies = variance > 1e-12 * max(float(np.mean(centred**2)), np.finfo(np.float64).tiny)
    r2 = np.where(varies, 1 - np.divide(mse, variance, out=np.zeros_like(mse), where=varies), np.nan)
    return {"mae": weights @ np.abs(errors) / rows, "mse": mse, "rmse": np.sqrt(mse), "r2": r2}


def _check(labels: Numbers, predictions: Numbers) -> None:
    if labels.ndim != 1 or not len(labels) or labels.shape != predictions.shape:
        raise EvaluationRefused(
            f"labels have shape {labels.shape} and predictions {predictions.shape}; a held-out row needs one of each"
        )
    for what, numbers in (("label", labels), ("prediction", predictions)):
        odd = np.flatnonzero(~np.isfinite(numbers)) + 1
        if len(odd):
            raise EvaluationRefused(f"{len(odd)} of {len(numbers)} {what}s are not finite, the first for row {odd[0]}")
