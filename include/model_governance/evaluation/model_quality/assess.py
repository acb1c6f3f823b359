"""From held-out rows and predictions to judged evidence of quality; apart because it alone knows the problem types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_governance.domain.cells import canonical_cell
from model_governance.domain.data import ProblemType
from model_governance.domain.evidence import EvidenceKind
from model_governance.domain.use_case import UseCase
from model_governance.evaluation.limits import judge, limits_of
from model_governance.evaluation.model_quality.binary import CALIBRATION, CONSTANT, measure_binary_classification
from model_governance.evaluation.model_quality.grounds import NO_NUMBERS, limited_slices, marked, measurement
from model_governance.evaluation.model_quality.multiclass import measure_multiclass_classification
from model_governance.evaluation.model_quality.regression import measure_regression
from model_governance.evaluation.model_quality.slices import measure_slices
from model_governance.evaluation.predictions import HeldOut, check_predictions
from model_governance.evaluation.report import Assessment

Rows = NDArray[np.int64]


def assess_model_quality(
    held_out: HeldOut, predictions: NDArray[np.float64], use_case: UseCase, *, minimum_group_rows: int = 1
) -> Assessment:
    """Quality of the predictions of the held-out rows, in Model Monitor's form, and of each facet's groups.

    Args:
        held_out: Labels and facets of the rows.
        predictions: As ``read_predictions`` gives them, in the same order.
        use_case: Its problem type, limits (of all rows, and of groups), decision threshold and seed.
        minimum_group_rows: With fewer rows, whole, group or those that a rate is a share of, a number is not
            assessable, by the policy. A rate of few among many rows is evidence where a limit asks for it; otherwise it
            is in the report alone, marked.

    Raises:
        EvaluationRefused: For predictions that are NaN, not of the label, or not one a row; and without rows.
    """
    kind, seed, rows = EvidenceKind.MODEL_QUALITY, use_case.data.split.seed, len(held_out.labels)
    check_predictions(predictions, rows, use_case.data.label)
    measure = _measure(held_out, predictions, use_case, seed)
    measured = marked(measure(np.arange(rows)), rows, minimum_group_rows)
    limits = limits_of(kind, use_case.limits)
    of_all, of_groups = (tuple(one for one in limits if (one.facet is None) is whole) for whole in (True, False))
    slices = measure_slices(
        held_out.facets,
        use_case.data.facets,
        measure,
        minimum_rows=minimum_group_rows,
        asked={limit.metric for limit in of_groups},
    )
    asked = {limit.metric for limit in of_all}
    numbers = [
        measurement(name, metric)
        for name, metric in measured.items()
        if name not in NO_NUMBERS
        and (
            name in asked
            or not (_is_a_mere_comparison(name) or ("not_assessable" in metric and rows >= minimum_group_rows))
        )
    ]
    apart = {name: measured.pop(name) for name in (CALIBRATION,) if name in measured}
    report = {
        "version": "1.0",
        "dataset": {"item_count": rows},
        "seed": seed,
        use_case.problem_type.section: measured,
        "slices": slices,
    }
    if apart:  # the SDK's parser takes whatever it does not know in the section above for a number
        report["calibration"] = apart
    if use_case.problem_type is ProblemType.BINARY_CLASSIFICATION:
        report["decision_threshold"] = use_case.decision_threshold
    judged = judge(numbers, of_all) + judge(limited_slices(slices, measured, of_groups), of_groups)
    return Assessment(kind, report, judged, seed=seed)


def _is_a_mere_comparison(name: str) -> bool:
    """Whether a metric tells of another classifier than the candidate: the report has it, but it is no evidence."""
    return name.endswith(CONSTANT) and name != f"accuracy{CONSTANT}"


def _measure(
    held_out: HeldOut, predictions: NDArray[np.float64], use_case: UseCase, seed: int
) -> Callable[[Rows], dict[str, Any]]:
    """What measures any of the rows, given by position."""
    if use_case.problem_type is ProblemType.REGRESSION:
        return lambda rows: measure_regression(held_out.learnt[rows], predictions[rows], seed=seed)
    if use_case.problem_type is ProblemType.MULTICLASS_CLASSIFICATION:
        labels, said = held_out.learnt.astype(np.int64), predictions.argmax(axis=1)
        classes = [canonical_cell(str(value)) for value in use_case.data.label.classes]
        return lambda rows: measure_multiclass_classification(labels[rows], said[rows], classes=classes, seed=seed)
    threshold = use_case.decision_threshold
    return lambda rows: measure_binary_classification(
        held_out.labels[rows], predictions[rows], threshold=threshold, seed=seed
    )
