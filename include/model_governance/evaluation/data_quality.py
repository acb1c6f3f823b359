"""The frozen data set held to the use case's expectations; apart because it judges data before any model exists."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pandas as pd

from model_governance.domain.evidence import EvidenceKind, EvidenceVerdict, Measurement
from model_governance.domain.use_case import Data, Expectation
from model_governance.evaluation.data_set import DataSet
from model_governance.evaluation.expectations import Outcome, evaluate_expectations
from model_governance.evaluation.report import Assessment
from model_governance.evaluation.split import Split

LONGEST_VALUE = 120
"""Characters of a value that a line of detail shows."""

_COLUMNS = ("column", "column_A", "column_B", "column_list", "column_set")


def assess_data_quality(data_set: DataSet, data: Data) -> Assessment:
    """Hold the data set to its expectations.

    An expectation that does not hold is judged by its severity: ``fail`` stops the run, ``warning`` must be answered
    by the approver. One that could not be evaluated, or that found nothing to look at, is never a pass: ``fail``, or
    ``not_assessable`` where it was a warning.

    Args:
        data_set: The frozen data set.
        data: The use case's declaration of it.

    Returns:
        The assessment; its report has no split yet: see ``with_split``.

    Raises:
        DataRefused: For an expectation that does not exist, or arguments that it does not take.
    """
    outcomes = evaluate_expectations(data_set.frame, data.expectations)
    judged = [
        (expectation, outcome, _measure(expectation, outcome, data_set.frame))
        for expectation, outcome in zip(data.expectations, outcomes, strict=True)
    ]
    successful = sum(outcome.success for _, outcome, _ in judged)
    report = {
        "version": "1.0",
        "data_set": {
            "sha256": data_set.sha256,
            "rows": data_set.row_count,
            "columns": [str(name) for name in data_set.frame.columns],
        },
        "split": None,
        "success": successful == len(judged),
        "statistics": {
            "evaluated_expectations": len(judged),
            "successful_expectations": successful,
            "unsuccessful_expectations": len(judged) - successful,
            "success_percent": 100 * successful / len(judged),
        },
        "results": [_result(*one, data_set.frame) for one in judged],
    }
    return Assessment(
        kind=EvidenceKind.DATA_QUALITY,
        report=report,
        measurements=tuple(measurement for _, _, measurement in judged),
        seed=data.split.seed,
    )


def with_split(assessment: Assessment, split: Split) -> Assessment:
    """The assessment with the proof in its report that training and held-out rows are disjoint.

    Data that fails its expectations is not divided: then the report stands as it is.
    """
    return replace(assessment, report={**assessment.report, "split": split.proof})


def _measure(expectation: Expectation, outcome: Outcome, frame: pd.DataFrame) -> Measurement:
    kwargs, value = expectation.kwargs, _value(outcome.result)
    is_aggregate = "observed_value" in outcome.result
    columns = _columns(expectation)
    return Measurement(
        name=expectation.type,
        value=value,
        column=", ".join(columns) or None,
        minimum=_bound(kwargs.get("min_value")) if is_aggregate else None,
        maximum=_bound(kwargs.get("max_value")) if is_aggregate else None,
        severity=expectation.severity,
        verdict=_verdict(expectation, outcome),
        detail=_detail(expectation, outcome, frame),
    )


def _verdict(expectation: Expectation, outcome: Outcome) -> EvidenceVerdict:
    is_vacuous = _is_vacuous(outcome)
    if outcome.success and not is_vacuous:
        return EvidenceVerdict.PASS
    if expectation.severity == "fail":
        return EvidenceVerdict.FAIL
    return EvidenceVerdict.NOT_ASSESSABLE if outcome.reason or is_vacuous else EvidenceVerdict.WARNING


def _is_vacuous(outcome: Outcome) -> bool:
    """Whether a condition on values held only because every value is missing."""
    rows = outcome.result.get("element_count")
    return outcome.success and rows is not None and rows == outcome.result.get("missing_count")


def _value(result: dict[str, Any]) -> float | None:
    """The observed value if it is a number; for a condition on values, the percentage that missed it, in [0, 100]."""
    value = result.get("observed_value", result.get("unexpected_percent"))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def _bound(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _columns(expectation: Expectation) -> list[str]:
    named: list[str] = []
    for key in _COLUMNS:
        value = expectation.kwargs.get(key, [])
        named.extend([value] if isinstance(value, str) else [str(one) for one in value or []])
    return list(dict.fromkeys(named))


def _limit(expectation: Expectation) -> str:
    kwargs = {key: value for key, value in expectation.kwargs.items() if key not in _COLUMNS}
    return ", ".join(f"{key}={value!r}" for key, value in kwargs.items()) or "no exception"


def _detail(expectation: Expectation, outcome: Outcome, frame: pd.DataFrame) -> str:
    column = ", ".join(_columns(expectation)) or "the table"
    limit = _limit(expectation)
    if outcome.reason:
        return f"{column}: could not be evaluated against {limit}: {outcome.reason}"
    if _is_vacuous(outcome):
        return f"{column}: every one of {len(frame)} values is missing; nothing was held to {limit}"
    result = outcome.result
    if "unexpected_count" in result and "element_count" in result:
        observed = f"{result['unexpected_count']} of {result['element_count']} rows unexpected"
    else:
        observed = f"observed {_shown(result.get('observed_value'))}"
    if outcome.success:
        return f"{column}: {limit}; {observed}"
    return f"{column}: limit {limit}; {observed}{_sampled(expectation, outcome, frame)}"


def _sampled(expectation: Expectation, outcome: Outcome, frame: pd.DataFrame) -> str:
    rows = _sample_rows(expectation, outcome, frame)
    if rows:
        shown = "; ".join(
            f"row {one['row']}: {', '.join(f'{name}={_shown(value)}' for name, value in one['values'].items())}"
            for one in rows
        )
        return f"; {shown}"
    values = outcome.result.get("partial_unexpected_list") or outcome.result.get("details")
    return f"; such as {_shown(values)}" if values else ""


def _shown(value: Any) -> str:
    text = repr(_plain(value))
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."


def _sample_rows(expectation: Expectation, outcome: Outcome, frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A few rows that missed the expectation: their number (the first is 1) and the columns concerned."""
    columns = [name for name in _columns(expectation) if name in frame.columns]
    positions = outcome.result.get("partial_unexpected_index_list") or []
    return [
        {"row": int(position) + 1, "values": {name: _plain(frame[name].iloc[int(position)]) for name in columns}}
        for position in positions
    ]


def _result(
    expectation: Expectation, outcome: Outcome, measurement: Measurement, frame: pd.DataFrame
) -> dict[str, Any]:
    return {
        "expectation_config": {"type": expectation.type, "kwargs": _plain(expectation.kwargs)},
        "severity": expectation.severity,
        "success": outcome.success,
        "verdict": measurement.verdict.value,
        "detail": measurement.detail,
        "result": _plain(outcome.result),
        "sample_rows": [] if outcome.success else _sample_rows(expectation, outcome, frame),
    }


def _plain(value: Any) -> Any:
    """The value as JSON can hold it: no NaN, no numpy."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
