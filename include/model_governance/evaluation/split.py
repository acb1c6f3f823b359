"""Rows divided into training and held-out by a hash of what the model reads; apart to prove their independence."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model_governance.domain.canonical import digest, sha256_hex
from model_governance.domain.cells import canonical_cell
from model_governance.domain.data import Data
from model_governance.errors import DataRefused
from model_governance.evaluation.data_set import DataSet
from model_governance.evaluation.labels import favourable_labels, learnt_labels


@dataclass(frozen=True)
class Split:
    """A data set divided in two, as the files that the jobs read; the same data and declaration give the same bytes.

    Attributes:
        train: CSV with a header: the label first, as ``learnt_labels`` has it, then the features in declared order.
        holdout: CSV without a header: the features in declared order, and no label.
        holdout_labels: CSV with a header: the label, the facets and the group variable, row by row as in ``holdout``.
        proof: Counts and digests that show the two sides to be disjoint; goes into the evidence.
    """

    train: bytes = field(repr=False)
    holdout: bytes = field(repr=False)
    holdout_labels: bytes = field(repr=False)
    proof: dict[str, Any]


def split_data_set(data_set: DataSet, data: Data) -> Split:
    """Divide the data set by row-hash group.

    A row's group is the sha256 of its features' canonical cells: rows that look equal to the model share a group,
    whatever else they hold. A group is held out when sha256(seed, group) falls into the lowest ``holdout_fraction`` of
    its range: its side depends on nothing but its own content and the seed.

    Args:
        data_set: The frozen data set.
        data: Seed, fraction, label, features and facets as the use case declares them.

    Raises:
        DataRefused: If the label does not fit the problem, if a feature holds a line break, if a side would be empty or
            hold one label only, or if the two sides were not disjoint.
    """
    labels = learnt_labels(data_set.cells[data.label.column], data)
    features = data_set.cells[list(data.features)]
    _check_lines(features)
    groups = _hashes(features)
    held_out = _held_out(groups, data)
    _check_sides(labels, held_out, data)
    labelled = features.copy()
    spelled = [canonical_cell(repr(label)) for label in labels.tolist()]
    labelled.insert(0, data.label.column, spelled)
    holdout_labels = data_set.cells[list(data.holdout_columns[1:])].copy()
    holdout_labels.insert(0, data.label.column, spelled)
    train, holdout = _csv(labelled[~held_out]), _csv(features[held_out], header=False)
    return Split(
        train=train,
        holdout=holdout,
        holdout_labels=_csv(holdout_labels[held_out]),
        proof=_prove(train, holdout, data),
    )


def _check_lines(features: pd.DataFrame) -> None:
    """Refuses line breaks: a batch transform takes a line for a row, quoted or not."""
    for name in features.columns:
        broken = [row for row, cell in enumerate(features[name], 1) if "\n" in cell or "\r" in cell]
        if broken:
            raise DataRefused(
                f"feature {name!r} holds a line break in {len(broken)} rows, the first is row {broken[0]}: a batch "
                "transform takes every line for a row; have it replaced at its source"
            )


def _hashes(features: pd.DataFrame) -> list[str]:
    ordered = features[sorted(features.columns)]
    names = "\x1f".join(ordered.columns)
    lines = ("\x1f".join(row) for row in ordered.itertuples(index=False, name=None))
    return [hashlib.sha256(f"{names}\x1e{line}".encode()).hexdigest() for line in lines]


def _held_out(groups: list[str], data: Data) -> NDArray[np.bool_]:
    def fraction(group: str) -> float:
        drawn = hashlib.sha256(f"{data.split.seed}:{group}".encode()).digest()
        return int.from_bytes(drawn[:8], "big") / 2**64

    return np.asarray([fraction(group) < data.split.holdout_fraction for group in groups], dtype=np.bool_)


def _check_sides(labels: NDArray[np.float64], held_out: NDArray[np.bool_], data: Data) -> None:
    for side, rows in (("training", labels[~held_out]), ("held-out", labels[held_out])):
        if len(set(rows.tolist())) < 2:
            raise DataRefused(
                f"the {side} side of the split has {len(rows)} rows, {_positive(rows, data)} of them with a positive "
                f"label; it needs both labels, or two numbers (seed {data.split.seed}, holdout_fraction "
                f"{data.split.holdout_fraction}): bring more rows"
            )


def _positive(rows: NDArray[np.float64], data: Data) -> int:
    return int(favourable_labels(rows, data.label).sum())


def _prove(train: bytes, holdout: bytes, data: Data) -> dict[str, Any]:
    """Read the written files back and compare their rows' hashes, knowing nothing of how they were divided."""
    train_rows = _row_digests(train, skip_lines=1, skip_fields=1)
    holdout_rows = _row_digests(holdout, skip_lines=0, skip_fields=0)
    shared = set(train_rows) & set(holdout_rows)
    if shared:
        raise DataRefused(f"{len(shared)} rows stand on both sides of the split, such as the one hashed {min(shared)}")
    return {
        "method": "sha256 of the features of each row, as written to train.csv and holdout.csv",
        "seed": data.split.seed,
        "holdout_fraction": data.split.holdout_fraction,
        "train": _side(train, train_rows),
        "holdout": _side(holdout, holdout_rows),
        "rows_on_both_sides": 0,
    }


def _row_digests(content: bytes, *, skip_lines: int, skip_fields: int) -> list[str]:
    rows = list(csv.reader(io.StringIO(content.decode(), newline="")))[skip_lines:]
    return [digest(row[skip_fields:]) for row in rows]


def _side(content: bytes, rows: list[str]) -> dict[str, Any]:
    distinct = sorted(set(rows))
    return {
        "rows": len(rows),
        "distinct_rows": len(distinct),
        "rows_sha256": digest(distinct),
        "file_sha256": sha256_hex(content),
    }


def _csv(frame: pd.DataFrame, *, header: bool = True) -> bytes:
    text: str = frame.to_csv(index=False, header=header, lineterminator="\n")
    if "\r" in text:  # the writer leaves it unquoted, and a reader takes it for the end of a line
        text = frame.to_csv(index=False, header=header, lineterminator="\n", quoting=csv.QUOTE_ALL)
    return text.encode()
