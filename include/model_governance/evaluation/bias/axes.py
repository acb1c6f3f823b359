"""Which values of a facet, a label and a group variable belong together; apart because two readers count by it.

A value is known by its canonical spelling, so that 1, 1.0 and "1" are one. Whatever is no value, is missing: on the
facet's and the group variable's axis the missing rows have the last place; a missing label is refused.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from model_governance.domain.cells import canonical_cell, finite_number
from model_governance.domain.data import Facet, Label
from model_governance.errors import EvaluationRefused

MOST_COMPARED = 20
"""Values of a facet that are compared each with the rest; more are refused."""
NOBODY = "any value"
"""Group d of a facet of which each value is to be compared with the rest, where no row says any: it has no rows."""
MOST_LABELS = 100
MOST_SUBGROUPS = 1000


@dataclass(frozen=True)
class FacetAxis:
    """The places of a facet's values.

    Attributes:
        name: The column.
        values: What each place stands for; the last, "", for rows that do not say.
        compared: The places that are group d, each in turn.
    """

    name: str
    values: tuple[str, ...]
    compared: tuple[int, ...]


@dataclass(frozen=True)
class LabelAxis:
    """The places of the label's values, at least one, and which of them are favourable.

    A numeric label with a threshold has two places; its own values would make no distribution.
    """

    column: str
    values: tuple[str, ...]
    favourable: tuple[bool, ...]

    @property
    def spelling(self) -> str:
        """The favourable values as a Clarify report has them in ``label_value_or_threshold``."""
        return ",".join(value for value, good in zip(self.values, self.favourable, strict=True) if good)


def facet_axis(facet: Facet, distinct: Sequence[Any]) -> tuple[FacetAxis, list[int]]:
    """The axis of a facet, and the place of each of its distinct values.

    Raises:
        EvaluationRefused: For a facet with a threshold and a value that is no number, for one of which each value is
            to be compared with the rest and which has more than 20. One that has none has one comparison of nobody.
    """
    name = facet.name_or_index
    spelled = [_spell(value) for value in distinct]
    if facet.threshold:
        return _interval_axis(facet, spelled)
    if facet.value_or_threshold:
        listed = {canonical_cell(str(value)) for value in facet.value_or_threshold}
        declared = ",".join(dict.fromkeys(canonical_cell(str(value)) for value in facet.value_or_threshold))
        axis = FacetAxis(name, (f"other than {declared}", declared, ""), (1,))
        return axis, [2 if value == "" else int(value in listed) for value in spelled]
    values = _ordered(spelled)
    if not values:
        return FacetAxis(name, (NOBODY, ""), (0,)), [1] * len(spelled)
    if len(values) > MOST_COMPARED:
        raise EvaluationRefused(
            f"facet {name!r} has {len(values)} values, of which at most {MOST_COMPARED} are compared each with the "
            "rest: list those of group d in value_or_threshold, or set thresholds"
        )
    places = {value: place for place, value in enumerate((*values, ""))}
    return FacetAxis(name, (*values, ""), tuple(range(len(values)))), [places[value] for value in spelled]


def label_axis(label: Label, distinct: Sequence[Any]) -> tuple[LabelAxis, list[int]]:
    """The axis of a label, and the place of each of its distinct values.

    Raises:
        EvaluationRefused: For missing labels, favourable values that no row has, more than 100 values, and a label with
            a threshold that is no number.
    """
    spelled = [_spell(value) for value in distinct]
    if "" in spelled:
        raise EvaluationRefused(f"rows have no label in {label.column!r}: a row without a label cannot be counted")
    if label.threshold:
        threshold = float(label.favourable[0])
        shown = _spell(label.favourable[0])
        axis = LabelAxis(label.column, (f"(-inf, {shown}]", f"({shown}, inf)"), (False, True))
        return axis, [int(_number(value, f"label {label.column!r}", shown) > threshold) for value in spelled]
    values = _ordered(spelled)
    if len(values) > MOST_LABELS:
        raise EvaluationRefused(
            f"label {label.column!r} has {len(values)} values, more than {MOST_LABELS}; for a numeric label set "
            "threshold: true, and the number above which it is favourable"
        )
    wanted = {_spell(value) for value in label.favourable}
    if not wanted & set(values):
        raise EvaluationRefused(
            f"label {label.column!r} never has its favourable value {', '.join(sorted(wanted))}; it has "
            f"{', '.join(values[:5])}{', ...' if len(values) > 5 else ''}"
        )
    places = {value: place for place, value in enumerate(values)}
    axis = LabelAxis(label.column, values, tuple(value in wanted for value in values))
    return axis, [places[value] for value in spelled]


def binary_axis(label: Label) -> LabelAxis:
    """The axis of a label of which only is known whether it is favourable."""
    if label.threshold:
        shown = _spell(label.favourable[0])
        return LabelAxis(label.column, (f"(-inf, {shown}]", f"({shown}, inf)"), (False, True))
    favourable = ",".join(dict.fromkeys(_spell(value) for value in label.favourable))
    return LabelAxis(label.column, (f"other than {favourable}", favourable), (False, True))


def subgroup_axis(column: str, distinct: Sequence[Any]) -> tuple[tuple[str, ...], list[int]]:
    """The values of a group variable, the last "" for missing ones, and the place of each distinct value.

    Raises:
        EvaluationRefused: For more than 1,000 values.
    """
    spelled = [_spell(value) for value in distinct]
    values = _ordered(spelled)
    if len(values) > MOST_SUBGROUPS:
        raise EvaluationRefused(
            f"group variable {column!r} has {len(values)} values, more than {MOST_SUBGROUPS}: subgroups of a few rows "
            "each condition on nothing; choose a coarser column"
        )
    places = {value: place for place, value in enumerate((*values, ""))}
    return (*values, ""), [places[value] for value in spelled]


def predicted_places(distinct: Sequence[Any], label: Label, known: LabelAxis, column: str) -> list[int]:
    """Whether each distinct prediction is favourable, 0 or 1.

    Args:
        distinct: Booleans, or predicted values of the label.
        label: The declaration of the label.
        known: The label axis; a predicted value that is on it nowhere is refused.
        column: What the predictions are called.

    Raises:
        EvaluationRefused: For missing predictions, NaN among them, and predicted values that no label has.
    """
    if all(isinstance(value, bool) for value in distinct):
        return [int(value) for value in distinct]
    spelled = [_spell(value) for value in distinct]
    if "" in spelled:
        raise EvaluationRefused(f"predictions are missing or NaN in {column!r}: every row needs one")
    if label.threshold:
        threshold = float(label.favourable[0])
        return [int(_number(value, f"prediction {column!r}", str(threshold)) > threshold) for value in spelled]
    wanted = {_spell(value) for value in label.favourable}
    unseen = sorted({value for value in spelled if value not in known.values and value not in wanted})
    if unseen:
        raise EvaluationRefused(
            f"predictions {column!r} hold {unseen[0]!r}, which no label has; the label has {', '.join(known.values)}"
        )
    return [int(value in wanted) for value in spelled]


def _interval_axis(facet: Facet, spelled: Sequence[str]) -> tuple[FacetAxis, list[int]]:
    cuts = [float(value) for value in facet.value_or_threshold]
    shown = [_spell(value) for value in facet.value_or_threshold]
    intervals = [
        f"({low}, {high}{']' if high != 'inf' else ')'}"
        for low, high in zip(["-inf", *shown], [*shown, "inf"], strict=True)
    ]
    compared = (1,) if len(cuts) == 1 else tuple(range(len(intervals)))
    axis = FacetAxis(facet.name_or_index, (*intervals, ""), compared)
    whose = f"facet {facet.name_or_index!r}"
    places = [
        len(intervals) if value == "" else bisect_left(cuts, _number(value, whose, ", ".join(shown)))
        for value in spelled
    ]
    return axis, places


def _number(value: str, whose: str, threshold: str) -> float:
    number = finite_number(value)
    if number is None and value.strip("+-").lower() in ("inf", "infinity"):
        number = -math.inf if value.startswith("-") else math.inf
    if number is None:
        raise EvaluationRefused(f"{whose} has a threshold, {threshold}, and a value that is no number: {value[:40]!r}")
    return number


def _spell(value: Any) -> str:
    return "" if value is None else canonical_cell(str(value))


def _ordered(spelled: Sequence[str]) -> tuple[str, ...]:
    """The distinct values that are there: numbers first, by size, then text."""

    def place(value: str) -> tuple[bool, float, str]:
        number = finite_number(value)
        return (number is None, number or 0.0, value)

    return tuple(sorted(set(spelled) - {""}, key=place))
