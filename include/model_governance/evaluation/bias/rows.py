"""Rows in memory, counted; apart because it alone of the bias metrics needs frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model_governance.domain.data import Facet, Label
from model_governance.errors import EvaluationRefused
from model_governance.evaluation.bias.axes import LabelAxis, binary_axis, facet_axis, label_axis, subgroup_axis
from model_governance.evaluation.bias.cube import Cube, fill_cube

Places = NDArray[np.int64]
Axis = TypeVar("Axis")


@dataclass(frozen=True)
class Labels:
    """The labels of rows.

    Attributes:
        axis: Their values.
        places: int64, shape (n_rows,): each row's value, by its place on the axis.
    """

    axis: LabelAxis
    places: Places


def read_labels(values: pd.Series[Any], label: Label) -> Labels:
    """Labels as they are in the data: two categories, many, or numbers with a threshold.

    Args:
        values: The label's column, shape (n_rows,).
        label: The declaration.

    Raises:
        EvaluationRefused: For missing labels, labels that are no numbers where a threshold is set, and favourable
            values that no row has.
    """
    distinct, codes = _distinct(values)
    axis, places = label_axis(label, distinct)
    return Labels(axis, _at(places, codes))


def binary_labels(positive: NDArray[np.bool_], label: Label) -> Labels:
    """Labels of which only is known whether they are favourable: bool, shape (n_rows,).

    Raises:
        EvaluationRefused: If it is not one bool a row.
    """
    _check_bools(positive, len(positive), f"label {label.column!r}")
    return Labels(binary_axis(label), positive.astype(np.int64))


def count_rows(
    values: pd.Series[Any],
    facet: Facet,
    labels: Labels,
    predicted: NDArray[np.bool_] | None = None,
    groups: pd.Series[Any] | None = None,
) -> Cube:
    """Count rows for one facet.

    Args:
        values: The facet's column, shape (n_rows,), text or numbers; NaN, None and "" are missing.
        facet: The declaration.
        labels: The rows' labels.
        predicted: bool, shape (n_rows,): predicted positive; None before there is a model.
        groups: The group variable, named, shape (n_rows,); None without one.

    Raises:
        EvaluationRefused: If there are no rows, shapes differ, or a facet with a threshold holds a value that is no
            number.
    """
    name, rows = facet.name_or_index, len(values)
    if labels.places.shape != (rows,):
        raise EvaluationRefused(f"facet {name!r} has {rows} rows; the labels have shape {labels.places.shape}")
    if predicted is not None:
        _check_bools(predicted, rows, f"facet {name!r}")
    if groups is not None and len(groups) != rows:
        raise EvaluationRefused(f"facet {name!r} has {rows} rows; group variable {groups.name!r} has {len(groups)}")
    axis, facet_places = _axis(values, lambda distinct: facet_axis(facet, distinct))
    subgroups: tuple[str, ...] = ("",)
    group_places = np.zeros(rows, dtype=np.int64)
    if groups is not None:
        subgroups, group_places = _axis(groups, lambda distinct: subgroup_axis(str(groups.name), distinct))
    prediction_places = np.zeros(rows, dtype=np.int64) if predicted is None else predicted.astype(np.int64)
    return fill_cube(
        axis,
        labels.axis,
        (facet_places, labels.places, prediction_places, group_places),
        None,
        predicted=predicted is not None,
        group_variable=None if groups is None else str(groups.name),
        subgroups=subgroups,
    )


def facet_places(values: pd.Series[Any], facet: Facet) -> Places:
    """Each row's place on the facet's axis, int64, shape (n_rows,); the last place is for rows that do not say."""
    return _axis(values, lambda distinct: facet_axis(facet, distinct))[1]


def _axis(values: pd.Series[Any], axis_of: Callable[[Sequence[Any]], tuple[Axis, list[int]]]) -> tuple[Axis, Places]:
    distinct, codes = _distinct(values)
    axis, places = axis_of(distinct)
    return axis, _at(places, codes)


def _distinct(values: pd.Series[Any]) -> tuple[list[Any], Places]:
    """The distinct values, the last None, and each row's place among them; missing ones are at -1, which is that."""
    codes, distinct = pd.factorize(values, use_na_sentinel=True)
    missing = bool((codes < 0).any())
    return [*distinct.tolist(), *([None] if missing else [])], np.asarray(codes, dtype=np.int64)


def _at(places: list[int], codes: Places) -> Places:
    return np.asarray(places, dtype=np.int64)[codes] if len(places) else np.zeros(0, dtype=np.int64)


def _check_bools(values: NDArray[Any], rows: int, whose: str) -> None:
    if values.dtype != np.bool_ or values.shape != (rows,):
        raise EvaluationRefused(
            f"{whose} has {rows} rows; outcomes are {values.dtype} of shape {values.shape}, where one bool a row is "
            "needed"
        )
