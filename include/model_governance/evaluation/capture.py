"""Captured traffic, in the lines of SageMaker's DataCapture, read into columns; apart because they are from outside.

Every line ends in exactly one place: taken, a repetition of an event id, outside the window, or bad with its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model_governance.domain.data import Data
from model_governance.evaluation.capture_line import LineRefused, Request, parse_line, read_request
from model_governance.evaluation.cell_columns import CellColumns

MOST_SHOWN = 20
"""How many bad lines are shown; all are counted."""
_CHUNK_ROWS = 50_000
_TIME = "datetime64[us]"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Window:
    """A stretch of time: from ``start`` (in it) to ``end`` (no longer in it), both aware."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class BadLines:
    """Lines that could not be used.

    Attributes:
        count: How many.
        by_reason: How many for each reason.
        shown: The first of them, "<object>, line <n>: <what is wrong>".
    """

    count: int = 0
    by_reason: dict[str, int] = field(default_factory=dict)
    shown: tuple[str, ...] = ()


NO_BAD_LINES = BadLines()


@dataclass(frozen=True)
class Captured:
    """The requests of a window, row by row.

    Attributes:
        features: In the declared order, shape (n_rows, n_features): float64 where every present cell is a number, else
            categories of canonical text; missing = NaN.
        predictions: float64: shape (n_rows,), or (n_rows, n_classes) for several classes; as ``read_predictions``.
        request: int64, shape (n_rows,): each row's request, by its place in ``ids``; ascending.
        ids: What ground truth is joined by: the inference id, or the event id of a request without one; n_requests.
        times: datetime64[us], UTC, shape (n_requests,).
        lines: Lines that were read, empty ones left out.
        duplicates: Lines that repeat an event id.
        outside: Lines of another window, such as one in the future.
        bad: The lines that could not be used.
    """

    features: pd.DataFrame = field(repr=False)
    predictions: NDArray[np.float64] = field(repr=False)
    request: NDArray[np.int64] = field(repr=False)
    ids: list[str] = field(repr=False)
    times: NDArray[np.datetime64] = field(repr=False)
    lines: int = 0
    duplicates: int = 0
    outside: int = 0
    bad: BadLines = NO_BAD_LINES

    @property
    def row_count(self) -> int:
        """Rows of all requests."""
        return len(self.request)

    @property
    def request_count(self) -> int:
        """Requests that were taken."""
        return len(self.ids)


class BadLineCount:
    """Counts lines that could not be used, and keeps the first."""

    def __init__(self) -> None:
        self._reasons: Counter[str] = Counter()
        self._shown: list[str] = []

    def add(self, place: str, refusal: LineRefused) -> None:
        """One more: where it stands, and why it was refused."""
        self._reasons[refusal.reason] += 1
        if len(self._shown) < MOST_SHOWN:
            self._shown.append(f"{place}: {refusal}")

    @property
    def found(self) -> BadLines:
        """All of them."""
        return BadLines(self._reasons.total(), dict(sorted(self._reasons.items())), tuple(self._shown))


def lines_of(objects: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """Each line that is not empty, after its place: "<object>, line <n>"."""
    for name, content in objects:
        for number, line in enumerate(content.split(b"\n"), 1):
            if line.strip():
                yield f"{name}, line {number}", line


def read_capture(objects: Iterable[tuple[str, bytes]], data: Data, window: Window) -> Captured:
    """The requests of a window, from the capture objects that may hold some of them.

    Args:
        objects: Name (for messages) and bytes of each, one at a time: a generator keeps memory bounded. For bytes that
            do not depend on the order of a listing, sort by name. Of lines with one event id the first counts.
        data: The declaration: features and label.
        window: Lines of other times are counted in ``outside``.
    """
    gathered, bad, seen = _Gathered(data), BadLineCount(), set[str]()
    lines = outside = duplicates = 0
    for place, line in lines_of(objects):
        lines += 1
        try:
            request = read_request(parse_line(line), data)
        except LineRefused as refusal:
            bad.add(place, refusal)
            continue
        if not window.start <= request.time < window.end:
            outside += 1
        elif request.event_id in seen:
            duplicates += 1
        else:
            seen.add(request.event_id)
            gathered.take(request)
    return gathered.captured(lines=lines, outside=outside, duplicates=duplicates, bad=bad.found)


class _Gathered:
    """Requests on their way into columns."""

    def __init__(self, data: Data) -> None:
        self._columns = CellColumns(data.features, _CHUNK_ROWS)
        self._width = len(data.label.classes) or 1
        self._waiting: list[list[float]] = []
        self._predictions: list[NDArray[np.float64]] = []
        self._ids: list[str] = []
        self._times: list[int] = []
        self._row_counts: list[int] = []

    def take(self, request: Request) -> None:
        """One more request."""
        self._columns.add(request.cells)
        self._waiting.extend(request.predictions)
        self._ids.append(request.joined_by)
        self._times.append(_microseconds(request.time))
        self._row_counts.append(len(request.cells))
        if len(self._waiting) >= _CHUNK_ROWS:
            self._settle()

    def _settle(self) -> None:
        settled = np.asarray(self._waiting, dtype=np.float64).reshape(len(self._waiting), self._width)
        self._predictions.append(settled)
        self._waiting = []

    def captured(self, *, lines: int, outside: int, duplicates: int, bad: BadLines) -> Captured:
        """All that was taken."""
        self._settle()
        predictions = np.concatenate(self._predictions)
        counts = np.asarray(self._row_counts, dtype=np.int64)
        return Captured(
            features=self._columns.frame(),
            predictions=predictions[:, 0] if self._width == 1 else predictions,
            request=np.repeat(np.arange(len(counts), dtype=np.int64), counts),
            ids=self._ids,
            times=np.asarray(self._times, dtype=np.int64).view(_TIME),
            lines=lines,
            duplicates=duplicates,
            outside=outside,
            bad=bad,
        )


def _microseconds(time: datetime) -> int:
    """Since 1970, UTC, without the rounding of a float."""
    since = time - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
