"""Intervals against published examples and by their laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_governance.evaluation.bias.intervals import DRAWS, bootstrap, katz, newcombe, wilson


def test_wilson_as_published():
    # Newcombe (1998), "Two-sided confidence intervals for the single proportion", table I: 81/263 and 0/20.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)


@pytest.mark.parametrize(
    ("first", "second", "bounds"),
    # Newcombe (1998), "Interval estimation for the difference", table II, method 10.
    [
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((5, 56), (0, 29), (-0.0381, 0.1926)),
    ],
)
def test_newcombe_as_published(first, second, bounds):
    found = newcombe(first, second)
    assert (found.lower, found.upper) == pytest.approx(bounds, abs=5e-5)


def test_katz_by_hand():
    # log(2) plus and minus 1.96 sqrt(1/20 - 1/100 + 1/10 - 1/100)
    found = katz((20, 100), (10, 100))
    spread = np.exp(1.959963984540054 * np.sqrt(0.13))
    assert (found.lower, found.upper) == pytest.approx((2 / spread, 2 * spread))


shares = st.integers(1, 10**6).flatmap(lambda rows: st.tuples(st.integers(0, rows), st.just(rows)))


@given(shares, shares)
def test_an_interval_of_a_difference_holds_it_and_lies_in_its_range(first, second):
    found = newcombe(first, second)
    difference = first[0] / first[1] - second[0] / second[1]
    assert -1 <= found.lower <= difference + 1e-12
    assert difference - 1e-12 <= found.upper <= 1


def test_the_bootstrap_repeats_itself_and_finds_what_the_formula_does():
    table = np.asarray([[400, 600], [250, 250]])

    def difference(t):
        return t[..., 0, 0] / t[..., 0, :].sum(axis=-1) - t[..., 1, 0] / t[..., 1, :].sum(axis=-1)

    found, again = bootstrap(table, difference, 7), bootstrap(table, difference, 7)
    formula = newcombe((400, 1000), (250, 500))
    assert found == again
    assert found != bootstrap(table, difference, 8)
    assert (found.lower, found.upper) == pytest.approx((formula.lower, formula.upper), abs=0.01)


def test_a_bound_that_is_infinite_is_none():
    found = bootstrap(np.asarray([[50, 2]]), lambda t: t[..., 0, 0] / t[..., 0, 1], 7)
    assert found.lower > 0
    assert found.upper is None
    assert found.detail.startswith("95 % interval [") and ", inf] (bootstrap" in found.detail


def test_a_statistic_that_is_mostly_undefined_has_no_bounds():
    found = bootstrap(np.asarray([[1, 1]]), lambda t: np.where(t[..., 0, 0] == 1, 1.0, np.nan), 7)
    assert (found.lower, found.upper) == (None, None)
    assert f"of {DRAWS} draws" in found.method
