"""The Shapley values that a model gives of its own, such as XGBoost's; apart because they are a claim, and are checked.

A tree model knows its exact values (Lundberg et al., "Consistent Individualized Feature Attribution for Tree
Ensembles", 2018). They are taken only where they add up, row by row, to what the model predicted in the transform that
everything else is judged by: as a prediction, and before that on the scale of the sum itself, since near 0 and 1 very
different sums become the same probability.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model_governance.errors import EvaluationRefused
from model_governance.evaluation.explainability.kernel import Attributions

TOLERANCE = 1e-4
"""Largest difference allowed between what a row's contributions add up to and its prediction, as a share of the largest
prediction."""

MARGIN_TOLERANCE = 1e-3
"""Largest difference allowed on the scale of the sum, in its unit and as a share of it where it is above 1.

A model adds up its trees in single precision: n steps lose at most n * 2^-24 of the sum, 16,000 steps a thousandth.
"""

_SINGLE = 2.0**-23
"""What single precision may lose of a prediction, as a share of it."""
_SMALLEST = float(np.finfo(np.float32).tiny)
"""Below this a number of single precision may become 0."""

Numbers = NDArray[np.float64]
Bounds = tuple[Numbers, Numbers, Numbers]
"""Sums as the scale compares them, and what lies lowest and highest of what the predictions say they are."""


def _logistic(total: Numbers) -> Numbers:
    return np.asarray(1 / (1 + np.exp(-np.clip(total, -700, 700))))


def _softmax(total: Numbers) -> Numbers:
    """Probabilities of several classes; of one output, which it would make 1 whatever it is, nothing."""
    if total.shape[1] < 2:
        return np.full_like(total, np.inf)
    raised = np.exp(total - total.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _around(predictions: Numbers) -> tuple[Numbers, Numbers]:
    """What a prediction may have been before single precision took it."""
    lost = np.maximum(_SINGLE * np.abs(predictions), _SMALLEST)
    return predictions - lost, predictions + lost


def _as_they_are(total: Numbers, predictions: Numbers) -> Bounds:
    return total, predictions, predictions


def _log_odds(total: Numbers, predictions: Numbers) -> Bounds:
    low, high = (np.clip(one, 0, 1) for one in _around(predictions))
    return total, np.log(low) - np.log1p(-low), np.log(high) - np.log1p(-high)


def _log_odds_to_the_likeliest(total: Numbers, predictions: Numbers) -> Bounds:
    """Sums of several classes say only how far they lie apart: from that of the most probable class."""
    likeliest = predictions.argmax(axis=1)[:, None]
    low, high = (np.maximum(one, 0) for one in _around(predictions))
    first = np.take_along_axis(total, likeliest, axis=1)
    lowest, highest = (np.log(np.take_along_axis(one, likeliest, axis=1)) for one in (low, high))
    return total - first, np.log(low) - highest, np.log(high) - lowest


def _logarithm(total: Numbers, predictions: Numbers) -> Bounds:
    low, high = (np.maximum(one, 0) for one in _around(predictions))
    return total, np.log(low), np.log(high)


@dataclass(frozen=True)
class _Scale:
    """What contributions may add up to.

    Attributes:
        predicted: From sums to predictions.
        bounds: From sums and predictions to sums and what they must lie between.
    """

    predicted: Callable[[Numbers], Numbers]
    bounds: Callable[[Numbers, Numbers], Bounds]


_SCALES = {
    "prediction": _Scale(lambda total: total, _as_they_are),
    "log-odds": _Scale(_logistic, _log_odds),
    "log-odds of several classes": _Scale(_softmax, _log_odds_to_the_likeliest),
    "logarithm": _Scale(lambda total: np.asarray(np.exp(np.clip(total, -700, 700))), _logarithm),
}


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
        EvaluationRefused: They add up on none of them, with the smallest of the largest differences; or to what are the
            predictions only because both are next to 0 or 1, with the row.
    """
    if attributions.values.shape[::2] != predictions.shape:
        raise EvaluationRefused(
            f"contributions to {attributions.values.shape[::2]} (rows, outputs) and predictions {predictions.shape} "
            "are not of the same rows"
        )
    totals = attributions.values.sum(axis=1) + attributions.expected
    size = float(np.abs(predictions).max()) or 1.0
    found = {
        name: float(np.max(np.abs(scale.predicted(totals) - predictions))) / size for name, scale in _SCALES.items()
    }
    ordered = sorted(found, key=lambda name: found[name])
    if found[ordered[0]] > TOLERANCE:
        raise EvaluationRefused(
            f"the model's contributions do not add up to its predictions: at best ({ordered[0]}) they differ by "
            f"{found[ordered[0]]:.3g} of the largest, more than {TOLERANCE:g}; they explain another model, or "
            "inference.py gets them wrong"
        )
    refusals = {name: _off_the_scale(name, totals, predictions) for name in ordered if found[name] <= TOLERANCE}
    agreed = [name for name, refusal in refusals.items() if not refusal]
    if not agreed:
        raise EvaluationRefused(refusals[ordered[0]])
    return agreed[0]


def _off_the_scale(name: str, totals: Numbers, predictions: Numbers) -> str:
    """Which sum is not what the prediction says it is, on the scale of the sums; empty where each is."""
    if name == "prediction":
        return ""
    with np.errstate(divide="ignore"):
        sums, low, high = _SCALES[name].bounds(totals, predictions)
    allowed = MARGIN_TOLERANCE * np.maximum(1, np.abs(sums))
    beyond = np.maximum(low - sums, sums - high) - allowed
    row, output = np.unravel_index(int(beyond.argmax()), beyond.shape)
    if beyond[row, output] <= 0:
        return ""
    between = f"[{low[row, output]:.6g}, {high[row, output]:.6g}]"
    return (
        f"the contributions of explained row {row + 1} to output {output + 1} add up to {sums[row, output]:.6g} "
        f"({name}); its prediction, {predictions[row, output]:.9g}, says {between}, and {allowed[row, output]:.3g} "
        "more or less is allowed; they explain another model, inference.py gets them wrong, or it rounds its "
        "predictions: at least single precision is needed"
    )
