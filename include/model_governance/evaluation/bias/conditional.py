"""Demographic disparity within the subgroups of a group variable; apart because labels and predictions share it.

A subgroup that knows one outcome only has no disparity: one of its two shares is 0/0. smclarify takes such a share for
0 and goes on; here the subgroup is left out of the average and named. Rows without a value of the group variable stand
in no subgroup, and rows without a facet in neither group (smclarify counts the latter with group a).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model_governance.evaluation.bias.cube import MISSING, A, Comparison, D
from model_governance.evaluation.bias.metric import GROUPS, Assessed, Proportion, Rules, constant, drawn, empty


def conditional_demographic_disparity(c: Comparison, rules: Rules, outcome: str) -> Assessed:
    """CDD = (sum over subgroups i of n_i DD_i) / (sum of n_i), in [-1, 1]; 0 = no disparity within the subgroups.

    Not assessable without a group variable, with an empty group, one outcome throughout, and where no subgroup has both
    groups and both outcomes; a subgroup of one group alone adds its rows and no disparity. With one subgroup it is the
    plain demographic disparity, and says so. Interval: bootstrap.
    """
    if c.group_variable is None:
        return Assessed(None, "not computed: the use case declares no group_variable")
    refusal = empty(c) or constant(c, outcome)
    if refusal:
        return refusal
    table = c.by_subgroup(outcome)[:MISSING, :, :-1]
    by_outcome = table.sum(axis=0)
    counted = by_outcome.min(axis=0) > 0
    mixed = counted & (table.sum(axis=1).min(axis=0) > 0)
    if not mixed.any():
        return Assessed(
            None,
            f"no subgroup of {c.group_variable} has rows of both groups, and both a positive and a negative {outcome}",
        )
    rests_on = [
        Proportion(0, int(table[place][:, mixed].sum()), f"rows of group {name} in subgroups of both groups")
        for place, name in GROUPS
    ]
    return drawn(c, rules, table[:, :, counted], _disparity, rests_on, _note(c, outcome, by_outcome, counted))


def _disparity(tables: NDArray[np.float64]) -> NDArray[np.float64]:
    """CDD of tables, float64, shape (..., 2 groups, 2 outcomes, n_subgroups)."""
    by_outcome = tables.sum(axis=-3)
    share = tables[..., D, :, :] / by_outcome
    weights = np.where(by_outcome.min(axis=-2) > 0, by_outcome.sum(axis=-2), 0.0)
    disparity = np.where(weights > 0, share[..., 0, :] - share[..., 1, :], 0.0)
    average: NDArray[np.float64] = (weights * disparity).sum(axis=-1) / weights.sum(axis=-1)
    return average


def _note(c: Comparison, outcome: str, by_outcome: NDArray[np.int64], counted: NDArray[np.bool_]) -> str:
    """Which subgroups and rows are behind the value, and which are not."""
    said = [f"{int(counted.sum())} subgroups of {c.group_variable}"]
    if counted.sum() == 1:
        said = [f"one subgroup of {c.group_variable}, {c.subgroups[int(counted.argmax())]}: nothing is held fixed"]
    left_out = [
        (c.subgroups[place], int(by_outcome[:, place].sum()))
        for place in np.flatnonzero(~counted).tolist()
        if by_outcome[:, place].sum()
    ]
    if left_out:
        shown = ", ".join(f"{name} ({rows} rows)" for name, rows in left_out[:3])
        more = ", ..." if len(left_out) > 3 else ""
        said.append(f"left out for one {outcome} throughout: {shown}{more}")
    missing = int(c.by_subgroup(outcome)[[A, D], :, -1].sum())
    if missing:
        said.append(f"left out for no {c.group_variable}: {missing} rows")
    return "; ".join(said)
