"""Whether an uncertain number is worse than another, by more than chance explains; apart because two monitors ask it.

Both are estimates: the window's of its rows, the baseline's of the held-out ones. The difference is held against the
root of the sum of their variances, taken from their 95 % intervals. Of few rows an interval can have no width (nobody
of thirty), so the window's is at least what the baseline's would be of as many rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from model_governance.evaluation.chance import normal_quantile

_HALF = normal_quantile(0.025)


@dataclass(frozen=True)
class Estimate:
    """A number and how far it may be off.

    Attributes:
        value: The number.
        error: Its standard error, >= 0; None where it is not known.
        rows: Rows behind it.
        lower: Lower end of its 95 % interval; None without one.
        upper: Upper end.
    """

    value: float
    error: float | None
    rows: int
    lower: float | None = None
    upper: float | None = None


def estimate(value: float, interval: Mapping[str, Any] | None, rows: int) -> Estimate:
    """A reported number with the interval {"lower", "upper"} beside it, either of which may be None."""
    lower, upper = (interval or {}).get("lower"), (interval or {}).get("upper")
    error = None if lower is None or upper is None else max(upper - lower, 0.0) / (2 * _HALF)
    return Estimate(value, error, rows, lower, upper)


def logarithm(of: Estimate) -> Estimate:
    """The estimate of the logarithm, for ratios; its error is not known where the interval reaches 0."""
    if of.value <= 0 or of.lower is None or of.upper is None or of.lower <= 0:
        return Estimate(-math.inf if of.value <= 0 else math.log(of.value), None, of.rows)
    return Estimate(math.log(of.value), math.log(of.upper / of.lower) / (2 * _HALF), of.rows)


def explained_by_chance(excess: float, window: Estimate, baseline: Estimate | None, alpha: float) -> float | None:
    """How much worse the window may be by chance, in the numbers' unit; None where its error is not known.

    Args:
        excess: How much worse it is, above 0.
        window: The window's.
        baseline: What it is held to; None, or without an error, for a limit that is exact.
        alpha: The share of comparisons without change that may be worse, in (0, 0.5].
    """
    if window.error is None or not math.isfinite(excess):
        return None
    error = (baseline.error or 0.0) if baseline else 0.0
    as_before = error * math.sqrt(baseline.rows / window.rows) if baseline and window.rows else 0.0
    return normal_quantile(alpha) * math.hypot(max(window.error, as_before), error)
