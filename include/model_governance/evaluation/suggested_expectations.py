"""Expectations suggested for a data set that nobody has described yet; apart because a suggestion judges nothing.

They say what the data at hand is like, and hold for it by construction. Whether it is as it should be is for its owner
to say: ranges and sets are those seen, not those that make sense. The same data gives the same suggestion.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd
import yaml

from model_governance.domain.data import Expectation
from model_governance.errors import DataRefused

MOST_VALUES = 12
"""Up to how many different values a column is suggested to hold no others."""
FEWEST_UNIQUE = 20
"""From how many rows on a column without repetition is taken for a key."""
LONGEST_VALUE = 100
"""Characters of a value that a set may hold; a column with a longer one gets no set."""


def suggest_expectations(frame: pd.DataFrame) -> tuple[Expectation, ...]:
    """Expectations that the data meets: columns, count of rows; by column type, missing values, values, uniqueness.

    Args:
        frame: Shape (n_rows, n_columns), typed as ``DataSet.frame`` is.

    Raises:
        DataRefused: If there are no rows.
    """
    if not len(frame):
        raise DataRefused("the data set has no rows; nothing can be suggested from nothing")
    names = [str(name) for name in frame.columns]
    suggested = [
        _expectation("expect_table_columns_to_match_set", column_set=names, exact_match=False),
        _expectation("expect_table_row_count_to_be_between", min_value=max(1, len(frame) // 2)),
    ]
    for name in names:
        suggested.extend(_of_column(name, frame[name]))
    return tuple(suggested)


def expectations_yaml(expectations: Iterable[Expectation]) -> str:
    """The expectations as they stand under ``data: expectations:`` in use_case.yaml."""
    plain = [one.model_dump(mode="json", exclude_defaults=True) for one in expectations]
    text: str = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)
    return text


def _of_column(name: str, column: pd.Series[Any]) -> list[Expectation]:
    present = column.dropna()
    if not len(present):
        return []
    is_number = pd.api.types.is_numeric_dtype(column.dtype)
    types = ["int64", "float64"] if is_number else ["str"]
    suggested = [_expectation("expect_column_values_to_be_in_type_list", column=name, type_list=types)]
    if len(present) == len(column):
        suggested.append(_expectation("expect_column_values_to_not_be_null", column=name))
    else:
        share = math.floor(100 * len(present) / len(column)) / 100
        if share:
            kwargs = {"column": name, "mostly": share}
            suggested.append(Expectation(type="expect_column_values_to_not_be_null", kwargs=kwargs, severity="warning"))
    suggested.extend(_of_values(name, present, is_number=is_number))
    is_key = len(present) >= FEWEST_UNIQUE and present.is_unique and column.dtype != "float64"
    return [*suggested, _expectation("expect_column_values_to_be_unique", column=name)] if is_key else suggested


def _of_values(name: str, present: pd.Series[Any], *, is_number: bool) -> list[Expectation]:
    values = sorted(_plain(value) for value in present.unique())
    repeats = len(values) < len(present)
    is_discrete = all(
        isinstance(value, int) or (isinstance(value, str) and len(value) <= LONGEST_VALUE) for value in values
    )
    if repeats and len(values) <= MOST_VALUES and is_discrete:
        return [_expectation("expect_column_values_to_be_in_set", column=name, value_set=values)]
    if is_number:
        return [
            _expectation("expect_column_values_to_be_between", column=name, min_value=values[0], max_value=values[-1])
        ]
    lengths = [len(value) for value in values]
    return [
        _expectation(
            "expect_column_value_lengths_to_be_between", column=name, min_value=min(lengths), max_value=max(lengths)
        )
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value
    number = float(value)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _expectation(kind: str, **kwargs: Any) -> Expectation:
    return Expectation(type=kind, kwargs=kwargs)
