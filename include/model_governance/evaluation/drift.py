"""A window of data held to a baseline's statistics and constraints, as Model Monitor does; apart from what follows.

Only the two files of the baseline and the window's own statistics are looked at, never the training data. Checks and
their names are Model Monitor's: ``missing_column_check``, ``extra_column_check``, ``data_type_check``,
``completeness_check``, ``categorical_values_check`` and ``baseline_drift_check``. Negative numbers in a column that had
none are told as a ``data_type_check``: the guide gives their constraint and no check of its own for it.
Source: Amazon SageMaker AI Developer Guide, "Schema for Violations (constraint_violations.json file)".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from model_governance.evaluation.constraints import Constraints
from model_governance.evaluation.distances import (
    Floats,
    chi_squared,
    cumulative,
    jensen_shannon_distance,
    kolmogorov_smirnov,
    l_infinity,
    population_stability_index,
    robust,
)
from model_governance.evaluation.statistics import Statistics

MINIMUM_COUNT = 200
"""Below this many present values, on either side, a distribution is not compared: it says so and does not pass."""
LONGEST_LIST = 5
"""How many unknown values a description names."""


@dataclass(frozen=True)
class FeatureDrift:
    """How far a feature has drifted from its baseline.

    Attributes:
        name: The feature's.
        count: Present values in the window.
        distances: By name: ``kolmogorov_smirnov`` (numbers) or ``l_infinity`` and ``chi_squared_p`` (text), and
            ``population_stability_index`` and ``jensen_shannon_distance`` (both); empty where it cannot be assessed.
        reason: Why it cannot be assessed; "" where it can.
    """

    name: str
    count: int
    distances: dict[str, float]
    reason: str = ""


@dataclass(frozen=True)
class DriftReport:
    """A window beside its baseline.

    Attributes:
        item_count: Rows in the window.
        features: One for each feature that both sides have, in the baseline's order.
        violations: In constraint_violations.json's form, see ``content``.
    """

    item_count: int
    features: tuple[FeatureDrift, ...]
    violations: tuple[dict[str, str], ...] = field(default=())

    @property
    def not_assessable(self) -> tuple[str, ...]:
        """Every feature that could not be compared, with the reason, a line each."""
        return tuple(f"{one.name}: {one.reason}" for one in self.features if one.reason)

    @property
    def passed(self) -> bool:
        """Whether there was enough to look at everywhere, and nothing is violated."""
        return bool(self.features) and not self.violations and not self.not_assessable

    @property
    def content(self) -> dict[str, Any]:
        """The content of constraint_violations.json."""
        return {"violations": [dict(one) for one in self.violations]}


def compare(
    baseline: Statistics,
    constraints: Constraints,
    window: Statistics,
    *,
    minimum_count: int = MINIMUM_COUNT,
    limits: Mapping[str, float] | None = None,
) -> DriftReport:
    """Hold a window to a baseline.

    Args:
        baseline: The baseline's statistics.json.
        constraints: The baseline's constraints.json, with whatever people have changed in it.
        window: The window's statistics, from ``statistics.describe``.
        minimum_count: Of present values on each side, for distributions to be compared; at least 1.
        limits: The largest distance allowed by name, beyond Model Monitor's own comparison, such as
            {"population_stability_index": 0.25}.
    """
    if constraints["monitoring_config"]["evaluate_constraints"] != "Enabled":
        return DriftReport(window["dataset"]["item_count"], ())
    before = {feature["name"]: feature for feature in baseline["features"]}
    now = {feature["name"]: feature for feature in window["features"]}
    violations: list[dict[str, str]] = []
    features = []
    for constraint in constraints["features"]:
        name = constraint["name"]
        if name not in now:
            violations.append(_violation(name, "missing_column_check", "the window has no such column"))
            continue
        config = _config(constraints["monitoring_config"], constraint)
        if config["evaluate_constraints"] != "Enabled":
            continue
        violations.extend(_constraint_violations(constraint, config, now[name], window["dataset"]["item_count"]))
        if name in before and config["distribution_constraints"]["perform_comparison"] == "Enabled":
            drift = _feature_drift(before[name], now[name], minimum_count)
            features.append(drift)
            violations.extend(_drift_violations(drift, before[name], config["distribution_constraints"], limits or {}))
    known = {constraint["name"] for constraint in constraints["features"]}
    violations.extend(
        _violation(name, "extra_column_check", "the baseline has no such column") for name in now if name not in known
    )
    return DriftReport(window["dataset"]["item_count"], tuple(features), tuple(violations))


def _config(general: dict[str, Any], constraint: dict[str, Any]) -> dict[str, Any]:
    """The configuration for one feature: the guide and SageMaker's SDK spell the overrides' name differently."""
    own = {**constraint.get("monitoringConfigOverrides", {}), **constraint.get("monitoring_config_overrides", {})}
    rules = {**general["distribution_constraints"], **own.get("distribution_constraints", {})}
    return {**general, **own, "distribution_constraints": rules}


def _violation(name: str, check: str, description: str) -> dict[str, str]:
    return {"feature_name": name, "constraint_check_type": check, "description": description}


def _measured(feature: Statistics) -> dict[str, Any]:
    measured: dict[str, Any] = feature.get("numerical_statistics") or feature["string_statistics"]
    return measured


def _present(feature: Statistics) -> int:
    return int(_measured(feature)["common"]["num_present"])


def _constraint_violations(
    constraint: dict[str, Any], config: dict[str, Any], feature: Statistics, rows: int
) -> list[dict[str, str]]:
    name, present = constraint["name"], _present(feature)
    found = []
    completeness = present / rows if rows else 0.0
    if rows and completeness < constraint["completeness"]:
        said = f"{completeness:.2%} of {rows} values are present; the baseline has {constraint['completeness']:.2%}"
        found.append(_violation(name, "completeness_check", said))
    if present:
        found.extend(_type_violations(constraint, config["datatype_check_threshold"], feature, present))
        found.extend(_domain_violations(constraint, config["domain_content_threshold"], feature, present))
    return found


def _type_violations(
    constraint: dict[str, Any], threshold: float, feature: Statistics, present: int
) -> list[dict[str, str]]:
    expected, counts = constraint["inferred_type"], feature["data_type_counts"]
    found = []
    fitting = {
        "Integral": counts.get("Integral", 0),
        "Fractional": counts.get("Integral", 0) + counts.get("Fractional", 0),
        "String": present if feature["inferred_type"] == "String" else 0,
    }.get(expected, present)
    if fitting / present < threshold:
        said = f"{fitting / present:.2%} of {present} values are {expected}; {threshold:.2%} must be"
        found.append(_violation(constraint["name"], "data_type_check", said))
    lowest = feature.get("numerical_statistics", {}).get("min", 0)
    if constraint.get("num_constraints", {}).get("is_non_negative") and lowest < 0:
        said = f"the least value is {lowest:g}; the baseline has no negative one"
        found.append(_violation(constraint["name"], "data_type_check", said))
    return found


def _domain_violations(
    constraint: dict[str, Any], threshold: float, feature: Statistics, present: int
) -> list[dict[str, str]]:
    declared = constraint.get("string_constraints", {}).get("domains")
    if declared is None or "string_statistics" not in feature:
        return []
    domains = frozenset(declared)
    buckets = feature["string_statistics"]["distribution"]["categorical"]["buckets"]
    known = sum(bucket["count"] for bucket in buckets if bucket["value"] in domains)
    if known / present >= threshold:
        return []
    unknown = [repr(bucket["value"])[:40] for bucket in buckets if bucket["value"] not in domains]
    shown = ", ".join(unknown[:LONGEST_LIST]) + (", ..." if len(unknown) > LONGEST_LIST else "")
    said = f"{known / present:.2%} of {present} values are known; {threshold:.2%} must be; unknown: {shown}"
    return [_violation(constraint["name"], "categorical_values_check", said)]


def _feature_drift(before: Statistics, now: Statistics, minimum_count: int) -> FeatureDrift:
    name, count = now["name"], _present(now)
    if not count and not _present(before):
        return FeatureDrift(name, 0, {})
    for side, present in (("the window", count), ("the baseline", _present(before))):
        if present < max(minimum_count, 1):
            return FeatureDrift(name, count, {}, f"{side} has {present} values; {max(minimum_count, 1)} are needed")
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
    return FeatureDrift(name, count, distances)


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
        np.asarray([*(table.get(name, 0) for name in names), _present(feature) - sum(table.values())], dtype=np.float64)
        for table, feature in zip(tables, (before, now), strict=True)
    ]


def _drift_violations(
    drift: FeatureDrift, before: Statistics, rules: dict[str, Any], limits: Mapping[str, float]
) -> list[dict[str, str]]:
    if not drift.distances:
        return []
    found = []
    is_text = "l_infinity" in drift.distances
    name = "l_infinity" if is_text else "kolmogorov_smirnov"
    limit = rules.get("categorical_comparison_threshold" if is_text else "comparison_threshold", 0.1)
    if is_text and rules.get("categorical_drift_method") == "ChiSquared":
        p = drift.distances["chi_squared_p"]
        if p < limit:
            found.append(f"chi-squared p {p:.4g} is below {limit:g}")
    else:
        is_robust = rules.get("comparison_method", "Robust") == "Robust"
        plain = drift.distances[name]
        distance = robust(plain, _present(before), drift.count) if is_robust else plain
        if distance > limit:
            found.append(f"{name}{' (robust)' if is_robust else ''} {distance:.4g} exceeds {limit:g}")
    found.extend(
        f"{name} {drift.distances[name]:.4g} exceeds {limit:g}"
        for name, limit in limits.items()
        if drift.distances.get(name, 0.0) > limit
    )
    return [_violation(drift.name, "baseline_drift_check", one) for one in found]
