"""Model quality of a classifier of several classes; apart because its numbers are means over classes.

Each class's own number is weighted by how many rows bear its label. A class that is never predicted has precision 0,
as Model Monitor and scikit-learn count it: the lowest value there is, never a pass by default.
Source: Amazon SageMaker AI Developer Guide, "Model quality metrics and Amazon CloudWatch monitoring".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_governance.errors import EvaluationRefused
from model_governance.evaluation.model_quality.intervals import drawn_cells, measured, subsamples

_CONSTANT = "_best_constant_classifier"
_NAMES = ("accuracy", "weighted_recall", "weighted_precision", "weighted_f0_5", "weighted_f1", "weighted_f2")
METRIC_NAMES = frozenset({*_NAMES, *(f"{name}{_CONSTANT}" for name in _NAMES)})
"""Every metric of a classifier of several classes that a limit can name."""

Matrices = NDArray[np.float64]
"""Confusion matrices, rows = label, columns = prediction: float64, shape (..., n_classes, n_classes)."""


def measure_multiclass_classification(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], *, classes: Sequence[str], seed: int
) -> dict[str, Any]:
    """The metrics of Model Monitor's ``multiclass_classification_metrics``, in the form of ``binary``'s.

    Args:
        labels: int64, shape (n_rows,): positions in ``classes``.
        predicted: int64, shape (n_rows,): positions in ``classes``.
        classes: The classes' names, at least two, none twice.
        seed: Of the samples and draws.

    Raises:
        EvaluationRefused: For no rows, differing shapes, or a position that is no class's.
    """
    _check(labels, predicted, classes)
    count = len(classes)
    cells = np.bincount(labels * count + predicted, minlength=count * count).astype(np.float64)
    sampled = [
        np.bincount(labels[rows] * count + predicted[rows], minlength=count * count).astype(np.float64)
        for rows in subsamples(len(labels), seed)
    ]
    matrix = cells.reshape(count, count)
    found: dict[str, Any] = {
        "confusion_matrix": {
            true: {said: int(matrix[row, column]) for column, said in enumerate(classes)}
            for row, true in enumerate(classes)
        }
    }
    draws = drawn_cells(cells, seed).reshape(-1, count, count)
    samples = np.asarray(sampled).reshape(-1, count, count)
    for suffix, change in (("", lambda kept: kept), (_CONSTANT, _best_constant)):
        whole, redrawn, again = _means(change(matrix)), _means(change(draws)), _means(change(samples))
        for name in _NAMES:
            spread: list[float | None] = [float(value) for value in again[name]]
            found[f"{name}{suffix}"] = measured(float(whole[name]), "", spread, redrawn[name])
    return found


def _check(labels: NDArray[np.int64], predicted: NDArray[np.int64], classes: Sequence[str]) -> None:
    if len(set(classes)) != len(classes) or len(classes) < 2:
        raise EvaluationRefused(f"the classes {list(classes)} are not at least two, each its own")
    if labels.ndim != 1 or not len(labels) or labels.shape != predicted.shape:
        raise EvaluationRefused(
            f"labels have shape {labels.shape} and predictions {predicted.shape}; one of each a held-out row is needed"
        )
    for what, positions in (("label", labels), ("prediction", predicted)):
        outside = np.flatnonzero((positions < 0) | (positions >= len(classes))) + 1
        if len(outside):
            raise EvaluationRefused(f"the {what} of row {outside[0]} is none of the {len(classes)} classes")


def _means(matrices: Matrices) -> dict[str, NDArray[np.float64]]:
    """Every metric of each matrix: float64, shape (...)."""
    right = np.diagonal(matrices, axis1=-2, axis2=-1)
    labelled, said = matrices.sum(axis=-1), matrices.sum(axis=-2)
    rows = labelled.sum(axis=-1)
    weights = labelled / rows[..., None]

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((weights * values).sum(axis=-1))

    def f(beta: float) -> NDArray[np.float64]:
        return mean(_ratio((1 + beta**2) * right, beta**2 * labelled + said))

    return {
        "accuracy": np.asarray(right.sum(axis=-1) / rows),
        "weighted_recall": mean(_ratio(right, labelled)),
        "weighted_precision": mean(_ratio(right, said)),
        "weighted_f0_5": f(0.5),
        "weighted_f1": f(1),
        "weighted_f2": f(2),
    }


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _best_constant(matrices: Matrices) -> Matrices:
    """The matrices of a classifier that says the most frequent label of every row."""
    labelled = matrices.sum(axis=-1)
    most = labelled.argmax(axis=-1)
    said = np.arange(matrices.shape[-1]) == np.asarray(most)[..., None]
    return np.asarray(labelled[..., :, None] * said[..., None, :])
