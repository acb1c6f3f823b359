"""The uncertainty of each number, from rows drawn again; apart because every problem type asks for it in one way.

A percentile bootstrap (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13): the rows are drawn
with replacement, as many as there are, and the interval holds the middle 95 % of the values. A draw is kept as how
often each row came up, and for counts as how often each cell did: the two have the same distribution.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

DRAWS = 1000
"""How often the rows are drawn."""
LEVEL = 0.95
"""Share of the draws between an interval's ends."""
SAMPLES_FOR_DEVIATION = 200
"""Below this many rows Model Monitor gives no standard deviation."""
_FEWEST_VALUES = DRAWS // 2
_CHUNK_CELLS = 4_000_000

Weights = NDArray[np.float64]
"""How often each row was drawn: float64, shape (n_draws, n_rows)."""


def drawn_cells(cells: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Counts drawn again, float64, shape (DRAWS, n_cells), each summing to the rows of ``cells``, shape (n_cells,)."""
    rows = int(cells.sum())
    generator = np.random.default_rng(seed)
    return generator.multinomial(rows, cells / rows, size=DRAWS).astype(np.float64)


def drawn_rows(rows: int, seed: int) -> Iterator[Weights]:
    """DRAWS draws of that many rows, in chunks of bounded memory."""
    generator = np.random.default_rng(seed)
    chunk = max(1, min(DRAWS, _CHUNK_CELLS // rows))
    for first in range(0, DRAWS, chunk):
        count = min(chunk, DRAWS - first)
        drawn = generator.integers(0, rows, size=(count, rows)) + np.arange(count)[:, None] * rows
        yield np.bincount(drawn.ravel(), minlength=count * rows).reshape(count, rows).astype(np.float64)


def interval(values: NDArray[np.float64]) -> dict[str, Any] | None:
    """A report's ``confidence_interval`` from the values of the draws; None where most draws have no value.

    Args:
        values: float64, shape (DRAWS,); NaN where a draw has none.
    """
    there = values[np.isfinite(values)]
    if len(there) < _FEWEST_VALUES:
        return None
    lower, upper = np.quantile(there, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {"lower": float(lower), "upper": float(upper), "level": LEVEL, "method": "percentile bootstrap"}


def subsamples(rows: int, seed: int) -> list[NDArray[np.int64]]:
    """Five random samples of 80 % of the rows, by which Model Monitor gives a standard deviation; none below 200."""
    if rows < SAMPLES_FOR_DEVIATION:
        return []
    generator = np.random.default_rng(seed)
    return [generator.choice(rows, size=rows * 4 // 5, replace=False) for _ in range(5)]


def measured(
    value: float | None, reason: str, sampled: list[float | None], draws: NDArray[np.float64] | None
) -> dict[str, Any]:
    """A metric as it stands in a report.

    Args:
        value: What was measured; None, or NaN, where it cannot be assessed.
        reason: Why it cannot.
        sampled: Its values in the subsamples.
        draws: Its values in the draws, float64, shape (DRAWS,); None without draws.

    Returns:
        {"value", "standard_deviation"}, as Model Monitor has it: the deviation is the text "NaN" where there is none;
        and "confidence_interval" or "error".
    """
    if value is None or not np.isfinite(value):
        return {"value": None, "standard_deviation": "NaN", "error": reason}
    there = [one for one in sampled if one is not None and np.isfinite(one)]
    spread = float(np.std(there, ddof=1)) if sampled and len(there) == len(sampled) else "NaN"
    metric: dict[str, Any] = {"value": float(value), "standard_deviation": spread}
    found = None if draws is None else interval(draws)
    return {**metric, "confidence_interval": found} if found else metric
