"""Pre-training metrics on five rows worked by hand, and where they have no value."""

from __future__ import annotations

import math

import pytest

from model_governance.domain.data import Label
from model_governance.evaluation.bias.metric import Rules
from model_governance.evaluation.bias.pre_training import (
    PRE_TRAINING,
    class_imbalance,
    conditional_demographic_disparity_in_labels,
    difference_in_proportions_of_labels,
    jensen_shannon_divergence,
    kolmogorov_smirnov,
    kullback_leibler_divergence,
    lp_norm,
    total_variation_distance,
)

# a = rows 1, 2, 3 (white 1): 2 of 3 positive; d = rows 4, 5 (white 0): 1 of 2 positive.
WHITE, LABELS = [1, 1, 1, 0, 0], [1, 1, 0, 1, 0]
COLOUR = Label(column="colour", positive=("green", "blue"))
DISTANCES = (
    kullback_leibler_divergence,
    jensen_shannon_divergence,
    lp_norm,
    total_variation_distance,
    kolmogorov_smirnov,
)


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        (class_imbalance, (3 - 2) / 5),
        (difference_in_proportions_of_labels, 2 / 3 - 1 / 2),
        (kullback_leibler_divergence, 2 / 3 * math.log(4 / 3) + 1 / 3 * math.log(2 / 3)),
        (
            jensen_shannon_divergence,
            (2 / 3 * math.log(8 / 7) + 1 / 3 * math.log(4 / 5) + 1 / 2 * math.log(6 / 7) + 1 / 2 * math.log(6 / 5)) / 2,
        ),
        (lp_norm, math.sqrt(2) / 6),
        (total_variation_distance, 1 / 6),
        (kolmogorov_smirnov, 1 / 6),
    ],
)
def test_five_rows_worked_by_hand(compare, metric, value):
    assert metric(compare(WHITE, LABELS)).value == pytest.approx(value, abs=1e-12)


def test_conditional_disparity_worked_by_hand(compare):
    # In north d is 1 of 2 rejected and 0 of 1 accepted: 1/2. In south 0 of 1 and 1 of 1: -1. Weights 3 and 2.
    white, labels = [0, 1, 1, 0, 1], [0, 0, 1, 1, 0]
    found = conditional_demographic_disparity_in_labels(compare(white, labels, groups=["n", "n", "n", "s", "s"]))
    assert found.value == pytest.approx((3 * 0.5 + 2 * -1) / 5)
    assert found.note == "2 subgroups of area"


def test_labels_of_many_categories_count_each_by_itself(compare):
    # a: red 1/2, green 1/4, blue 1/4; d: red 1/4, green 1/4, blue 1/2. Green and blue are favourable: 1/2 and 3/4.
    labels = ["red", "red", "green", "blue", "red", "green", "blue", "blue"]
    compared = compare([1] * 4 + [0] * 4, labels, label=COLOUR)
    assert difference_in_proportions_of_labels(compared).value == pytest.approx(-1 / 4)
    assert total_variation_distance(compared).value == pytest.approx(1 / 4)
    assert kolmogorov_smirnov(compared).value == pytest.approx(1 / 4)
    assert lp_norm(compared).value == pytest.approx(math.sqrt(2) / 4)
    assert kullback_leibler_divergence(compared).value == pytest.approx(math.log(2) / 2 - math.log(2) / 4)


def test_a_label_that_one_group_never_has_counts(compare):
    # smclarify drops it: it would say 0.5 for the norm where the groups are 1/2 : 1/2 and 1 : 0.
    compared = compare([1, 1, 0, 0], [1, 0, 1, 1])
    assert lp_norm(compared).value == pytest.approx(math.sqrt(1 / 2))
    assert jensen_shannon_divergence(compared).value == pytest.approx(
        (1 / 2 * math.log(2 / 3) + 1 / 2 * math.log(2) + math.log(4 / 3)) / 2
    )
    found = kullback_leibler_divergence(compared)
    assert found.value is None
    assert "occurs in group a and never in d: the divergence is infinite" in found.reason


def test_a_label_that_group_a_never_has_adds_nothing_to_the_divergence(compare):
    assert kullback_leibler_divergence(compare([1, 1, 0, 0], [1, 1, 1, 0])).value == pytest.approx(math.log(2))


@pytest.mark.parametrize(("labels", "word"), [([1] * 5, "positive"), ([0] * 5, "negative")])
@pytest.mark.parametrize("metric", [one for one in PRE_TRAINING if one.short_name not in ("CI", "CDDL")])
def test_one_label_throughout_cannot_be_assessed(compare, metric, labels, word):
    found = metric.assess(compare(WHITE, labels), Rules())
    assert (found.value, found.reason) == (None, f"every label of the 5 rows is {word}")


@pytest.mark.parametrize(("white", "group"), [([0] * 5, "a"), ([1] * 5, "d")])
@pytest.mark.parametrize("metric", PRE_TRAINING)
def test_an_empty_group_cannot_be_assessed(compare, metric, white, group):
    found = metric.assess(compare(white, LABELS, groups=["n"] * 5), Rules())
    assert (found.value, found.reason) == (None, f"group {group} of facet white has no rows (d = 0)")


@pytest.mark.parametrize("metric", PRE_TRAINING)
def test_a_group_below_the_minimum_has_an_interval_and_no_value(compare, metric):
    found = metric.assess(compare(WHITE * 3, LABELS * 3, groups=["n"] * 15), Rules(minimum_rows=7))
    assert found.value is None
    assert "6 rows of group d" in found.reason
    assert found.reason.endswith("fewer than the 7 asked for")
    assert found.interval is not None


@pytest.mark.parametrize("metric", PRE_TRAINING)
def test_at_the_minimum_there_is_a_value_within_its_interval(compare, metric):
    found = metric.assess(compare(WHITE * 3, LABELS * 3, groups=["n"] * 15), Rules(minimum_rows=6))
    assert found.value is not None
    assert found.interval.lower - 1e-12 <= found.value
    assert found.interval.upper is None or found.value <= found.interval.upper + 1e-12
