"""Labels and predictions in, judged reports out; apart because it alone joins measure, limit and report."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model_governance.domain.evidence import EvidenceKind, Measurement
from model_governance.domain.use_case import UseCase
from model_governance.errors import EvaluationRefused
from model_governance.evaluation.bias.cube import Comparison
from model_governance.evaluation.bias.fliptest import flip_each, standardize
from model_governance.evaluation.bias.metric import Rules
from model_governance.evaluation.bias.report import report_bias
from model_governance.evaluation.bias.rows import binary_labels, count_rows, facet_places, read_labels
from model_governance.evaluation.data_set import DataSet
from model_governance.evaluation.labels import favourable_predictions
from model_governance.evaluation.limits import concerned, judge, limits_of
from model_governance.evaluation.predictions import HeldOut, check_predictions
from model_governance.evaluation.report import Assessment


def assess_pre_training_bias(data_set: DataSet, use_case: UseCase, *, minimum_group_rows: int = 1) -> Assessment:
    """Bias of the labels in the whole frozen data set, as Clarify's ``pre_training_bias_metrics``.

    Args:
        data_set: The frozen data set.
        use_case: Its label, facets, group variable and limits.
        minimum_group_rows: Rows that each proportion must rest on, by the policy.

    Raises:
        EvaluationRefused: If the label, a facet or the group variable cannot be read.
    """
    data, cells = use_case.data, data_set.cells
    labels = read_labels(cells[data.label.column], data.label)
    groups = cells[data.group_variable] if data.group_variable else None
    comparisons = [
        comparison
        for facet in data.facets
        for comparison in count_rows(cells[facet.name_or_index], facet, labels, groups=groups).comparisons
    ]
    return _judged(EvidenceKind.PRE_TRAINING_BIAS, comparisons, use_case, minimum_group_rows)


def assess_post_training_bias(
    held_out: HeldOut, predictions: NDArray[np.float64], use_case: UseCase, *, minimum_group_rows: int = 1
) -> Assessment:
    """Bias of the predicted labels of the held-out rows, as Clarify's ``post_training_bias_metrics``.

    Args:
        held_out: Labels, facets, group variable and features of the rows.
        predictions: As ``read_predictions`` gives them, in the same order.
        use_case: Its facets, limits and decision threshold.
        minimum_group_rows: Rows that each proportion must rest on, by the policy.

    Raises:
        EvaluationRefused: For predictions that are NaN, no probabilities, or not one a row.
    """
    data = use_case.data
    check_predictions(predictions, len(held_out.labels), data.label)
    predicted = favourable_predictions(predictions, use_case)
    labels = binary_labels(held_out.labels, data.label)
    features, reason = _features(held_out)
    comparisons: list[Comparison] = []
    for facet in data.facets:
        values = held_out.facets[facet.name_or_index]
        cube = count_rows(values, facet, labels, predicted, held_out.groups)
        if features is None:
            comparisons.extend(each.with_flips(None, reason) for each in cube.comparisons)
        else:
            places = facet_places(values, facet)
            comparisons.extend(flip_each(cube, places, features, predicted, data.split.seed))
    return _judged(EvidenceKind.POST_TRAINING_BIAS, comparisons, use_case, minimum_group_rows)


def _features(held_out: HeldOut) -> tuple[NDArray[np.float64] | None, str]:
    """The features as the fliptest compares them, or None and why it cannot."""
    if held_out.features is None:
        return None, "not computed: the features of the rows were not given"
    try:
        return standardize(held_out.features), ""
    except EvaluationRefused as refusal:
        return None, str(refusal)


def _judged(
    kind: EvidenceKind, comparisons: list[Comparison], use_case: UseCase, minimum_group_rows: int
) -> Assessment:
    limits = limits_of(kind, use_case.limits)
    seed = use_case.data.split.seed
    report, measurements = report_bias(
        kind,
        comparisons,
        Rules(minimum_group_rows, seed),
        lambda metric, facet, group: concerned(limits, Measurement(name=metric, facet=facet, group=group)),
    )
    return Assessment(kind, report, judge(measurements, limits), seed=seed)
