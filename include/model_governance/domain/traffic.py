"""Traffic for the example's production endpoint, as a use case declares it: held-out rows as they were, then shifted.

Apart from monitoring, which must tell the two apart without being told.
"""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from pydantic import Field, model_validator

from model_governance.domain.data import Label, ProblemType
from model_governance.domain.declaration import Declared
from model_governance.errors import UseCaseInvalid

_DIGITS = 10
"""Decimals of a shifted number: more would only be noise of binary fractions."""


class Shift(Declared):
    """How a feature drifts: a number is added to it, it is multiplied, or every row has the same value.

    A missing value stays missing, unless it is ``set``; a number does not come out above ``at_most``.
    """

    _LATER: ClassVar[frozenset[str]] = frozenset({"at_most"})

    column: str
    add: float | None = None
    multiply: float | None = None
    set: int | float | str | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _does_one_thing(self) -> Shift:
        given = [name for name in ("add", "multiply", "set") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"a shift of {self.column!r} is one of add, multiply and set, not {given or 'nothing'}")
        return self

    def of(self, cell: str) -> str:
        """The cell as it is after the shift.

        Raises:
            UseCaseInvalid: A number is to be made of what is none.
        """
        if self.set is not None:
            return str(self.set)
        if not cell.strip():
            return cell
        try:
            number = float(cell)
        except ValueError:
            raise UseCaseInvalid(
                f"traffic: shift of {self.column!r}: {cell[:40]!r} is no number; a value of words can only be set"
            ) from None
        changed = number + self.add if self.add is not None else number * (self.multiply or 0.0)
        changed = round(changed if self.at_most is None else min(changed, self.at_most), _DIGITS)
        return str(int(changed)) if changed.is_integer() else repr(changed)


class Traffic(Declared):
    """The traffic of a use case's example.

    Attributes:
        rows: How many requests a phase has; a row each.
        seed: Of the draw of rows.
        shift: How the features drift in the second phase, in this order.
    """

    rows: int = Field(default=300, ge=1, le=100_000)
    seed: int = Field(default=0, ge=0, lt=2**32)
    shift: tuple[Shift, ...] = ()

    @model_validator(mode="after")
    def _shifts_a_column_once(self) -> Traffic:
        columns = [shift.column for shift in self.shift]
        if len(set(columns)) != len(columns):
            raise ValueError(f"a column is shifted once, not as in {columns}")
        return self


class Phase(StrEnum):
    """What traffic is like."""

    AS_IT_WAS = "as-it-was"
    DRIFTED = "drifted"
    AS_IT_IS_NOW = "as-it-is-now"
    """After drifted data was published and a version learnt it: that one's held-out rows, which have drifted."""


@dataclass(frozen=True)
class Row:
    """A row to be sent, and what came true of it.

    Attributes:
        features: CSV, in the declared order, without a line end.
        truth: CSV: the label, the facets, and the group variable if it is no feature.
    """

    features: str
    truth: str


@dataclass(frozen=True)
class SentPhase:
    """A phase that has been sent: what monitoring is asked about.

    Attributes:
        phase: Which.
        answered: Rows that the endpoint answered.
        refused: Rows that it did not.
        start: Of the window, aware UTC, a whole minute: no other phase begins in it.
        end: Of the window, aware UTC, a whole second after the last answer.
        ground_truth: Addresses of what came true.
        reason: Of the first refusal; empty without one.
    """

    phase: Phase
    answered: int
    refused: int
    start: datetime
    end: datetime
    ground_truth: tuple[str, ...] = ()
    reason: str = ""

    @property
    def rows(self) -> int:
        """How many were sent."""
        return self.answered + self.refused


def drawn_rows(
    held_out: Sequence[tuple[Sequence[str], Sequence[str]]],
    names: tuple[Sequence[str], Sequence[str]],
    traffic: Traffic,
    phase: Phase,
) -> tuple[Row, ...]:
    """The rows of a phase: a seeded draw, without a row twice as long as there are enough.

    Args:
        held_out: Cells of the features and of what came true, a pair for each held-out row; at least one.
        names: The columns of both.
        traffic: How many, by which seed, and how they drift.
        phase: Whether they do; a column that is a feature and a facet drifts as both.

    Raises:
        UseCaseInvalid: The shift does not fit the values.
    """
    generator = random.Random(f"{traffic.seed}/{phase}")  # noqa: S311 - no secret
    rounds, rest = divmod(traffic.rows, len(held_out))
    drawn = [row for _ in range(rounds) for row in generator.sample(held_out, len(held_out))]
    drawn += generator.sample(held_out, rest)
    shifts = {shift.column: shift for shift in traffic.shift} if phase is Phase.DRIFTED else {}

    def written(cells: Sequence[str], columns: Sequence[str]) -> str:
        return _line(
            [shifts[name].of(cell) if name in shifts else cell for name, cell in zip(columns, cells, strict=True)]
        )

    return tuple(Row(written(features, names[0]), written(truth, names[1])) for features, truth in drawn)


def drifted_data(content: bytes, traffic: Traffic, separator: str = ",") -> bytes:
    """A data set as it is after the declared shift: every row of it, what came true as it was.

    Args:
        content: CSV with a header.
        traffic: How the columns drift; one that is not there is left out.
        separator: Of the fields.

    Raises:
        UseCaseInvalid: The shift does not fit the values.
    """
    header, *rows = csv.reader(io.StringIO(content.decode(), newline=""), delimiter=separator)
    shifts = {header.index(shift.column): shift for shift in traffic.shift if shift.column in header}
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(
        [shifts[place].of(cell) if place in shifts else cell for place, cell in enumerate(row)] for row in rows if row
    )
    return text.getvalue().encode()


def own_word(learnt: str, label: Label) -> str:
    """A held-out label in the data's own words, as whoever tells what came true would write it.

    Args:
        learnt: As the model learns it: 1 and 0, the position of a class, or a number.
        label: The declaration. A binary label of words stays 1 or 0: the other word is not declared.
    """
    if label.problem_type is ProblemType.MULTICLASS_CLASSIFICATION:
        return str(label.classes[int(float(learnt))])
    positive = label.favourable[0]
    if label.problem_type is ProblemType.REGRESSION or isinstance(positive, str):
        return learnt
    if float(learnt) == 1:
        return str(positive)
    return "0" if positive else "1"


def truth_line(inference_id: str, truth: str) -> bytes:
    """What came true of a request, as Model Monitor takes it."""
    record = {
        "groundTruthData": {"data": truth, "encoding": "CSV"},
        "eventMetadata": {"eventId": inference_id},
        "eventVersion": "0",
    }
    return json.dumps(record).encode() + b"\n"


def truth_key(use_case: str, time: datetime, name: str) -> str:
    """Where in the bucket that lies, for requests of an hour; aware UTC."""
    return f"use-cases/{use_case}/ground-truth/{time:%Y/%m/%d/%H}/{name}.jsonl"


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()
