"""Bias of a model's predictions; every post-training metric of SageMaker Clarify.

Source of each: Amazon SageMaker AI Developer Guide, "Post-training Data and Model Bias Metrics", on the page named in
its docstring. Below, n is a count of rows, the suffix a or d its group; q' = n(predicted positive) / n in a group; TP,
FP, TN, FN are a group's true and false positives and negatives. Clarify takes 0/0 for 0 and writes Infinity for n/0;
here neither is taken for a measurement: the metric is not assessable and says what there was none of.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model_governance.evaluation.bias.conditional import conditional_demographic_disparity
from model_governance.evaluation.bias.cube import MISSING, A, Comparison, D
from model_governance.evaluation.bias.intervals import bootstrap
from model_governance.evaluation.bias.metric import (
    GROUPS,
    PREDICTION,
    Assessed,
    BiasMetric,
    Proportion,
    Rules,
    constant,
    difference,
    drawn,
    empty,
    enough,
    ratio,
    share_of,
    whole,
)

Tables = NDArray[np.float64]

DEFAULT = Rules()


def difference_in_positive_proportions_in_predicted_labels(c: Comparison, rules: Rules = DEFAULT) -> Assessed:
    """DPPL = q'_a - q'_d, in [-1, 1].

    0 = demographic parity in the predictions; positive = the model favours group a. Not assessable with an empty group,
    or one prediction throughout: a model that decides nothing shows no parity. Interval: Newcombe's. Page: "Difference
    in Positive Proportions in Predicted Labels (DPPL)".
    """
    a, d = share_of(c, lambda m: (m[:, 1].sum(), m.sum()), "")
    return empty(c) or constant(c, PREDICTION) or difference(c, rules, a, d)


def disparate_impact(c: Comparison, rules: Rules = DEFAULT) -> Assessed:
    """DI = q'_d / q'_a, in [0, infinity).

    1 = demographic parity in the predictions; below 1 = the model favours group a; 0 = it accepts nobody of group d.
    The four-fifths rule asks for at least 0.80. Not assessable with q'_a = 0, an empty group, or one prediction
    throughout. Interval: Katz's. Page: "Disparate Impact (DI)".
    """
    a, d = share_of(c, lambda m: (m[:, 1].sum(), m.sum()), "")
    return empty(c) or constant(c, PREDICTION) or ratio(c, rules, d, a)


def difference_in_conditional_acceptance(c: Comparison, rules: Rules = DEFAULT) -> Assessed:
    """DCA = c_a - c_d with c = n(positive label) / n(predicted positive), in (-infinity, infinity).

    0 = observed acceptances stand to predicted ones alike in both groups; positive = the model accepts too few of group
    a, or too many of d. Not assessable where nobody of a group is predicted positive. Interval: bootstrap. Page:
    "Difference in Conditional Acceptance (DCAcc)".
    """
    return _conditional(c, rules, outcome=1, sign=1)


def difference_in_conditional_rejection(c: Comparison, rules: Rules = DEFAULT) -> Assessed:
    """DCR = r_d - r_a with r = n(negative label) / n(predicted negative), in (-infinity, infinity).

    0 = observed rejections stand to predicted ones alike in both groups; positive = the model rejects too few of group
    d, or too many of a. Not assessable where nobody of a group is predicted negative. Interval: bootstrap. Page:
    "Difference in Conditional Rejection (DCR)".
    """
    return _conditional(c, rules, outcome=0, sign=-1)


def accuracy_difference(c: Comparison, rules: Rules = DEFAULT) -> Assessed:
    """AD = accuracy_a - accuracy_d with accuracy = (TP + TN) / n, in [-1, 1].

    0 = the model is right equally often in both groups; positive = more often in a. Not assessable with an empty group.
    Interval: Newcombe's. Page: "Accuracy Difference (AD)".
    """
    a, d = share_of(c, lambda m: (m[0, 0] + m[1, 1], m.sum()), "")
    return difference(c, rules, a, d)


def recall_difference(c: Comparison, rules: Rules = DEFAULT) -> Assessed:
    """RD = recall_a - recall_d with recall = TP / (TP + FN), in [-1, 1].

    0 = equal opportunity; positive = the model finds more of the positive labels of group a. Not assessable where a
    group has no positive label, or with one prediction throughout. Interval: Newcombe's. Page: "Recall Difference
    (RD)".
    """
    a, d = share_of(c, lambda m: (m[1, 1], m[1].sum()), " with a positive label")
    return empty(c) or constant(c, PREDICTION) or difference(c, rules, a, d)


def specificity_difference(c: Comparison, rules: Rules = DEFAULT) -> Assessed:
    """SD = specificity_d - specificity_a with specificity = TN / (TN + FP), in [-1, 1].

    0 = the model finds negative labels equally well in both groups; positive = better in d. Not assessable where a
    group has no negative label, or with one prediction throughout. Interval: Newcombe's. Page: "Specificity Difference
    (SD)".
    """
    a, d = share_of(c, lambda m: (m[0, 0], m[0].sum()), " with a negative label")
    return empty(c) or constant(c, PREDICTION) or difference(c, rules, d, a)


def difference_in_acceptance_rates(c: Comparison, rules: Rules = DEFAULT) -> Assessed:
    """DAR = precision_a - precision_d with precision = TP / (TP + FP), in [-1, 1].

    0 = those accepted deserve it equally often in both groups; positive = more often in a. Not assessable where nobody
    of a group is predicted positive. Interval: Newcombe's. Page: "Difference in Acceptance Rates (DAR)".
    """
    a, d = share_of(c, lambda m: (m[1, 1], m[:, 1].sum()), " predicted positive")
    return difference(c, rules, a, d)


def difference_in_rejection_rates(c: Comparison, rules: Rules = DEFAULT) -> Assessed:
    """DRR = v_d - v_a with v = TN / (TN + FN), in [-1, 1].

    0 = those rejected deserve it equally often in both groups; positive = more often in d. Not assessable where nobody
    of a group is predicted negative. Interval: Newcombe's. Page: "Difference in Rejection Rates (DRR)".
    """
    a, d = share_of(c, lambda m: (m[0, 0], m[:, 0].sum()), " predicted negative")
    return difference(c, rules, d, a)


def treatment_equality(c: Comparison, rules: Rules = DEFAULT) -> Assessed:
    """TE = t_d - t_a with t = FN / FP, in (-infinity, infinity).

    0 = errors fall to either side alike in both groups; positive = group d is wrongly rejected more often, per wrong
    acceptance. Not assessable where a group has no false positive. Interval: bootstrap. Page: "Treatment Equality
    (TE)".
    """
    errors = share_of(c, lambda m: (m[0, 1], m[0, 1] + m[1, 0]), " predicted wrongly")
    without = [name for (_, name), one in zip(GROUPS, errors, strict=True) if one.successes == 0]
    refusal = empty(c)
    if refusal is None and without:
        return Assessed(None, f"group {without[0]} has no false positive: division by zero")

    def statistic(t: Tables) -> Tables:
        each = t[..., 1, 0] / t[..., 0, 1]
        gap: Tables = each[..., D] - each[..., A]
        return gap

    return refusal or drawn(c, rules, c.confusion[:MISSING], statistic, errors)


def conditional_demographic_disparity_in_predicted_labels(c: Comparison, rules: Rules = DEFAULT) -> Assessed:
    """CDDPL = (sum over subgroups i of n_i DD_i) / (sum of n_i), in [-1, 1], on predicted labels.

    DD_i = n_d(predicted negative) / n(predicted negative) - n_d(predicted positive) / n(predicted positive) within the
    subgroup i. 0 = no disparity once the group variable is held fixed; positive = group d has a larger share of the
    rejected than of the accepted. See ``conditional`` for what is left out. Page: "Conditional Demographic Disparity in
    Predicted Labels (CDDPL)".
    """
    return conditional_demographic_disparity(c, rules, PREDICTION)


def counterfactual_fliptest(c: Comparison, rules: Rules = DEFAULT) -> Assessed:
    """FT = (F+ - F-) / n_d, in [-1, 1]; F+ and F- as in ``Flips``, n_d the rows of d that were looked at.

    0 = as many of group d would gain as lose by being predicted like their neighbours in group a; positive = more would
    gain; smclarify's value has the other sign. Not assessable without features, with an empty group, or with one
    prediction throughout. Interval: bootstrap of the rows of d. Page: "Counterfactual Fliptest (FT)".
    """
    refusal = empty(c) or constant(c, PREDICTION)
    if refusal:
        return refusal
    if c.flips is None:
        return Assessed(None, c.no_flips)
    gained, lost, rows = c.flips.gained, c.flips.lost, c.flips.rows
    table = np.asarray([[gained, lost, rows - gained - lost]], dtype=np.int64)
    interval = bootstrap(table, lambda t: (t[..., 0, 0] - t[..., 0, 1]) / t.sum(axis=(-2, -1)), rules.seed)
    return enough((gained - lost) / rows, whole(c), rules, interval, c.flips.detail)


def generalized_entropy(c: Comparison, rules: Rules = DEFAULT) -> Assessed:
    """GE = (sum over rows of (b / mean b)^2 - 1) / (2 n), b = prediction - label + 1, alpha = 2; in [0, infinity).

    0 = every row fares alike, none better or worse than it deserves; the larger, the more unequal. It is one number for
    all rows, those without a facet among them, and the same for every facet. Not assessable where every row is wrongly
    rejected. Interval: bootstrap. Page: "Generalized Entropy (GE)".
    """
    confusion = c.confusion
    rows = int(confusion.sum())
    if rows and confusion[:, 1, 0].sum() == rows:
        return Assessed(None, f"each of the {rows} rows is wrongly rejected: the mean benefit is zero")

    def statistic(t: Tables) -> Tables:
        of_all = t[..., 0, :, :]
        n = of_all.sum(axis=(-2, -1))
        better, worse = of_all[..., 0, 1], of_all[..., 1, 0]
        mean = (n + better - worse) / n
        square = (n - better - worse + 4 * better) / n
        entropy: Tables = (square / mean**2 - 1) / 2
        return entropy

    rests_on = [Proportion(0, rows, "rows")]
    return empty(c) or drawn(c, rules, confusion.sum(axis=0, keepdims=True), statistic, rests_on)


POST_TRAINING = (
    BiasMetric("accuracy_difference", "AD", "Accuracy Difference (AD)", accuracy_difference),
    BiasMetric(
        "conditional_demographic_disparity_in_predicted_labels",
        "CDDPL",
        "Conditional Demographic Disparity in Predicted Labels (CDDPL)",
        conditional_demographic_disparity_in_predicted_labels,
    ),
    BiasMetric(
        "difference_in_acceptance_rates",
        "DAR",
        "Difference in Acceptance Rates (DAR)",
        difference_in_acceptance_rates,
    ),
    BiasMetric(
        "difference_in_conditional_acceptance",
        "DCA",
        "Difference in Conditional Acceptance (DCA)",
        difference_in_conditional_acceptance,
    ),
    BiasMetric(
        "difference_in_conditional_rejection",
        "DCR",
        "Difference in Conditional Rejection (DCR)",
        difference_in_conditional_rejection,
    ),
    BiasMetric("disparate_impact", "DI", "Disparate Impact (DI)", disparate_impact, is_always_judged=True),
    BiasMetric(
        "difference_in_positive_proportions_in_predicted_labels",
        "DPPL",
        "Difference in Positive Proportions in Predicted Labels (DPPL)",
        difference_in_positive_proportions_in_predicted_labels,
        is_always_judged=True,
    ),
    BiasMetric(
        "difference_in_rejection_rates", "DRR", "Difference in Rejection Rates (DRR)", difference_in_rejection_rates
    ),
    BiasMetric("counterfactual_fliptest", "FT", "Counterfactual Fliptest (FT)", counterfactual_fliptest),
    BiasMetric("generalized_entropy", "GE", "Generalized Entropy (GE)", generalized_entropy),
    BiasMetric("recall_difference", "RD", "Recall Difference (RD)", recall_difference),
    BiasMetric("specificity_difference", "SD", "Specificity Difference (SD)", specificity_difference),
    BiasMetric("treatment_equality", "TE", "Treatment Equality (TE)", treatment_equality),
)
"""Every post-training metric, in the order of a Clarify report."""


def _conditional(c: Comparison, rules: Rules, *, outcome: int, sign: int) -> Assessed:
    """sign * (ratio_a - ratio_d), where ratio = n(label is the outcome) / n(prediction is the outcome)."""
    word = "positive" if outcome else "negative"
    predicted = share_of(c, lambda m: (m[outcome].sum(), m[:, outcome].sum()), f" predicted {word}")
    refusal = empty(c)
    without = next((one for one in predicted if one.rows == 0), None)
    if refusal is None and without is not None:
        return Assessed(None, f"there are no {without.what}: division by zero")

    def statistic(t: Tables) -> Tables:
        each = t[..., outcome, :].sum(axis=-1) / t[..., :, outcome].sum(axis=-1)
        gap: Tables = sign * (each[..., A] - each[..., D])
        return gap

    return refusal or drawn(c, rules, c.confusion[:MISSING], statistic, predicted)
