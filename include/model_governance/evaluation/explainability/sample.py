"""The rows to explain and the rows to compare them with; apart as both must be the same when a task runs again.

Source: Lundberg and Lee, "A Unified Approach to Interpreting Model Predictions", 2017: a feature that is taken away is
replaced by its value in the background rows.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model_governance.errors import EvaluationRefused


@dataclass(frozen=True)
class Sample:
    """Rows to explain beside rows to compare them with.

    Attributes:
        features: The features' names, in the model's order.
        positions: Which of the held-out rows are explained, rising: int64, shape (n_rows,).
        rows: Codes of their cells, int64, shape (n_rows, n_features); see ``cells``.
        background: Codes of the background's cells, int64, shape (n_background, n_features).
        cells: For each feature, the cells that the codes stand for: text or numbers, whatever the column holds.
    """

    features: tuple[str, ...]
    positions: NDArray[np.int64]
    rows: NDArray[np.int64]
    background: NDArray[np.int64]
    cells: tuple[tuple[str, ...], ...]

    def csv(self, codes: NDArray[np.int64]) -> bytes:
        """Rows of codes as CSV without a header, which is what the model reads."""
        columns = {name: np.asarray(cells, dtype=object)[codes[:, place]] for place, (name, cells) in self._columns()}
        text: str = pd.DataFrame(columns).to_csv(index=False, header=False, lineterminator="\n")
        return text.encode()

    def codes(self, content: bytes) -> NDArray[np.int64]:
        """The codes of rows that ``csv`` wrote, in their order: int64, shape (n_rows, n_features).

        Raises:
            EvaluationRefused: They are not such rows: other columns, or cells that neither the rows nor the background
                have.
        """
        known = [{cell: code for code, cell in enumerate(cells)} for cells in self.cells]
        rows = _table(content, "rows.csv", len(self.features))
        try:
            coded = [[codes[cell] for codes, cell in zip(known, row, strict=True)] for row in rows]
        except KeyError as cell:
            raise EvaluationRefused(f"rows.csv holds the cell {cell}, which no row of the sample has") from None
        return np.asarray(coded, dtype=np.int64).reshape(len(rows), len(self.features))

    def _columns(self) -> enumerate[tuple[str, tuple[str, ...]]]:
        return enumerate(zip(self.features, self.cells, strict=True))


def sample_rows(
    holdout: bytes, train: bytes, features: tuple[str, ...], *, rows: int, background_rows: int, seed: int
) -> Sample:
    """Draws the rows to explain from the held-out side and the background from the training side.

    Args:
        holdout: CSV without a header: the features in order.
        train: CSV with a header: the label, then the features in order.
        features: The features' names.
        rows: How many rows to explain; all of them where there are fewer.
        background_rows: How many rows to compare with; all of them where there are fewer.
        seed: Of both draws.

    Raises:
        EvaluationRefused: A file has other columns, or no rows.
    """
    held_out = _table(holdout, "holdout.csv", len(features))
    trained = [row[1:] for row in _table(train, "train.csv", len(features) + 1)[1:]]
    if not held_out or not trained:
        raise EvaluationRefused(
            f"{len(held_out)} held-out rows and {len(trained)} training rows: both are needed to explain a model"
        )
    generator = np.random.default_rng(seed)
    positions = np.sort(generator.choice(len(held_out), size=min(rows, len(held_out)), replace=False))
    compared = np.sort(generator.choice(len(trained), size=min(background_rows, len(trained)), replace=False))
    chosen = [held_out[position] for position in positions] + [trained[position] for position in compared]
    codes, cells = [], []
    for column in zip(*chosen, strict=True):
        numbered, distinct = pd.factorize(np.asarray(column, dtype=object))
        codes.append(numbered)
        cells.append(tuple(str(cell) for cell in distinct))
    coded = np.asarray(codes, dtype=np.int64).T
    return Sample(features, positions, coded[: len(positions)], coded[len(positions) :], tuple(cells))


def _table(content: bytes, name: str, width: int) -> list[list[str]]:
    rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
    for number, row in enumerate(rows, 1):
        if len(row) != width:
            raise EvaluationRefused(f"{name}, line {number}: {len(row)} fields where {width} are needed")
    return rows
