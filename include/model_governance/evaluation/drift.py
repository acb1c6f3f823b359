"""A window of data held to a baseline's statistics and constraints, as Model Monitor does; apart from what follows.

Only the two files of the baseline and the window's own statistics are looked at, never the training data. Checks and
their names are Model Monitor's: ``missing_column_check``, ``extra_column_check``, ``data_type_check``,
``completeness_check``, ``categorical_values_check`` and ``baseline_drift_check``. Negative numbers in a column that had
none are told as a ``data_type_check``: the guide gives their constraint and no check of its own for it.

Model Monitor takes a baseline's shares for exact: one missing value where the baseline had none is a violation. With
``alpha``, what chance explains in so few rows is no violation, and is told beside them.
Source: Amazon SageMaker AI Developer Guide, "Schema for Violations (constraint_violations.json file)".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from model_governance.evaluation.chance import largest_by_chance, share_has_grown
from model_governance.evaluation.constraints import Constraints
from model_governance.evaluation.distances import robust
from model_governance.evaluation.feature_drift import FeatureDrift, measure_drift, measured, present
from model_governance.evaluation.statistics import Statistics

MINIMUM_COUNT = 200
"""Below this many present values, on either side, a distribution is not compared: it says so and does not pass."""
LONGEST_LIST = 5
"""How many unknown values a description names."""


@dataclass(frozen=True)
class Deviation:
    """Something in which a window is not as its baseline says.

    Attributes:
        feature: The feature's name.
        check: Model Monitor's name of the check.
        description: What was found, held to what.
        metric: What was measured: the check's share, or a distance.
        value: Its value; None where the check has no number.
        limit: What it was held to.
        rows: Rows behind it.
        is_chance: Whether chance explains it; it is no violation then.
    """

    feature: str
    check: str
    description: str
    metric: str = ""
    value: float | None = None
    limit: float | None = None
    rows: int = 0
    is_chance: bool = False

    @property
    def violation(self) -> dict[str, str]:
        """The deviation as constraint_violations.json has it."""
        return {
            "feature_name": self.feature,
            "constraint_check_type": self.check,
            "description": self.description,
        }


@dataclass(frozen=True)
class DriftReport:
    """A window beside its baseline.

    Attributes:
        item_count: Rows in the window.
        features: One for each feature that both sides have, in the baseline's order.
        deviations: Whatever is not as the baseline says, in the order of the checks.
    """

    item_count: int
    features: tuple[FeatureDrift, ...]
    deviations: tuple[Deviation, ...] = field(default=())

    @property
    def violations(self) -> tuple[dict[str, str], ...]:
        """What chance does not explain, in constraint_violations.json's form."""
        return tuple(one.violation for one in self.deviations if not one.is_chance)

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
    limits: Mapping[str, float] | Callable[[str], Mapping[str, float]] | None = None,
    alpha: float | None = None,
) -> DriftReport:
    """Hold a window to a baseline.

    Args:
        baseline: The baseline's statistics.json.
        constraints: The baseline's constraints.json, with whatever people have changed in it.
        window: The window's statistics, from ``statistics.describe``.
        minimum_count: Of present values on each side, for distributions to be compared; at least 1.
        limits: The largest distance allowed by name, beyond Model Monitor's own comparison, such as
            {"population_stability_index": 0.25}; or what gives them for a feature's name.
        alpha: The share of comparisons without change that may be violated all the same, in (0, 1); None to take
            every share of the baseline for exact, as Model Monitor does.
    """
    if constraints["monitoring_config"]["evaluate_constraints"] != "Enabled":
        return DriftReport(window["dataset"]["item_count"], ())
    of_feature = limits if callable(limits) else lambda _: limits or {}
    before = {feature["name"]: feature for feature in baseline["features"]}
    now = {feature["name"]: feature for feature in window["features"]}
    found: list[Deviation] = []
    features = []
    for constraint in constraints["features"]:
        name = constraint["name"]
        if name not in now:
            found.append(Deviation(name, "missing_column_check", "the window has no such column"))
            continue
        config = _config(constraints["monitoring_config"], constraint)
        if config["evaluate_constraints"] != "Enabled":
            continue
        held = _Held(constraint, config, now[name], window["dataset"]["item_count"], before.get(name), alpha)
        found.extend(held.deviations())
        if name in before and config["distribution_constraints"]["perform_comparison"] == "Enabled":
            drift = measure_drift(before[name], now[name], minimum_count)
            features.append(drift)
            rules = config["distribution_constraints"]
            found.extend(_drift_deviations(drift, before[name], rules, of_feature(name), alpha))
    known = {constraint["name"] for constraint in constraints["features"]}
    found.extend(
        Deviation(name, "extra_column_check", "the baseline has no such column") for name in now if name not in known
    )
    return DriftReport(window["dataset"]["item_count"], tuple(features), tuple(found))


def _config(general: dict[str, Any], constraint: dict[str, Any]) -> dict[str, Any]:
    """The configuration for one feature: the guide and SageMaker's SDK spell the overrides' name differently."""
    own = {**constraint.get("monitoringConfigOverrides", {}), **constraint.get("monitoring_config_overrides", {})}
    rules = {**general["distribution_constraints"], **own.get("distribution_constraints", {})}
    return {**general, **own, "distribution_constraints": rules}


@dataclass(frozen=True)
class _Held:
    """One feature held to its constraint."""

    constraint: dict[str, Any]
    config: dict[str, Any]
    feature: Statistics
    rows: int
    before: Statistics | None
    alpha: float | None

    def deviations(self) -> list[Deviation]:
        """Of completeness, type and known values, in that order."""
        found = []
        missing = int(measured(self.feature)["common"]["num_missing"])
        there = self.rows - missing
        completeness = there / self.rows if self.rows else 0.0
        least = self.constraint["completeness"]
        if self.rows and completeness < least:
            said = f"{completeness:.2%} of {self.rows} values are present; the baseline has {least:.2%}"
            chance = self._is_chance(missing, self.rows, self._missing_before(), self._rows_before())
            found.append(self._deviation("completeness_check", said, completeness, least, self.rows, chance))
        if there:
            found.extend(self._of_type(there))
            found.extend(self._of_domain(there))
        return found

    def _of_type(self, there: int) -> list[Deviation]:
        expected, threshold = self.constraint["inferred_type"], self.config["datatype_check_threshold"]
        found = []
        share = _fitting(expected, self.feature, there) / there
        if share < threshold:
            said = f"{share:.2%} of {there} values are {expected}; {threshold:.2%} must be"
            odd = there - round(share * there)
            chance = self._is_chance(odd, there, self._odd_before(), self._present_before())
            found.append(self._deviation("data_type_check", said, share, threshold, there, chance))
        lowest = self.feature.get("numerical_statistics", {}).get("min", 0)
        if self.constraint.get("num_constraints", {}).get("is_non_negative") and lowest < 0:
            said = f"the least value is {lowest:g}; the baseline has no negative one"
            chance = self._is_chance(_negative(self.feature), there, 0, self._present_before())
            found.append(self._deviation("data_type_check", said, lowest, 0.0, there, chance))
        return found

    def _of_domain(self, there: int) -> list[Deviation]:
        declared, threshold = (
            self.constraint.get("string_constraints", {}).get("domains"),
            self.config["domain_content_threshold"],
        )
        if declared is None or "string_statistics" not in self.feature:
            return []
        domains = frozenset(declared)
        buckets = self.feature["string_statistics"]["distribution"]["categorical"]["buckets"]
        known = sum(bucket["count"] for bucket in buckets if bucket["value"] in domains)
        if known / there >= threshold:
            return []
        unknown = [repr(bucket["value"])[:40] for bucket in buckets if bucket["value"] not in domains]
        shown = ", ".join(unknown[:LONGEST_LIST]) + (", ..." if len(unknown) > LONGEST_LIST else "")
        said = f"{known / there:.2%} of {there} values are known; {threshold:.2%} must be; unknown: {shown}"
        chance = self._is_chance(there - known, there, 0, self._present_before())
        return [self._deviation("categorical_values_check", said, known / there, threshold, there, chance)]

    def _deviation(self, check: str, said: str, value: float, limit: float, rows: int, is_chance: bool) -> Deviation:
        metric = check.removesuffix("_check")
        return Deviation(self.constraint["name"], check, said, metric, value, limit, rows, is_chance)

    def _is_chance(self, count: int, rows: int, baseline_count: int, baseline_rows: int) -> bool:
        return self.alpha is not None and not share_has_grown(count, rows, baseline_count, baseline_rows, self.alpha)

    def _missing_before(self) -> int:
        return int(measured(self.before)["common"]["num_missing"]) if self.before else 0

    def _present_before(self) -> int:
        return present(self.before) if self.before else 0

    def _rows_before(self) -> int:
        return self._missing_before() + self._present_before()

    def _odd_before(self) -> int:
        there = self._present_before()
        return there - _fitting(self.constraint["inferred_type"], self.before, there) if self.before else 0


def _fitting(expected: str, feature: Statistics, there: int) -> int:
    """How many of the values that are there are of the type."""
    counts: dict[str, int] = feature.get("data_type_counts", {})
    if expected == "Integral":
        return counts.get("Integral", 0) if counts else there
    if expected == "Fractional":
        return counts.get("Integral", 0) + counts.get("Fractional", 0) if counts else there
    if expected == "String":
        return there if feature["inferred_type"] == "String" else 0
    return there


def _negative(feature: Statistics) -> int:
    """How many values are below 0, from the sketch; at least 1."""
    levels: list[list[float]] = feature["numerical_statistics"]["distribution"]["kll"]["sketch"]["data"]
    return max(1, sum(sum(value < 0 for value in level) << height for height, level in enumerate(levels)))


def _drift_deviations(
    drift: FeatureDrift, before: Statistics, rules: dict[str, Any], limits: Mapping[str, float], alpha: float | None
) -> list[Deviation]:
    if not drift.distances:
        return []
    found = _by_the_constraints(drift, before, rules, alpha)
    for name, limit in limits.items():
        value = drift.distances.get(name, 0.0)
        if value > limit:
            chance = _chance(drift, name, alpha)
            said = f"{name} {value:.4g} exceeds {limit:g}" + (f"; chance explains {chance:.4g}" if chance else "")
            found.append(_drifted(drift, name, said, value, limit, value <= chance))
    return found


def _by_the_constraints(
    drift: FeatureDrift, before: Statistics, rules: dict[str, Any], alpha: float | None
) -> list[Deviation]:
    """The comparison that the version's own constraints ask for."""
    is_text = "l_infinity" in drift.distances
    name = "l_infinity" if is_text else "kolmogorov_smirnov"
    limit = rules.get("categorical_comparison_threshold" if is_text else "comparison_threshold", 0.1)
    if is_text and rules.get("categorical_drift_method") == "ChiSquared":
        p = drift.distances["chi_squared_p"]
        said = f"chi-squared p {p:.4g} is below {limit:g}"
        return [_drifted(drift, "chi_squared_p", said, p, limit, alpha is not None and p >= alpha)] if p < limit else []
    is_robust = rules.get("comparison_method", "Robust") == "Robust"
    plain = drift.distances[name]
    distance = robust(plain, present(before), drift.count) if is_robust else plain
    if distance <= limit:
        return []
    said = f"{name}{' (robust)' if is_robust else ''} {distance:.4g} exceeds {limit:g}"
    is_chance = plain <= _chance(drift, name, alpha)
    return [_drifted(drift, name, said, distance, limit, is_chance)]


def _chance(drift: FeatureDrift, name: str, alpha: float | None) -> float:
    return largest_by_chance(name, *drift.counts, alpha=alpha) if alpha is not None and drift.counts else 0.0


def _drifted(drift: FeatureDrift, metric: str, said: str, value: float, limit: float, is_chance: bool) -> Deviation:
    return Deviation(drift.name, "baseline_drift_check", said, metric, value, limit, drift.count, is_chance)
