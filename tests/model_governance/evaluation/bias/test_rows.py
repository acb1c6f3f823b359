"""Rows counted for a facet: values by spelling, missing ones, thresholds, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from model_governance.domain.data import Facet, Label
from model_governance.errors import EvaluationRefused
from model_governance.evaluation.bias.rows import binary_labels, count_rows, facet_places, read_labels

LABEL = Label(column="approve", positive=1)
WHITE = Facet(name_or_index="white", value_or_threshold=(0,))
AGE = Facet(name_or_index="age", value_or_threshold=(40,), threshold=True)


def counted(values, labels, facet=WHITE, **more):
    positive = np.asarray(labels, dtype=bool)
    return count_rows(pd.Series(values), facet, binary_labels(positive, LABEL), **more).comparisons


def rows(values, facet=WHITE):
    return [(one.value_or_threshold, one.rows.tolist()) for one in counted(values, [1] * len(values), facet)]


def test_rows_that_do_not_say_are_counted_and_stand_in_neither_group():
    (found,) = counted([1.0, None, 0.0, math.nan, 1.0], [1, 1, 0, 0, 1])
    assert found.rows.tolist() == [2, 1, 2]
    assert found.positive("label").tolist() == [2, 0, 1]
    assert "1 of 2 where white is missing" in found.detail("label")


def test_empty_text_is_a_missing_value():
    assert rows(["1", "", "0"]) == [("0", [1, 1, 1])]


@pytest.mark.parametrize("values", [[1, 1, 0], [1.0, 1.0, 0.0], ["1", "1.0", " 0 "], ["01", "1", "0"]])
def test_a_group_is_chosen_by_value_and_not_by_spelling(values):
    assert rows(values) == [("0", [2, 1, 0])]


def test_several_values_make_one_disadvantaged_group():
    facet = Facet(name_or_index="race", value_or_threshold=("b", "c"))
    assert rows(["a", "b", "c", "d"], facet) == [("b,c", [2, 2, 0])]


def test_without_values_each_is_compared_with_the_rest():
    facet = Facet(name_or_index="race")
    assert rows(["b", "10", "a", "9", "a", None], facet) == [
        ("9", [4, 1, 1]),
        ("10", [4, 1, 1]),
        ("a", [3, 2, 1]),
        ("b", [4, 1, 1]),
    ]


def test_a_facet_with_one_value_leaves_group_a_empty():
    assert rows(["x", "x"], Facet(name_or_index="race")) == [("x", [0, 2, 0])]


def test_a_declared_value_that_no_row_has_leaves_group_d_empty():
    assert rows([1, 1, 2]) == [("0", [3, 0, 0])]


def test_a_threshold_puts_what_lies_strictly_above_it_into_d():
    assert rows([39, 40, 41, 40.5, None], AGE) == [("(40, inf)", [2, 2, 1])]


def test_several_thresholds_compare_each_interval_with_the_rest():
    facet = Facet(name_or_index="age", value_or_threshold=(25, 60.5), threshold=True)
    assert rows([20, 25, 26, 60.5, 61, None], facet) == [
        ("(-inf, 25]", [3, 2, 1]),
        ("(25, 60.5]", [3, 2, 1]),
        ("(60.5, inf)", [4, 1, 1]),
    ]


def test_an_infinite_value_lies_beyond_every_threshold():
    assert rows([math.inf, -math.inf, 1.0], AGE) == [("(40, inf)", [2, 1, 0])]


def test_each_row_has_a_place_on_the_facet_axis():
    assert facet_places(pd.Series([1, 0, None]), WHITE).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("values", "facet", "said"),
    [
        (["39", "old"], AGE, "facet 'age' has a threshold, 40, and a value that is no number: 'old'"),
        ([str(i) for i in range(21)], Facet(name_or_index="id"), "facet 'id' has 21 values, of which at most 20"),
        ([], WHITE, "facet 'white': there are no rows"),
    ],
)
def test_what_cannot_be_compared_is_refused_by_name(values, facet, said):
    with pytest.raises(EvaluationRefused) as refusal:
        rows(values, facet)
    assert said in str(refusal.value)


def test_one_bool_a_row_is_needed():
    with pytest.raises(EvaluationRefused, match="facet 'white' has 2 rows; the labels have shape"):
        counted([0, 1], [1])
    with pytest.raises(EvaluationRefused, match="float64"):
        counted([0, 1], [1, 0], predicted=np.asarray([0.2, 0.9]))
    with pytest.raises(EvaluationRefused, match=r"outcomes are bool of shape \(1,\)"):
        counted([0, 1], [1, 0], predicted=np.asarray([True]))
    with pytest.raises(EvaluationRefused, match="group variable 'area' has 1"):
        counted([0, 1], [1, 0], groups=pd.Series(["n"], name="area"))


def test_subgroups_too_many_to_condition_on_are_refused():
    values = [0, 1] * 501
    with pytest.raises(EvaluationRefused, match="group variable 'id' has 1002 values, more than 1000"):
        counted(values, values, groups=pd.Series(range(1002), name="id"))


@pytest.mark.parametrize(
    ("values", "label", "said"),
    [
        (["1", ""], LABEL, "rows have no label in 'approve'"),
        ([1.0, math.nan], LABEL, "rows have no label in 'approve'"),
        (["0", "2"], LABEL, "label 'approve' never has its favourable value 1; it has 0, 2"),
        (["low", "9"], Label(column="rings", positive=9, threshold=True), "label 'rings' has a threshold, 9, and a"),
        ([str(i) for i in range(101)], LABEL, "label 'approve' has 101 values, more than 100; for a numeric label"),
    ],
)
def test_labels_that_cannot_be_read_are_refused_by_name(values, label, said):
    with pytest.raises(EvaluationRefused) as refusal:
        read_labels(pd.Series(values), label)
    assert said in str(refusal.value)


def test_a_numeric_label_is_favourable_strictly_above_its_threshold():
    labels = read_labels(pd.Series([9, 10, 9.5, 3]), Label(column="rings", positive=9, threshold=True))
    assert labels.axis.spelling == "(9, inf)"
    assert labels.places.tolist() == [0, 1, 1, 0]


def test_the_favourable_values_of_many_are_listed():
    labels = read_labels(pd.Series(["c", "a", "b"]), Label(column="grade", positive=("a", "b")))
    assert labels.axis.values == ("a", "b", "c")
    assert labels.axis.spelling == "a,b"
