"""What came back from the batch transform, and what it is compared with; apart because both are bytes from outside."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

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
    """

    labels: NDArray[np.bool_]
    facets: pd.DataFrame


def read_holdout_labels(content: bytes, data: Data) -> HeldOut:
    """The labels and facets from holdout_labels.csv, as ``split_data_set`` wrote it.

    Raises:
        EvaluationRefused: If the file has other columns, no rows, or labels that are neither 0 nor 1.
    """
    expected = [data.label.column, *dict.fromkeys(facet.name_or_index for facet in data.facets)]
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
    return HeldOut(labels=np.asarray(labels == "1", dtype=np.bool_), facets=frame)


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
    if probabilities.shape != (rows,):
        raise EvaluationRefused(f"predictions have shape {probabilities.shape}; one a row is needed, ({rows},)")
    nan = np.flatnonzero(np.isnan(probabilities)) + 1
    if len(nan):
        raise EvaluationRefused(f"{len(nan)} of {rows} predictions are NaN, the first for row {nan[0]}")
    outside = np.flatnonzero((probabilities < 0) | (probabilities > 1)) + 1
    if len(outside):
        value = probabilities[outside[0] - 1]
        raise EvaluationRefused(f"prediction {value} for row {outside[0]} is no probability: outside [0, 1]")


def predicted_labels(probabilities: NDArray[np.float64], threshold: float) -> NDArray[np.bool_]:
    """Predicted labels, bool, shape (n_rows,): positive at or above the threshold, which is in (0, 1)."""
    return probabilities >= threshold
