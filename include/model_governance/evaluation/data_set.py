"""A data set as it arrived, read or refused; apart so that every later number rests on one frozen reading."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from model_governance.domain.canonical import sha256_hex
from model_governance.domain.cells import canonical_cells, finite_number
from model_governance.domain.data import Data
from model_governance.errors import DataRefused

_SHOWN = 5
_NO_SEPARATOR = '"\r\n'


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
    header, rows = _parse(_decode(content), data.separator, data.columns)
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


def _parse(text: str, separator: str, columns: tuple[str, ...] = ()) -> tuple[list[str], list[list[str]]]:
    if len(separator) != 1 or separator in _NO_SEPARATOR:
        raise DataRefused(f"the separator {separator!r} is not one character, or one that CSV has another use for")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        header, rows = [name.strip() for name in next(reader, [])], []
        if columns and header != list(columns):
            if len(header) != len(columns):
                raise DataRefused(f"line 1 has {len(header)} fields; the use case names {len(columns)} columns")
            header, rows = list(columns), [header]
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
    return header, rows


def _check_names(header: list[str]) -> None:
    nameless = [position for position, name in enumerate(header, 1) if not name]
    if nameless:
        raise DataRefused(f"column {nameless[0]} has no name in the header; was a row index written with the data?")
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise DataRefused(f"the header repeats {', '.join(map(repr, repeated))}; a column's name must be its own")


def _check_header(header: list[str], data: Data) -> None:
    _check_names(header)
    label, *others = data.holdout_columns
    declared = [label, *data.features, *others]
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
    if any(finite_number(cell) is None for cell in set(present)):
        return cells.where(cells != "", None)
    numbers = pd.to_numeric(cells.where(cells != "", None), errors="raise").astype("float64")
    whole = len(present) == len(cells) and bool((numbers % 1 == 0).all()) and bool((numbers.abs() < 2**53).all())
    return numbers.astype("int64") if whole else numbers
