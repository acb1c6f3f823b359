"""What came back from the batch transform, and what it is compared with; apart because both are bytes from outside."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model_governance.domain.use_case import Data
from model_governance.errors import EvaluationRefused


@dataclass(frozen=True)
class HeldOut:
    """The answers to the held-out rows, in their order.

    Attributes:
        labels: bool, shape (n_rows,): True where the label is the positive one.
        facets: The facets in canonical cells, str, shape (n_rows, n_facets); "" = missing.
        groups: The group variable in canonical cells, named, str, shape (n_rows,); None without one.
        features: The features that the model read, in canonical cells, str, shape (n_rows, n_features); None where they
            were not read.
    """

    labels: NDArray[np.bool_]
    facets: pd.DataFrame
    groups: pd.Series[Any] | None = None
    features: pd.DataFrame | None = None


def read_holdout_labels(content: bytes, data: Data, features: bytes | None = None) -> HeldOut:
    """The labels, facets and group variable from holdout_labels.csv, as ``split_data_set`` wrote it.

    Args:
        content: The file.
        data: The declaration.
        features: holdout.csv, the features of the same rows; None where they are not needed.

    Raises:
        EvaluationRefused: If the file has other columns, no rows, or labels that are neither 0 nor 1; if the features
            are not as many rows or columns.
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
    odd = np.flatnonzero(~labels.isin(["0", "1"])) + 1
    if len(odd):
        raise EvaluationRefused(
            f"holdout_labels.csv, row {odd[0]}: label {labels.iloc[odd[0] - 1]!r} is neither 0 nor 1"
        )
    return HeldOut(
        labels=np.asarray(labels == "1", dtype=np.bool_),
        facets=frame,
        groups=frame.pop(data.group_variable) if data.group_variable else None,
        features=None if features is None else _read_features(features, data, len(rows)),
    )


def _read_features(content: bytes, data: Data, rows: int) -> pd.DataFrame:
    cells = list(csv.reader(io.StringIO(content.decode(), newline="")))
    wrong = next((number for number, row in enumerate(cells, 1) if len(row) != len(data.features)), None)
    if len(cells) != rows or wrong is not None:
        where = f"row {wrong} has not {len(data.features)} fields" if wrong else f"{len(cells)} rows for {rows} labels"
        raise EvaluationRefused(f"holdout.csv does not belong to holdout_labels.csv: {where}")
    return pd.DataFrame(cells, columns=list(data.features), dtype=object)


def read_predictions(content: bytes, rows: int) -> NDArray[np.float64]:
    """The probabilities from a batch transform's output, one a line.

    Args:
        content: The output file.
        rows: How many rows were sent; as many lines must have come back.

    Returns:
        float64, shape (rows,), each in [0, 1].

    Raises:
        EvaluationRefused: For a count that differs, or a line that is no probability; NaN is none.
    """
    lines = content.decode("utf-8", errors="replace").splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    if len(lines) != rows:
        raise EvaluationRefused(f"the transform answered {len(lines)} lines for {rows} held-out rows")
    values = []
    for number, line in enumerate(lines, 1):
        try:
            values.append(float(line))
        except ValueError:
            raise EvaluationRefused(f"prediction {number} of {rows}, {line[:40]!r}, is not a number") from None
    predictions = np.asarray(values, dtype=np.float64)
    check_probabilities(predictions, rows)
    return predictions


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
        EvaluationRefused: For another shape than (rows,), and for NaN; the first such row is named (from 1).
    """
    if predictions.shape != (rows,):
        raise EvaluationRefused(f"predictions have shape {predictions.shape}; one a row is needed, ({rows},)")
    nan = np.flatnonzero(np.isnan(predictions)) + 1
    if len(nan):
        raise EvaluationRefused(f"{len(nan)} of {rows} predictions are NaN, the first for row {nan[0]}")


def predicted_labels(probabilities: NDArray[np.float64], threshold: float) -> NDArray[np.bool_]:
    """Predicted labels, bool, shape (n_rows,): positive at or above the threshold, which is in (0, 1)."""
    return probabilities >= threshold
