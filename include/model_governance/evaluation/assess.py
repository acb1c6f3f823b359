"""Labels and predictions in, judged reports out; apart because it alone joins measure, limit and report."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model_governance.domain.evidence import EvidenceKind, Measurement
from model_governance.domain.use_case import Facet, UseCase
from model_governance.evaluation.bias import POST_TRAINING, PRE_TRAINING, BiasMetric, FacetCounts, count_facet
from model_governance.evaluation.data_set import DataSet, positive_labels
from model_governance.evaluation.limits import judge, limits_of
from model_governance.evaluation.model_quality.binary import CURVES, measure_binary_classification
from model_governance.evaluation.predictions import HeldOut, check_probabilities, predicted_labels
from model_governance.evaluation.report import Assessment


def assess_pre_training_bias(data_set: DataSet, use_case: UseCase) -> Assessment:
    """Bias of the labels in the whole frozen data set, as Clarify's ``pre_training_bias_metrics``.

    Raises:
        DataRefused: If the label does not hold two values.
        EvaluationRefused: If a facet cannot be read.
    """
    labels = positive_labels(data_set.cells[use_case.data.label.column], use_case.data)
    return _bias(EvidenceKind.PRE_TRAINING_BIAS, PRE_TRAINING, data_set.cells, labels, use_case)


def assess_post_training_bias(held_out: HeldOut, probabilities: NDArray[np.float64], use_case: UseCase) -> Assessment:
    """Bias of the predicted labels of the held-out rows, as Clarify's ``post_training_bias_metrics``.

    Args:
        held_out: Labels and facets of the rows.
        probabilities: float64, shape (n_rows,), each in [0, 1], in the same order.
        use_case: Its facets, limits and decision threshold.

    Raises:
        EvaluationRefused: For predictions that are NaN, no probabilities, or not one a row.
    """
    check_probabilities(probabilities, len(held_out.labels))
    predicted = predicted_labels(probabilities, use_case.decision_threshold)
    return _bias(EvidenceKind.POST_TRAINING_BIAS, POST_TRAINING, held_out.facets, predicted, use_case)


def assess_model_quality(held_out: HeldOut, probabilities: NDArray[np.float64], use_case: UseCase) -> Assessment:
    """Quality of the predictions of the held-out rows, in Model Monitor's form.

    Args:
        held_out: Labels of the rows.
        probabilities: float64, shape (n_rows,), each in [0, 1], in the same order.
        use_case: Its limits, decision threshold and seed.

    Raises:
        EvaluationRefused: For predictions that are NaN, no probabilities, or not one a row; and without rows.
    """
    kind, seed = EvidenceKind.MODEL_QUALITY, use_case.data.split.seed
    measured = measure_binary_classification(
        held_out.labels, probabilities, threshold=use_case.decision_threshold, seed=seed
    )
    numbers = [
        Measurement(name=name, value=metric["value"], detail=metric.get("error", _deviation(metric)))
        for name, metric in measured.items()
        if name not in ("confusion_matrix", *CURVES)
    ]
    report = {
        "version": "1.0",
        "dataset": {"item_count": len(held_out.labels)},
        "decision_threshold": use_case.decision_threshold,
        "seed": seed,
        "binary_classification_metrics": measured,
    }
    return Assessment(kind, report, judge(numbers, limits_of(kind, use_case.limits)), seed=seed)


def _deviation(metric: dict[str, Any]) -> str:
    deviation = metric["standard_deviation"]
    return f"standard deviation {deviation:.4f}" if isinstance(deviation, float) else ""


def _bias(
    kind: EvidenceKind,
    metrics: tuple[BiasMetric, ...],
    columns: pd.DataFrame,
    positive: NDArray[np.bool_],
    use_case: UseCase,
) -> Assessment:
    measurements: list[Measurement] = []
    facets: dict[str, list[dict[str, Any]]] = {}
    for facet in use_case.data.facets:
        counts = count_facet(columns[facet.name_or_index], positive, facet)
        assessed = [(metric, metric.assess(counts)) for metric in metrics]
        measurements.extend(
            Measurement(
                name=metric.name,
                value=result.value,
                facet=counts.facet,
                detail=f"{result.reason}; {counts.detail}".removeprefix("; "),
            )
            for metric, result in assessed
        )
        entry = {
            "value_or_threshold": counts.value_or_threshold,
            "metrics": [_metric(metric, result.value, result.reason) for metric, result in assessed],
            "groups": _groups(counts, facet),
        }
        facets.setdefault(counts.facet, []).append(entry)
    section = {
        "label": use_case.data.label.column,
        "label_value_or_threshold": str(use_case.data.label.positive),
        "facets": facets,
    }
    report: dict[str, Any] = {"version": "1.0", f"{kind.value}_metrics": section}
    return Assessment(kind, report, judge(measurements, limits_of(kind, use_case.limits)))


def _metric(metric: BiasMetric, value: float | None, reason: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": metric.short_name, "description": metric.description, "value": value}
    return {**entry, "error": reason} if reason else entry


def _groups(counts: FacetCounts, facet: Facet) -> list[dict[str, Any]]:
    named = (
        ("a", f"{facet.name_or_index} other than {counts.value_or_threshold}", counts.advantaged),
        ("d", f"{facet.name_or_index} = {counts.value_or_threshold}", counts.disadvantaged),
        ("missing", f"{facet.name_or_index} missing: in neither group", counts.missing),
    )
    return [{"group": group, "name": name, "rows": rows.rows, "positive": rows.positive} for group, name, rows in named]
