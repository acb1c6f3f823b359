"""Bias of the labels before anything is trained on them; every pre-training metric of SageMaker Clarify.

Source of each: Amazon SageMaker AI Developer Guide, "Pre-training Bias Metrics", on the page named in its docstring.
Below, n is a count of rows, the suffix a or d its group, q = n(positive label) / n in a group, and P(y) the share of
the label value y among a group's rows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model_governance.evaluation.bias.conditional import conditional_demographic_disparity
from model_governance.evaluation.bias.cube import MISSING, A, Comparison, D
from model_governance.evaluation.bias.intervals import Interval, Statistic, wilson
from model_governance.evaluation.bias.metric import (
    GROUPS,
    LABEL,
    Assessed,
    BiasMetric,
    Proportion,
    Rules,
    constant,
    difference,
    drawn,
    empty,
    enough,
    whole,
)

Tables = NDArray[np.float64]

DEFAULT = Rules()


def class_imbalance(c: Comparison, rules: Rules = DEFAULT) -> Assessed:
    """CI = (n_a - n_d) / (n_a + n_d), in [-1, 1]: how much the advantaged group outnumbers the disadvantaged one.

    0 = as many rows in each; towards 1 = group d is hardly seen in the data. Not assessable with an empty group.
    Interval: Wilson's for n_a / (n_a + n_d). Page: "Class Imbalance (CI)".
    """
    n_a, n_d = int(c.rows[A]), int(c.rows[D])
    refusal = empty(c)
    if refusal:
        return refusal
    low, high = wilson(n_a, n_a + n_d)
    return enough((n_a - n_d) / (n_a + n_d), whole(c), rules, Interval(2 * low - 1, 2 * high - 1, "Wilson"))


def difference_in_proportions_of_labels(c: Comparison, rules: Rules = DEFAULT) -> Assessed:
    """DPL = q_a - q_d, in [-1, 1].

    0 = demographic parity in the labels; positive = group a has the larger share of positive labels. Not assessable
    with an empty group, or one label throughout. Interval: Newcombe's. Page: "Difference in Proportions of Labels
    (DPL)".
    """
    positive = c.positive(LABEL)
    a, d = (Proportion(int(positive[at]), int(c.rows[at]), f"rows of group {name}") for at, name in GROUPS)
    return empty(c) or constant(c, LABEL) or difference(c, rules, a, d)


def kullback_leibler_divergence(c: Comparison, rules: Rules = DEFAULT) -> Assessed:
    """KL = sum over y of P_a(y) log(P_a(y) / P_d(y)), natural logarithm, in [0, infinity).

    0 = both groups have the same distribution of labels. Not assessable with an empty group, one label throughout, and
    where a label of group a never occurs in d: the divergence is infinite then, which smclarify hides by dropping that
    label. Every label value counts by itself; smclarify first reduces the labels to favourable or not. Interval:
    bootstrap. Page: "Kullback-Leibler Divergence (KL)".
    """
    seen = c.label_counts
    absent = [value for place, value in enumerate(c.labels.values) if seen[A, place] and not seen[D, place]]
    refusal = empty(c) or _constant_labels(c)
    if refusal is None and absent:
        return Assessed(None, f"label {absent[0]} occurs in group a and never in d: the divergence is infinite")
    return refusal or drawn(c, rules, seen[:MISSING], lambda t: _divergence(_shares(t, A), _shares(t, D)))


def jensen_shannon_divergence(c: Comparison, rules: Rules = DEFAULT) -> Assessed:
    """JS = (KL(P_a, P) + KL(P_d, P)) / 2 with P = (P_a + P_d) / 2, natural logarithm, in [0, log 2].

    0 = both groups have the same distribution of labels. Not assessable with an empty group, or one label throughout. A
    label that one group never has counts (0 log 0 = 0); smclarify drops it from both. Interval: bootstrap. Page:
    "Jensen-Shannon Divergence (JS)".
    """

    def statistic(t: Tables) -> Tables:
        a, d = _shares(t, A), _shares(t, D)
        return (_divergence(a, (a + d) / 2) + _divergence(d, (a + d) / 2)) / 2

    return _distance(c, rules, statistic)


def lp_norm(c: Comparison, rules: Rules = DEFAULT) -> Assessed:
    """LP = (sum over y of |P_a(y) - P_d(y)|^2)^(1/2), in [0, sqrt 2]; p is 2, as Clarify has it.

    0 = both groups have the same distribution of labels. Not assessable with an empty group, or one label throughout.
    A label that one group never has counts; smclarify drops it. Interval: bootstrap. Page: "Lp-norm (LP)".
    """
    return _distance(c, rules, lambda t: np.sqrt(((_shares(t, A) - _shares(t, D)) ** 2).sum(axis=-1)))


def total_variation_distance(c: Comparison, rules: Rules = DEFAULT) -> Assessed:
    """TVD = (sum over y of |P_a(y) - P_d(y)|) / 2, in [0, 1].

    0 = both groups have the same distribution of labels. Not assessable with an empty group, or one label throughout.
    A label that one group never has counts; smclarify drops it. Interval: bootstrap. Page: "Total Variation Distance
    (TVD)".
    """
    return _distance(c, rules, lambda t: np.abs(_shares(t, A) - _shares(t, D)).sum(axis=-1) / 2)


def kolmogorov_smirnov(c: Comparison, rules: Rules = DEFAULT) -> Assessed:
    """KS = max over y of |P_a(y) - P_d(y)|, in [0, 1].

    0 = both groups have the same distribution of labels. Not assessable with an empty group, or one label throughout.
    A label that one group never has counts; smclarify drops it. Interval: bootstrap. Page: "Kolmogorov-Smirnov (KS)".
    """
    return _distance(c, rules, lambda t: np.abs(_shares(t, A) - _shares(t, D)).max(axis=-1))


def conditional_demographic_disparity_in_labels(c: Comparison, rules: Rules = DEFAULT) -> Assessed:
    """CDDL = (sum over subgroups i of n_i DD_i) / (sum of n_i), in [-1, 1], on labels.

    DD_i = n_d(negative) / n(negative) - n_d(positive) / n(positive) within the subgroup i of the group variable. 0 = no
    disparity once the group variable is held fixed; positive = group d has a larger share of the refused than of the
    accepted. See ``conditional`` for what is left out. Page: "Conditional Demographic Disparity (CDD)".
    """
    return conditional_demographic_disparity(c, rules, LABEL)


PRE_TRAINING = (
    BiasMetric(
        "conditional_demographic_disparity_in_labels",
        "CDDL",
        "Conditional Demographic Disparity in Labels (CDDL)",
        conditional_demographic_disparity_in_labels,
    ),
    BiasMetric("class_imbalance", "CI", "Class Imbalance (CI)", class_imbalance, is_always_judged=True),
    BiasMetric(
        "difference_in_proportions_of_labels",
        "DPL",
        "Difference in Positive Proportions in Labels (DPL)",
        difference_in_proportions_of_labels,
        is_always_judged=True,
    ),
    BiasMetric("jensen_shannon_divergence", "JS", "Jensen-Shannon Divergence (JS)", jensen_shannon_divergence),
    BiasMetric("kullback_leibler_divergence", "KL", "Kullback-Leibler Divergence (KL)", kullback_leibler_divergence),
    BiasMetric("kolmogorov_smirnov", "KS", "Kolmogorov-Smirnov Distance (KS)", kolmogorov_smirnov),
    BiasMetric("lp_norm", "LP", "L-p Norm (LP)", lp_norm),
    BiasMetric("total_variation_distance", "TVD", "Total Variation Distance (TVD)", total_variation_distance),
)
"""Every pre-training metric, in the order of a Clarify report."""


def _distance(c: Comparison, rules: Rules, statistic: Statistic) -> Assessed:
    return empty(c) or _constant_labels(c) or drawn(c, rules, c.label_counts[:MISSING], statistic)


def _shares(tables: Tables, group: int) -> Tables:
    """P(y) of a group, float64, shape (..., n_labels)."""
    rows = tables[..., group, :]
    shares: Tables = rows / rows.sum(axis=-1, keepdims=True)
    return shares


def _divergence(p: Tables, q: Tables) -> Tables:
    """KL(p, q) over the last axis, with 0 log 0 = 0 and infinity where q is 0 and p is not."""
    terms = np.where(p > 0, p * np.log(np.where(p > 0, p, 1.0) / q), 0.0)
    total: Tables = terms.sum(axis=-1)
    return total


def _constant_labels(c: Comparison) -> Assessed | None:
    """The refusal for one label value throughout; values that are alike in being favourable are still two."""
    seen = [
        value
        for value, rows in zip(c.labels.values, c.label_counts[:MISSING].sum(axis=0).tolist(), strict=True)
        if rows
    ]
    if len(seen) == 1:
        return constant(c, LABEL)
    return None
