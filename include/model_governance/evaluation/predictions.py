"""What came back from the batch transform, and what it is compared with; apart because both are bytes from outside."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model_governance.domain.cells import finite_number
from model_governance.domain.data import Data, Label, ProblemType
from model_governance.errors import EvaluationRefused
from model_governance.evaluation.labels import favourable_labels

Answers = NDArray[np.float64]


@dataclass(frozen=True)
class HeldOut:
    """The answers to the held-out rows, in their order.

    Attributes:
        labels: bool, shape (n_rows,): True where the label is favourable.
        facets: The facets in canonical cells, str, shape (n_rows, n_facets); "" = missing.
        groups: The group variable in canonical cells, named, str, shape (n_rows,); None without one.
        features: The features that the model read, in canonical cells, str, shape (n_rows, n_features); None where they
            were not read.
        values: The labels as the model learns them, float64, shape (n_rows,); of a binary one 1 and 0.
    """

    labels: NDArray[np.bool_]
    facets: pd.DataFrame
    groups: pd.Series[Any] | None = None
    features: pd.DataFrame | None = None
    values: NDArray[np.float64] | None = None

    @property
    def learnt(self) -> NDArray[np.float64]:
        """The labels as the model learns them; of a binary label they follow from ``labels``."""
        return self.labels.astype(np.float64) if self.values is None else self.values


def read_holdout_labels(content: bytes, data: Data, features: bytes | None = None) -> HeldOut:
    """The labels, facets and group variable from holdout_labels.csv, as ``split_data_set`` wrote it.

    Args:
        content: The file.
        data: The declaration.
        features: holdout.csv, the features of the same rows; None where they are not needed.

    Raises:
        EvaluationRefused: If the file has other columns, no rows, or labels that the model cannot have learnt; if the
            features are not as many rows or columns.
    """
    expected = list(data.holdout_columns)
    header, *rows = list(csv.reader(io.StringIO(content.decode(), newline=""))) or [[]]
    if header != expected:
        raise EvaluationRefused(f"holdout_labels.csv has the columns {header}, not {expected}")
    if not rows:
        raise EvaluationRefused("holdout_labels.csv holds no rows: there is nothing to evaluate the model on")
    ragged = [number for number, row in enumerate(rows, 1) if len(row) != len(header)]
    if ragged:
        raise EvaluationRefused(f"holdout_labels.csv, row {ragged[0]}: not {len(header)} fields")
    frame = pd.DataFrame(rows, columns=header, dtype=object)
    labels = frame.pop(data.label.column)
    learnt = _read_labels(labels, data.label)
    return HeldOut(
        labels=favourable_labels(learnt, data.label),
        facets=frame,
        groups=frame.pop(data.group_variable) if data.group_variable else None,
        features=None if features is None else _read_features(features, data, len(rows)),
        values=learnt,
    )


def _read_labels(labels: pd.Series[Any], label: Label) -> NDArray[np.float64]:
    values = np.asarray([math.nan if (one := finite_number(cell)) is None else one for cell in labels])
    if label.problem_type is ProblemType.REGRESSION:
        wrong, needed = np.isnan(values), "no number"
    elif label.problem_type is ProblemType.MULTICLASS_CLASSIFICATION:
        wrong, needed = ~np.isin(values, range(len(label.classes))), f"no position of {len(label.classes)} classes"
    else:
        wrong, needed = ~np.isin(values, (0, 1)), "neither 0 nor 1"
    odd = np.flatnonzero(wrong) + 1
    if len(odd):
        raise EvaluationRefused(f"holdout_labels.csv, row {odd[0]}: label {labels.iloc[odd[0] - 1]!r} is {needed}")
    return values


def _read_features(content: bytes, data: Data, rows: int) -> pd.DataFrame:
    cells = list(csv.reader(io.StringIO(content.decode(), newline="")))
    wrong = next((number for number, row in enumerate(cells, 1) if len(row) != len(data.features)), None)
    if len(cells) != rows or wrong is not None:
        where = f"row {wrong} has not {len(data.features)} fields" if wrong else f"{len(cells)} rows for {rows} labels"
        raise EvaluationRefused(f"holdout.csv does not belong to holdout_labels.csv: {where}")
    return pd.DataFrame(cells, columns=list(data.features), dtype=object)


def read_predictions(content: bytes, rows: int, label: Label | None = None) -> NDArray[np.float64]:
    """The predictions from a batch transform's output, one a line.

    Args:
        content: The output file.
        rows: How many rows were sent; as many lines must have come back.
        label: What was predicted; without one, a binary label.

    Returns:
        float64: probabilities in [0, 1], shape (rows,), of a binary label; of several classes, in their order, shape
        (rows, n_classes); numbers, shape (rows,), of a regression.

    Raises:
        EvaluationRefused: For a count that differs, or a line that is no such prediction; NaN is none.
    """
    width = len(label.classes) if label and label.classes else 1
    predictions = read_answers(content, rows, width=width)
    shaped = predictions[:, 0] if width == 1 else predictions
    check_predictions(shaped, rows, label)
    return shaped


def read_answers(content: bytes, rows: int, *, width: int | None = None, what: str = "held-out rows") -> Answers:
    """The numbers of a batch transform's output, as many in each line: the only reader of what a transform answered.

    Args:
        content: The output file; empty lines at its end are none.
        rows: How many rows were sent; as many lines must have come back.
        width: How many numbers a line must hold; None for as many as the first.
        what: What the rows were.

    Returns:
        float64, shape (rows, width); NaN and infinity among them where the model said so.

    Raises:
        EvaluationRefused: For a count that differs, or a line of something else than so many numbers.
    """
    lines = content.decode("utf-8", errors="replace").split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if len(lines) != rows or not rows:
        raise EvaluationRefused(f"the transform answered {len(lines)} lines for {rows} {what}")
    wanted = len(lines[0].split(",")) if width is None else width
    return np.asarray([_answer(line, number, rows, wanted) for number, line in enumerate(lines, 1)])


def _answer(line: str, number: int, rows: int, width: int) -> list[float]:
    fields = line.split(",")
    if len(fields) != width:
        raise EvaluationRefused(f"prediction {number} of {rows}, {line[:40]!r}, is not {width} number(s)")
    try:
        if "_" in line:  # float() takes 1_0 for ten
            raise ValueError
        return [float(one) for one in fields]
    except ValueError:
        raise EvaluationRefused(f"prediction {number} of {rows}, {line[:40]!r}, is not a number") from None


def check_predictions(predictions: NDArray[np.float64], rows: int, label: Label | None = None) -> None:
    """Refuse what are no predictions of that label; see ``read_predictions``.

    Raises:
        EvaluationRefused: As ``check_probabilities``; of a regression, what is not one finite number a row.
    """
    if label and label.threshold:
        check_numbers(predictions, rows)
    elif label and label.classes:
        wanted = (rows, len(label.classes))
        if predictions.shape != wanted:
            raise EvaluationRefused(f"predictions have shape {predictions.shape}; a row needs one a class, {wanted}")
        for column in predictions.T:
            check_probabilities(column, rows)
    else:
        check_probabilities(predictions, rows)


def check_probabilities(probabilities: NDArray[np.float64], rows: int) -> None:
    """Refuse what is not one probability a row.

    Args:
        probabilities: float64, shape (rows,).
        rows: How many are expected.

    Raises:
        EvaluationRefused: For another shape, for NaN, and for values outside [0, 1]; the first such row is named (from
            1).
    """
    check_numbers(probabilities, rows)
    outside = np.flatnonzero((probabilities < 0) | (probabilities > 1)) + 1
    if len(outside):
        value = probabilities[outside[0] - 1]
        raise EvaluationRefused(f"prediction {value} for row {outside[0]} is no probability: outside [0, 1]")


def check_numbers(predictions: NDArray[np.float64], rows: int) -> None:
    """Refuse what is not one number a row.

    Raises:
        EvaluationRefused: For another shape than (rows,), for NaN and for infinity; the first such row is named (from
            1).
    """
    if predictions.shape != (rows,):
        raise EvaluationRefused(f"predictions have shape {predictions.shape}; one a row is needed, ({rows},)")
    nan = np.flatnonzero(np.isnan(predictions)) + 1
    if len(nan):
        raise EvaluationRefused(f"{len(nan)} of {rows} predictions are NaN, the first for row {nan[0]}")
    infinite = np.flatnonzero(np.isinf(predictions)) + 1
    if len(infinite):
        value = predictions[infinite[0] - 1]
        raise EvaluationRefused(f"prediction {value} for row {infinite[0]} is no finite number")
