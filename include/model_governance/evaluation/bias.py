"""Bias of labels and of predictions, in SageMaker Clarify's metrics; apart because one count a facet serves them all.

A facet divides the rows into the disadvantaged group d (the declared ``value_or_threshold``), the advantaged group a
(every other value), and the rows that do not say: these are counted and named, and stand in neither group. A metric
that cannot be told from the rows at hand has no value and gives the reason. It is never zero or parity by default.

Source of the definitions: Amazon SageMaker AI Developer Guide, "Pre-training Bias Metrics" and "Post-training Data and
Model Bias Metrics".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model_governance.domain.use_case import Facet
from model_governance.errors import EvaluationRefused
from model_governance.evaluation.data_set import canonical_cell


@dataclass(frozen=True)
class Group:
    """Rows of one facet group: how many there are, and how many of them are positive (by label or by prediction)."""

    rows: int
    positive: int

    @property
    def proportion(self) -> float:
        """Positive rows among the group's rows, in [0, 1]; the group must have rows."""
        return self.positive / self.rows


@dataclass(frozen=True)
class FacetCounts:
    """One facet's three groups: advantaged, disadvantaged, and the rows that do not say."""

    facet: str
    value_or_threshold: str
    advantaged: Group
    disadvantaged: Group
    missing: Group

    @property
    def detail(self) -> str:
        """The counts in one line."""
        return (
            f"facet {self.facet}, d = {self.value_or_threshold}: positive {self.disadvantaged.positive} of "
            f"{self.disadvantaged.rows} in d, {self.advantaged.positive} of {self.advantaged.rows} in a, "
            f"{self.missing.positive} of {self.missing.rows} where {self.facet} is missing"
        )


@dataclass(frozen=True)
class Assessed:
    """A metric's value, or None with the reason why it cannot be assessed."""

    value: float | None
    reason: str = ""


def count_facet(values: pd.Series[Any], positive: NDArray[np.bool_], facet: Facet) -> FacetCounts:
    """Count a facet's groups.

    Args:
        values: The facet's column, shape (n_rows,), text or numbers; NaN, None and "" are missing.
        positive: bool, shape (n_rows,): labels for bias in the data, predicted labels for bias of the model.
        facet: The declaration; with ``threshold``, d is the rows strictly above its number.

    Raises:
        EvaluationRefused: If shapes differ, or a facet with a threshold holds a value that is no number.
    """
    if positive.dtype != np.bool_ or positive.shape != (len(values),):
        raise EvaluationRefused(
            f"facet {facet.name_or_index!r} has {len(values)} rows; labels are {positive.dtype} of shape "
            f"{positive.shape}, where one bool a row is needed"
        )
    codes, distinct = pd.factorize(values, use_na_sentinel=True)
    spelled = [canonical_cell(str(value)) for value in distinct]
    kinds = np.asarray([_group_of(value, facet) for value in spelled] + ["missing"], dtype=object)[codes]
    groups = {
        kind: Group(rows=int((kinds == kind).sum()), positive=int((positive & (kinds == kind)).sum()))
        for kind in ("a", "d", "missing")
    }
    return FacetCounts(
        facet=facet.name_or_index,
        value_or_threshold=_spelling(facet),
        advantaged=groups["a"],
        disadvantaged=groups["d"],
        missing=groups["missing"],
    )


def class_imbalance(counts: FacetCounts) -> Assessed:
    """CI = (n_a - n_d) / (n_a + n_d), in [-1, 1]: how much the advantaged group outnumbers the disadvantaged one.

    0 = as many rows in each; towards 1 = group d is hardly seen in the data. With an empty group it cannot be assessed.
    """
    n_a, n_d = counts.advantaged.rows, counts.disadvantaged.rows
    return _empty(counts) or Assessed((n_a - n_d) / (n_a + n_d))


def difference_in_proportions_of_labels(counts: FacetCounts) -> Assessed:
    """DPL = q_a - q_d, in [-1, 1], where q = n(positive label) / n in each group.

    0 = demographic parity in the labels; positive = group a has the larger share of positive labels. With an empty
    group, or with one label throughout, it cannot be assessed.
    """
    return _difference(counts, "label")


def difference_in_positive_proportions_in_predicted_labels(counts: FacetCounts) -> Assessed:
    """DPPL = q'_a - q'_d, in [-1, 1], where q' = n(positive prediction) / n in each group.

    0 = demographic parity in the predictions; positive = the model favours group a. With an empty group, or with one
    prediction throughout (a model that decides nothing shows no parity), it cannot be assessed.
    """
    return _difference(counts, "predicted label")


def disparate_impact(counts: FacetCounts) -> Assessed:
    """DI = q'_d / q'_a, in [0, infinity), where q' = n(positive prediction) / n in each group.

    1 = demographic parity in the predictions; below 1 = the model favours group a; 0 = it accepts nobody of group d.
    The four-fifths rule asks for at least 0.80. With q'_a = 0 the ratio has no value: Clarify writes Infinity, or 0
    for 0/0; here neither is taken for a measurement, and it cannot be assessed, nor with an empty group or one
    prediction throughout.
    """
    refusal = _empty(counts) or _constant(counts, "predicted label")
    if refusal:
        return refusal
    if counts.advantaged.positive == 0:
        return Assessed(
            None, f"no row of group a ({counts.advantaged.rows} rows) is predicted positive: division by zero"
        )
    return Assessed(counts.disadvantaged.proportion / counts.advantaged.proportion)


@dataclass(frozen=True)
class BiasMetric:
    """A metric under its two names: spelled out in limits and evidence, short in a Clarify report."""

    name: str
    short_name: str
    description: str
    assess: Callable[[FacetCounts], Assessed]


PRE_TRAINING = (
    BiasMetric("class_imbalance", "CI", "Class Imbalance (CI)", class_imbalance),
    BiasMetric(
        "difference_in_proportions_of_labels",
        "DPL",
        "Difference in Positive Proportions in Labels (DPL)",
        difference_in_proportions_of_labels,
    ),
)
POST_TRAINING = (
    BiasMetric("disparate_impact", "DI", "Disparate Impact (DI)", disparate_impact),
    BiasMetric(
        "difference_in_positive_proportions_in_predicted_labels",
        "DPPL",
        "Difference in Positive Proportions in Predicted Labels (DPPL)",
        difference_in_positive_proportions_in_predicted_labels,
    ),
)


def _group_of(value: str, facet: Facet) -> str:
    if value == "":
        return "missing"
    if not facet.threshold:
        return "d" if value in {canonical_cell(str(listed)) for listed in facet.value_or_threshold} else "a"
    try:
        return "d" if float(value) > float(facet.value_or_threshold[0]) else "a"
    except ValueError:
        raise EvaluationRefused(
            f"facet {facet.name_or_index!r} has a threshold, {facet.value_or_threshold[0]!r}, and a value that is "
            f"no number: {value[:40]!r}"
        ) from None


def _spelling(facet: Facet) -> str:
    if facet.threshold:
        return f"({canonical_cell(str(facet.value_or_threshold[0]))}, inf)"
    return ",".join(canonical_cell(str(value)) for value in facet.value_or_threshold)


def _difference(counts: FacetCounts, what: str) -> Assessed:
    refusal = _empty(counts) or _constant(counts, what)
    return refusal or Assessed(counts.advantaged.proportion - counts.disadvantaged.proportion)


def _empty(counts: FacetCounts) -> Assessed | None:
    for name, group in (("a", counts.advantaged), ("d", counts.disadvantaged)):
        if group.rows == 0:
            return Assessed(None, f"group {name} of facet {counts.facet} has no rows (d = {counts.value_or_threshold})")
    return None


def _constant(counts: FacetCounts, what: str) -> Assessed | None:
    rows = counts.advantaged.rows + counts.disadvantaged.rows
    positive = counts.advantaged.positive + counts.disadvantaged.positive
    if positive in (0, rows):
        return Assessed(None, f"every {what} of the {rows} rows is {'positive' if positive else 'negative'}")
    return None
