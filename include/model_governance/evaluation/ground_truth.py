"""Ground truth as it came later, and its join with what was predicted; apart because it comes late and is corrected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model_governance.domain.cells import canonical_cell
from model_governance.domain.data import Data
from model_governance.evaluation.capture import NO_BAD_LINES, BadLineCount, BadLines, Captured, lines_of
from model_governance.evaluation.capture_line import (
    SHOWN,
    LineRefused,
    csv_rows,
    parse_line,
    read_body,
    read_metadata,
)
from model_governance.evaluation.cell_columns import CellColumns
from model_governance.evaluation.truth_labels import learnt_truths


@dataclass(frozen=True)
class TruthObject:
    """One object of ground truth: its name, its bytes and when it was written (S3's LastModified)."""

    name: str
    content: bytes = field(repr=False)
    written: datetime


@dataclass(frozen=True)
class Truths:
    """Ground truth by id; of several for one id the latest.

    Attributes:
        rows: By id, the text of its rows, a line each.
        corrected: Lines that a later one took the place of.
        lines: Lines that were read, empty ones left out.
        bad: The lines that could not be used.
    """

    rows: dict[str, str] = field(repr=False)
    corrected: int = 0
    lines: int = 0
    bad: BadLines = NO_BAD_LINES


@dataclass(frozen=True)
class Joined:
    """The captured rows of which the truth is known.

    Attributes:
        rows: int64, shape (n_known,): their places among the captured rows, ascending.
        labels: float64, shape (n_known,): as the model learnt them.
        facets: The facets and the group variable, as far as they came or are features, shape (n_known, n_columns).
        coverage: Share of the captured rows with truth, in [0, 1]; 0 without rows.
        unmatched: Ids with truth that no captured request has (it may be of another window).
        refused: Truth that could not be used, such as another number of rows than its request has; and ids that
            several requests bear.
    """

    rows: NDArray[np.int64] = field(repr=False)
    labels: NDArray[np.float64] = field(repr=False)
    facets: pd.DataFrame = field(repr=False)
    coverage: float
    unmatched: int = 0
    refused: BadLines = NO_BAD_LINES


def read_ground_truth(objects: Iterable[TruthObject]) -> Truths:
    """The ground truth in these objects, in whatever order they come.

    Of several lines for one id the last written wins: by the object's ``written``, then its name, then the line. A
    correction takes the place of the whole line; a line that is no ground truth takes no one's. Whether the labels are
    ones of the use case is looked at in ``join_truth``.
    """
    latest: dict[str, tuple[tuple[datetime, str], int, str]] = {}
    bad, lines, corrected = BadLineCount(), 0, 0
    for each in objects:
        written = (each.written, each.name)
        for number, (place, line) in enumerate(lines_of([(each.name, each.content)])):
            lines += 1
            try:
                name, text = _read(line)
            except LineRefused as refusal:
                bad.add(place, refusal)
                continue
            before = latest.get(name)
            corrected += before is not None
            if before is None or before[:2] < (written, number):
                latest[name] = (written, number, text)
    return Truths({name: text for name, (*_, text) in latest.items()}, corrected, lines, bad.found)


def _read(line: bytes) -> tuple[str, str]:
    """The id and the text of its rows."""
    parsed = parse_line(line)
    metadata = read_metadata(parsed)
    body, is_json = read_body(parsed.get("groundTruthData"), "groundTruthData")
    if is_json or not body.strip():
        raise LineRefused("groundTruthData holds no rows of CSV")
    return metadata["eventId"], body


def join_truth(captured: Captured, truths: Truths, data: Data) -> Joined:
    """Row by row, the truth of what was predicted.

    Args:
        captured: The window's traffic.
        truths: Whatever truth has come.
        data: The declaration. A line holds the label; or the label and the facets in their order; then the group
            variable if it is no feature. Labels may be in the data's own words (``yes``) or as the model learnt them;
            see ``truth_labels``.
    """
    refused = BadLineCount()
    layouts = _layouts(data)
    columns = CellColumns(list(data.holdout_columns))
    starts, counts = _extents(captured)
    often = Counter(captured.ids) if len(set(captured.ids)) < len(captured.ids) else Counter[str]()
    taken: list[NDArray[np.int64]] = []
    matched = set[str]()
    for place, name in enumerate(captured.ids):
        text = truths.rows.get(name)
        if text is None:
            continue
        matched.add(name)
        try:
            if often[name] > 1:
                raise LineRefused("several requests bear the id", f"{often[name]} of them")
            columns.add(_aligned(text, int(counts[place]), layouts, data))
        except LineRefused as refusal:
            refused.add(f"truth of {name[:SHOWN]!r}", refusal)
            continue
        taken.append(np.arange(starts[place], starts[place] + counts[place], dtype=np.int64))
    rows = np.concatenate(taken) if taken else np.zeros(0, dtype=np.int64)
    frame = columns.frame()
    labels, reasons = learnt_truths(frame[data.label.column], data.label)
    for row, reason in reasons:
        refused.add(f"truth of {captured.ids[captured.request[rows[row]]][:SHOWN]!r}", reason)
    known = np.isfinite(labels)
    return Joined(
        rows=rows[known],
        labels=labels[known],
        facets=_facets(frame, captured, rows, known, data),
        coverage=float(known.sum()) / captured.row_count if captured.row_count else 0.0,
        unmatched=len(truths.rows) - len(matched),
        refused=refused.found,
    )


def _extents(captured: Captured) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each request's first row and how many it has, int64, shape (n_requests,)."""
    counts = np.bincount(captured.request, minlength=captured.request_count).astype(np.int64)
    return np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64), counts


def _layouts(data: Data) -> dict[int, tuple[str, ...]]:
    """What the cells of a row are, by how many there are; of two with as many the one named first in the contract."""
    label, *others = data.holdout_columns
    facets = list(dict.fromkeys(facet.name_or_index for facet in data.facets))
    group = [data.group_variable] if data.group_variable and data.group_variable not in data.features else []
    strangers = [name for name in facets if name not in data.features]
    found: dict[int, tuple[str, ...]] = {}
    for layout in ([], [*facets, *group], others, facets, [*strangers, *group]):
        found.setdefault(1 + len(layout), (label, *layout))
    return found


def _aligned(text: str, rows: int, layouts: dict[int, tuple[str, ...]], data: Data) -> list[list[str]]:
    """The rows with a cell for every column, "" where it did not come."""
    cells = csv_rows(text)
    if len(cells) != rows:
        raise LineRefused("has another number of rows than its request", f"{len(cells)} rows of truth, {rows} captured")
    aligned = []
    for number, row in enumerate(cells, 1):
        layout = layouts.get(len(row))
        if layout is None:
            widths = ", ".join(map(str, sorted(layouts)))
            raise LineRefused("has another number of columns", f"row {number} has {len(row)}; known: {widths}")
        named = dict(zip(layout, row, strict=True))
        aligned.append([named.get(name, "") for name in data.holdout_columns])
    return aligned


def _facets(
    frame: pd.DataFrame, captured: Captured, rows: NDArray[np.int64], known: NDArray[np.bool_], data: Data
) -> pd.DataFrame:
    """The facets and the group variable of the known rows in canonical cells; a feature's as the model read it."""
    columns = {}
    for name in data.holdout_columns[1:]:
        if name in data.features:
            columns[name] = cells_of(captured.features[name].iloc[rows[known]])
        elif frame[name].notna().any():
            columns[name] = cells_of(frame[name][known])
    return pd.DataFrame(columns, index=range(int(known.sum())))


def cells_of(column: pd.Series) -> list[str]:
    """A column's canonical cells; "" = missing."""
    codes, distinct = pd.factorize(column, use_na_sentinel=True)
    cells: Sequence[str] = [*(canonical_cell(str(value)) for value in distinct.tolist()), ""]
    return [cells[code] for code in codes]
