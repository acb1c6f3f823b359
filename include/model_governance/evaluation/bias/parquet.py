"""Parquet files, counted by DuckDB without reading the rows into memory; apart because no frame comes into it.

The rows never leave the engine: a group-by gives the cells, and the cells become the same cubes that rows in memory
become. Facets with few values are counted in one scan of the file; one with many gets a scan of its own, so that the
cells of two such facets do not multiply. To open DuckDB costs as much as a million rows: a process does it once.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import numpy as np
from numpy.typing import NDArray

from model_governance.domain.data import Facet, Label
from model_governance.errors import EvaluationRefused
from model_governance.evaluation.bias.axes import (
    facet_axis,
    label_axis,
    predicted_places,
    subgroup_axis,
)
from model_governance.evaluation.bias.cube import Cube, fill_cube

Axis = TypeVar("Axis")

_SAMPLE_ROWS = 1_000
_MOST_CELLS_AT_ONCE = 20_000

_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_FLOATS = ("FLOAT", "DOUBLE")

_ENGINE: dict[str, str | bool | int | float | list[str]] = {
    "python_enable_replacements": "false",
    "enable_external_file_cache": "false",
}
"""No table is looked for among Python's variables, and what a file held is not kept once it has been counted."""
_engines: dict[int, duckdb.DuckDBPyConnection] = {}
"""The engine of each process that has opened one: threads do not outlive a fork, so that a child opens its own."""


@dataclass(frozen=True)
class Columns:
    """Which columns of a file are what.

    Attributes:
        label: The label.
        facets: The facets, at least one.
        group_variable: The group variable; None without one.
        predicted: The predictions, as values of the label or as probabilities; None before there is a model.
        decision_threshold: For probabilities: predicted positive at or above it. None for values of the label.
    """

    label: Label
    facets: tuple[Facet, ...]
    group_variable: str | None = None
    predicted: str | None = None
    decision_threshold: float | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Every column, each once."""
        others = (self.group_variable, self.predicted)
        facets = [facet.name_or_index for facet in self.facets]
        return tuple(dict.fromkeys([self.label.column, *facets, *(name for name in others if name)]))


def count_parquet(path: Path, columns: Columns, *, threads: int | None = None) -> tuple[Cube, ...]:
    """Count a Parquet file for each facet, in the order of their declaration.

    Args:
        path: The file.
        columns: Which columns are what.
        threads: How many threads DuckDB may use; None for as many as there are processors.

    Raises:
        EvaluationRefused: For a file that is none or has no rows, for an absent column, and whatever an axis refuses.
    """
    engine = _engine() if threads is None else duckdb.connect(config={**_ENGINE, "threads": threads})
    with engine:
        try:
            types, batches = _look(engine, path, columns)
            return tuple(cube for batch in batches for cube in _count(engine, path, columns, batch, types))
        except duckdb.Error as fault:
            raise EvaluationRefused(f"{path.name} cannot be counted: {' '.join(str(fault).split())}") from None


def _engine() -> duckdb.DuckDBPyConnection:
    """A connection of one's own to the engine of this process."""
    process = os.getpid()
    if process not in _engines:
        _engines[process] = duckdb.connect(config=_ENGINE)
    return _engines[process].cursor()


def _look(
    engine: duckdb.DuckDBPyConnection, path: Path, columns: Columns
) -> tuple[dict[str, str], list[tuple[Facet, ...]]]:
    """The columns' types, and which facets are counted in one scan together, by how many values the first rows hold."""
    names = ", ".join(_quote(name) for name in columns.names)
    try:
        found = engine.execute(f"SELECT {names} FROM read_parquet(?) LIMIT {_SAMPLE_ROWS}", [str(path)])  # noqa: S608
    except duckdb.BinderException:
        raise EvaluationRefused(_absent(engine, path, columns)) from None
    types = {str(name): str(kind) for name, kind, *_ in found.description}
    if set(types) != set(columns.names):  # DuckDB takes upper and lower case for one
        raise EvaluationRefused(_absent(engine, path, columns))
    held = dict(zip(columns.names, map(set, zip(*found.fetchall(), strict=True)), strict=False))
    label = columns.label
    binned = [(facet.name_or_index, len(facet.value_or_threshold) * facet.threshold) for facet in columns.facets]
    binned.append((label.column, int(label.threshold)))
    if columns.predicted:
        binned.append((columns.predicted, int(label.threshold or columns.decision_threshold is not None)))
    if columns.group_variable:
        binned.append((columns.group_variable, 0))
    cells = math.prod(
        cuts + 2 if cuts and types[name] in (*_NUMBERS, *_FLOATS) else len(held.get(name, ())) + 1
        for name, cuts in binned
    )
    return types, [columns.facets] if cells <= _MOST_CELLS_AT_ONCE else [(facet,) for facet in columns.facets]


def _absent(engine: duckdb.DuckDBPyConnection, path: Path, columns: Columns) -> str:
    found = engine.execute("SELECT * FROM read_parquet(?) LIMIT 0", [str(path)]).description
    known = [str(name) for name, *_ in found]
    absent = [name for name in columns.names if name not in known]
    return f"{path.name} has no column {', '.join(absent)}; it has {', '.join(known)}"


def _count(
    engine: duckdb.DuckDBPyConnection, path: Path, columns: Columns, facets: tuple[Facet, ...], types: dict[str, str]
) -> list[Cube]:
    selected = [*(_facet_expression(facet, types) for facet in facets), *_rest(columns, types)]
    found = engine.execute(
        f"SELECT {', '.join(selected)}, count(*) FROM read_parquet(?) GROUP BY ALL",  # noqa: S608 - quoted names
        [str(path)],
    ).fetchall()
    if not found:
        raise EvaluationRefused(f"{path.name} has no rows: there is nothing to compare")
    held = list(zip(*found, strict=True))
    rows = np.asarray(held[-1], dtype=np.int64)
    parts = held[len(facets) : -1]
    return [_cube(facet, values, parts, rows, columns) for facet, values in zip(facets, held, strict=False)]


def _cube(
    facet: Facet, values: Sequence[Any], parts: Sequence[Sequence[Any]], rows: NDArray[np.int64], columns: Columns
) -> Cube:
    rest = list(parts)
    axis, facet_places = _places(values, lambda distinct: facet_axis(facet, distinct))
    labels, label_places = _places(rest.pop(0), lambda distinct: label_axis(columns.label, distinct))
    predictions = np.zeros(len(rows), dtype=np.int64)
    if columns.predicted:
        column = columns.predicted
        _, predictions = _places(
            rest.pop(0), lambda distinct: (None, predicted_places(distinct, columns.label, labels, column))
        )
    subgroups: tuple[str, ...] = ("",)
    group_places = np.zeros(len(rows), dtype=np.int64)
    if columns.group_variable:
        name = columns.group_variable
        subgroups, group_places = _places(rest.pop(0), lambda distinct: subgroup_axis(name, distinct))
    return fill_cube(
        axis,
        labels,
        (facet_places, label_places, predictions, group_places),
        rows,
        predicted=columns.predicted is not None,
        group_variable=columns.group_variable,
        subgroups=subgroups,
    )


def _places(
    cells: Sequence[Any], axis_of: Callable[[Sequence[Any]], tuple[Axis, list[int]]]
) -> tuple[Axis, NDArray[np.int64]]:
    distinct = list(dict.fromkeys(cells))
    axis, places = axis_of(distinct)
    place = dict(zip(distinct, places, strict=True))
    return axis, np.asarray([place[cell] for cell in cells], dtype=np.int64)


def _rest(columns: Columns, types: dict[str, str]) -> list[str]:
    """Expressions of the label, the prediction and the group variable."""
    label = columns.label
    cuts = [float(label.favourable[0])] if label.threshold else []
    expressions = [_binned(label.column, cuts, types)]
    if columns.predicted and columns.decision_threshold is not None:
        name = _quote(columns.predicted)
        missing = f"{name} IS NULL" + (f" OR isnan({name})" if types[columns.predicted] in _FLOATS else "")
        expressions.append(f"CASE WHEN {missing} THEN NULL ELSE {name} >= {columns.decision_threshold!r} END")
    elif columns.predicted:
        expressions.append(_binned(columns.predicted, cuts, types))
    if columns.group_variable:
        expressions.append(_quote(columns.group_variable))
    return expressions


def _facet_expression(facet: Facet, types: dict[str, str]) -> str:
    cuts = [float(cut) for cut in facet.value_or_threshold] if facet.threshold else []
    return _binned(facet.name_or_index, cuts, types)


def _binned(column: str, cuts: Sequence[float], types: dict[str, str]) -> str:
    """The column, or for numbers with thresholds one number that lies in the same interval."""
    name, kind = _quote(column), types[column]
    if not cuts or not (kind in _FLOATS or kind in _NUMBERS):
        return name
    missing = f"{name} IS NULL" + (f" OR isnan({name})" if kind in _FLOATS else "")
    steps = " ".join(f"WHEN {name} <= {cut!r} THEN {cut!r}::DOUBLE" for cut in cuts)
    return f"CASE WHEN {missing} THEN NULL {steps} ELSE 'Infinity'::DOUBLE END"


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
