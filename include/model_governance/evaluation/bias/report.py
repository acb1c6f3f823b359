"""Comparisons in, Clarify's sections and measurements out; apart because a metric knows nothing of reports.

The section has the form of ``analysis.json`` as SageMaker Clarify writes it and Studio and the SageMaker Python SDK
read it. Beside Clarify's own fields a metric has its ``interval`` and ``note``, and an entry its ``groups``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from model_governance.domain.evidence import EvidenceKind, Measurement
from model_governance.evaluation.bias.cube import MISSING, A, Comparison, D
from model_governance.evaluation.bias.metric import LABEL, PREDICTION, Assessed, BiasMetric, Rules
from model_governance.evaluation.bias.post_training import POST_TRAINING
from model_governance.evaluation.bias.pre_training import PRE_TRAINING

METRICS = {EvidenceKind.PRE_TRAINING_BIAS: PRE_TRAINING, EvidenceKind.POST_TRAINING_BIAS: POST_TRAINING}
_OUTCOME = {EvidenceKind.PRE_TRAINING_BIAS: LABEL, EvidenceKind.POST_TRAINING_BIAS: PREDICTION}


def report_bias(
    kind: EvidenceKind,
    comparisons: Sequence[Comparison],
    rules: Rules,
    has_limit: Callable[[str, str, str], bool] = lambda metric, facet, group: False,
) -> tuple[dict[str, Any], list[Measurement]]:
    """The report of every comparison, and its measurements.

    A metric without a value is a measurement where it is always judged or a limit asks for it; otherwise it is in the
    report alone, with the reason.

    Args:
        kind: Pre- or post-training bias.
        comparisons: At least one; all of one label.
        rules: What each metric is held to.
        has_limit: Whether a metric's name has a limit for a facet's group.
    """
    outcome = _OUTCOME[kind]
    facets: dict[str, list[dict[str, Any]]] = {}
    measurements: list[Measurement] = []
    for comparison in comparisons:
        assessed = [(metric, metric.assess(comparison, rules)) for metric in METRICS[kind]]
        facets.setdefault(comparison.facet, []).append(_entry(comparison, outcome, assessed))
        measurements.extend(
            _measurement(metric, found, comparison, outcome)
            for metric, found in assessed
            if found.value is not None
            or metric.is_always_judged
            or has_limit(metric.name, comparison.facet, comparison.value_or_threshold)
        )
    labels = comparisons[0].labels
    section = {"label": labels.column, "label_value_or_threshold": labels.spelling, "facets": facets}
    report: dict[str, Any] = {
        "version": "1.0",
        "minimum_group_rows": rules.minimum_rows,
        "seed": rules.seed,
        f"{kind.value}_metrics": section,
    }
    return report, measurements


def _entry(comparison: Comparison, outcome: str, assessed: Iterable[tuple[BiasMetric, Assessed]]) -> dict[str, Any]:
    return {
        "value_or_threshold": comparison.value_or_threshold,
        "metrics": [_metric(metric, found) for metric, found in assessed],
        "groups": _groups(comparison, outcome),
    }


def _metric(metric: BiasMetric, found: Assessed) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": metric.short_name, "description": metric.description, "value": found.value}
    if found.reason:
        entry["error"] = found.reason
    if found.interval is not None:
        entry["interval"] = found.interval.document
    if found.note:
        entry["note"] = found.note
    return entry


def _measurement(metric: BiasMetric, found: Assessed, compared: Comparison, outcome: str) -> Measurement:
    interval = "" if found.interval is None else found.interval.detail
    detail = "; ".join(part for part in (found.reason, compared.detail(outcome), interval, found.note) if part)
    return Measurement(
        name=metric.name,
        value=found.value,
        facet=compared.facet,
        group=compared.value_or_threshold,
        detail=detail,
    )


def _groups(comparison: Comparison, outcome: str) -> list[dict[str, Any]]:
    facet, selected = comparison.facet, comparison.value_or_threshold
    rows, positive = comparison.rows.tolist(), comparison.positive(outcome).tolist()
    groups = [
        {"group": group, "name": name, "rows": rows[place], "positive": positive[place]}
        for group, name, place in (
            ("a", f"{facet} other than {selected}", A),
            ("d", f"{facet} = {selected}", D),
            ("missing", f"{facet} missing: in neither group", MISSING),
        )
    ]
    if outcome == PREDICTION:
        for place, group in enumerate(groups):
            (true_negative, false_positive), (false_negative, true_positive) = comparison.confusion[place].tolist()
            group["confusion"] = {
                "true_positive": true_positive,
                "false_positive": false_positive,
                "false_negative": false_negative,
                "true_negative": true_negative,
            }
    return groups
