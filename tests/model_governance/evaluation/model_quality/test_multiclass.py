"""Model quality of several classes: six rows worked by hand, scikit-learn beside it, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from model_governance.errors import EvaluationRefused
from model_governance.evaluation.model_quality.multiclass import METRIC_NAMES, measure_multiclass_classification

CLASSES = ("low", "mid", "high")


def measure(labels, predicted, classes=CLASSES, seed=1):
    positions = [np.asarray(rows, dtype=np.int64) for rows in (labels, predicted)]
    return measure_multiclass_classification(*positions, classes=classes, seed=seed)


def test_six_rows_worked_by_hand():
    measured = measure([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 2, 1])
    assert measured["confusion_matrix"] == {
        "low": {"low": 2, "mid": 1, "high": 0},
        "mid": {"low": 0, "mid": 1, "high": 1},
        "high": {"low": 0, "mid": 1, "high": 0},
    }
    assert measured["accuracy"]["value"] == pytest.approx(3 / 6)
    # Recall: low 2/3, mid 1/2, high 0; precision: low 1, mid 1/3, high 0; weighted by 3, 2 and 1 rows.
    assert measured["weighted_recall"]["value"] == pytest.approx((3 * 2 / 3 + 2 / 2) / 6)
    assert measured["weighted_precision"]["value"] == pytest.approx((3 + 2 / 3) / 6)
    assert measured["weighted_f1"]["value"] == pytest.approx((3 * 0.8 + 2 * 0.4) / 6)
    assert measured["accuracy_best_constant_classifier"]["value"] == pytest.approx(3 / 6)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=40))
def test_the_numbers_are_scikit_learns(rows):
    labels, predicted = [label for label, _ in rows], [said for _, said in rows]
    measured = measure(labels, predicted)
    given_ = {"average": "weighted", "zero_division": 0, "labels": [0, 1, 2]}
    assert measured["weighted_precision"]["value"] == pytest.approx(
        metrics.precision_score(labels, predicted, **given_)
    )
    assert measured["weighted_recall"]["value"] == pytest.approx(metrics.recall_score(labels, predicted, **given_))
    for name, beta in (("weighted_f0_5", 0.5), ("weighted_f1", 1), ("weighted_f2", 2)):
        expected = metrics.fbeta_score(labels, predicted, beta=beta, **given_)
        assert measured[name]["value"] == pytest.approx(expected)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=40), st.permutations([0, 1, 2]))
def test_the_order_of_the_classes_changes_no_number(rows, order):
    labels, predicted = [label for label, _ in rows], [said for _, said in rows]
    one = measure(labels, predicted)
    other = measure([order[label] for label in labels], [order[said] for said in predicted])
    for name in METRIC_NAMES:
        if "constant" not in name:
            assert one[name]["value"] == pytest.approx(other[name]["value"])


@pytest.mark.parametrize(
    ("labels", "predicted", "classes", "said"),
    [
        ([], [], CLASSES, "one of each a held-out row is needed"),
        ([0], [0, 1], CLASSES, "one of each a held-out row is needed"),
        ([0, 3], [0, 0], CLASSES, "the label of row 2 is none of the 3 classes"),
        ([0, 1], [0, -1], CLASSES, "the prediction of row 2 is none of the 3 classes"),
        ([0], [0], ("low",), "not at least two"),
        ([0], [0], ("low", "low"), "each its own"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_its_place(labels, predicted, classes, said):
    with pytest.raises(EvaluationRefused, match=said):
        measure(labels, predicted, classes)
