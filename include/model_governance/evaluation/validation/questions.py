"""Rows as requests, and answers as numbers: the one place that knows the forms in which an endpoint is spoken to."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model_governance.domain.data import Label
from model_governance.domain.validation import CSV, JSON, Cell
from model_governance.errors import EvaluationRefused
from model_governance.evaluation.predictions import check_predictions, read_predictions

Row = tuple[str, ...]
"""The features of one row in their declared order, as CSV cells; empty = not known."""

_LONGEST_SAID = 200


@dataclass(frozen=True)
class Question:
    """A request to an endpoint.

    Attributes:
        body: What is sent.
        content_type: As what.
        accept: In what form the answer is wanted.
    """

    body: bytes
    content_type: str = CSV
    accept: str = CSV


@dataclass(frozen=True)
class Answer:
    """What came back of a request, to an endpoint or to a dependency.

    Attributes:
        status: The HTTP status, of the model where there is one behind the endpoint; None where nothing came back.
        body: The bytes.
        content_type: Their type.
        seconds: From sending to the last byte.
        problem: Why nothing, or no more, came back; empty otherwise.
    """

    status: int | None
    body: bytes = b""
    content_type: str = ""
    seconds: float = 0.0
    problem: str = ""

    @property
    def said(self) -> str:
        """Status, and what was said with it where it is no success, in one line."""
        if self.problem:
            return self.problem if self.status is None else f"{self.status}: {self.problem}"
        words = " ".join(self.body.decode("utf-8", errors="replace").split())[:_LONGEST_SAID]
        return f"{self.status}" if self.status == 200 or not words else f"{self.status}: {words}"


Ask = Callable[[Question], Answer]


@dataclass(frozen=True)
class Sample:
    """Held-out rows, and what the batch transform predicted for them.

    Attributes:
        features: Their names, in order.
        label: What is predicted.
        rows: The rows.
        predicted: float64, shape (n_rows,), or (n_rows, n_classes) of several classes.
        tolerance: By how much two answers to one row may differ.
    """

    features: tuple[str, ...]
    label: Label
    rows: tuple[Row, ...]
    predicted: NDArray[np.float64]
    tolerance: float

    def first(self, count: int) -> Sample:
        """Its first rows; at most as many as there are."""
        return Sample(self.features, self.label, self.rows[:count], self.predicted[:count], self.tolerance)

    def changed(self, row: Row, values: Mapping[str, Cell]) -> Row:
        """The row with some of its values replaced."""
        cells = dict(zip(self.features, row, strict=True)) | {name: cell(value) for name, value in values.items()}
        return tuple(cells[name] for name in self.features)

    def difference(self, scores: NDArray[np.float64]) -> float:
        """The largest difference between these answers and the transform's to the same rows."""
        return float(np.max(np.abs(scores - self.predicted[: len(scores)])))


def cell(value: Cell) -> str:
    """A value as a CSV cell."""
    return "" if value is None else str(value)


def read_rows(content: bytes) -> tuple[Row, ...]:
    """The rows of holdout.csv."""
    return tuple(tuple(row) for row in csv.reader(io.StringIO(content.decode(), newline="")))


def csv_body(rows: Sequence[Sequence[str]]) -> bytes:
    """Rows as CSV without a header."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def json_body(features: Sequence[str], rows: Sequence[Row], form: str) -> bytes:
    """Rows as ``{"instances": [...]}``; numbers as numbers, an empty cell as null."""
    values = [[_json_value(one) for one in row] for row in rows]
    if form == "listed":
        return json.dumps({"instances": [{"features": row} for row in values]}).encode()
    return json.dumps({"instances": [dict(zip(features, row, strict=True)) for row in values]}).encode()


def read_scores(answer: Answer, rows: int, label: Label, accept: str = CSV) -> NDArray[np.float64]:
    """What an endpoint answered, as numbers.

    Returns:
        float64: as ``read_predictions`` gives them.

    Raises:
        EvaluationRefused: It did not answer 200, or not one prediction of the label for each row; NaN is none.
    """
    if answer.status != 200:
        raise EvaluationRefused(f"answered {answer.said}")
    if accept == JSON:
        return _read_json(answer.body, rows, label)
    return read_predictions(answer.body, rows, label)


def favourable(scores: NDArray[np.float64], label: Label) -> NDArray[np.float64]:
    """One number a row to compare by: the prediction, or the probability of all favourable classes together."""
    if not label.classes:
        return scores
    wanted = {str(one) for one in label.favourable}
    return np.asarray(scores[:, [str(one) in wanted for one in label.classes]].sum(axis=1))


def _json_value(text: str) -> str | float | int | None:
    if not text.strip():
        return None
    try:
        number = float(text)
    except ValueError:
        return text
    if not math.isfinite(number):
        return text
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _read_json(body: bytes, rows: int, label: Label) -> NDArray[np.float64]:
    try:
        answers = [one["score"] for one in json.loads(body)["predictions"]]
        scores = np.asarray(answers, dtype=np.float64)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as fault:
        raise EvaluationRefused(f'answered no {{"predictions": [{{"score": ...}}, ...]}}: {fault!r}') from None
    check_predictions(scores, rows, label)
    return scores
