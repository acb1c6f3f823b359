"""Distances: literals by hand, then their ranges, their zero and their symmetry by properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp

from model_governance.evaluation.distances import (
    chi_squared,
    jensen_shannon_distance,
    kolmogorov_smirnov,
    l_infinity,
    population_stability_index,
    robust,
)

COUNTS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=8).filter(
    lambda pairs: any(a for a, _ in pairs) and any(b for _, b in pairs)
)
VALUES = st.lists(st.integers(-20, 20), min_size=1, max_size=40)


def counts(pairs):
    return np.asarray([a for a, _ in pairs], dtype=float), np.asarray([b for _, b in pairs], dtype=float)


def ks(a, b):
    a, b = np.sort(np.asarray(a, dtype=float)), np.sort(np.asarray(b, dtype=float))
    return kolmogorov_smirnov(a, np.ones(len(a)), b, np.ones(len(b)))


def test_by_hand():
    p, q = np.asarray([50.0, 50.0]), np.asarray([25.0, 75.0])
    assert population_stability_index(p, q) == pytest.approx(0.25 * math.log(0.5 / 0.25) + 0.25 * math.log(0.75 / 0.5))
    assert l_infinity(p, q) == 0.25
    assert jensen_shannon_distance(np.asarray([1.0, 0.0]), np.asarray([0.0, 1.0])) == 1.0
    assert ks([1, 2, 3, 4], [3, 4, 5, 6]) == 0.5
    statistic, probability = chi_squared(np.asarray([10.0, 10.0]), np.asarray([20.0, 0.0]))
    assert statistic == pytest.approx(40 / 3)
    assert probability < 0.001


def test_few_rows_explain_a_distance_that_many_do_not():
    assert robust(0.2, 50, 50) == 0.0
    assert robust(0.2, 1e9, 1e9) == pytest.approx(0.2, abs=1e-3)
    assert robust(0.5, 100, 100) == pytest.approx(0.5 - 1.8 * math.sqrt(0.02))


@given(COUNTS)
def test_distances_of_counts_keep_to_their_ranges_and_are_symmetric_where_they_say_so(pairs):
    p, q = counts(pairs)
    assert population_stability_index(p, q) >= 0
    assert 0 <= jensen_shannon_distance(p, q) <= 1
    assert 0 <= l_infinity(p, q) <= 1
    assert jensen_shannon_distance(p, q) == pytest.approx(jensen_shannon_distance(q, p), abs=1e-12)
    assert jensen_shannon_distance(p, q) == pytest.approx(jensenshannon(p, q, base=2), abs=1e-6)
    assert 0 <= chi_squared(p, q)[1] <= 1


@given(COUNTS)
def test_equal_counts_are_no_distance_apart(pairs):
    p, _ = counts(pairs)
    twice = p * 2
    assert population_stability_index(p, twice) == pytest.approx(0, abs=1e-12)
    assert jensen_shannon_distance(p, twice) == pytest.approx(0, abs=1e-7)
    assert l_infinity(p, twice) == pytest.approx(0, abs=1e-12)
    assert chi_squared(p, twice)[0] == pytest.approx(0, abs=1e-9)


@given(VALUES, VALUES)
def test_kolmogorov_smirnov_is_the_two_sample_statistic(a, b):
    assert ks(a, b) == pytest.approx(ks_2samp(a, b).statistic)
    assert ks(a, b) == pytest.approx(ks(b, a))
    assert ks(a, a) == 0
