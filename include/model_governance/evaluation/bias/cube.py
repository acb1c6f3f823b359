"""One facet's rows as counts: the cube from which every count-based metric derives, whatever the rows lay in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from model_governance.errors import EvaluationRefused
from model_governance.evaluation.bias.axes import FacetAxis, LabelAxis

Counts = NDArray[np.int64]

A, D, MISSING = 0, 1, 2
"""Places of the advantaged group, the disadvantaged group and the rows that do not say on a comparison's first axis."""


@dataclass(frozen=True)
class Flips:
    """What the fliptest found in group d of a comparison.

    Attributes:
        gained: Rows predicted negative whose neighbours in group a are predicted positive (F+).
        lost: Rows predicted positive whose neighbours in group a are predicted negative (F-).
        rows: Rows of group d that were looked at.
        detail: Neighbours, features and sample in one line.
    """

    gained: int
    lost: int
    rows: int
    detail: str = ""


@dataclass(frozen=True)
class Comparison:
    """One group d of a facet against the rest.

    Attributes:
        facet: The column.
        value_or_threshold: What selects d, such as ``0``, ``b,c`` or ``(40, inf)``.
        counts: int64, shape (3, n_labels, n_predictions, n_subgroups): the groups a, d and missing; label values; not
            and predicted positive (one place without predictions); values of the group variable, the last = missing
            (one place without a group variable).
        labels: The label axis.
        group_variable: The column that divides the subgroups; None without one.
        subgroups: Spelling of each value of the group variable, the last "".
        flips: The fliptest's finding; None where there is none.
        no_flips: Why there is none.
    """

    facet: str
    value_or_threshold: str
    counts: Counts
    labels: LabelAxis
    group_variable: str | None = None
    subgroups: tuple[str, ...] = ("",)
    flips: Flips | None = None
    no_flips: str = "not computed: the features of the rows were not given"

    @property
    def has_predictions(self) -> bool:
        """Whether the rows were predicted."""
        return bool(self.counts.shape[2] == 2)

    @cached_property
    def rows(self) -> Counts:
        """Rows of a, d and missing: int64, shape (3,)."""
        total: Counts = self.counts.sum(axis=(1, 2, 3))
        return total

    @cached_property
    def label_counts(self) -> Counts:
        """Rows by label value: int64, shape (3, n_labels)."""
        total: Counts = self.counts.sum(axis=(2, 3))
        return total

    @cached_property
    def confusion(self) -> Counts:
        """Rows by label and prediction, each 0 = negative and 1 = positive: int64, shape (3, 2, 2)."""
        cells = self.counts.sum(axis=3)
        return np.stack([cells[:, ~self._favourable].sum(axis=1), cells[:, self._favourable].sum(axis=1)], axis=1)

    def positive(self, outcome: str) -> Counts:
        """Rows with a positive outcome (``label`` or ``predicted label``) in a, d and missing: int64, shape (3,)."""
        positive: Counts = self.by_subgroup(outcome)[:, 1].sum(axis=1)
        return positive

    def by_subgroup(self, outcome: str) -> Counts:
        """Rows by outcome (0 = negative, 1 = positive) and subgroup: int64, shape (3, 2, n_subgroups)."""
        if outcome == "label":
            cells = self.counts.sum(axis=2)
            return np.stack([cells[:, ~self._favourable].sum(axis=1), cells[:, self._favourable].sum(axis=1)], axis=1)
        total: Counts = self.counts.sum(axis=1)
        return total

    def detail(self, outcome: str) -> str:
        """The counts in one line."""
        positive, rows = self.positive(outcome), self.rows
        return (
            f"facet {self.facet}, d = {self.value_or_threshold}: positive {positive[D]} of {rows[D]} in d, "
            f"{positive[A]} of {rows[A]} in a, {positive[MISSING]} of {rows[MISSING]} where {self.facet} is missing"
        )

    def with_flips(self, flips: Flips | None, reason: str = "") -> Comparison:
        """The comparison with the fliptest's finding, or with the reason why there is none."""
        return replace(self, flips=flips, no_flips=reason)

    @property
    def _favourable(self) -> NDArray[np.bool_]:
        return np.asarray(self.labels.favourable, dtype=np.bool_)


@dataclass(frozen=True)
class Cube:
    """Every row of a data set, counted by facet value, label, prediction and subgroup.

    Attributes:
        facet: The facet axis; its last place is for rows that do not say.
        labels: The label axis.
        counts: int64, shape (n_facet_values, n_labels, n_predictions, n_subgroups), as in ``Comparison``.
        group_variable: As in ``Comparison``.
        subgroups: As in ``Comparison``.
    """

    facet: FacetAxis
    labels: LabelAxis
    counts: Counts
    group_variable: str | None = None
    subgroups: tuple[str, ...] = ("",)

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """Each group d that the facet declares, against the rest."""
        return tuple(self._comparison(place) for place in self.facet.compared)

    def _comparison(self, place: int) -> Comparison:
        d, missing = self.counts[place], self.counts[-1]
        a = self.counts[:-1].sum(axis=0) - d
        return Comparison(
            facet=self.facet.name,
            value_or_threshold=self.facet.values[place],
            counts=np.stack([a, d, missing]),
            labels=self.labels,
            group_variable=self.group_variable,
            subgroups=self.subgroups,
        )


def fill_cube(
    facet: FacetAxis,
    labels: LabelAxis,
    places: Sequence[NDArray[np.int64]],
    rows: NDArray[np.int64] | None,
    *,
    predicted: bool,
    group_variable: str | None = None,
    subgroups: tuple[str, ...] = ("",),
) -> Cube:
    """The cube of rows, or of cells counted already.

    Args:
        facet: The facet axis.
        labels: The label axis.
        places: Four arrays of int64, shape (n,): each cell's place on the facet, label, prediction and subgroup axis.
        rows: int64, shape (n,): how many rows each cell stands for; None where each stands for one.
        predicted: Whether there are predictions.
        group_variable: As in ``Comparison``.
        subgroups: As in ``Comparison``.

    Raises:
        EvaluationRefused: If there are no rows.
    """
    if len(places[0]) == 0:
        raise EvaluationRefused(f"facet {facet.name!r}: there are no rows, so that there is nothing to compare")
    shape = (len(facet.values), len(labels.values), 2 if predicted else 1, len(subgroups))
    flat = np.ravel_multi_index(tuple(places), shape)
    counts = np.zeros(int(np.prod(shape)), dtype=np.int64)
    np.add.at(counts, flat, 1 if rows is None else rows)
    return Cube(facet, labels, counts.reshape(shape), group_variable, subgroups)
