"""Measurements held to limits fixed before the model existed; apart because judging is not measuring."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from model_governance.domain.cells import canonical_cell
from model_governance.domain.evidence import EvidenceKind, EvidenceVerdict, Measurement
from model_governance.domain.use_case import Limit
from model_governance.evaluation import explainability, model_quality
from model_governance.evaluation.bias.post_training import POST_TRAINING
from model_governance.evaluation.bias.pre_training import PRE_TRAINING
from model_governance.evaluation.validation.latency import ERROR_RATE, LONGEST, P50, P95, THROUGHPUT
from model_governance.evaluation.validation.parity import PARITY

METRICS: dict[EvidenceKind, frozenset[str]] = {
    EvidenceKind.PRE_TRAINING_BIAS: frozenset(metric.name for metric in PRE_TRAINING),
    EvidenceKind.MODEL_QUALITY: model_quality.METRIC_NAMES,
    EvidenceKind.EXPLAINABILITY: explainability.METRIC_NAMES,
    EvidenceKind.POST_TRAINING_BIAS: frozenset(metric.name for metric in POST_TRAINING),
    EvidenceKind.TEST_VALIDATION: frozenset({PARITY, P50, P95, LONGEST, ERROR_RATE, THROUGHPUT}),
}
"""Which kind of evidence measures a metric."""


def limits_of(kind: EvidenceKind, limits: Iterable[Limit]) -> tuple[Limit, ...]:
    """The limits that this kind of evidence answers.

    A limit on a metric that no kind measures is answered, as a failure, by model quality: it must not fall between
    stages.
    """
    known = frozenset().union(*METRICS.values())
    own = METRICS.get(kind, frozenset())
    return tuple(
        limit
        for limit in limits
        if limit.metric in own or (kind is EvidenceKind.MODEL_QUALITY and limit.metric not in known)
    )


def judge(measurements: Iterable[Measurement], limits: Iterable[Limit]) -> tuple[Measurement, ...]:
    """The measurements, each with its limit and its verdict.

    A limit without a facet holds for every facet of its metric, one without a value for every group. A measurement with
    two limits is given twice, once for each. A bound itself is within the limit. Without a value the verdict is
    ``not_assessable``, limit or none; a limit that met no measurement is a failure by itself, and one on a group that
    nobody is of not assessable.

    Args:
        measurements: What was measured, in order.
        limits: What it is held to; see ``limits_of``.
    """
    taken = tuple(measurements)
    wanted = tuple(limits)
    judged: list[Measurement] = []
    for measurement in taken:
        own = [limit for limit in wanted if _concerns(limit, measurement)]
        judged.extend(_judged(measurement, limit) for limit in own)
        if not own:
            judged.append(_judged(measurement, None))
    unmet = [limit for limit in wanted if not any(_concerns(limit, measurement) for measurement in taken)]
    return (*judged, *(_unmeasured(limit, taken) for limit in unmet))


def concerned(limits: Iterable[Limit], measurement: Measurement) -> bool:
    """Whether one of the limits holds for a measurement."""
    return any(_concerns(limit, measurement) for limit in limits)


def _concerns(limit: Limit, measurement: Measurement) -> bool:
    return (
        limit.metric == measurement.name
        and limit.facet in (None, measurement.facet)
        and (limit.value is None or canonical_cell(str(limit.value)) == measurement.group)
    )


def _judged(measurement: Measurement, limit: Limit | None) -> Measurement:
    changes: dict[str, object] = {}
    verdict = measurement.verdict
    if limit is not None:
        changes = {"minimum": limit.minimum, "maximum": limit.maximum, "severity": limit.severity}
        if measurement.value is not None and not _is_within(measurement.value, limit):
            verdict = EvidenceVerdict.FAIL if limit.severity == "fail" else EvidenceVerdict.WARNING
    if measurement.value is None:
        verdict = EvidenceVerdict.NOT_ASSESSABLE
    return measurement.model_copy(update={**changes, "verdict": verdict})


def _is_within(value: float, limit: Limit) -> bool:
    return (limit.minimum is None or value >= limit.minimum) and (limit.maximum is None or value <= limit.maximum)


def _unmeasured(limit: Limit, taken: Sequence[Measurement]) -> Measurement:
    known = ", ".join(sorted(frozenset().union(*METRICS.values())))
    where = f" for facet {limit.facet!r}" if limit.facet else ""
    is_measured = limit.value is not None and any(
        (one.name, one.facet) == (limit.metric, limit.facet) for one in taken
    )  # the facet is measured, and nobody is of that group
    groups = [one.group for one in taken if one.facet == limit.facet and one.group is not None]
    if limit.value is not None:
        where += f" = {limit.value!r}"
        known = f"groups of the facet: {', '.join(dict.fromkeys(groups)) or 'none'}; metrics: {known}"
    return Measurement(
        name=limit.metric,
        facet=limit.facet,
        group=None if limit.value is None else canonical_cell(str(limit.value)),
        minimum=limit.minimum,
        maximum=limit.maximum,
        severity=limit.severity,
        verdict=EvidenceVerdict.NOT_ASSESSABLE if is_measured else EvidenceVerdict.FAIL,
        detail=f"nothing measured {limit.metric!r}{where}; known: {known}",
    )
