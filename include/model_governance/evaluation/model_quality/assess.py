"""From held-out rows and predictions to judged evidence of quality; apart because it alone knows the problem types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_governance.domain.data import ProblemType
from model_governance.domain.evidence import EvidenceKind, Measurement
from model_governance.domain.use_case import UseCase
from model_governance.evaluation.limits import judge, limits_of
from model_governance.evaluation.model_quality.binary import CONSTANT, CURVES, measure_binary_classification, rests_on
from model_governance.evaluation.model_quality.multiclass import measure_multiclass_classification
from model_governance.evaluation.model_quality.regression import measure_regression
from model_governance.evaluation.model_quality.slices import measure_slices
from model_governance.evaluation.predictions import HeldOut, check_predictions
from model_governance.evaluation.report import Assessment

_NO_NUMBERS = ("confusion_matrix", *CURVES)
Rows = NDArray[np.int64]


def assess_model_quality(
    held_out: HeldOut, predictions: NDArray[np.float64], use_case: UseCase, *, minimum_group_rows: int = 1
) -> Assessment:
    """Quality of the predictions of the held-out rows, in Model Monitor's form, and of each facet's groups.

    Args:
        held_out: Labels and facets of the rows.
        predictions: As ``read_predictions`` gives them, in the same order.
        use_case: Its problem type, limits, decision threshold and seed.
        minimum_group_rows: With fewer rows, whole, group or those that a rate is a share of, a number is not
            assessable, by the policy. A rate of few among many rows is evidence where a limit asks for it; otherwise it
            is in the report alone, marked.

    Raises:
        EvaluationRefused: For predictions that are NaN, not of the label, or not one a row; and without rows.
    """
    kind, seed, rows = EvidenceKind.MODEL_QUALITY, use_case.data.split.seed, len(held_out.labels)
    check_predictions(predictions, rows, use_case.data.label)
    measure = _measure(held_out, predictions, use_case, seed)
    measured = measure(np.arange(rows))
    behind = rests_on(measured) if use_case.problem_type is ProblemType.BINARY_CLASSIFICATION else {}
    found = {name: _too_few(rows, behind.get(name, rows), minimum_group_rows) for name in measured}
    few = {name: said for name, said in found.items() if said}
    marked = {name: _marked(name, metric, few) for name, metric in measured.items()}
    limits = limits_of(kind, use_case.limits)
    asked = {limit.metric for limit in limits}
    numbers = [
        _measurement(name, metric, few.get(name, ""))
        for name, metric in marked.items()
        if name not in _NO_NUMBERS
        and (
            name in asked
            or not (_is_a_mere_comparison(name) or ("not_assessable" in metric and rows >= minimum_group_rows))
        )
    ]
    report = {
        "version": "1.0",
        "dataset": {"item_count": rows},
        "seed": seed,
        use_case.problem_type.section: marked,
        "slices": measure_slices(held_out.facets, use_case.data.facets, measure, minimum_rows=minimum_group_rows),
    }
    if use_case.problem_type is ProblemType.BINARY_CLASSIFICATION:
        report["decision_threshold"] = use_case.decision_threshold
    return Assessment(kind, report, judge(numbers, limits), seed=seed)


def _marked(name: str, metric: dict[str, Any], few: dict[str, str]) -> dict[str, Any]:
    """The metric as the report has it: a number of too few rows says so beside its value and interval."""
    is_marked = name in few and name not in _NO_NUMBERS and metric["value"] is not None
    return {**metric, "not_assessable": few[name]} if is_marked else metric


def _too_few(rows: int, behind: int, minimum: int) -> str:
    """Why a number says too little; "" where it rests on enough rows: recall, say, on positive ones alone."""
    if rows < minimum:
        return f"{rows} rows are fewer than the policy's minimum of {minimum}"
    if behind < minimum:
        return f"{behind} of {rows} rows are behind it, fewer than the policy's minimum of {minimum}"
    return ""


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
        classes = [str(value) for value in use_case.data.label.classes]
        return lambda rows: measure_multiclass_classification(labels[rows], said[rows], classes=classes, seed=seed)
    threshold = use_case.decision_threshold
    return lambda rows: measure_binary_classification(
        held_out.labels[rows], predictions[rows], threshold=threshold, seed=seed
    )


def _measurement(name: str, metric: dict[str, Any], too_few: str) -> Measurement:
    """A metric as evidence; on too few rows without a value, which stands in the detail."""
    if metric["value"] is None:
        return Measurement(name=name, detail=metric["error"])
    detail = _uncertainty(metric)
    if too_few:
        return Measurement(name=name, detail=f"{too_few}: {metric['value']:.4g}, {detail}".rstrip(", "))
    return Measurement(name=name, value=metric["value"], detail=detail)


def _uncertainty(metric: dict[str, Any]) -> str:
    found = metric.get("confidence_interval")
    interval = f"{found['level']:.0%} interval {_short(found['lower'])} to {_short(found['upper'])}" if found else ""
    deviation = metric["standard_deviation"]
    spread = f"standard deviation {_short(deviation)}" if isinstance(deviation, float) else ""
    return ", ".join(part for part in (interval, spread) if part)


def _short(number: float) -> str:
    return f"{number:.4f}" if abs(number) < 1e9 else f"{number:.4g}"
