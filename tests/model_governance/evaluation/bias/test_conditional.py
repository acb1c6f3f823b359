"""Conditional disparity: which subgroups count, and what is said of those that do not."""

from __future__ import annotations

import pytest

from model_governance.evaluation.bias.metric import Rules
from model_governance.evaluation.bias.post_training import (
    conditional_demographic_disparity_in_predicted_labels as cddpl,
)
from model_governance.evaluation.bias.pre_training import conditional_demographic_disparity_in_labels as cddl

WHITE, LABELS = [0, 1, 1, 0, 1], [0, 0, 1, 1, 0]


def test_without_a_group_variable_it_is_not_computed(compare):
    found = cddl(compare(WHITE, LABELS))
    assert (found.value, found.reason) == (None, "not computed: the use case declares no group_variable")


def test_one_subgroup_is_the_plain_disparity_and_says_so(compare):
    # d is 1 of 3 rejected and 1 of 2 accepted.
    found = cddl(compare(WHITE, LABELS, groups=["n"] * 5))
    assert found.value == pytest.approx(1 / 3 - 1 / 2)
    assert found.note == "one subgroup of area, n: nothing is held fixed"


def test_a_subgroup_with_one_outcome_is_left_out_and_named(compare):
    # smclarify takes the share of nobody for 0 and would say (3 * 1/2 + 2 * -1/2) / 5.
    found = cddl(compare([0, 1, 1, 0, 1], [0, 0, 1, 1, 1], groups=["n", "n", "n", "s", "s"]))
    assert found.value == pytest.approx(1 / 2)
    assert found.note == "one subgroup of area, n: nothing is held fixed; left out for one label throughout: s (2 rows)"


def test_rows_without_a_subgroup_or_a_facet_stand_in_none(compare):
    white, labels = [*WHITE, 0, None], [*LABELS, 1, 0]
    found = cddl(compare(white, labels, groups=["n"] * 5 + [None, "n"]))
    assert found.value == pytest.approx(1 / 3 - 1 / 2)
    assert "left out for no area: 1 rows" in found.note


@pytest.mark.parametrize("groups", [[None] * 5, [1, 2, 3, 4, 5], ["d", "a", "a", "d", "a"]])
def test_without_a_subgroup_of_both_groups_and_both_outcomes_it_cannot_be_assessed(compare, groups):
    found = cddl(compare(WHITE, LABELS, groups=groups))
    assert (found.value, found.reason) == (
        None,
        "no subgroup of area has rows of both groups, and both a positive and a negative label",
    )


def test_predictions_are_conditioned_like_labels(compare):
    found = cddpl(compare(WHITE, [1] * 5, LABELS, groups=["n", "n", "n", "s", "s"]))
    assert found.value == pytest.approx((3 * 0.5 + 2 * -1) / 5)


def test_few_rows_in_the_counted_subgroups_are_too_few(compare):
    found = cddl(compare(WHITE, LABELS, groups=["n"] * 5), Rules(minimum_rows=3))
    assert (found.value, found.reason) == (
        None,
        "2 rows of group d in subgroups of both groups: fewer than the 3 asked for",
    )
    assert found.interval is not None
