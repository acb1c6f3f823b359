"""How far a metric may lie from what the rows at hand show; apart because each family of metrics shares one way.

Every interval is two-sided at 95 %. Differences of proportions: Newcombe (1998), "Interval estimation for the
difference between independent proportions: comparison of eleven methods", Statistics in Medicine 17, method 10, from
the interval of Wilson (1927), "Probable inference, the law of succession, and statistical inference", JASA 22. Ratios
of proportions: Katz et al. (1978), "Obtaining confidence intervals for the risk ratio in cohort studies", Biometrics
34; with no positive row in a group half a row is added (Walter, 1975, "The distribution of Levin's measure of
attributable risk", Biometrika 62). Everything else: the percentile interval of the bootstrap (Efron and Tibshirani,
1993, "An Introduction to the Bootstrap"), drawn from the counts with each facet group's rows held fixed, seeded.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray

CONFIDENCE = 0.95
DRAWS = 400
"""Bootstrap samples of an interval."""

_Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)

Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""From tables of counts, float64, shape (..., groups, cells ...), to one number each, float64, shape (...)."""


@dataclass(frozen=True)
class Interval:
    """A two-sided 95 % interval; a bound that is None has no limit on that side."""

    lower: float | None
    upper: float | None
    method: str

    @property
    def detail(self) -> str:
        """The interval in a few words."""
        low = "-inf" if self.lower is None else f"{self.lower:.4g}"
        high = "inf" if self.upper is None else f"{self.upper:.4g}"
        return f"95 % interval [{low}, {high}] ({self.method})"

    @property
    def document(self) -> dict[str, Any]:
        """The interval as a report has it."""
        return {"lower": self.lower, "upper": self.upper, "confidence": CONFIDENCE, "method": self.method}


def wilson(successes: int, rows: int) -> tuple[float, float]:
    """Bounds of a proportion, in [0, 1], from ``successes`` of ``rows``, at least 1."""
    share = successes / rows
    square = _Z * _Z
    middle = (share + square / (2 * rows)) / (1 + square / rows)
    half = _Z * math.sqrt(share * (1 - share) / rows + square / (4 * rows * rows)) / (1 + square / rows)
    return (0.0 if successes == 0 else middle - half), (1.0 if successes == rows else middle + half)


def newcombe(first: tuple[int, int], second: tuple[int, int]) -> Interval:
    """Interval of p1 - p2, in [-1, 1], of two independent proportions, each as successes and rows."""
    (p1, (low1, high1)), (p2, (low2, high2)) = ((s / n, wilson(s, n)) for s, n in (first, second))
    difference = p1 - p2
    lower = difference - math.hypot(p1 - low1, high2 - p2)
    upper = difference + math.hypot(high1 - p1, p2 - low2)
    return Interval(max(-1.0, lower), min(1.0, upper), "Newcombe")


def katz(first: tuple[int, int], second: tuple[int, int]) -> Interval:
    """Interval of p1 / p2, in [0, infinity), of two independent proportions, each as successes and rows."""
    added = 0.5 if 0 in (first[0], second[0]) else 0.0
    (s1, n1), (s2, n2) = ((successes + added, rows + added) for successes, rows in (first, second))
    ratio = (s1 / n1) / (s2 / n2)
    spread = math.exp(_Z * math.sqrt(max(0.0, 1 / s1 - 1 / n1 + 1 / s2 - 1 / n2)))
    return Interval(0.0 if first[0] == 0 else ratio / spread, ratio * spread, "Katz")


def bootstrap(table: NDArray[np.int64], statistic: Statistic, seed: int) -> Interval:
    """Percentile interval of a statistic of counts.

    Args:
        table: int64, shape (groups, cells ...); each group's sum is held fixed.
        statistic: Of such tables; infinite or NaN where it is not defined.
        seed: Of the draws.

    Returns:
        The interval; without bounds where the statistic is undefined in more than a twentieth of the draws.
    """
    drawn = _drawn(np.ascontiguousarray(table, dtype=np.int64).tobytes(), table.shape, seed, DRAWS)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = statistic(drawn)
    values = values[~np.isnan(values)]
    if len(values) < DRAWS * CONFIDENCE:
        return Interval(None, None, f"bootstrap, undefined in {DRAWS - len(values)} of {DRAWS} draws")
    ordered = np.sort(values)
    tail = (1 - CONFIDENCE) / 2
    lower, upper = float(ordered[int(tail * len(ordered))]), float(ordered[math.ceil((1 - tail) * len(ordered)) - 1])
    return Interval(
        lower if math.isfinite(lower) else None, upper if math.isfinite(upper) else None, f"bootstrap, {DRAWS} draws"
    )


@lru_cache(maxsize=8)
def _drawn(counts: bytes, shape: tuple[int, ...], seed: int, draws: int) -> NDArray[np.float64]:
    """Tables drawn like the one given, float64, shape (draws, *shape); kept, since several metrics ask for the same."""
    random = default_rng(seed)
    groups = np.frombuffer(counts, dtype=np.int64).reshape(shape[0], -1)
    drawn = np.zeros((draws, *groups.shape), dtype=np.float64)
    for place, cells in enumerate(groups):
        rows = int(cells.sum())
        if rows:
            drawn[:, place] = random.multinomial(rows, cells / rows, size=draws)
    drawn.flags.writeable = False
    return drawn.reshape(draws, *shape)
