"""The Shapley values that a model gives of its own, such as XGBoost's; apart because they are a claim, and are checked.

A tree model knows its exact values (Lundberg et al., "Consistent Individualized Feature Attribution for Tree
Ensembles", 2018). They are taken only where they add up, row by row, to what the model predicted in the transform that
everything else is judged by.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from model_governance.errors import EvaluationRefused
from model_governance.evaluation.explainability.kernel import Attributions

TOLERANCE = 1e-4
"""Largest difference allowed between the sum of a row's contributions and its prediction."""

Numbers = NDArray[np.float64]


def _logistic(total: Numbers) -> Numbers:
    return np.asarray(1 / (1 + np.exp(-np.clip(total, -700, 700))))


def _softmax(total: Numbers) -> Numbers:
    """Probabilities of several classes; of one output, which it would make 1 whatever it is, nothing."""
    if total.shape[1] < 2:
        return np.full_like(total, np.inf)
    raised = np.exp(total - total.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


_SCALES: dict[str, Callable[[Numbers], Numbers]] = {
    "prediction": lambda total: total,
    "log-odds": _logistic,
    "log-odds of several classes": _softmax,
    "logarithm": lambda total: np.asarray(np.exp(np.clip(total, -700, 700))),
}
"""What the contributions may add up to, and how that becomes the prediction."""


def read_contributions(answers: Numbers, features: int) -> Attributions:
    """The values in a transform's answers: each feature's, then the expected value, for one output after another.

    Args:
        answers: float64, shape (n_rows, n_outputs * (n_features + 1)).
        features: How many features the model has.

    Raises:
        EvaluationRefused: The answers have another width, or one of them is not finite.
    """
    width = answers.shape[1]
    if width % (features + 1):
        raise EvaluationRefused(
            f"the model answered {width} contributions a row; {features} features and the expected value make "
            f"{features + 1}, or a multiple of it"
        )
    odd = np.argwhere(~np.isfinite(answers))
    if len(odd):
        raise EvaluationRefused(f"contribution {odd[0][1] + 1} of row {odd[0][0] + 1} is not finite")
    by_output = answers.reshape(len(answers), width // (features + 1), features + 1)
    return Attributions(by_output[:, :, :-1].transpose(0, 2, 1).copy(), by_output[:, :, -1].mean(axis=0))


def refuse_other_model(attributions: Attributions, predictions: Numbers) -> str:
    """The scale on which the contributions add up to the predictions.

    Args:
        attributions: The model's own.
        predictions: Of the same rows, float64, shape (n_rows, n_outputs).

    Returns:
        ``prediction``, ``log-odds``, ``log-odds of several classes`` or ``logarithm``.

    Raises:
        EvaluationRefused: They add up on none of them; with the smallest of the largest differences.
    """
    if attributions.values.shape[::2] != predictions.shape:
        raise EvaluationRefused(
            f"contributions to {attributions.values.shape[::2]} (rows, outputs) and predictions {predictions.shape} "
            "are not of the same rows"
        )
    totals = attributions.values.sum(axis=1) + attributions.expected
    scaled = np.maximum(1, np.abs(predictions))
    found = {name: float(np.max(np.abs(scale(totals) - predictions) / scaled)) for name, scale in _SCALES.items()}
    best = min(found, key=lambda name: found[name])
    if found[best] > TOLERANCE:
        raise EvaluationRefused(
            f"the model's contributions do not add up to its predictions: at best ({best}) they differ by "
            f"{found[best]:.3g}, more than {TOLERANCE:g}; they explain another model, or inference.py gets them wrong"
        )
    return best
