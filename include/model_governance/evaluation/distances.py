"""How far two distributions are apart; pure arithmetic on counts and weighted values, apart from what is made of it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SMALLEST_SHARE = 1e-4
"""What a share of nothing counts as in the population stability index, which would be infinite without."""
ROBUST_FACTOR = 1.8
"""Of the correction for small samples: about the square root of -ln(0.003 / 2) / 2."""


def population_stability_index(baseline: Floats, current: Floats) -> float:
    """Sum over bins of (q - p) ln(q / p), with p and q the bins' shares; in [0, infinity), 0 = equal.

    A share below ``SMALLEST_SHARE`` counts as that much. By custom, 0.1 is a shift to look at and 0.25 a large one.
    Source: Siddiqi, Credit Risk Scorecards, Wiley 2006.

    Args:
        baseline: Counts, float64, shape (n_bins,), not all 0.
        current: Counts of the same bins, not all 0.
    """
    p, q = (np.maximum(counts / counts.sum(), SMALLEST_SHARE) for counts in (baseline, current))
    return float(np.sum((q - p) * np.log(q / p)))


def jensen_shannon_distance(baseline: Floats, current: Floats) -> float:
    """Square root of the Jensen-Shannon divergence to base 2; symmetric, in [0, 1], 0 = equal, 1 = nothing in common.

    Source: Lin, Divergence measures based on the Shannon entropy, IEEE Trans. Information Theory 37 (1991).

    Args:
        baseline: Counts, float64, shape (n_bins,), not all 0.
        current: Counts of the same bins, not all 0.
    """
    p, q = baseline / baseline.sum(), current / current.sum()
    middle = (p + q) / 2
    divergence = (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2
    return math.sqrt(min(max(divergence, 0.0), 1.0))


def _relative_entropy(p: Floats, q: Floats) -> float:
    held = p > 0
    return float(np.sum(p[held] * np.log2(p[held] / q[held])))


def kolmogorov_smirnov(baseline: Floats, weights: Floats, current: Floats, current_weights: Floats) -> float:
    """The largest difference of the two cumulative distributions; symmetric, in [0, 1], 0 = equal.

    Args:
        baseline: Values, float64, shape (n,), n > 0, ascending.
        weights: How many rows each stands for, float64, shape (n,), above 0.
        current: Values of the other, shape (m,), m > 0, ascending.
        current_weights: Their weights, shape (m,).
    """
    places = np.concatenate([baseline, current])
    return float(
        np.max(np.abs(cumulative(baseline, weights, places) - cumulative(current, current_weights, places))).clip(0, 1)
    )


def cumulative(values: Floats, weights: Floats, places: Floats) -> Floats:
    """The share of the weight at or below each place, in [0, 1]; arguments as for ``kolmogorov_smirnov``."""
    reached = np.concatenate([[0.0], np.cumsum(weights)])
    return np.asarray(reached[np.searchsorted(values, places, side="right")] / reached[-1], dtype=np.float64)


def l_infinity(baseline: Floats, current: Floats) -> float:
    """The largest difference of a category's share; symmetric, in [0, 1], 0 = equal; arguments as for PSI."""
    return float(np.max(np.abs(baseline / baseline.sum() - current / current.sum())))


def robust(distance: float, baseline_count: float, current_count: float) -> float:
    """A Kolmogorov-Smirnov or l-infinity distance less what chance explains in so few rows; in [0, 1].

    max(0, d - 1.8 sqrt((n + m) / (n m))), as in Model Monitor's ``Robust`` comparison.
    Source: AWS Labs' Deequ, ``Distance.scala``, after the two-sample Kolmogorov-Smirnov test at 0.003.

    Args:
        distance: In [0, 1].
        baseline_count: Rows behind one side, above 0.
        current_count: Rows behind the other, above 0.
    """
    chance = math.sqrt((baseline_count + current_count) / (baseline_count * current_count))
    return max(0.0, distance - ROBUST_FACTOR * chance)


def chi_squared(baseline: Floats, current: Floats) -> tuple[float, float]:
    """Pearson's test that both counts are drawn from one distribution: the statistic (>= 0) and its p, in [0, 1].

    Bins that are empty on both sides say nothing and are left out; with one bin left the statistic is 0 and p is 1.

    Args:
        baseline: Counts, float64, shape (n_bins,), not all 0.
        current: Counts of the same bins, not all 0.
    """
    from scipy.stats import chi2_contingency

    table = np.stack([baseline, current])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2:
        return 0.0, 1.0
    tested = chi2_contingency(table, correction=False)
    return float(tested.statistic), float(tested.pvalue)
