"""Bias metrics: five rows worked by hand, the laws of the formulas, and a count row by row beside them."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_governance.domain.use_case import Facet
from model_governance.errors import EvaluationRefused
from model_governance.evaluation.bias import (
    FacetCounts,
    Group,
    class_imbalance,
    count_facet,
    difference_in_positive_proportions_in_predicted_labels,
    difference_in_proportions_of_labels,
    disparate_impact,
)

WHITE = Facet(name_or_index="white", value_or_threshold=(0,))
AGE = Facet(name_or_index="age", value_or_threshold=(40,), threshold=True)
METRICS = (
    class_imbalance,
    difference_in_proportions_of_labels,
    difference_in_positive_proportions_in_predicted_labels,
    disparate_impact,
)


def positive(*values: int) -> np.ndarray:
    return np.asarray(values, dtype=bool)


def counts(n_a: int, positive_a: int, n_d: int, positive_d: int) -> FacetCounts:
    return FacetCounts("white", "0", Group(n_a, positive_a), Group(n_d, positive_d), Group(0, 0))


def test_five_rows_worked_by_hand():
    # a = rows 1, 2, 3 (white 1): 2 of 3 positive; d = rows 4, 5 (white 0): 1 of 2 positive.
    counted = count_facet(pd.Series([1, 1, 1, 0, 0]), positive(1, 1, 0, 1, 0), WHITE)
    assert class_imbalance(counted).value == pytest.approx((3 - 2) / 5)
    assert difference_in_proportions_of_labels(counted).value == pytest.approx(2 / 3 - 1 / 2)
    assert difference_in_positive_proportions_in_predicted_labels(counted).value == pytest.approx(1 / 6)
    assert disparate_impact(counted).value == pytest.approx((1 / 2) / (2 / 3))


def test_rows_that_do_not_say_are_counted_and_stand_in_neither_group():
    counted = count_facet(pd.Series([1.0, None, 0.0, math.nan, 1.0]), positive(1, 1, 0, 0, 1), WHITE)
    assert (counted.advantaged, counted.disadvantaged, counted.missing) == (Group(2, 2), Group(1, 0), Group(2, 1))
    assert "1 of 2 where white is missing" in counted.detail


def test_empty_text_is_a_missing_value():
    counted = count_facet(pd.Series(["1", "", "0"], dtype=object), positive(1, 1, 0), WHITE)
    assert counted.missing == Group(1, 1)


@pytest.mark.parametrize("values", [[1, 1, 0], [1.0, 1.0, 0.0], ["1", "1.0", " 0 "], ["01", "1", "0"]])
def test_a_group_is_chosen_by_value_and_not_by_spelling(values):
    counted = count_facet(pd.Series(values), positive(1, 0, 1), WHITE)
    assert (counted.advantaged.rows, counted.disadvantaged.rows) == (2, 1)


def test_several_values_make_one_disadvantaged_group():
    facet = Facet(name_or_index="race", value_or_threshold=("b", "c"))
    counted = count_facet(pd.Series(["a", "b", "c", "d"]), positive(1, 1, 0, 0), facet)
    assert (counted.advantaged, counted.disadvantaged) == (Group(2, 1), Group(2, 1))
    assert counted.value_or_threshold == "b,c"


def test_a_threshold_puts_what_lies_strictly_above_it_into_d():
    counted = count_facet(pd.Series([39, 40, 41, 40.5, None]), positive(1, 1, 1, 0, 1), AGE)
    assert (counted.advantaged, counted.disadvantaged, counted.missing) == (Group(2, 2), Group(2, 1), Group(1, 1))
    assert counted.value_or_threshold == "(40, inf)"


def test_a_threshold_over_text_is_refused():
    with pytest.raises(
        EvaluationRefused, match="facet 'age' has a threshold, 40, and a value that is no number: 'old'"
    ):
        count_facet(pd.Series(["39", "old"]), positive(1, 0), AGE)


def test_one_bool_a_row_is_needed():
    with pytest.raises(EvaluationRefused, match="facet 'white' has 2 rows"):
        count_facet(pd.Series([0, 1]), positive(1), WHITE)
    with pytest.raises(EvaluationRefused, match="float64"):
        count_facet(pd.Series([0, 1]), np.asarray([0.2, 0.9]), WHITE)


@pytest.mark.parametrize(("counted", "group"), [(counts(0, 0, 5, 2), "a"), (counts(5, 2, 0, 0), "d")])
@pytest.mark.parametrize("metric", METRICS)
def test_an_empty_group_cannot_be_assessed(metric, counted, group):
    assessed = metric(counted)
    assert assessed.value is None
    assert f"group {group} of facet white has no rows" in assessed.reason


@pytest.mark.parametrize(("positives", "word"), [((3, 2), "positive"), ((0, 0), "negative")])
@pytest.mark.parametrize("metric", METRICS[1:])
def test_one_label_throughout_cannot_be_assessed(metric, positives, word):
    assessed = metric(counts(3, positives[0], 2, positives[1]))
    assert assessed.value is None
    assert assessed.reason.endswith(f"of the 5 rows is {word}")


def test_disparate_impact_has_no_value_when_nobody_of_group_a_is_accepted():
    assessed = disparate_impact(counts(4, 0, 4, 2))
    assert assessed.value is None
    assert "division by zero" in assessed.reason


def test_disparate_impact_is_zero_when_nobody_of_group_d_is_accepted():
    assert disparate_impact(counts(4, 2, 4, 0)).value == 0.0


groups = st.integers(1, 10**6).flatmap(lambda rows: st.tuples(st.just(rows), st.integers(0, rows)))


@given(groups, groups)
def test_swapping_the_groups_turns_the_sign_of_differences(a, d):
    for metric in METRICS[:3]:
        here, there = metric(counts(*a, *d)).value, metric(counts(*d, *a)).value
        assert (here is None) == (there is None)
        assert here is None or there is None or here == pytest.approx(-there, abs=1e-12)


@given(groups, groups)
def test_swapping_the_groups_gives_the_reciprocal_of_disparate_impact(a, d):
    here, there = disparate_impact(counts(*a, *d)).value, disparate_impact(counts(*d, *a)).value
    if here and there:
        assert here * there == pytest.approx(1)


@given(groups, groups)
def test_values_lie_in_their_ranges(a, d):
    for metric in METRICS[:3]:
        value = metric(counts(*a, *d)).value
        assert value is None or -1 <= value <= 1
    impact = disparate_impact(counts(*a, *d)).value
    assert impact is None or (0 <= impact < math.inf)


@given(groups)
def test_equal_groups_show_parity(group):
    assert class_imbalance(counts(*group, *group)).value == 0
    difference = difference_in_proportions_of_labels(counts(*group, *group))
    assert difference.value in (0, None)
    assert disparate_impact(counts(*group, *group)).value in (1, None)


@given(st.lists(st.tuples(st.sampled_from([0, 1, 2, None]), st.booleans()), min_size=1, max_size=50))
def test_counts_agree_with_a_walk_over_the_rows(rows):
    values, labels = [value for value, _ in rows], [label for _, label in rows]
    counted = count_facet(pd.Series(values, dtype=object), np.asarray(labels, dtype=bool), WHITE)
    walked = {"a": [0, 0], "d": [0, 0], "missing": [0, 0]}
    for value, label in rows:
        name = "missing" if value is None else "d" if value == 0 else "a"
        walked[name][0] += 1
        walked[name][1] += label
    assert counted.advantaged == Group(*walked["a"])
    assert counted.disadvantaged == Group(*walked["d"])
    assert counted.missing == Group(*walked["missing"])
