"""The fliptest: neighbours worked by hand, the order of rows, missing and textual features, samples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from model_governance.errors import EvaluationRefused
from model_governance.evaluation.bias import fliptest
from model_governance.evaluation.bias.fliptest import flip, standardize


def bools(*values: int) -> np.ndarray:
    return np.asarray(values, dtype=bool)


# On a line: a at 0, 1 (refused) and 9, 10 (accepted); d at 0.4 (accepted), 9.4 and 9.8 (refused).
LINE = np.asarray([[0.0], [1.0], [9.0], [10.0], [0.4], [9.4], [9.8]])
PREDICTED = bools(0, 0, 1, 1, 1, 0, 0)
IN_A, IN_D = bools(1, 1, 1, 1, 0, 0, 0), bools(0, 0, 0, 0, 1, 1, 1)


def test_neighbours_worked_by_hand():
    found = flip(LINE, PREDICTED, IN_A, IN_D, seed=7)
    assert (found.gained, found.lost, found.rows) == (2, 1, 3)
    assert found.detail == "1 nearest of 4 rows of a for 3 rows of d, 1 columns"


def test_from_ten_rows_on_five_neighbours_vote():
    features = np.asarray([[float(place)] for place in range(10)] + [[2.0]])
    predicted = bools(1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0)
    found = flip(features, predicted, bools(*[1] * 10, 0), bools(*[0] * 10, 1), seed=7)
    assert (found.gained, found.lost) == (1, 0)
    assert found.detail.startswith("5 nearest of 10 rows of a")


def test_the_order_of_rows_changes_nothing():
    random = np.random.default_rng(7)
    features = random.integers(0, 3, (200, 2)).astype(float)
    predicted, in_a = random.random(200) < 0.5, random.random(200) < 0.6
    found = flip(features, predicted, in_a, ~in_a, seed=7)
    for _ in range(5):
        order = random.permutation(200)
        assert flip(features[order], predicted[order], in_a[order], ~in_a[order], seed=7) == found


def test_a_sample_is_drawn_and_said(monkeypatch):
    monkeypatch.setattr(fliptest, "MOST_OF_D", 2)
    found = flip(LINE, PREDICTED, IN_A, IN_D, seed=7)
    assert found.rows == 2
    assert found.detail.endswith("a sample drawn with seed 7")
    assert found == flip(LINE, PREDICTED, IN_A, IN_D, seed=7)


def test_features_are_standardized_so_that_no_unit_decides():
    frame = pd.DataFrame({"income": ["1000", "3000"], "rate": ["0.1", "0.2"], "same": ["1", "1"]})
    assert standardize(frame).tolist() == [pytest.approx([-1, -1]), pytest.approx([1, 1])]


def test_missing_numbers_take_the_median_and_text_a_column_a_value():
    frame = pd.DataFrame({"income": ["1", "", "3", None], "town": ["b", "a", "", "b"]}, dtype=object)
    columns = standardize(frame)
    assert columns.shape == (4, 3)
    assert columns[:, 0].tolist() == pytest.approx([-np.sqrt(2), 0, np.sqrt(2), 0])
    assert (columns[:, 2] > 0).tolist() == [True, False, False, True]


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pd.DataFrame({"town": [f"t{i}" for i in range(51)]}), "feature 'town' is text of 51 values, more than 50"),
        (pd.DataFrame({"same": [1, 1], "none": [None, ""]}), "no feature varies over the 2 rows"),
    ],
)
def test_features_without_a_distance_are_refused(frame, said):
    with pytest.raises(EvaluationRefused) as refusal:
        standardize(frame)
    assert said in str(refusal.value)


def test_both_groups_must_have_rows_and_shapes_must_agree():
    with pytest.raises(EvaluationRefused, match="4 rows in a and 0 in d"):
        flip(LINE, PREDICTED, IN_A, bools(*[0] * 7), seed=7)
    with pytest.raises(EvaluationRefused, match=r"have \[6, 7\] rows"):
        flip(LINE, PREDICTED[:6], IN_A, IN_D, seed=7)


def test_a_number_without_end_makes_its_column_text():
    frame = pd.DataFrame({"x": ["inf", "1", "2"], "y": ["1", "2", "3"]}, dtype=object)
    assert standardize(frame).shape == (3, 4)
    many = pd.DataFrame({"x": ["inf", *map(str, range(60))]}, dtype=object)
    with pytest.raises(EvaluationRefused, match="feature 'x' is text of 61 values"):
        standardize(many)
