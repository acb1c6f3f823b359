"""Model quality: five rows worked by hand, a walk over pairs beside the area under the curve, and what is refused."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_governance.errors import EvaluationRefused
from model_governance.evaluation.model_quality.binary import METRIC_NAMES, measure_binary_classification


def measure(labels: list[int], probabilities: list[float], threshold: float = 0.5, seed: int = 1) -> dict[str, Any]:
    return measure_binary_classification(
        np.asarray(labels, dtype=bool), np.asarray(probabilities, dtype=float), threshold=threshold, seed=seed
    )


def test_five_rows_worked_by_hand():
    # At 0.5: rows 1, 2, 4 are predicted positive; of the positives 1, 2, 3 two are found; row 4 is wrong, row 5 right.
    measured = measure([1, 1, 1, 0, 0], [0.9, 0.5, 0.2, 0.7, 0.1])
    assert measured["confusion_matrix"] == {"0": {"0": 1, "1": 1}, "1": {"0": 1, "1": 2}}
    values = {name: measured[name]["value"] for name in METRIC_NAMES if "best_constant" not in name}
    assert values == pytest.approx(
        {
            "accuracy": 3 / 5,
            "auc": 4 / 6,
            "precision": 2 / 3,
            "recall": 2 / 3,
            "f1": 2 / 3,
            "true_positive_rate": 2 / 3,
            "true_negative_rate": 1 / 2,
            "false_positive_rate": 1 / 2,
            "false_negative_rate": 1 / 3,
            "f0_5": 2 / 3,
            "f2": 2 / 3,
            # Bins .1, .2, .5, .7 and .9 hold a row each.
            "expected_calibration_error": (0.1 + 0.8 + 0.5 + 0.7 + 0.1) / 5,
        }
    )


def test_the_best_constant_classifier_says_the_most_frequent_label():
    measured = measure([1, 1, 1, 0, 0], [0.9, 0.5, 0.2, 0.7, 0.1])
    constant = {name: measured[f"{name}_best_constant_classifier"]["value"] for name in ("accuracy", "recall", "auc")}
    assert constant == pytest.approx({"accuracy": 3 / 5, "recall": 1, "auc": 0.5})
    assert measured["true_negative_rate_best_constant_classifier"]["value"] == 0
    assert measure([0, 0, 1], [0.1, 0.1, 0.1])["precision_best_constant_classifier"]["value"] is None


def test_curves_run_from_end_to_end_in_at_most_a_hundred_points():
    draw = np.random.default_rng(0)
    labels = draw.random(3000) < 0.5
    measured = measure(labels.tolist(), draw.random(3000).tolist())
    roc, pr = measured["receiver_operating_characteristic_curve"], measured["precision_recall_curve"]
    for curve in (roc, pr):
        first, second = curve.values()
        assert len(first) == len(second) <= 100
    assert (roc["false_positive_rates"][0], roc["true_positive_rates"][0]) == (0, 0)
    assert (roc["false_positive_rates"][-1], roc["true_positive_rates"][-1]) == (1, 1)
    assert (pr["recalls"][0], pr["recalls"][-1]) == (0, 1)
    assert sum(measured["calibration_curve"]["rows"]) == 3000


def test_one_label_throughout_has_no_roc_curve():
    assert "receiver_operating_characteristic_curve" not in measure([1, 1], [0.2, 0.8])


def test_a_probability_at_the_threshold_is_a_positive_prediction():
    assert measure([1, 0], [0.3, 0.29], threshold=0.3)["accuracy"]["value"] == 1


@pytest.mark.parametrize(("labels", "word"), [([1, 1], "positive"), ([0, 0], "negative")])
def test_one_label_throughout_leaves_the_area_under_the_curve_without_a_value(labels, word):
    auc = measure(labels, [0.2, 0.8])["auc"]
    assert auc["value"] is None
    assert auc["error"] == f"all 2 held-out labels are {word}; the area under the ROC curve needs both"


def test_a_rate_over_nothing_has_no_value():
    measured = measure([1, 0], [0.1, 0.2])
    assert measured["precision"]["value"] is None
    assert "none of the 2 held-out rows is predicted positive" in measured["precision"]["error"]
    assert measure([0, 0], [0.1, 0.2])["recall"]["value"] is None
    assert measure([0, 0], [0.1, 0.2])["f1"]["value"] is None
    assert measure([1, 1], [0.1, 0.2])["false_positive_rate"]["value"] is None


@pytest.mark.parametrize(
    ("labels", "probabilities", "said"),
    [
        ([], [], "one bool a held-out row is needed"),
        ([1, 0], [0.5, float("nan")], "1 of 2 predictions are NaN, the first for row 2"),
        ([1, 0], [0.5, 1.5], "prediction 1.5 for row 2 is no probability"),
        ([1, 0], [-0.1, 0.5], "prediction -0.1 for row 1 is no probability"),
        ([1, 0], [0.5, float("inf")], "prediction inf for row 2 is no finite number"),
        ([1, 0], [0.5], "shape (1,); one a row is needed, (2,)"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_its_place(labels, probabilities, said):
    with pytest.raises(EvaluationRefused) as refusal:
        measure(labels, probabilities)
    assert said in str(refusal.value)


def test_deviations_come_with_200_rows_and_are_drawn_with_the_seed():
    draw = np.random.default_rng(0)
    labels = (draw.random(200) < 0.5).astype(int).tolist()
    probabilities = draw.random(200).tolist()
    assert measure(labels[:-1], probabilities[:-1])["accuracy"]["standard_deviation"] == "NaN"
    measured = measure(labels, probabilities)
    assert 0 < measured["auc"]["standard_deviation"] < 0.1
    assert measured == measure(labels, probabilities)
    assert measured["auc"]["standard_deviation"] != measure(labels, probabilities, seed=2)["auc"]["standard_deviation"]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 10)), min_size=2, max_size=30))
def test_the_area_under_the_curve_is_the_share_of_pairs_in_the_right_order(rows):
    labels, scores = [int(label) for label, _ in rows], [score / 10 for _, score in rows]
    pairs = [
        1.0 if p > n else 0.5 if p == n else 0.0
        for (p, p_label), (n, n_label) in itertools.product(zip(scores, labels, strict=True), repeat=2)
        if p_label and not n_label
    ]
    auc = measure(labels, scores)["auc"]["value"]
    assert auc == (pytest.approx(sum(pairs) / len(pairs)) if pairs else None)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=40), st.floats(0.01, 0.99))
def test_counts_agree_with_a_walk_over_the_rows(rows, threshold):
    measured = measure([int(label) for label, _ in rows], [score for _, score in rows], threshold)
    right = sum(label == (score >= threshold) for label, score in rows)
    assert measured["accuracy"]["value"] == pytest.approx(right / len(rows))
    matrix = measured["confusion_matrix"]
    assert matrix["1"]["1"] == sum(label and score >= threshold for label, score in rows)
    assert sum(sum(row.values()) for row in matrix.values()) == len(rows)
