"""Confidence intervals: they hold the value, narrow with the rows, follow the seed, and are absent where nothing is."""

from __future__ import annotations

import numpy as np
import pytest

from model_governance.evaluation.model_quality.binary import area_under_roc, measure_binary_classification
from model_governance.evaluation.model_quality.intervals import DRAWS, drawn_rows, interval


def measured(rows: int, seed: int = 3):
    draw = np.random.default_rng(rows)
    labels = draw.random(rows) < 0.6
    scores = np.clip(labels * 0.2 + draw.random(rows) * 0.8, 0, 1)
    return measure_binary_classification(labels, scores, threshold=0.5, seed=seed)


@pytest.mark.parametrize("name", ["accuracy", "recall", "auc", "f1", "true_negative_rate"])
def test_an_interval_holds_its_value_and_narrows_with_the_rows(name):
    few, many = measured(100)[name], measured(5000)[name]
    for metric in (few, many):
        assert metric["confidence_interval"]["lower"] <= metric["value"] <= metric["confidence_interval"]["upper"]
        assert metric["confidence_interval"]["level"] == 0.95
    width = [one["confidence_interval"]["upper"] - one["confidence_interval"]["lower"] for one in (few, many)]
    assert width[1] < width[0] / 3


def test_the_interval_of_a_share_is_the_binomial_one():
    accuracy = measured(5000)["accuracy"]
    half = 1.96 * (accuracy["value"] * (1 - accuracy["value"]) / 5000) ** 0.5
    found = accuracy["confidence_interval"]
    assert found["upper"] - found["lower"] == pytest.approx(2 * half, rel=0.1)


def test_the_same_seed_draws_the_same_interval():
    assert measured(300) == measured(300)
    assert measured(300)["auc"]["confidence_interval"] != measured(300, seed=4)["auc"]["confidence_interval"]


def test_a_number_without_most_of_its_draws_has_no_interval():
    values = np.full(DRAWS, np.nan)
    values[: DRAWS // 2 - 1] = 0.5
    assert interval(values) is None


def test_rows_are_drawn_with_replacement_as_many_as_there_are():
    chunks = list(drawn_rows(50_000, seed=1))
    assert len(chunks) > 1
    assert sum(len(chunk) for chunk in chunks) == DRAWS
    assert {float(count) for chunk in chunks for count in chunk.sum(axis=1)} == {50_000.0}


def test_the_area_of_a_draw_is_that_of_its_rows():
    draw = np.random.default_rng(5)
    labels, scores = draw.random(40) < 0.5, draw.integers(0, 6, 40) / 5
    weights = draw.integers(0, 3, (4, 40)).astype(float)
    for one, area in zip(weights, area_under_roc(labels, scores, weights), strict=True):
        rows = np.repeat(np.arange(40), one.astype(int))
        assert area == pytest.approx(area_under_roc(labels[rows], scores[rows], np.ones((1, len(rows))))[0])
