"""What every bias metric shares: its names, its refusals, its interval and the rows it must rest on.

A metric that cannot be told from the rows at hand has no value and gives the reason. It is never zero or parity by
default.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model_governance.evaluation.bias.cube import MISSING, A, Comparison, D
from model_governance.evaluation.bias.intervals import Interval, Statistic, bootstrap, katz, newcombe

LABEL, PREDICTION = "label", "predicted label"
GROUPS = ((A, "a"), (D, "d"))


@dataclass(frozen=True)
class Rules:
    """What a metric is held to before it counts.

    Attributes:
        minimum_rows: Rows that each of its proportions must rest on, at least 1.
        seed: Of the bootstrap.
    """

    minimum_rows: int = 1
    seed: int = 0


@dataclass(frozen=True)
class Assessed:
    """A metric's value, or None with the reason why it cannot be assessed.

    Attributes:
        value: The value; None where it cannot be assessed.
        reason: Why there is no value; else empty.
        interval: Where the value lies at 95 %; also where there are too few rows for a value. None without one.
        note: What a reader must know of the rows behind the value, such as subgroups left out.
    """

    value: float | None
    reason: str = ""
    interval: Interval | None = None
    note: str = ""


@dataclass(frozen=True)
class Proportion:
    """A share of rows.

    Attributes:
        successes: Rows that count.
        rows: Rows that it is a share of.
        what: What the rows are, such as ``rows of group d with a positive label``.
    """

    successes: int
    rows: int
    what: str

    @property
    def share(self) -> float:
        """In [0, 1]; there must be rows."""
        return self.successes / self.rows

    @property
    def pair(self) -> tuple[int, int]:
        """Successes and rows."""
        return (self.successes, self.rows)


Assess = Callable[[Comparison, Rules], Assessed]


@dataclass(frozen=True)
class BiasMetric:
    """A metric under its two names: spelled out in limits and evidence, short in a Clarify report.

    Attributes:
        name: In limits and evidence.
        short_name: In a Clarify report.
        description: In a Clarify report.
        assess: The metric.
        is_always_judged: Whether it is evidence also where it has neither a value nor a limit. The others are then in
            the report alone, with the reason.
    """

    name: str
    short_name: str
    description: str
    assess: Assess
    is_always_judged: bool = False


def empty(c: Comparison) -> Assessed | None:
    """The refusal for a comparison with nobody in a group; None where both have rows."""
    for place, name in GROUPS:
        if c.rows[place] == 0:
            return Assessed(None, f"group {name} of facet {c.facet} has no rows (d = {c.value_or_threshold})")
    return None


def constant(c: Comparison, outcome: str) -> Assessed | None:
    """The refusal for one outcome throughout, which shows no parity; None where there are two."""
    cells = c.by_subgroup(outcome)[:MISSING].sum(axis=(0, 2)).tolist()
    if 0 in cells:
        return Assessed(None, f"every {outcome} of the {sum(cells)} rows is {'positive' if cells[1] else 'negative'}")
    return None


def share_of(c: Comparison, cells: Callable[[NDArray[np.int64]], tuple[int, int]], what: str) -> list[Proportion]:
    """The same share of each group's confusion matrix, a first.

    Args:
        c: The comparison.
        cells: From a group's rows by label and prediction, int64, shape (2, 2), to successes and rows.
        what: What the rows are, after "rows of group d".
    """
    confusion = c.confusion
    found = []
    for place, name in GROUPS:
        successes, rows = cells(confusion[place])
        found.append(Proportion(int(successes), int(rows), f"rows of group {name}{what}"))
    return found


def difference(c: Comparison, rules: Rules, first: Proportion, second: Proportion) -> Assessed:
    """``first - second``, in [-1, 1], with Newcombe's interval."""
    refusal = empty(c) or _without_rows(c, (first, second))
    if refusal:
        return refusal
    interval = newcombe(first.pair, second.pair)
    return enough(first.share - second.share, (first, second), rules, interval)


def ratio(c: Comparison, rules: Rules, first: Proportion, second: Proportion) -> Assessed:
    """``first / second``, in [0, infinity), with Katz's interval; not assessable where the second is 0."""
    refusal = empty(c) or _without_rows(c, (first, second))
    if refusal:
        return refusal
    if second.successes == 0:
        return Assessed(None, f"none of the {second.rows} {second.what} is predicted positive: division by zero")
    return enough(first.share / second.share, (first, second), rules, katz(first.pair, second.pair))


def drawn(
    c: Comparison,
    rules: Rules,
    table: NDArray[np.int64],
    statistic: Statistic,
    rests_on: Iterable[Proportion] = (),
    note: str = "",
) -> Assessed:
    """A statistic of a table of counts, with the bootstrap's interval; its value at the table must be finite.

    Args:
        c: The comparison.
        rules: Seed and minimum.
        table: int64, shape (groups, cells ...).
        statistic: Of such tables, vectorised over leading axes.
        rests_on: What must have enough rows; the two groups unless given.
        note: As in ``Assessed``.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(statistic(table.astype(np.float64)))
    if not math.isfinite(value):
        return Assessed(None, "the counts give no finite value")
    interval = bootstrap(table, statistic, rules.seed)
    return enough(value, tuple(rests_on) or whole(c), rules, interval, note)


def whole(c: Comparison) -> tuple[Proportion, ...]:
    """All rows of each group."""
    return tuple(Proportion(0, int(c.rows[place]), f"rows of group {name}") for place, name in GROUPS)


def enough(
    value: float, rests_on: Iterable[Proportion], rules: Rules, interval: Interval | None, note: str = ""
) -> Assessed:
    """The value, or the refusal that names what rests on too few rows; with the interval either way."""
    few = [f"{one.rows} {one.what}" for one in rests_on if one.rows < rules.minimum_rows]
    if few:
        return Assessed(None, f"{' and '.join(few)}: fewer than the {rules.minimum_rows} asked for", interval, note)
    return Assessed(value, "", interval, note)


def _without_rows(c: Comparison, shares: Iterable[Proportion]) -> Assessed | None:
    for one in shares:
        if one.rows == 0:
            return Assessed(None, f"facet {c.facet}, d = {c.value_or_threshold}: there are no {one.what}")
    return None
