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
        EvaluationRefused: There are not as many answers as rows, or an answer is not finite.
    """
    if predicted.ndim != 2 or len(predicted) != len(asked):
        raise EvaluationRefused(f"the model answered {predicted.shape} for {len(asked)} rows to explain")
    odd = np.argwhere(~np.isfinite(predicted))
    if len(odd):
        raise EvaluationRefused(f"answer {odd[0][0] + 1} of {len(predicted)} to the rows to explain is not finite")
    known = {row.tobytes(): answer for row, answer in zip(np.ascontiguousarray(asked), predicted, strict=True)}

    def answer(rows: Codes) -> NDArray[np.float64]:
        return np.asarray([known[row.tobytes()] for row in np.ascontiguousarray(rows.astype(np.int64))])

    values, expected = _explain(answer, sample, coalitions, seed)
    shaped = np.asarray(values, dtype=np.float64).reshape(*sample.rows.shape, predicted.shape[1])
    return Attributions(shaped, np.atleast_1d(np.asarray(expected, dtype=np.float64)))


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
