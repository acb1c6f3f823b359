"""A label as the model learns it and as groups are compared by it; apart because three problem types share the rest.

The model learns 1 and 0, the position of a class, or a number. What is favourable, by label or by prediction, is what
the use case's label declares as ``positive``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model_governance.domain.cells import canonical_cell, finite_number
from model_governance.domain.data import Data, Label, ProblemType
from model_governance.domain.use_case import UseCase
from model_governance.errors import DataRefused

_SHOWN = 5
Numbers = NDArray[np.float64]


def learnt_labels(labels: pd.Series[Any], data: Data) -> NDArray[np.float64]:
    """The labels as the model learns them: 1 and 0, the position of the class, or the number.

    Args:
        labels: The label column of ``DataSet.cells``, shape (n_rows,).
        data: The use case's declaration of its label.

    Returns:
        float64, shape (n_rows,).

    Raises:
        DataRefused: If the column does not hold what the problem needs: two values, one of them the declared positive
            one; declared classes alone, two of them at least; or numbers, not all the same.
    """
    values = sorted(set(labels))
    if data.label.problem_type is ProblemType.BINARY_CLASSIFICATION:
        numbers = _binary_numbers(values, data)
    elif data.label.problem_type is ProblemType.MULTICLASS_CLASSIFICATION:
        numbers = _class_positions(values, data)
    else:
        numbers = _label_numbers(values, data)
    return np.asarray(labels.map(numbers), dtype=np.float64)


def favourable_labels(learnt: Numbers, label: Label) -> NDArray[np.bool_]:
    """Which labels are favourable, bool, shape (n_rows,); from ``learnt_labels``, float64, shape (n_rows,)."""
    if label.problem_type is ProblemType.REGRESSION:
        return np.asarray(learnt > float(label.favourable[0]), dtype=np.bool_)
    if label.problem_type is ProblemType.MULTICLASS_CLASSIFICATION:
        return np.isin(learnt, favourable_positions(label))
    return np.asarray(learnt == 1, dtype=np.bool_)


def favourable_predictions(predictions: Numbers, use_case: UseCase) -> NDArray[np.bool_]:
    """Which predictions are favourable, bool, shape (n_rows,).

    Args:
        predictions: As ``read_predictions`` gives them.
        use_case: Its label and decision threshold: a probability counts at or above that, a number strictly above the
            label's threshold, of several classes the most probable one (the first of those that are equally so).
    """
    label = use_case.data.label
    if label.problem_type is ProblemType.REGRESSION:
        return np.asarray(predictions > float(label.favourable[0]), dtype=np.bool_)
    if label.problem_type is ProblemType.MULTICLASS_CLASSIFICATION:
        return np.isin(predictions.argmax(axis=1), favourable_positions(label))
    return predicted_labels(predictions, use_case.decision_threshold)


def predicted_labels(probabilities: NDArray[np.float64], threshold: float) -> NDArray[np.bool_]:
    """Predicted labels, bool, shape (n_rows,): positive at or above the threshold, which is in (0, 1)."""
    return probabilities >= threshold


def favourable_positions(label: Label) -> list[int]:
    """The positions of the favourable ones among a label's classes."""
    favourable = {canonical_cell(str(value)) for value in label.favourable}
    return [place for place, value in enumerate(label.classes) if canonical_cell(str(value)) in favourable]


def _binary_numbers(values: list[str], data: Data) -> dict[str, float]:
    positive = canonical_cell(str(data.label.favourable[0]))
    if len(values) != 2 or positive not in values:
        raise DataRefused(
            f"label {data.label.column!r} has {len(values)} distinct values ({_shown(values)}); binary classification "
            f"needs two, one of them the declared positive value {positive!r}"
        )
    return {value: float(value == positive) for value in values}


def _class_positions(values: list[str], data: Data) -> dict[str, float]:
    classes = [canonical_cell(str(value)) for value in data.label.classes]
    unknown = [value for value in values if value not in classes]
    if unknown or len(values) < 2:
        raise DataRefused(
            f"label {data.label.column!r} has {len(values)} distinct values ({_shown(values)}), {len(unknown)} of them "
            f"none of the declared classes ({_shown(unknown)}); declared: {', '.join(classes)}"
        )
    return {value: float(position) for position, value in enumerate(classes)}


def _label_numbers(values: list[str], data: Data) -> dict[str, float]:
    numbers = {value: finite_number(value) for value in values}
    odd = [value for value, number in numbers.items() if number is None]
    if odd or len(values) < 2:
        raise DataRefused(
            f"label {data.label.column!r} has {len(values)} distinct values, {len(odd)} of them no numbers "
            f"({_shown(odd)}); a regression needs numbers, and more than one"
        )
    return {value: number for value, number in numbers.items() if number is not None}


def _shown(values: list[str]) -> str:
    return ", ".join(repr(value) for value in values[:_SHOWN]) + (", ..." if len(values) > _SHOWN else "")
