"""A data set as it arrived, read or refused; apart so that every later number rests on one frozen reading."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model_governance.domain.canonical import sha256_hex
from model_governance.domain.use_case import Data
from model_governance.errors import DataRefused

MISSING = frozenset({"", "NA", "NaN", "nan", "null", "NULL"})
"""Cells that hold nothing; every other text is a value."""

_SHOWN = 5


@dataclass(frozen=True)
class DataSet:
    """A data set, frozen by the sha256 of its source bytes.

    Attributes:
        content: The source, byte for byte.
        sha256: Its digest, 64 hex digits; the data set's name in the store.
        cells: The cells in one canonical spelling each, str, shape (n_rows, n_columns); missing cells are "".
        frame: The same cells by type, shape (n_rows, n_columns): int64 where every cell is a whole number, float64
            where every present cell is a finite number (missing = NaN), else str objects (missing = None).
    """

    content: bytes = field(repr=False)
    sha256: str
    cells: pd.DataFrame = field(repr=False)
    frame: pd.DataFrame = field(repr=False)

    @property
    def row_count(self) -> int:
        """How many rows the data set has, at least 1."""
        return len(self.cells)


def read_data_set(content: bytes, data: Data) -> DataSet:
    """The data set in the bytes of a CSV file with a header.

    Args:
        content: UTF-8, with or without a byte-order mark; fields separated by ``data.separator``.
        data: What the use case declares: every declared column must be there, and every row must have a label.

    Raises:
        DataRefused: For an empty, undecodable or ragged file, for a repeated, nameless or missing column, and for rows
            without a label; the message says where.
    """
    header, rows = _parse(_decode(content), data.separator)
    _check_header(header, data)
    columns = [canonical_cells(list(column)) for column in zip(*rows, strict=True)]
    cells = pd.DataFrame(dict(zip(header, columns, strict=True)), dtype=object)
    _check_labelled(cells[data.label.column], data)
    frame = pd.DataFrame({name: typed(cells[name]) for name in header})
    return DataSet(content=content, sha256=sha256_hex(content), cells=cells, frame=frame)


def read_table(content: bytes, separator: str = ",") -> pd.DataFrame:
    """The cells of a CSV file of which nothing is declared yet, by type, as ``DataSet.frame`` has them.

    Raises:
        DataRefused: For an empty, undecodable or ragged file, and for a repeated or nameless column.
    """
    header, rows = _parse(_decode(content), separator)
    _check_names(header)
    columns = (pd.Series(canonical_cells(list(column)), dtype=object) for column in zip(*rows, strict=True))
    return pd.DataFrame({name: typed(column) for name, column in zip(header, columns, strict=True)})


def positive_labels(labels: pd.Series[Any], data: Data) -> NDArray[np.bool_]:
    """Which rows carry the positive label.

    Args:
        labels: The label column of ``DataSet.cells``, shape (n_rows,).
        data: The use case's declaration of its label.

    Returns:
        bool, shape (n_rows,).

    Raises:
        DataRefused: If the column does not hold exactly two values, one of them the declared positive one.
    """
    values = sorted(set(labels))
    positive = canonical_cell(str(data.label.positive))
    if len(values) != 2 or positive not in values:
        shown = ", ".join(repr(value) for value in values[:_SHOWN]) + (", ..." if len(values) > _SHOWN else "")
        raise DataRefused(
            f"label {data.label.column!r} has {len(values)} distinct values ({shown}); binary classification needs "
            f"two, one of them the declared positive value {positive!r}"
        )
    return np.asarray(labels == positive, dtype=np.bool_)


def canonical_cell(text: str) -> str:
    """The one spelling of a cell, so that 1, 1.0 and 1e0 are equal.

    A number becomes the shortest decimal that reads back the same. Text keeps its letters and loses the white space
    around it. Whatever stands for a missing value becomes "".
    """
    text = text.strip()
    if text in MISSING:
        return ""
    number = _number(text)
    if number is None:
        return text
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)


def canonical_cells(texts: list[str]) -> list[str]:
    """``canonical_cell`` of each text; each distinct text is read once."""
    spelling = {text: canonical_cell(text) for text in set(texts)}
    return [spelling[text] for text in texts]


def _number(text: str) -> float | None:
    if not (text[0].isdigit() or text[0] in "+-.") or "_" in text:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def _decode(content: bytes) -> str:
    if not content.strip():
        raise DataRefused(f"the data set is empty: {len(content)} bytes and no header")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise DataRefused(
            f"the data set is not UTF-8: byte {fault.start} is 0x{content[fault.start]:02x} ({fault.reason}); "
            "publish it as UTF-8 text"
        ) from None


def _parse(text: str, separator: str) -> tuple[list[str], list[list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        header = next(reader, [])
        rows = []
        for row in reader:
            if not row:
                continue
            if len(row) != len(header):
                raise DataRefused(
                    f"line {reader.line_num} has {len(row)} fields where the header has {len(header)}; "
                    f"is the separator {separator!r}?"
                )
            rows.append(row)
    except csv.Error as fault:
        raise DataRefused(f"line {reader.line_num} is not CSV: {fault}") from None
    if not rows:
        raise DataRefused(f"the data set is empty: a header of {len(header)} columns and no rows")
    return [name.strip() for name in header], rows


def _check_names(header: list[str]) -> None:
    nameless = [position for position, name in enumerate(header, 1) if not name]
    if nameless:
        raise DataRefused(f"column {nameless[0]} has no name in the header; was a row index written with the data?")
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise DataRefused(f"the header repeats {', '.join(map(repr, repeated))}; a column's name must be its own")


def _check_header(header: list[str], data: Data) -> None:
    _check_names(header)
    declared = [data.label.column, *data.features, *(facet.name_or_index for facet in data.facets)]
    absent = [name for name in dict.fromkeys(declared) if name not in header]
    if absent:
        raise DataRefused(
            f"{len(absent)} declared columns are missing: {', '.join(absent)}; the file has {len(header)} columns: "
            f"{', '.join(header[:_SHOWN])}, ..."
        )


def _check_labelled(labels: pd.Series[Any], data: Data) -> None:
    unlabelled = np.flatnonzero(labels == "") + 1
    if len(unlabelled):
        raise DataRefused(
            f"{len(unlabelled)} of {len(labels)} rows have no label in {data.label.column!r}: rows "
            f"{', '.join(map(str, unlabelled[:_SHOWN]))}{', ...' if len(unlabelled) > _SHOWN else ''} (the first is 1)"
        )


def typed(cells: pd.Series[Any]) -> pd.Series[Any]:
    """Canonical cells (str, shape (n_rows,), "" = missing) by type, as ``DataSet.frame`` has them."""
    present = cells[cells != ""]
    if any(_number(cell) is None for cell in set(present)):
        return cells.where(cells != "", None)
    numbers = pd.to_numeric(cells.where(cells != "", None), errors="raise").astype("float64")
    whole = len(present) == len(cells) and bool((numbers % 1 == 0).all()) and bool((numbers.abs() < 2**53).all())
    return numbers.astype("int64") if whole else numbers
