"""The frozen data set held to the use case's expectations; apart because it judges data before any model exists."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace
from typing import Any

import pandas as pd

from model_governance.domain.data import Data, Expectation
from model_governance.domain.evidence import EvidenceKind, EvidenceVerdict, Measurement
from model_governance.evaluation.constraints import suggest_constraints
from model_governance.evaluation.data_docs import render_data_docs
from model_governance.evaluation.data_set import DataSet, typed
from model_governance.evaluation.expectations import Outcome, outcomes_of, validate
from model_governance.evaluation.feature_importance import measure_feature_importance
from model_governance.evaluation.report import Assessment, Document, report_bytes
from model_governance.evaluation.split import Split
from model_governance.evaluation.statistics import describe

LONGEST_VALUE = 120
"""Characters of a value that a line of detail, or a sample row in the report, shows."""
LONGEST_LIMIT = 300
"""Characters of a limit that a line of detail shows."""
WITHHELD = "withheld: a facet"
"""In place of a facet's value beside the number of a row: it would tell of a person."""

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
    validated = validate(data_set.frame, data.expectations)
    facets = frozenset(facet.name_or_index for facet in data.facets)
    judged = []
    for expectation, outcome in zip(data.expectations, outcomes_of(validated), strict=True):
        rows = [] if outcome.success else _sample_rows(expectation, outcome, data_set.frame, facets)
        judged.append((expectation, _withheld(expectation, outcome, facets), rows))
    measured = [_measure(*one, data_set.row_count) for one in judged]
    successful = sum(outcome.success for _, outcome, _ in judged)
    page = render_data_docs(validated, data_sha256=data_set.sha256, protected=facets)
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
        "results": [_result(*one, found) for one, found in zip(judged, measured, strict=True)],
    }
    return Assessment(
        kind=EvidenceKind.DATA_QUALITY,
        report=report,
        measurements=tuple(measured),
        seed=data.split.seed,
        documents=(Document("data_docs.html", page, "text/html; charset=utf-8"),),
    )


def with_split(assessment: Assessment, split: Split) -> Assessment:
    """The assessment with what follows from the split: its proof, the importance of the features, the drift baselines.

    The baselines are statistics and constraints of the features of the training rows, which production's input is
    compared with. Data that fails its expectations is not divided: then the report stands as it is.
    """
    features = _typed_features(split.train)
    labels = features.pop(features.columns[0])
    statistics = describe(features)
    constraints = suggest_constraints(statistics)
    importance = measure_feature_importance(features, labels)
    return replace(
        assessment,
        report={
            **assessment.report,
            "split": split.proof,
            "feature_importance": [{"name": name, "value": value} for name, value in importance.items()],
        },
        documents=(
            *assessment.documents,
            Document("statistics.json", report_bytes(statistics)),
            Document("constraints.json", report_bytes(constraints)),
        ),
    )


def _typed_features(train: bytes) -> pd.DataFrame:
    """The training rows by type, shape (n_rows, 1 + n_features), the label first."""
    header, *rows = csv.reader(io.StringIO(train.decode(), newline=""))
    cells = zip(*rows, strict=True)
    return pd.DataFrame(
        {name: typed(pd.Series(column, dtype=object)) for name, column in zip(header, cells, strict=True)}
    )


def _measure(expectation: Expectation, outcome: Outcome, rows: list[dict[str, Any]], count: int) -> Measurement:
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
        detail=_detail(expectation, outcome, rows, count),
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
    return _cut(", ".join(f"{key}={value!r}" for key, value in kwargs.items()) or "no exception", LONGEST_LIMIT)


def _detail(expectation: Expectation, outcome: Outcome, rows: list[dict[str, Any]], count: int) -> str:
    column = ", ".join(_columns(expectation)) or "the table"
    limit = _limit(expectation)
    if outcome.reason:
        return f"{column}: could not be evaluated against {limit}: {outcome.reason}"
    if _is_vacuous(outcome):
        return f"{column}: every one of {count} values is missing; nothing was held to {limit}"
    result = outcome.result
    if "unexpected_count" in result and "element_count" in result:
        observed = f"{result['unexpected_count']} of {result['element_count']} rows unexpected"
    else:
        observed = f"observed {_shown(result.get('observed_value'))}"
    if outcome.success:
        return f"{column}: {limit}; {observed}"
    return f"{column}: limit {limit}; {observed}{_sampled(outcome, rows)}"


def _sampled(outcome: Outcome, rows: list[dict[str, Any]]) -> str:
    if rows:
        shown = "; ".join(
            f"row {one['row']}: {', '.join(f'{name}={_shown(value)}' for name, value in one['values'].items())}"
            for one in rows
        )
        return f"; {shown}"
    values = outcome.result.get("partial_unexpected_list") or outcome.result.get("details")
    return f"; such as {_shown(values)}" if values else ""


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}..."


def _shown(value: Any) -> str:
    return _cut(repr(_plain(value)), LONGEST_VALUE)


def _sample_rows(
    expectation: Expectation, outcome: Outcome, frame: pd.DataFrame, facets: frozenset[str]
) -> list[dict[str, Any]]:
    """A few rows that missed the expectation: their number (the first is 1) and the columns concerned."""
    columns = [name for name in _columns(expectation) if name in frame.columns]
    positions = outcome.result.get("partial_unexpected_index_list") or []

    def value(name: str, position: int) -> Any:
        return WITHHELD if name in facets else _plain(frame[name].iloc[position])

    return [{"row": int(at) + 1, "values": {name: value(name, int(at)) for name in columns}} for at in positions]


def _withheld(expectation: Expectation, outcome: Outcome, facets: frozenset[str]) -> Outcome:
    """The outcome without the single unexpected values of a facet; how often each came up stays."""
    if facets.isdisjoint(_columns(expectation)):
        return outcome
    kept = {key: value for key, value in outcome.result.items() if key != "partial_unexpected_list"}
    return replace(outcome, result=kept)


def _result(
    expectation: Expectation, outcome: Outcome, rows: list[dict[str, Any]], measurement: Measurement
) -> dict[str, Any]:
    return {
        "expectation_config": {"type": expectation.type, "kwargs": _plain(expectation.kwargs, longest=None)},
        "severity": expectation.severity,
        "success": outcome.success,
        "verdict": measurement.verdict.value,
        "detail": measurement.detail,
        "result": _plain(outcome.result),
        "sample_rows": rows,
    }


def _plain(value: Any, longest: int | None = LONGEST_VALUE) -> Any:
    """The value as JSON can hold it: no NaN, no numpy, no integer beyond 2**53, no text longer than is shown."""
    if isinstance(value, dict):
        return {str(key): _plain(item, longest) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item, longest) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    return str(value) if longest is None else _cut(str(value), longest)
