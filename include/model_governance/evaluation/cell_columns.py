"""Rows of cells gathered into typed columns, a chunk at a time; apart because a million rows of text do not fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import union_categoricals

from model_governance.domain.cells import canonical_cell, finite_number

Column = Any
"""NDArray[np.float64], NaN = missing; or pd.Categorical of canonical cells, missing ones without a category."""


class CellColumns:
    """Takes rows of text and holds columns: of numbers where every present cell is one, else of categories.

    The columns are the same whatever the chunks were.
    """

    def __init__(self, names: Sequence[str], chunk_rows: int = 50_000) -> None:
        self._names = list(names)
        self._chunk_rows = chunk_rows
        self._rows: list[list[str]] = []
        self._chunks: list[list[Column]] = [[] for _ in names]

    def add(self, rows: Sequence[list[str]]) -> None:
        """More rows, each with a cell for every column."""
        self._rows.extend(rows)
        if len(self._rows) >= self._chunk_rows:
            self._settle()

    def _settle(self) -> None:
        columns: Sequence[Sequence[str]] = list(zip(*self._rows, strict=True)) or [[] for _ in self._names]
        for chunks, texts in zip(self._chunks, columns, strict=True):
            chunks.append(read_column(texts))
        self._rows = []

    def frame(self) -> pd.DataFrame:
        """All rows so far, shape (n_rows, n_columns)."""
        self._settle()
        columns = {name: _joined(chunks) for name, chunks in zip(self._names, self._chunks, strict=True)}
        return pd.DataFrame(columns, columns=self._names)


def read_column(texts: Sequence[str]) -> Column:
    """The cells of a column by type."""
    try:
        numbers = np.fromiter(map(float, texts), np.float64, len(texts))
    except (ValueError, OverflowError):
        numbers = None
    if numbers is not None and np.isfinite(numbers).all() and "_" not in "".join(texts):
        return numbers
    spelled = {text: _writable(canonical_cell(text)) for text in set(texts)}
    values = {text: np.nan if cell == "" else finite_number(cell) for text, cell in spelled.items()}
    if None not in values.values():
        return np.fromiter((values[text] for text in texts), np.float64, len(texts))
    return _categories([spelled[text] for text in texts])


def _writable(cell: str) -> str:
    """The cell without halves of surrogate pairs, which JSON can escape and UTF-8 cannot hold."""
    return cell if cell.isascii() else cell.encode("utf-8", "replace").decode()


def _categories(cells: list[str]) -> pd.Categorical:
    known = sorted(set(cells) - {""})
    places = {cell: place for place, cell in enumerate(known)} | {"": -1}
    codes = np.fromiter((places[cell] for cell in cells), np.int64, len(cells))
    return pd.Categorical.from_codes(codes, categories=pd.Index(known, dtype=object))


def _joined(chunks: list[Column]) -> Column:
    if all(isinstance(chunk, np.ndarray) for chunk in chunks):
        return np.concatenate(chunks)
    texts = [spelled(chunk) if isinstance(chunk, np.ndarray) else chunk for chunk in chunks]
    found = union_categoricals(texts, sort_categories=True)
    return found.rename_categories(pd.Index(found.categories, dtype=object))


def spelled(numbers: NDArray[np.float64]) -> pd.Categorical:
    """Numbers as their canonical cells."""
    codes, distinct = pd.factorize(numbers, use_na_sentinel=True)
    cells = [canonical_cell(repr(float(number))) for number in distinct]
    known = sorted(set(cells))
    places = {cell: place for place, cell in enumerate(known)}
    moved = np.asarray([*(places[cell] for cell in cells), -1], dtype=np.int64)
    return pd.Categorical.from_codes(moved[codes], categories=pd.Index(known, dtype=object))
