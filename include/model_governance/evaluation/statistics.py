"""What a data set's columns are like, in the form of Model Monitor's statistics.json; apart because drift rests on it.

One sort, or one count of the categories, for each column: everything else follows from it, so that the same rows in
another order give the same bytes.

Source of the form: Amazon SageMaker AI Developer Guide, "Schema for Statistics (statistics.json file)". Where it is
silent, or we go another way:

- ``sketch.data`` has the form of a KLL sketch's compactors: the values of level h stand for 2**h rows each. A KLL
  sketch is compacted at random; ours is drawn from the sorted values at even ranks, so that it is reproducible and its
  rank error is at most 1 / ``SKETCH_K``, which is below KLL's own for the same k.
- A column of one value has one bucket, from that value to itself.
- An infinite value is counted as missing, since JSON has no word for it; ``common.num_infinite`` tells how many, where
  there are any.
- ``data_type_counts`` is added: how many of the present cells are of which type.
- Booleans, dates and lists are ``String``; a column without values is ``Unknown``, with string statistics of nothing.
"""

from __future__ import annotations

import math
from collections import Counter
from decimal import Decimal
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model_governance.errors import EvaluationRefused

BUCKETS = 10
"""Into how many buckets of equal width a distribution is put, as Model Monitor does."""
SKETCH_C = 0.64
SKETCH_K = 2048
"""The sketch's parameters, as Model Monitor has them."""
MOST_CATEGORIES = 1000
"""Of how many categories, the most frequent, the count is kept; the others are told by ``distinct_count`` alone."""

Statistics = dict[str, Any]
Floats = NDArray[np.float64]


def describe(frame: pd.DataFrame) -> Statistics:
    """The statistics of a data set.

    Args:
        frame: Shape (n_rows, n_columns); numbers, text, booleans or a mixture, with None or NaN for missing.

    Returns:
        The content of statistics.json, features in the order of the columns. Without rows, every type is Unknown.

    Raises:
        EvaluationRefused: If two columns have one name.
    """
    names = [str(name) for name in frame.columns]
    repeated = sorted(name for name, count in Counter(names).items() if count > 1)
    if repeated:
        raise EvaluationRefused(
            f"the data repeats the columns {', '.join(map(repr, repeated))}; each needs its own name"
        )
    features = [_describe_column(name, frame.iloc[:, position]) for position, name in enumerate(names)]
    return {"version": 0, "dataset": {"item_count": len(frame)}, "features": features}


def _describe_column(name: str, column: pd.Series[Any]) -> dict[str, Any]:
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        return _describe_numbers(name, column.to_numpy(dtype=np.float64, na_value=np.nan))
    try:
        codes, distinct = pd.factorize(column, use_na_sentinel=True)
    except TypeError:  # lists and the like have no hash; they are text here
        codes, distinct = pd.factorize(column.map(str, na_action="ignore"), use_na_sentinel=True)
    values = list(distinct)
    counts = np.bincount(codes[codes >= 0], minlength=len(values))
    if values and all(_is_number(value) for value in values):
        numbers = np.asarray([_as_float(value) for value in values])
        missing = np.full(len(column) - int(counts.sum()), np.nan)
        return _describe_numbers(name, np.concatenate([np.repeat(numbers, counts), missing]))
    return _describe_text(name, values, counts, len(column))


def _describe_numbers(name: str, values: Floats) -> dict[str, Any]:
    """The feature of a column of numbers, float64, shape (n_rows,), NaN = missing."""
    present = np.sort(values[np.isfinite(values)])
    common: dict[str, Any] = {"num_present": len(present), "num_missing": len(values) - len(present)}
    infinite = int(np.isinf(values).sum())
    if infinite:
        common["num_infinite"] = infinite
    if not len(present):
        return _nothing(name, common)
    whole = int(np.count_nonzero(present == np.rint(present)))
    with np.errstate(over="ignore", invalid="ignore"):
        total = float(present.sum())
        deviation = float(np.sqrt(np.mean((present - total / len(present)) ** 2)))
    return {
        "name": name,
        "inferred_type": "Integral" if whole == len(present) else "Fractional",
        "data_type_counts": {"Integral": whole, "Fractional": len(present) - whole},
        "numerical_statistics": {
            "common": common,
            "mean": _finite(total / len(present)),
            "sum": _finite(total),
            "std_dev": _finite(deviation),
            "min": float(present[0]),
            "max": float(present[-1]),
            "distribution": {"kll": {"buckets": _buckets(present), "sketch": sketch(present)}},
        },
    }


def _describe_text(name: str, values: list[Any], counts: NDArray[np.int64], rows: int) -> dict[str, Any]:
    categories: Counter[str] = Counter()
    types: Counter[str] = Counter()
    for value, count in zip(values, counts.tolist(), strict=True):
        categories[_text(value)] += count
        types[_type_of(value)] += count
    present = sum(categories.values())
    common = {"num_present": present, "num_missing": rows - present}
    if not present:
        return _nothing(name, common)
    frequent = sorted(categories.items(), key=lambda one: (-one[1], one[0]))[:MOST_CATEGORIES]
    return {
        "name": name,
        "inferred_type": "String",
        "data_type_counts": dict(sorted(types.items())),
        "string_statistics": {
            "common": common,
            "distinct_count": float(len(categories)),
            "distribution": {"categorical": {"buckets": [{"value": text, "count": count} for text, count in frequent]}},
        },
    }


def _nothing(name: str, common: dict[str, Any]) -> dict[str, Any]:
    statistics = {"common": common, "distinct_count": 0.0, "distribution": {"categorical": {"buckets": []}}}
    return {"name": name, "inferred_type": "Unknown", "data_type_counts": {}, "string_statistics": statistics}


def _buckets(present: Floats) -> list[dict[str, Any]]:
    low, high = float(present[0]), float(present[-1])
    if low == high:
        return [{"lower_bound": low, "upper_bound": high, "count": len(present)}]
    steps = np.arange(1, BUCKETS) / BUCKETS
    edges = np.concatenate([[low], low * (1 - steps) + high * steps, [high]])
    inner = np.searchsorted(present, edges[1:-1], side="left")
    counts = np.diff(np.concatenate([[0], inner, [len(present)]]))
    return [
        {"lower_bound": float(lower), "upper_bound": float(upper), "count": int(count)}
        for lower, upper, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]


def sketch(present: Floats) -> dict[str, Any]:
    """The sketch of sorted values: {"parameters": {"c", "k"}, "data": [level 0, level 1, ...]}.

    Args:
        present: float64, shape (n,), n > 0, ascending, finite.

    Returns:
        At most ``SKETCH_K`` values at the highest level, each in the middle of the 2**h rows that it stands for, and
        the rows left over at the top as fewer still at the levels below; the weights add up to n.
    """
    level = max(0, math.ceil(math.log2(len(present) / SKETCH_K))) if len(present) > SKETCH_K else 0
    data: list[list[float]] = [[] for _ in range(level + 1)]
    start = 0
    for height in range(level, -1, -1):
        weight = 1 << height
        count = (len(present) - start) // weight
        middle = start + weight // 2 + weight * np.arange(count)
        data[height] = present[middle].tolist()
        start += count * weight
    return {"parameters": {"c": SKETCH_C, "k": float(SKETCH_K)}, "data": data}


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, Number | Decimal) and not isinstance(value, bool | np.bool_ | complex)


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _type_of(value: Any) -> str:
    if not _is_number(value):
        return "String"
    return "Integral" if float(_as_float(value)).is_integer() else "Fractional"


def _text(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, pd.Timestamp) else str(value)
