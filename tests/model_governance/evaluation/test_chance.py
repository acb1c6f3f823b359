"""What chance explains: literals by hand, and how often samples of one distribution are told apart."""

from __future__ import annotations

import math

import numpy as np
import pytest

from model_governance.domain.metric_names import DISTANCES
from model_governance.evaluation.chance import largest_by_chance, share_has_grown
from model_governance.evaluation.distances import (
    jensen_shannon_distance,
    l_infinity,
    population_stability_index,
)
from model_governance.evaluation.worse import Estimate, estimate, explained_by_chance, logarithm

MEASURES = {
    "population_stability_index": population_stability_index,
    "jensen_shannon_distance": jensen_shannon_distance,
    "l_infinity": l_infinity,
    "kolmogorov_smirnov": lambda one, two: float(np.abs(np.cumsum(one / one.sum() - two / two.sum())).max()),
}
SHARES = {
    "even": np.full(10, 0.1),
    "rare": np.asarray([0.9, *np.full(50, 0.1 / 50)]),
    "flag": np.asarray([0.98, 0.02]),
}


def test_a_share_grows_by_fishers_exact_test():
    # One red among 4 drawn of 6 with 1 red: 4/6 of draws hold it.
    assert share_has_grown(1, 4, 0, 2, 0.67)
    assert not share_has_grown(1, 4, 0, 2, 0.66)
    assert not share_has_grown(0, 4, 0, 2, 0.99)
    assert share_has_grown(1, 4, 0, 0, 1e-9)
    assert not share_has_grown(3, 400, 8, 1400, 0.01)
    assert share_has_grown(40, 400, 8, 1400, 1e-6)


@pytest.mark.parametrize("name", DISTANCES)
@pytest.mark.parametrize("shape", SHARES)
@pytest.mark.parametrize("rows", [200, 2000])
def test_samples_of_one_distribution_are_told_apart_as_seldom_as_was_asked(name, shape, rows):
    random = np.random.default_rng(7)
    told, draws, alpha = 0, 400, 0.01
    for _ in range(draws):
        before, now = (random.multinomial(size, SHARES[shape]).astype(float) for size in (1400, rows))
        told += MEASURES[name](before, now) > largest_by_chance(name, before, now, alpha)
    assert told <= draws * alpha * 3


@pytest.mark.parametrize("name", DISTANCES)
def test_another_distribution_is_told(name):
    before, now = np.asarray([700.0, 700.0]), np.asarray([20.0, 180.0])
    assert MEASURES[name](before, now) > largest_by_chance(name, before, now, 1e-6)


def test_one_bin_is_never_apart():
    assert largest_by_chance("population_stability_index", np.asarray([5.0, 0]), np.asarray([7.0, 0]), 0.01) == 0


def test_two_estimates_are_held_against_the_root_of_their_variances():
    window = estimate(0.7, {"lower": 0.7 - 1.96 * 0.03, "upper": 0.7 + 1.96 * 0.03}, 100)
    baseline = estimate(0.8, {"lower": 0.8 - 1.96 * 0.04, "upper": 0.8 + 1.96 * 0.04}, 100)
    assert explained_by_chance(0.1, window, baseline, 0.025) == pytest.approx(1.96 * math.hypot(0.04, 0.04), rel=1e-3)
    assert explained_by_chance(0.1, window, None, 0.025) == pytest.approx(1.96 * 0.03, rel=1e-3)
    assert explained_by_chance(0.1, estimate(0.7, None, 100), baseline, 0.025) is None


def test_nobody_of_a_few_is_not_taken_for_certain():
    nobody = estimate(0.0, {"lower": 0.0, "upper": 0.0}, 30)
    baseline = Estimate(0.15, math.sqrt(0.15 * 0.85 / 10_000), 10_000)
    chance = explained_by_chance(0.15, nobody, baseline, 1e-5)
    assert chance is not None and chance > 0.15


def test_a_ratio_is_compared_by_its_logarithm():
    found = logarithm(estimate(0.5, {"lower": 0.25, "upper": 1.0}, 100))
    assert found.value == pytest.approx(math.log(0.5))
    assert found.error == pytest.approx(math.log(4) / (2 * 1.96), rel=1e-3)
    assert logarithm(estimate(0.0, {"lower": 0.0, "upper": 0.3}, 100)).error is None
