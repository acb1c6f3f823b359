"""Statistics in Model Monitor's form: five rows worked by hand, what is odd in a column, and the sketch's promises."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_governance.errors import EvaluationRefused
from model_governance.evaluation.constraints import suggest_constraints
from model_governance.evaluation.report import report_bytes
from model_governance.evaluation.statistics import MOST_CATEGORIES, SKETCH_K, describe, sketch

GOLDEN = Path(__file__).parent / "golden"

SMALL = pd.DataFrame(
    {
        "income": [10, 20, 30, 40, 50],
        "rate": [0.5, None, 1.5, 2.5, None],
        "town": pd.Series(["Ayer", "Hull", "Ayer", None, "Zürich"], dtype=object),
        "nothing": pd.Series([None] * 5, dtype=object),
    }
)


def column(values, dtype=None):
    return describe(pd.DataFrame({"x": pd.Series(values, dtype=dtype)}))["features"][0]


@pytest.mark.parametrize("name", ["statistics", "constraints"])
def test_the_forms_of_a_small_data_set_stay_as_they_are(name):
    made = describe(SMALL) if name == "statistics" else suggest_constraints(describe(SMALL))
    assert json.loads(report_bytes(made)) == json.loads((GOLDEN / f"{name}.json").read_text())


def test_numbers_by_hand():
    numbers = column([1.0, 2.0, 3.0, 4.0, None])["numerical_statistics"]
    assert numbers["common"] == {"num_present": 4, "num_missing": 1}
    assert (numbers["mean"], numbers["sum"], numbers["min"], numbers["max"]) == (2.5, 10.0, 1.0, 4.0)
    assert numbers["std_dev"] == pytest.approx(math.sqrt(1.25))
    counts = [bucket["count"] for bucket in numbers["distribution"]["kll"]["buckets"]]
    assert counts == [1, 0, 0, 1, 0, 0, 1, 0, 0, 1]


def test_text_by_hand():
    feature = column(["b", "a", "b", None], object)
    assert feature["inferred_type"] == "String"
    text = feature["string_statistics"]
    assert (text["common"], text["distinct_count"]) == ({"num_present": 3, "num_missing": 1}, 2.0)
    assert text["distribution"]["categorical"]["buckets"] == [{"value": "b", "count": 2}, {"value": "a", "count": 1}]


@pytest.mark.parametrize(
    ("values", "dtype", "kind"),
    [
        ([1, 2], None, "Integral"),
        ([1.0, None], None, "Integral"),
        ([1.5, 2], None, "Fractional"),
        ([10**30, 1], object, "Integral"),
        ([True, False], None, "String"),
        ([1, "one"], object, "String"),
        (["2020-01-01", "2020-01-02"], object, "String"),
        ([pd.Timestamp("2020-01-01")], None, "String"),
        ([[1], [2]], object, "String"),
        ([None, None], object, "Unknown"),
        ([np.nan, np.inf], None, "Unknown"),
        ([], float, "Unknown"),
    ],
)
def test_every_sort_of_column_has_its_type(values, dtype, kind):
    feature = column(values, dtype)
    assert feature["inferred_type"] == kind
    report_bytes(feature)


def test_infinite_values_are_missing_and_counted():
    common = column([1.0, np.inf, -np.inf, np.nan])["numerical_statistics"]["common"]
    assert common == {"num_present": 1, "num_missing": 3, "num_infinite": 2}


def test_a_mixture_tells_how_many_of_each():
    assert column([1, 2.5, "a", "b"], object)["data_type_counts"] == {"Fractional": 1, "Integral": 1, "String": 2}


def test_a_constant_column_has_one_bucket_and_no_deviation():
    numbers = column([7, 7, 7])["numerical_statistics"]
    assert numbers["std_dev"] == 0.0
    assert numbers["distribution"]["kll"]["buckets"] == [{"lower_bound": 7.0, "upper_bound": 7.0, "count": 3}]


def test_a_sum_beyond_all_floats_has_no_value():
    numbers = column([1.7e308, 1.7e308])["numerical_statistics"]
    assert (numbers["sum"], numbers["mean"], numbers["max"]) == (None, None, 1.7e308)
    buckets = numbers["distribution"]["kll"]["buckets"]
    assert sum(bucket["count"] for bucket in buckets) == 2


def test_no_rows_are_no_fault_and_a_repeated_name_is():
    assert describe(pd.DataFrame({"x": pd.Series([], dtype=float)}))["dataset"] == {"item_count": 0}
    with pytest.raises(EvaluationRefused, match="repeats the columns 'x'"):
        describe(pd.DataFrame([[1, 2]], columns=["x", "x"]))


def test_of_too_many_categories_the_most_frequent_are_kept():
    names = [f"n{number}" for number in range(MOST_CATEGORIES + 5)] + ["n7"]
    text = column(names, object)["string_statistics"]
    buckets = text["distribution"]["categorical"]["buckets"]
    assert (len(buckets), buckets[0], text["distinct_count"]) == (
        MOST_CATEGORIES,
        {"value": "n7", "count": 2},
        MOST_CATEGORIES + 5,
    )


@given(st.lists(st.one_of(st.none(), st.floats(-1e9, 1e9), st.integers(-5, 5)), max_size=30), st.randoms())
def test_the_order_of_rows_changes_nothing(values, shuffler):
    other = list(values)
    shuffler.shuffle(other)
    assert report_bytes(column(values, float)) == report_bytes(column(other, float))


@pytest.mark.parametrize("rows", [1, 2, SKETCH_K, SKETCH_K + 1, 5000, 70_001])
def test_a_sketch_weighs_as_much_as_the_rows_and_misplaces_no_rank_by_more_than_it_promises(rows):
    values = np.sort(np.random.default_rng(3).normal(size=rows))
    levels = sketch(values)["data"]
    assert sum(len(level) * 2**height for height, level in enumerate(levels)) == rows
    points = np.concatenate([np.asarray(level) for level in levels])
    weights = np.concatenate([np.full(len(level), 2**height) for height, level in enumerate(levels)])
    assert len(points) <= SKETCH_K + len(levels)
    for value in values[:: max(1, rows // 50)]:
        truly = np.searchsorted(values, value, side="right") / rows
        assert abs(weights[points <= value].sum() / rows - truly) <= 1 / SKETCH_K
