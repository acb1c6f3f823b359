"""Model quality in Model Monitor's form: values with their deviations, the confusion matrix, and the curves drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from model_governance.documents.metric_groups import curve, finite, matrix, points_of
from model_governance.documents.page import Block, Curve, Facts, Matrix, Section
from model_governance.documents.values import paths, records
from model_governance.documents.wording import field_name, number

_VALUE_FIRST = ("metric", "value", "standard_deviation", "error")
_AXES = (
    ("false_positive_rates", "true_positive_rates"),
    ("recalls", "precisions"),
    ("mean_predicted", "observed_share"),
    ("x", "y"),
)
"""Pairs of lists that make a curve: Model Monitor's names first."""
_POINT_AXES = {
    "roc": ("False positive rate", "True positive rate"),
    "receiver": ("False positive rate", "True positive rate"),
    "precision": ("Recall", "Precision"),
    "pr": ("Recall", "Precision"),
    "calibration": ("Predicted probability", "Observed share"),
}


def quality_section(heading: str, metrics: Any) -> Section | None:
    """A ``binary_classification_metrics``, ``multiclass_...`` or ``regression_metrics``; None for another form."""
    if not isinstance(metrics, Mapping):
        return None
    values: list[dict[str, Any]] = []
    drawn: list[Block] = []
    rest: dict[str, Any] = {}
    for name, metric in metrics.items():
        if isinstance(metric, Mapping) and "value" in metric and not isinstance(metric["value"], Mapping | list):
            values.append({"metric": field_name(str(name)), **metric})
            continue
        block = _matrix(str(name), metric) or _curve(str(name), metric)
        if block:
            drawn.append(block)
        else:
            rest[str(name)] = metric
    blocks: list[Block] = [records("Values", values, _VALUE_FIRST)] if values else []
    others = [Facts([(field_name(path), said) for path, said in paths(rest)])] if rest else []
    return Section(heading, [*blocks, *drawn, *others])


def _matrix(name: str, metric: Any) -> Matrix | None:
    """A matrix from {row: {column: number}}, Model Monitor's form of a confusion matrix: label, then prediction."""
    if not isinstance(metric, Mapping) or not metric:
        return None
    rows = list(metric.values())
    if not all(isinstance(row, Mapping) and row for row in rows):
        return None
    columns = list(dict.fromkeys(key for row in rows for key in row))
    if any(set(row) != set(columns) or any(number(one) is None for one in row.values()) for row in rows):
        return None
    values = [[row[column] for column in columns] for row in rows]
    is_confusion = "confusion" in name
    corner = "Label / predicted" if is_confusion else ""
    prefix = "predicted " if is_confusion else ""
    return matrix(
        field_name(name),
        corner,
        [f"label {row}" if is_confusion else str(row) for row in metric],
        [f"{prefix}{column}" for column in columns],
        values,
    )


def _curve(name: str, metric: Any) -> Curve | None:
    title = field_name(name)
    if isinstance(metric, list):
        points = points_of(metric) or _record_points(metric)
        return curve(title, *_named_axes(name), points) if points else None
    if not isinstance(metric, Mapping) or len(metric) != 2:
        return None
    known = next((pair for pair in _AXES if set(pair) == set(metric)), None)
    x_name, y_name = known or tuple(metric)
    xs, ys = finite(metric[x_name]), finite(metric[y_name])
    if not xs or not ys or len(xs) != len(ys):
        return None
    return curve(title, _singular(x_name), _singular(y_name), list(zip(xs, ys, strict=True)))


def _record_points(metric: Sequence[Any]) -> list[tuple[float, float]] | None:
    """Points from [{"x": .., "y": ..}]: mappings of the same two numbers; others stay a table."""
    if not metric or not all(isinstance(one, Mapping) and set(one) == {"x", "y"} for one in metric):
        return None
    return points_of([[one["x"], one["y"]] for one in metric])


def _named_axes(name: str) -> tuple[str, str]:
    words = name.lower().split("_")
    return next((axes for word, axes in _POINT_AXES.items() if word in words), ("x", "y"))


def _singular(name: str) -> str:
    return field_name(name).removesuffix("s") if name.endswith(("rates", "calls", "sions")) else field_name(name)
