"""Captured traffic, in the lines of SageMaker's DataCapture, read into columns; apart because they are from outside.

Every line ends in exactly one place: taken, a repetition of an event id, outside the window, or bad with its reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model_governance.domain.data import Data


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


def read_capture(objects: Iterable[tuple[str, bytes]], data: Data, window: Window) -> Captured:
    """The requests of a window, from the capture objects that may hold some of them.

    Args:
        objects: Name (for messages) and bytes of each, one at a time: a generator keeps memory bounded. For bytes that
            do not depend on the order of a listing, sort by name.
        data: The declaration: features and label.
        window: Lines of other times are counted in ``outside``.
    """
    raise NotImplementedError
