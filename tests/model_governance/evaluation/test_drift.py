"""Windows held to a baseline: each check of Model Monitor's by its name, what is too small, what cannot be compared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_governance.evaluation.constraints import suggest_constraints
from model_governance.evaluation.drift import DriftReport, compare
from model_governance.evaluation.statistics import describe

ROWS = 400
DRAWN = np.random.default_rng(11)
BASE = pd.DataFrame(
    {
        "amount": DRAWN.normal(100, 10, ROWS),
        "count": DRAWN.integers(0, 9, ROWS),
        "town": DRAWN.choice(np.asarray(["Ayer", "Hull", "Lynn"], dtype=object), ROWS),
    }
).astype({"town": object})


def held(window: pd.DataFrame, base: pd.DataFrame = BASE, change: Any = None, **options: Any) -> DriftReport:
    baseline = describe(base)
    constraints = suggest_constraints(baseline)
    if change:
        change(constraints)
    return compare(baseline, constraints, describe(window), **options)


def checks(report: DriftReport) -> list[tuple[str, str]]:
    return [(one["feature_name"], one["constraint_check_type"]) for one in report.content["violations"]]


def test_the_baseline_itself_passes_at_no_distance():
    report = held(BASE)
    assert report.passed
    assert report.content == {"violations": []}
    for feature in report.features:
        apart = {name: value for name, value in feature.distances.items() if name != "chi_squared_p"}
        assert apart == pytest.approx(dict.fromkeys(apart, 0.0), abs=1e-7)


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (lambda frame: frame.drop(columns="town"), ("town", "missing_column_check")),
        (lambda frame: frame.assign(more=1), ("more", "extra_column_check")),
        (lambda frame: frame.assign(count=frame["count"] + 0.5), ("count", "data_type_check")),
        (lambda frame: frame.assign(amount="much"), ("amount", "data_type_check")),
        (lambda frame: frame.assign(count=frame["count"] - 1), ("count", "data_type_check")),
        (lambda frame: frame.assign(amount=frame["amount"].mask(frame.index < 4)), ("amount", "completeness_check")),
        (
            lambda frame: frame.assign(town=frame["town"].mask(frame.index < 4, "Rome")),
            ("town", "categorical_values_check"),
        ),
        (lambda frame: frame.assign(amount=frame["amount"] + 20), ("amount", "baseline_drift_check")),
        (lambda frame: frame.assign(town="Ayer"), ("town", "baseline_drift_check")),
    ],
)
def test_each_change_is_told_by_the_name_of_its_check(change, check):
    report = held(change(BASE.copy()))
    assert check in checks(report)
    assert not report.passed


def test_descriptions_say_what_was_held_to_what():
    rome = BASE.assign(town=BASE["town"].mask(BASE.index < 4, "Rome\n<b>"))
    (violation,) = held(rome).violations
    assert violation["description"] == "99.00% of 400 values are known; 100.00% must be; unknown: 'Rome\\n<b>'"


def test_a_small_window_is_not_compared_and_does_not_pass():
    report = held(BASE.head(30))
    assert not report.passed
    assert report.not_assessable[0] == "amount: the window has 30 values; 200 are needed"
    assert held(BASE.head(30), minimum_count=30).not_assessable == ()


def test_an_empty_window_does_not_pass():
    report = held(BASE.head(0))
    assert (report.passed, report.item_count, len(report.not_assessable)) == (False, 0, 3)


def test_a_column_that_never_had_values_passes_without_and_is_no_comparison_with():
    base = BASE.assign(never=pd.Series([None] * ROWS, dtype=object))
    assert held(base, base).passed
    assert held(base.assign(never=1.0), base).not_assessable == ("never: the baseline has 0 values; 200 are needed",)


def test_people_change_constraints_and_are_obeyed():
    def lax(constraints):
        constraints["monitoring_config"]["distribution_constraints"]["comparison_threshold"] = 0.99

    def off(constraints):
        constraints["features"][0]["monitoringConfigOverrides"] = {
            "distribution_constraints": {"perform_comparison": "Disabled"}
        }

    moved = BASE.assign(amount=BASE["amount"] + 9)
    assert checks(held(moved)) == [("amount", "baseline_drift_check")]
    assert held(moved, change=lax).passed
    assert [one.name for one in held(moved, change=off).features] == ["count", "town"]


@pytest.mark.parametrize("spelling", ["monitoringConfigOverrides", "monitoring_config_overrides"])
def test_one_feature_can_be_left_out_by_either_spelling(spelling):
    def off(constraints):
        constraints["features"][0][spelling] = {"evaluate_constraints": "Disabled"}

    assert held(BASE.assign(amount=-BASE["amount"]), change=off).passed


def test_nothing_passes_where_nothing_is_evaluated():
    def off(constraints):
        constraints["monitoring_config"]["evaluate_constraints"] = "Disabled"

    assert not held(BASE, change=off).passed


def test_chi_squared_and_limits_beyond_model_monitor():
    def chi(constraints):
        rules = constraints["monitoring_config"]["distribution_constraints"]
        rules |= {"categorical_drift_method": "ChiSquared", "categorical_comparison_threshold": 0.05}

    skewed = BASE.assign(town=BASE["town"].where(BASE.index % 3 != 0, "Ayer"))
    assert "chi-squared p" in held(skewed, change=chi).violations[0]["description"]
    limited = held(BASE.assign(amount=BASE["amount"] + 1), limits={"population_stability_index": 0.001})
    assert "population_stability_index" in limited.violations[0]["description"]


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_rows_in_a_window_changes_nothing(seed):
    window = BASE.assign(amount=BASE["amount"] + 3)
    assert held(window) == held(window.sample(frac=1, random_state=seed).reset_index(drop=True))


def test_a_flag_that_is_mostly_its_larger_value_is_seen_to_fall():
    flag, fallen = (pd.DataFrame({"flag": [0.0] * zeros + [1.0] * (1000 - zeros)}) for zeros in (50, 400))
    (feature,) = held(fallen, flag).features
    by_hand = (0.40 - 0.05) * np.log(0.40 / 0.05) + (0.60 - 0.95) * np.log(0.60 / 0.95)
    assert feature.distances["population_stability_index"] == pytest.approx(by_hand, abs=0.02)
