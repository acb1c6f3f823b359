"""Laws of the metrics on rows drawn at random, and each metric counted row by row beside them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.model_governance.evaluation.bias.conftest import compare

from model_governance.evaluation.bias import intervals
from model_governance.evaluation.bias.metric import Rules
from model_governance.evaluation.bias.post_training import POST_TRAINING
from model_governance.evaluation.bias.pre_training import PRE_TRAINING

METRICS = {metric.short_name: metric for metric in (*PRE_TRAINING, *POST_TRAINING) if metric.short_name != "FT"}
RANGES = {
    **dict.fromkeys(["CI", "DPL", "CDDL", "CDDPL", "DPPL", "AD", "RD", "SD", "DAR", "DRR"], (-1.0, 1.0)),
    **dict.fromkeys(["TVD", "KS"], (0.0, 1.0)),
    **dict.fromkeys(["KL", "DI", "GE"], (0.0, math.inf)),
    **dict.fromkeys(["DCA", "DCR", "TE"], (-math.inf, math.inf)),
    "JS": (0.0, math.log(2)),
    "LP": (0.0, math.sqrt(2)),
}
TURNS = ["CI", "DPL", "DPPL", "AD", "RD", "SD", "DAR", "DRR", "DCA", "DCR", "TE", "CDDL", "CDDPL"]
STAYS = ["JS", "LP", "TVD", "KS", "GE"]

Row = tuple[int | None, int, int, str | None]
row_sets = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 1, None]), st.integers(0, 1), st.integers(0, 1), st.sampled_from(["n", "s", "s", None])
    ),
    min_size=1,
    max_size=40,
)


@pytest.fixture(autouse=True, scope="module")
def _few_draws() -> Iterator[None]:
    """Intervals are not what is asked for here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intervals, "DRAWS", 2)
        yield


def values(rows: list[Row]) -> dict[str, float | None]:
    facet, labels, predicted, groups = (list(column) for column in zip(*rows, strict=True))
    compared = compare(facet, labels, predicted, groups)
    return {name: metric.assess(compared, Rules()).value for name, metric in METRICS.items()}


@settings(deadline=None)
@given(row_sets)
def test_values_lie_in_their_ranges(rows):
    for name, found in values(rows).items():
        lowest, highest = RANGES[name]
        assert found is None or lowest - 1e-12 <= found <= highest + 1e-12, name


@settings(deadline=None)
@given(row_sets, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert values(rows) == values(shuffled)


@settings(deadline=None)
@given(row_sets)
def test_swapping_the_groups_turns_the_sign_or_nothing(rows):
    here, there = values(rows), values([(None if facet is None else 1 - facet, *rest) for facet, *rest in rows])
    for name in (*TURNS, *STAYS):
        assert (here[name] is None) == (there[name] is None), name
        if here[name] is not None:
            assert here[name] == pytest.approx(-there[name] if name in TURNS else there[name], abs=1e-9), name
    assert not here["DI"] or not there["DI"] or here["DI"] * there["DI"] == pytest.approx(1)


def share(rows: list[Row], counts: Callable[[Row], bool], among: Callable[[Row], bool] = lambda row: True) -> float:
    of = [row for row in rows if among(row)]
    return sum(counts(row) for row in of) / len(of)


def divergence(p: list[float], q: list[float]) -> float:
    return sum(x * (math.log(x / y) if y else math.inf) for x, y in zip(p, q, strict=True) if x)


def disparity(rows: list[Row], outcome: int) -> float:
    total, weights = 0.0, 0
    for name in ("n", "s"):
        own = [row for row in rows if row[3] == name and row[0] is not None]
        if {row[outcome] for row in own} == {0, 1}:
            refused = share(own, lambda row: row[0] == 0, lambda row: row[outcome] == 0)
            accepted = share(own, lambda row: row[0] == 0, lambda row: row[outcome] == 1)
            total, weights = total + len(own) * (refused - accepted), weights + len(own)
    return total / weights


def row_by_row(name: str, rows: list[Row]) -> float:
    """The metric as its definition reads, a walk over the rows; ZeroDivisionError where it has no value."""
    a, d = ([row for row in rows if row[0] == group] for group in (1, 0))
    p, q = ([share(group, lambda row, y=y: row[1] == y) for y in (0, 1)] for group in (a, d))
    m = [(x + y) / 2 for x, y in zip(p, q, strict=True)]
    gaps = [abs(x - y) for x, y in zip(p, q, strict=True)]

    def gap(counts: Callable[[Row], bool], among: Callable[[Row], bool] = lambda row: True) -> float:
        return share(a, counts, among) - share(d, counts, among)

    def ratio(group: list[Row], over: Callable[[Row], bool], under: Callable[[Row], bool]) -> float:
        return sum(map(over, group)) / sum(map(under, group))

    def benefit(row: Row) -> int:
        return row[2] - row[1] + 1

    def mean() -> float:
        return sum(map(benefit, rows)) / len(rows)

    def wrong(row: Row, label: int) -> bool:
        return row[1] == label and row[2] != label

    of: dict[str, Callable[[], float]] = {
        "CI": lambda: (len(a) - len(d)) / (len(a) + len(d)),
        "DPL": lambda: p[1] - q[1],
        "KL": lambda: divergence(p, q),
        "JS": lambda: (divergence(p, m) + divergence(q, m)) / 2,
        "LP": lambda: math.hypot(*gaps),
        "TVD": lambda: sum(gaps) / 2,
        "KS": lambda: max(gaps),
        "CDDL": lambda: disparity(rows, 1),
        "CDDPL": lambda: disparity(rows, 2),
        "DPPL": lambda: gap(lambda row: row[2] == 1),
        "DI": lambda: share(d, lambda row: row[2] == 1) / share(a, lambda row: row[2] == 1),
        "AD": lambda: gap(lambda row: row[1] == row[2]),
        "RD": lambda: gap(lambda row: row[2] == 1, lambda row: row[1] == 1),
        "SD": lambda: -gap(lambda row: row[2] == 0, lambda row: row[1] == 0),
        "DAR": lambda: gap(lambda row: row[1] == 1, lambda row: row[2] == 1),
        "DRR": lambda: -gap(lambda row: row[1] == 0, lambda row: row[2] == 0),
        "DCA": lambda: (
            ratio(a, lambda r: r[1] == 1, lambda r: r[2] == 1) - ratio(d, lambda r: r[1] == 1, lambda r: r[2] == 1)
        ),
        "DCR": lambda: (
            ratio(d, lambda r: r[1] == 0, lambda r: r[2] == 0) - ratio(a, lambda r: r[1] == 0, lambda r: r[2] == 0)
        ),
        "TE": lambda: (
            ratio(d, lambda r: wrong(r, 1), lambda r: wrong(r, 0))
            - ratio(a, lambda r: wrong(r, 1), lambda r: wrong(r, 0))
        ),
        "GE": lambda: sum((benefit(row) / mean()) ** 2 - 1 for row in rows) / (2 * len(rows)),
    }
    return of[name]()


def is_mixed(rows: list[Row], outcome: int) -> bool:
    """Whether some subgroup has both groups and both outcomes."""
    of = [[(row[0], row[outcome]) for row in rows if row[3] == name and row[0] is not None] for name in ("n", "s")]
    return any(len({row[0] for row in own}) == len({row[1] for row in own}) == 2 for own in of)


@settings(deadline=None)
@given(row_sets)
def test_counts_agree_with_a_walk_over_the_rows(rows):
    for name, found in values(rows).items():
        try:
            walked = row_by_row(name, rows)
        except ZeroDivisionError:
            walked = math.nan
        outcome = 2 if name in ("DPPL", "DI", "RD", "SD", "CDDPL") else 1
        if found is None:
            alike = len({row[outcome] for row in rows if row[0] is not None}) == 1
            unmixed = name in ("CDDL", "CDDPL") and not is_mixed(rows, outcome)
            assert not math.isfinite(walked) or alike or unmixed, name
        else:
            assert found == pytest.approx(walked, abs=1e-12), name


def test_more_rows_of_the_same_make_a_narrower_interval(monkeypatch):
    monkeypatch.setattr(intervals, "DRAWS", 400)
    rows: list[Row] = [(1, 1, 1, "n"), (1, 0, 1, "n"), (1, 0, 0, "s"), (1, 1, 0, "s"), (0, 1, 1, "n"), (0, 0, 0, "n")]
    rows += [(0, 0, 1, "s"), (0, 1, 0, "s"), (0, 0, 0, "s"), (1, 1, 1, "s")]
    for metric in METRICS.values():
        widths = []
        for times in (10, 100, 1000):
            facet, labels, predicted, groups = (list(column) for column in zip(*rows * times, strict=True))
            interval = metric.assess(compare(facet, labels, predicted, groups), Rules()).interval
            assert interval is not None
            widths.append(interval.upper - interval.lower)
        assert all(wider > narrower for wider, narrower in pairwise(widths)), (metric.name, widths)
