"""Shapley values of any model by Kernel SHAP; apart because the model is asked through a batch transform, not called.

The explainer draws its coalitions by the seed alone, whatever the model answers. So it runs twice: first to find out
which rows it will ask for, then, when a transform has predicted them, to solve for the values.
Source: Lundberg and Lee, "A Unified Approach to Interpreting Model Predictions", 2017; the explainer is the package
``shap``'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_governance.errors import EvaluationRefused
from model_governance.evaluation.explainability.sample import Sample

MOST_ROWS = 2_000_000
"""Rows that a model may be asked for; more would be a job of hours."""

_EXACT = 1e-6
"""How far off the values of a sum may come out, as a share of the largest."""

SAME_ANSWER = 1e-5
"""How far apart two answers of one model to one row may be, as a share of the largest prediction.

A model that adds up in single precision (2^-24 = 6e-8 a step) answers differently when its rows come in other batches.
"""

Codes = NDArray[np.int64]
Predict = Callable[[Codes], NDArray[np.float64]]


@dataclass(frozen=True)
class Attributions:
    """What each feature added to each prediction.

    Attributes:
        values: float64, shape (n_rows, n_features, n_outputs), in the unit of what was explained.
        expected: What the model predicts of the background on average, float64, shape (n_outputs,).
    """

    values: NDArray[np.float64]
    expected: NDArray[np.float64]


def rows_to_predict(sample: Sample, *, coalitions: int, seed: int) -> Codes:
    """Every row that the explainer will ask the model for, each once: int64, shape (n_asked, n_features).

    Args:
        sample: The rows to explain and their background.
        coalitions: How many sets of features are tried for a row; with 2^n_features - 2 or more, all of them.
        seed: Of the sets.

    Raises:
        EvaluationRefused: They would be more than ``MOST_ROWS``, or the sets are too few to tell the features apart;
            says what to change.
    """
    features = len(sample.features)
    tried = min(coalitions, 2 ** min(features, 62) - 2) if features > 1 else 1
    asked = len(sample.rows) * max(tried, 1) * len(sample.background)
    if asked > MOST_ROWS:
        raise EvaluationRefused(
            f"explaining {len(sample.rows)} rows by {tried} sets of {features} features and {len(sample.background)} "
            f"background rows asks the model for {asked:,} rows, more than {MOST_ROWS:,}: lower sample_rows, "
            "coalitions or background_rows under explainability in use_case.yaml"
        )
    seen: list[Codes] = []

    def note(rows: Codes) -> NDArray[np.float64]:
        seen.append(np.unique(rows, axis=0))
        return np.asarray(rows.sum(axis=1), dtype=np.float64)

    _refuse_undetermined(_explain(note, sample, coalitions, seed)[0], sample, tried)
    return np.unique(np.concatenate([*seen, sample.rows, sample.background]), axis=0)


def _refuse_undetermined(values: Any, sample: Sample, tried: int) -> None:
    """Refuses sets of features that do not find the values of a sum, which are known: fewer equations than unknowns."""
    features = len(sample.features)
    known = sample.rows - sample.background.mean(axis=0)
    error = float(np.abs(np.asarray(values).reshape(known.shape) - known).max())
    if not error <= _EXACT * max(1.0, float(np.abs(known).max())):
        raise EvaluationRefused(
            f"{tried} sets do not determine the Shapley values of {features} features: those of a sum, which are "
            f"known, come out {error:.3g} off; raise coalitions under explainability in use_case.yaml, to "
            f"{4 * features} or more"
        )


def shapley_values(
    sample: Sample, asked: Codes, predicted: NDArray[np.float64], *, coalitions: int, seed: int
) -> Attributions:
    """The values, from the model's answers to ``rows_to_predict``.

    For every row and output, the values of all features and ``expected`` add up to the prediction.

    Args:
        sample: As it was for ``rows_to_predict``; so are ``coalitions`` and ``seed``.
        asked: What ``rows_to_predict`` gave.
        predicted: float64, shape (n_asked, n_outputs).
        coalitions: How many sets of features are tried for a row.
        seed: Of the sets.

    Raises:
        EvaluationRefused: There are not as many answers as rows, an answer is not finite, or a row that the explainer
            needs was not asked for.
    """
    if predicted.ndim != 2 or len(predicted) != len(asked):
        raise EvaluationRefused(f"the model answered {predicted.shape} for {len(asked)} rows to explain")
    odd = np.argwhere(~np.isfinite(predicted))
    if len(odd):
        raise EvaluationRefused(f"answer {odd[0][0] + 1} of {len(predicted)} to the rows to explain is not finite")
    known = {row.tobytes(): answer for row, answer in zip(np.ascontiguousarray(asked), predicted, strict=True)}

    def answer(rows: Codes) -> NDArray[np.float64]:
        try:
            return np.asarray([known[row.tobytes()] for row in np.ascontiguousarray(rows.astype(np.int64))])
        except KeyError:
            raise EvaluationRefused(
                f"the {len(asked)} rows that the model answered are not those that explain this sample: one is missing"
            ) from None

    values, expected = _explain(answer, sample, coalitions, seed)
    shaped = np.asarray(values, dtype=np.float64).reshape(*sample.rows.shape, predicted.shape[1])
    return Attributions(shaped, np.atleast_1d(np.asarray(expected, dtype=np.float64)))


def refuse_other_answers(
    sample: Sample, asked: Codes, predicted: NDArray[np.float64], held_out: NDArray[np.float64]
) -> float:
    """How far the answers to the explained rows are from what the model predicted of them in the other transform.

    Args:
        sample: The rows to explain.
        asked: What the model was asked for; the rows to explain are among them.
        predicted: Its answers, float64, shape (n_asked, n_outputs).
        held_out: What it predicted of all held-out rows, float64, shape (n_holdout, n_outputs).

    Returns:
        The largest difference as a share of the largest prediction, at most ``SAME_ANSWER``.

    Raises:
        EvaluationRefused: It is larger, or the answers are not of as many outputs: another model answered.
    """
    first = held_out[sample.positions]
    place = {row.tobytes(): number for number, row in enumerate(np.ascontiguousarray(asked))}
    where = [place.get(row.tobytes(), -1) for row in np.ascontiguousarray(sample.rows)]
    if predicted.shape[1] != first.shape[1] or -1 in where:
        raise EvaluationRefused(
            f"the explanation's transform answered {predicted.shape[1]} numbers a row, and {where.count(-1)} of "
            f"{len(where)} explained rows not at all; the evaluation's transform answered {first.shape[1]} numbers"
        )
    apart = np.abs(predicted[where] - first)
    size = float(np.abs(first).max())
    odd, output = np.unravel_index(int(apart.argmax()), apart.shape)
    if not apart[odd, output] <= SAME_ANSWER * size:
        raise EvaluationRefused(
            f"the explanation's transform predicts {predicted[where[odd], output]:.9g} of held-out row "
            f"{sample.positions[odd] + 1}, where the evaluation's predicted {first[odd, output]:.9g}: "
            f"{apart[odd, output]:.3g} apart, more than {SAME_ANSWER:g} of the largest prediction, {size:.3g}; another "
            "model answered, or one that answers at random"
        )
    return float(apart[odd, output] / size) if size else 0.0


def _explain(predict: Predict, sample: Sample, coalitions: int, seed: int) -> tuple[Any, Any]:
    import shap

    drawn = np.random.get_state()  # the explainer draws from NumPy's own generator
    try:
        np.random.seed(seed % 2**32)
        explainer = shap.KernelExplainer(predict, sample.background)
        values = explainer.shap_values(sample.rows, nsamples=coalitions, l1_reg=False, silent=True)
        return values, explainer.expected_value
    finally:
        np.random.set_state(drawn)
