"""The features of a window held to those of the version's training rows; apart because it needs no truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from model_governance.domain.canonical import sha256_hex
from model_governance.domain.cells import finite_number
from model_governance.domain.monitoring import MonitorKind
from model_governance.domain.oversight import Severity
from model_governance.evaluation.cell_columns import spelled
from model_governance.evaluation.constraints import Constraints
from model_governance.evaluation.drift import Deviation, DriftReport, compare
from model_governance.evaluation.statistics import Statistics, describe
from model_governance.evaluation.window_report import Breach, MonitorResult, MonitorState, Point
from model_governance.evaluation.window_rows import MOST_UNREADABLE, WindowRows

LONGEST_CELL = 200
"""Characters of an unknown category that statistics keep; a longer one is cut and told from its like by its digest."""
_KIND = MonitorKind.DATA_QUALITY


def describe_window(features: pd.DataFrame, baseline: Statistics | None) -> Statistics:
    """The statistics of a window's features, each read as the type that it has in the baseline.

    So that one cell of text among numbers is one value of another type, and no column of text; and a column of text
    stays one in a window where every cell happens to be a number.

    Args:
        features: As ``Captured`` has them.
        baseline: statistics.json; None where there is none.
    """
    before = {one["name"]: one for one in baseline["features"]} if baseline else {}
    columns, odd = {}, {}
    for name in features.columns:
        columns[name], odd[name] = _as_before(features[name], before.get(name))
    found = describe(pd.DataFrame(columns, columns=list(features.columns)))
    for feature in found["features"]:
        count = odd[feature["name"]]
        if count:
            feature["data_type_counts"]["String"] = count
            feature["numerical_statistics"]["common"]["num_missing"] -= count
    return found


def _as_before(column: pd.Series[Any], before: Statistics | None) -> tuple[pd.Series[Any], int]:
    """The column by the baseline's type, and how many of its cells are text among numbers."""
    is_text = isinstance(column.dtype, pd.CategoricalDtype)
    if before is None or (before["inferred_type"] == "Unknown"):
        return column, 0
    if "string_statistics" in before:
        text = column if is_text else pd.Series(spelled(column.to_numpy(dtype=np.float64)))
        return _shortened(text, before), 0
    if not is_text:
        return column, 0
    numbers = [finite_number(cell) for cell in column.cat.categories]
    values = np.asarray([*(np.nan if one is None else one for one in numbers), np.nan])
    codes = column.cat.codes.to_numpy()
    is_odd = np.asarray([*(one is None for one in numbers), False])[codes]
    if is_odd.sum() == (codes >= 0).sum():
        return _shortened(column, before), 0
    return pd.Series(values[codes]), int(is_odd.sum())


def _shortened(column: pd.Series[Any], before: Statistics) -> pd.Series[Any]:
    long = [cell for cell in column.cat.categories if len(cell) > LONGEST_CELL]
    if not long:
        return column
    buckets = before.get("string_statistics", {}).get("distribution", {}).get("categorical", {}).get("buckets", [])
    known = {bucket["value"] for bucket in buckets}
    names = {one: f"{one[:LONGEST_CELL]}~{sha256_hex(one.encode())[:8]}" for one in long if one not in known}
    return column.cat.rename_categories(names)


def monitor_data_quality(rows: WindowRows, statistics: Statistics) -> MonitorResult:
    """Type, completeness, known values and distribution of every feature."""
    if _KIND not in rows.monitoring.monitors:
        return MonitorResult(_KIND, MonitorState.NOT_CONFIGURED, "not among the use case's monitors")
    before, constraints = rows.baselines.statistics, rows.baselines.constraints
    if before is None or constraints is None:
        return MonitorResult(_KIND, MonitorState.NO_BASELINE, "the version has no statistics and constraints")
    if constraints["monitoring_config"]["evaluate_constraints"] != "Enabled":
        return MonitorResult(_KIND, MonitorState.NO_BASELINE, "the version's constraints say: do not evaluate")
    minimum, count = rows.monitoring.minimum_rows, rows.captured.row_count
    if count < minimum:
        return MonitorResult(_KIND, MonitorState.NOT_ENOUGH_DATA, f"{count} rows; {minimum} are needed")
    drift = rows.monitoring.drift
    report = compare(
        before,
        _without(constraints, drift.not_compared),
        statistics,
        minimum_count=minimum,
        limits=drift.limits_of,
        alpha=rows.alpha,
    )
    missed, sparse = _not_compared(report, constraints, minimum)
    unreadable = _unreadable(rows)
    state = MonitorState.NOT_ENOUGH_DATA if missed or unreadable else MonitorState.COMPLETED
    counted = [one for one in report.deviations if not one.is_chance]
    excluded = [f"{name}: not compared, by the declaration" for name in drift.not_compared]
    return MonitorResult(
        _KIND,
        state,
        "; ".join([*unreadable, *missed]) or f"{count} rows, {len(report.features)} features compared",
        points=_points(report, statistics),
        violations=tuple(one.violation for one in counted),
        breaches=tuple(_breach(one, rows) for one in counted),
        within_chance=tuple(f"{one.feature}: {one.description}" for one in report.deviations if one.is_chance),
        not_compared=(*sparse, *excluded),
    )


def _unreadable(rows: WindowRows) -> list[str]:
    bad, lines = rows.captured.bad.count, rows.captured.lines
    if bad <= MOST_UNREADABLE * lines:
        return []
    return [f"{bad} of {lines} captured lines cannot be read, more than {MOST_UNREADABLE:.0%}"]


def _without(constraints: Constraints, names: tuple[str, ...]) -> Constraints:
    """The constraints with these features' distributions not compared."""
    return {**constraints, "features": [_not_to_compare(one, names) for one in constraints["features"]]}


def _not_to_compare(constraint: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    if constraint["name"] not in names:
        return constraint
    own = {**constraint.get("monitoringConfigOverrides", {}), **constraint.get("monitoring_config_overrides", {})}
    rules = {**own.get("distribution_constraints", {}), "perform_comparison": "Disabled"}
    return {**constraint, "monitoring_config_overrides": {**own, "distribution_constraints": rules}}


def _not_compared(report: DriftReport, constraints: Constraints, minimum: int) -> tuple[list[str], list[str]]:
    """What had to be compared and was not; and what had so few values in the baseline too that it need not be."""
    completeness = {one["name"]: one["completeness"] for one in constraints["features"]}
    missed: list[str] = []
    sparse: list[str] = []
    for feature in report.features:
        if feature.reason:
            usual = completeness[feature.name] * report.item_count
            (missed if usual >= minimum else sparse).append(f"{feature.name}: {feature.reason}")
    return missed, sparse


def _points(report: DriftReport, statistics: Statistics) -> tuple[Point, ...]:
    rows = report.item_count
    found = []
    for feature in statistics["features"]:
        common: Mapping[str, Any] = (feature.get("numerical_statistics") or feature["string_statistics"])["common"]
        share = 1 - common["num_missing"] / rows if rows else None
        found.append(Point(_KIND, "completeness", share, feature=feature["name"], rows=rows))
    found += [
        Point(_KIND, name, value, feature=feature.name, rows=feature.count)
        for feature in report.features
        for name, value in feature.distances.items()
    ]
    found += [
        Point(_KIND, "population_stability_index", None, feature=one.name, rows=one.count, reason=one.reason)
        for one in report.features
        if one.reason
    ]
    return tuple(found)


def _breach(deviation: Deviation, rows: WindowRows) -> Breach:
    severities = rows.monitoring.severities
    is_drift = deviation.check == "baseline_drift_check"
    severity: Severity = severities.drift if is_drift else severities.data_quality
    return Breach(
        monitor=_KIND,
        check=deviation.check,
        metric=deviation.metric,
        severity=severity,
        sentence=f"feature {deviation.feature}: {deviation.description} ({deviation.check})",
        subject=deviation.feature,
        value=deviation.value,
        limit=deviation.limit,
        rows=deviation.rows,
    )
