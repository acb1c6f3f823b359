"""Post-training metrics on a few rows worked by hand, and where they have no value."""

from __future__ import annotations

import pytest

from model_governance.evaluation.bias.cube import Flips
from model_governance.evaluation.bias.metric import Rules
from model_governance.evaluation.bias.post_training import POST_TRAINING

# Group a (white 1), rows 1-6: TP 2, FN 1, FP 1, TN 2. Group d (white 0), rows 7-11: TP 1, FN 1, FP 2, TN 1.
WHITE = [1] * 6 + [0] * 5
LABELS = [1, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0]
PREDICTED = [1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0]
BY_HAND = {
    "AD": 4 / 6 - 2 / 5,
    "DAR": 2 / 3 - 1 / 3,
    "DCA": 3 / 3 - 2 / 3,
    "DCR": 3 / 2 - 3 / 3,
    "DI": (3 / 5) / (3 / 6),
    "DPPL": 3 / 6 - 3 / 5,
    "DRR": 1 / 2 - 2 / 3,
    # Benefits: 3 rows of 2, 2 of 0, 6 of 1; mean 12/11, mean square 18/11.
    "GE": ((18 / 11) / (12 / 11) ** 2 - 1) / 2,
    "RD": 2 / 3 - 1 / 2,
    "SD": 1 / 3 - 2 / 3,
    "TE": 1 / 2 - 1 / 1,
}
METRICS = {metric.short_name: metric for metric in POST_TRAINING}


def assess(name, compared, **rules):
    return METRICS[name].assess(compared, Rules(**rules))


@pytest.mark.parametrize("name", BY_HAND)
def test_rows_worked_by_hand(compare, name):
    found = assess(name, compare(WHITE, LABELS, PREDICTED))
    assert found.value == pytest.approx(BY_HAND[name], abs=1e-12)


@pytest.mark.parametrize(
    ("name", "value"),
    # Five rows: a = TP, FP, TN; d = TP, FN.
    [("AD", 2 / 3 - 1 / 2), ("DI", (1 / 2) / (2 / 3)), ("DPPL", 2 / 3 - 1 / 2), ("RD", 1 - 1 / 2), ("DAR", 1 / 2 - 1)],
)
def test_five_rows_worked_by_hand(compare, name, value):
    found = assess(name, compare([1, 1, 1, 0, 0], [1, 0, 0, 1, 1], [1, 1, 0, 1, 0]))
    assert found.value == pytest.approx(value, abs=1e-12)


def test_every_metric_of_clarify_is_there():
    assert list(METRICS) == sorted(["CDDPL", "FT", *BY_HAND])
    assert all(metric.description.endswith(f"({name})") for name, metric in METRICS.items())


def test_generalized_entropy_counts_rows_without_a_facet_too(compare):
    found = assess("GE", compare([1, 0, None], [0, 1, 0], [0, 1, 1]))
    assert found.value == pytest.approx((((1 + 1 + 4) / 3) / (4 / 3) ** 2 - 1) / 2)


def test_the_fliptest_is_what_its_finding_says(compare):
    compared = compare(WHITE, LABELS, PREDICTED)
    assert assess("FT", compared).reason == "not computed: the features of the rows were not given"
    assert assess("FT", compared.with_flips(None, "no feature varies")).reason == "no feature varies"
    assert assess("FT", compared.with_flips(Flips(2, 1, 5, "5 nearest"))).value == pytest.approx(1 / 5)


NOBODY_ACCEPTED, ALL_ACCEPTED = [0] * 11, [1] * 11


@pytest.mark.parametrize("name", ["DI", "DPPL", "RD", "SD", "FT", "CDDPL"])
@pytest.mark.parametrize(("predicted", "word"), [(NOBODY_ACCEPTED, "negative"), (ALL_ACCEPTED, "positive")])
def test_a_model_that_decides_nothing_shows_no_parity(compare, name, predicted, word):
    found = assess(name, compare(WHITE, LABELS, predicted, groups=["n"] * 11))
    assert (found.value, found.reason) == (None, f"every predicted label of the 11 rows is {word}")


@pytest.mark.parametrize(
    ("name", "labels", "predicted", "reason"),
    [
        ("DI", LABELS, [0] * 6 + [1, 0, 0, 0, 0], "none of the 6 rows of group a is predicted positive"),
        ("DCA", LABELS, [1] * 6 + [0] * 5, "no rows of group d predicted positive: division by zero"),
        ("DCR", LABELS, [1] * 6 + [0] * 5, "no rows of group a predicted negative: division by zero"),
        ("DAR", LABELS, [1] * 6 + [0] * 5, "no rows of group d predicted positive"),
        ("DRR", LABELS, [1] * 6 + [0] * 5, "no rows of group a predicted negative"),
        ("RD", [0] * 6 + [1] * 5, PREDICTED, "no rows of group a with a positive label"),
        ("SD", [1] * 6 + [0] * 5, PREDICTED, "no rows of group a with a negative label"),
        ("TE", [1] * 6 + LABELS[6:], PREDICTED, "group a has no false positive: division by zero"),
        ("GE", [1] * 11, NOBODY_ACCEPTED, "each of the 11 rows is wrongly rejected: the mean benefit is zero"),
    ],
)
def test_a_ratio_of_nothing_is_no_measurement(compare, name, labels, predicted, reason):
    found = assess(name, compare(WHITE, labels, predicted))
    assert found.value is None
    assert reason in found.reason


def test_disparate_impact_is_zero_when_nobody_of_group_d_is_accepted(compare):
    found = assess("DI", compare(WHITE, LABELS, [1] * 3 + [0] * 8))
    assert found.value == 0
    assert found.interval.lower == 0
    assert 0 < found.interval.upper < 10


@pytest.mark.parametrize(("white", "group"), [([0] * 11, "a"), ([1] * 11, "d")])
@pytest.mark.parametrize("name", METRICS)
def test_an_empty_group_cannot_be_assessed(compare, name, white, group):
    found = assess(name, compare(white, LABELS, PREDICTED, groups=["n"] * 11))
    assert (found.value, found.reason) == (None, f"group {group} of facet white has no rows (d = 0)")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("AD", "15 rows of group d"),
        ("DI", "15 rows of group d"),
        ("RD", "9 rows of group a with a positive label and 6 rows of group d with a positive label"),
        ("SD", "9 rows of group d with a negative label and 9 rows of group a with a negative label"),
        ("DAR", "9 rows of group a predicted positive"),
        ("DRR", "6 rows of group d predicted negative"),
        ("DCA", "9 rows of group d predicted positive"),
        ("DCR", "6 rows of group d predicted negative"),
        ("TE", "6 rows of group a predicted wrongly"),
    ],
)
def test_what_a_proportion_rests_on_must_be_enough_rows(compare, name, said):
    found = assess(name, compare(WHITE * 3, LABELS * 3, PREDICTED * 3), minimum_rows=17)
    assert found.value is None
    assert said in found.reason
    assert found.reason.endswith("fewer than the 17 asked for")
    assert found.interval is not None
