"""How far one feature of a window is from its baseline, from the statistics of both; apart from what is made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from model_governance.evaluation.distances import (
    Floats,
    chi_squared,
    cumulative,
    jensen_shannon_distance,
    kolmogorov_smirnov,
    l_infinity,
    population_stability_index,
)
from model_governance.evaluation.statistics import Statistics


@dataclass(frozen=True)
class FeatureDrift:
    """How far a feature has drifted from its baseline.

    Attributes:
        name: The feature's.
        count: Present values in the window.
        distances: By name: ``kolmogorov_smirnov`` (numbers) or ``l_infinity`` and ``chi_squared_p`` (text), and
            ``population_stability_index`` and ``jensen_shannon_distance`` (both); empty where it cannot be assessed.
        reason: Why it cannot be assessed; "" where it can.
        counts: Rows of the baseline and of the window in the bins that were compared, each shape (n_bins,); None
            where they were not.
    """

    name: str
    count: int
    distances: dict[str, float]
    reason: str = ""
    counts: tuple[Floats, Floats] | None = field(default=None, repr=False, compare=False)


def measured(feature: Statistics) -> dict[str, Any]:
    """The feature's statistics, of whichever kind."""
    found: dict[str, Any] = feature.get("numerical_statistics") or feature["string_statistics"]
    return found


def present(feature: Statistics) -> int:
    """How many values of the feature are there."""
    return int(measured(feature)["common"]["num_present"])


def measure_drift(before: Statistics, now: Statistics, minimum_count: int) -> FeatureDrift:
    """The distances of a feature of a window from the same of the baseline, both as ``statistics.describe`` has them.

    Args:
        before: The baseline's.
        now: The window's.
        minimum_count: Of present values on each side, for distributions to be compared.
    """
    name, count = now["name"], present(now)
    if not count and not present(before):
        return FeatureDrift(name, 0, {})
    for side, there in (("the window", count), ("the baseline", present(before))):
        if there < max(minimum_count, 1):
            return FeatureDrift(name, count, {}, f"{side} has {there} values; {max(minimum_count, 1)} are needed")
    are_numbers = ["numerical_statistics" in feature for feature in (before, now)]
    if are_numbers[0] != are_numbers[1]:
        return FeatureDrift(name, count, {}, f"was {before['inferred_type']} and is {now['inferred_type']}")
    distances: dict[str, float] = {}
    if all(are_numbers):
        (values, weights), (current, current_weights) = _sketched(before), _sketched(now)
        distances["kolmogorov_smirnov"] = kolmogorov_smirnov(values, weights, current, current_weights)
        edges = _edges(values, weights)
        counts = [
            np.diff(np.concatenate([[0.0], cumulative(at, weight, edges), [1.0]])) * weight.sum()
            for at, weight in ((values, weights), (current, current_weights))
        ]
    else:
        counts = _category_counts(before, now)
        distances["l_infinity"] = l_infinity(*counts)
        distances["chi_squared_p"] = chi_squared(*counts)[1]
    distances["population_stability_index"] = population_stability_index(*counts)
    distances["jensen_shannon_distance"] = jensen_shannon_distance(*counts)
    return FeatureDrift(name, count, distances, counts=(counts[0], counts[1]))


def _edges(values: Floats, weights: Floats) -> Floats:
    """Where bins of a tenth of the weight end; a value that fills one, or is the largest, has a bin of its own."""
    ends = values[np.searchsorted(cumulative(values, weights, values), np.arange(1, 10) / 10)]
    edges, often = np.unique(ends, return_counts=True)
    heavy = edges[(often > 1) | (edges == values[-1])]
    return np.union1d(edges, np.nextafter(heavy, -np.inf))


def _sketched(feature: Statistics) -> tuple[Floats, Floats]:
    """Values and weights in the sketch, both float64, shape (n,), ascending by value."""
    levels = feature["numerical_statistics"]["distribution"]["kll"]["sketch"]["data"]
    values = np.concatenate([np.asarray(level, dtype=np.float64) for level in levels])
    weights = np.concatenate([np.full(len(level), 2.0**height) for height, level in enumerate(levels)])
    order = np.argsort(values, kind="stable")
    return values[order], weights[order]


def _category_counts(before: Statistics, now: Statistics) -> list[Floats]:
    """Counts of the categories of either side, in one order, and last of whatever has no bucket of its own."""
    tables = [
        {
            bucket["value"]: bucket["count"]
            for bucket in feature["string_statistics"]["distribution"]["categorical"]["buckets"]
        }
        for feature in (before, now)
    ]
    names = sorted(set(tables[0]) | set(tables[1]))
    return [
        np.asarray([*(table.get(name, 0) for name in names), present(feature) - sum(table.values())], dtype=np.float64)
        for table, feature in zip(tables, (before, now), strict=True)
    ]
