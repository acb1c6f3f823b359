"""Model quality of a regression: four rows worked by hand, the laws of its numbers, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_governance.errors import EvaluationRefused
from model_governance.evaluation.model_quality.regression import measure_regression

numbers = st.floats(-1e6, 1e6, allow_nan=False)


def measure(labels, predictions, seed=1):
    return measure_regression(np.asarray(labels, dtype=float), np.asarray(predictions, dtype=float), seed=seed)


def test_four_rows_worked_by_hand():
    measured = measure([1, 2, 3, 6], [2, 2, 1, 6])
    values = {name: metric["value"] for name, metric in measured.items()}
    # Errors 1, 0, -2, 0; the labels' mean is 3 and their variance (4 + 1 + 0 + 9) / 4.
    expected = {"mae": 3 / 4, "mse": 5 / 4, "rmse": (5 / 4) ** 0.5, "r2": 1 - (5 / 4) / (14 / 4)}
    assert values == pytest.approx(expected)


@given(st.lists(st.tuples(numbers, numbers), min_size=2, max_size=30), st.floats(-1e3, 1e3))
def test_moving_labels_and_predictions_together_changes_no_error(rows, shift):
    labels, predictions = np.asarray(rows).T
    one, other = measure(labels, predictions), measure(labels + shift, predictions + shift)
    assert one["mse"]["value"] == pytest.approx(other["mse"]["value"], rel=1e-6, abs=1e-3)


@given(st.lists(numbers, min_size=2, max_size=30, unique=True))
def test_perfect_predictions_have_no_error_and_explain_everything(labels):
    measured = measure(labels, labels)
    assert measured["mse"]["value"] == 0
    assert measured["r2"]["value"] in (1.0, None)


def test_a_constant_label_leaves_nothing_to_explain():
    r2 = measure([0.1, 0.1, 0.1], [0.1, 0.2, 0.3])["r2"]
    assert r2["value"] is None
    assert "every one of the 3 held-out labels is 0.1" in r2["error"]


@pytest.mark.parametrize(
    ("labels", "predictions", "said"),
    [
        ([], [], "a held-out row needs one of each"),
        ([1.0], [1.0, 2.0], "a held-out row needs one of each"),
        ([1.0, float("nan")], [1.0, 2.0], "1 of 2 labels are not finite, the first for row 2"),
        ([1.0, 2.0], [float("inf"), 2.0], "1 of 2 predictions are not finite, the first for row 1"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_its_place(labels, predictions, said):
    with pytest.raises(EvaluationRefused, match=said):
        measure(labels, predictions)


def test_errors_too_large_to_be_squared_say_so():
    with np.errstate(over="ignore"):
        found = measure([1.0, 2.0, 3.0], [1e200, 2.0, 3.0])
    assert found["mse"]["value"] is None
    assert found["mse"]["error"] == "errors of up to 1e+200 are too large to be squared"
