"""Labels of ground truth as the model learnt them; apart because they come from other systems, in one of two spellings.

In the data's own words: the declared positive value and one other, a class, a number. Or as the model learnt them, as
the held-out labels are kept: 1 and 0, a class's position. Where the declared values are numbers themselves, a number is
always the data's own word, and text is none. Of a binary label's other words the most frequent is the negative one; the
rest are refused.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model_governance.domain.cells import canonical_cell, finite_number
from model_governance.domain.data import Label, ProblemType
from model_governance.evaluation.capture_line import SHOWN, LineRefused


def learnt_truths(column: pd.Series[Any], label: Label) -> tuple[NDArray[np.float64], list[tuple[int, LineRefused]]]:
    """The labels of rows, and why some are none.

    Args:
        column: Labels as they came, numbers or text, shape (n_rows,); missing ones are refused.
        label: The declaration.

    Returns:
        float64, shape (n_rows,), NaN where refused; and for each refused row its place and the reason.
    """
    codes, distinct = pd.factorize(column, use_na_sentinel=True)
    cells = [canonical_cell(str(value)) for value in distinct.tolist()]
    counts = dict(zip(cells, np.bincount(codes[codes >= 0], minlength=len(cells)).tolist(), strict=True))
    if label.problem_type is ProblemType.REGRESSION:
        known = {cell: finite_number(cell) for cell in cells}
    elif label.problem_type is ProblemType.MULTICLASS_CLASSIFICATION:
        known = _positions(label)
    else:
        known = _binary(counts, canonical_cell(str(label.favourable[0])))
    numbers = np.asarray([*(_or_nan(known.get(cell)) for cell in cells), np.nan], dtype=np.float64)
    labels = numbers[codes]
    return labels, [(int(row), _refusal(cells, int(codes[row]))) for row in np.flatnonzero(np.isnan(labels))]


def _or_nan(number: float | None) -> float:
    return np.nan if number is None else number


def _positions(label: Label) -> dict[str, float | None]:
    classes = [canonical_cell(str(value)) for value in label.classes]
    words: dict[str, float | None] = {value: float(place) for place, value in enumerate(classes)}
    if any(finite_number(value) is not None for value in classes):
        return words
    return {**{str(place): float(place) for place in range(len(classes))}, **words}


def _binary(counts: dict[str, int], positive: str) -> dict[str, float | None]:
    is_number = finite_number(positive) is not None
    learnt: dict[str, float | None] = {} if is_number else {"1": 1.0, "0": 0.0}
    words = {cell for cell in counts if not is_number or finite_number(cell) is not None} - {*learnt, positive}
    others = Counter({cell: counts[cell] for cell in words})
    negative = min(others, key=lambda cell: (-others[cell], cell), default=None)
    found = {**learnt, positive: 1.0}
    return found if negative is None else {negative: 0.0, **found}


def _refusal(cells: list[str], code: int) -> LineRefused:
    if code < 0:
        return LineRefused("has no label")
    return LineRefused("is no label of the use case", repr(cells[code][:SHOWN]))
