"""What chance alone explains when two samples of one distribution are compared; apart because every monitor asks it.

A window has few rows and is held to dozens of limits: some differences are always large. A difference counts only where
less than ``alpha`` of windows without any change would show it, alpha being the use case's ``false_alarm_rate`` divided
by the number of comparisons (Bonferroni). Sources: for shares, Fisher's exact test (Statistical Methods for Research
Workers, 1934, section 21.02); for Kolmogorov-Smirnov, Smirnov's asymptotic tail, 2 exp(-2 z^2), which bounds it too for
values with ties; for the population stability index and the Jensen-Shannon divergence, that both are a chi-squared
times a scale when nothing has changed (Yurdakul and Naranjo, Journal of Risk Model Validation 14, 2020), with degrees
of freedom and scale fitted to seeded permutations of the rows of both, since bins of few rows stretch the tail.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from model_governance.evaluation.distances import jensen_shannon_distance, population_stability_index

Floats = NDArray[np.float64]

DRAWS = 200
"""Permutations to which the tail is fitted."""


def share_has_grown(count: int, rows: int, baseline_count: int, baseline_rows: int, alpha: float) -> bool:
    """Whether a share is larger than chance explains.

    Args:
        count: Of how many of the window's rows it is so, in [0, rows].
        rows: The window's rows, at least 1.
        baseline_count: Of how many of the baseline's.
        baseline_rows: The baseline's rows; with none, nothing is known to be normal, and any row is too many.
        alpha: The share of windows without change that may show it, in (0, 1).
    """
    from scipy.stats import hypergeom

    tail = hypergeom.sf(count - 1, rows + baseline_rows, count + baseline_count, rows)
    return bool(count > 0 and (baseline_rows == 0 or tail < alpha))


def largest_by_chance(name: str, baseline: Floats, window: Floats, alpha: float) -> float:
    """The largest distance that chance explains between two samples of one distribution.

    Args:
        name: One of ``metric_names.DISTANCES``.
        baseline: Counts by bin or category, float64, shape (n_bins,), not all 0.
        window: Counts of the same bins, not all 0.
        alpha: The share of comparisons without change that may be farther, in (0, 1).
    """
    n, m = float(baseline.sum()), float(window.sum())
    if name == "kolmogorov_smirnov":
        return math.sqrt(-math.log(alpha / 2) / 2 * (n + m) / (n * m))
    if name == "l_infinity":
        share = (baseline + window) / (n + m)
        spread = math.sqrt(float(np.max(share * (1 - share))) * (n + m) / (n * m))
        return spread * normal_quantile(alpha / (2 * int(np.count_nonzero(share))))
    if name == "jensen_shannon_distance":
        return math.sqrt(_drawn_quantile(lambda p, q: jensen_shannon_distance(p, q) ** 2, baseline, window, alpha))
    return _drawn_quantile(population_stability_index, baseline, window, alpha)


def normal_quantile(alpha: float) -> float:
    """How many standard deviations a normal variable exceeds with probability alpha, in (0, 0.5]."""
    return -NormalDist().inv_cdf(max(alpha, 1e-300))


def _drawn_quantile(
    divergence: Callable[[Floats, Floats], float], baseline: Floats, window: Floats, alpha: float
) -> float:
    """The 1 - alpha quantile of a scaled chi-squared with the mean and variance of the drawn divergences."""
    from scipy.stats import chi2

    both = np.rint(baseline + window).astype(np.int64)
    both = both[both > 0]
    rows = min(round(float(window.sum())), int(both.sum()) - 1)
    if len(both) < 2 or rows < 1:
        return 0.0
    generator = np.random.default_rng(0)
    drawn = generator.multivariate_hypergeometric(both, rows, size=DRAWS, method="marginals")
    found = np.asarray([divergence((both - one).astype(np.float64), one.astype(np.float64)) for one in drawn])
    mean, variance = float(found.mean()), float(found.var(ddof=1))
    if mean <= 0 or variance <= 0:
        return 0.0
    return float(chi2.isf(alpha, 2 * mean**2 / variance) * variance / (2 * mean))
