"""Ground truth as it came later, and its join with what was predicted; apart because it comes late and is corrected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model_governance.domain.data import Data
from model_governance.evaluation.capture import NO_BAD_LINES, BadLines, Captured


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
    correction takes the place of the whole line; one that cannot be read takes no one's.
    """
    raise NotImplementedError


def join_truth(captured: Captured, truths: Truths, data: Data) -> Joined:
    """Row by row, the truth of what was predicted.

    Args:
        captured: The window's traffic.
        truths: Whatever truth has come.
        data: The declaration. A line holds the label; or the label and the facets in their order; then the group
            variable if it is no feature. Labels may be in the data's own words (``yes``) or as the model learnt them.
    """
    raise NotImplementedError
