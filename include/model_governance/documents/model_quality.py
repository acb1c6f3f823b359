"""Model quality in Model Monitor's form: values with their deviations, the confusion matrix, and the curves drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from model_governance.documents.metric_groups import curve, finite, matrix, points_of
from model_governance.documents.page import Block, Curve, Facts, Matrix, Section, Table
from model_governance.documents.values import cell, mapping, paths, records, section_of, without
from model_governance.documents.wording import field_name, number

_VALUE_FIRST = ("metric", "value", "standard_deviation", "error")
_AXES = (
    ("false_positive_rates", "true_positive_rates"),
    ("recalls", "precisions"),
    ("mean_predicted_probabilities", "fractions_of_positives"),
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
        if _is_value(metric):
            values.append({"metric": field_name(str(name)), **metric})
            continue
        block = _matrix(str(name), metric) or _curve(str(name), metric)
        if block:
            drawn.append(block)
        left = _not_drawn(metric) if isinstance(block, Curve) else {} if block else metric
        if left or not block:
            rest[str(name)] = left
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
    if not isinstance(metric, Mapping) or not (pair := _axes_of(metric)):
        return None
    x_name, y_name = pair
    xs, ys = finite(metric[x_name]), finite(metric[y_name])
    if not xs or not ys or len(xs) != len(ys):
        return None
    return curve(title, _singular(x_name), _singular(y_name), list(zip(xs, ys, strict=True)))


def _axes_of(metric: Mapping[str, Any]) -> tuple[str, str] | None:
    return next((pair for pair in _AXES if set(pair) <= set(metric)), None)


def _not_drawn(metric: Any) -> dict[str, Any]:
    """What a curve holds besides its points."""
    return without(metric, *(_axes_of(metric) or ())) if isinstance(metric, Mapping) else {}


def _record_points(metric: Sequence[Any]) -> list[tuple[float, float]] | None:
    """Points from [{"x": .., "y": ..}]: mappings of the same two numbers; others stay a table."""
    if not metric or not all(isinstance(one, Mapping) and set(one) == {"x", "y"} for one in metric):
        return None
    return points_of([[one["x"], one["y"]] for one in metric])


def _named_axes(name: str) -> tuple[str, str]:
    words = name.lower().split("_")
    return next((axes for word, axes in _POINT_AXES.items() if word in words), ("x", "y"))


def slices_section(heading: str, slices: Any) -> Section | None:
    """``slices``: [{"facet", "groups": [{"group", "rows", "metrics"?, ...}]}]: groups side by side, then each."""
    if not isinstance(slices, list) or not all(isinstance(one, Mapping) and _groups(one) for one in slices):
        return None
    return Section(heading, [], [_slice(one) for one in slices])


def _groups(one: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    groups = one.get("groups")
    is_known = isinstance(groups, list) and all(isinstance(each, Mapping) for each in groups)
    return groups if is_known and isinstance(groups, list) else []


def _slice(one: Mapping[str, Any]) -> Section:
    groups = _groups(one)
    names = [cell(each.get("group")) for each in groups]
    measured = [mapping(each.get("metrics")) for each in groups]
    metrics = list(dict.fromkeys(name for each in measured for name, metric in each.items() if _is_value(metric)))
    rows = [[field_name(str(name)), *(_compared(each.get(name)) for each in measured)] for name in metrics]
    about = records("Groups", [without(each, "metrics") for each in groups], ("group", "rows"))
    compared: list[Block] = [Table("Metrics by group", ["Metric", *names], rows)] if rows else []
    rest = without(one, "facet", "groups")
    facts: list[Block] = [Facts([(field_name(path), said) for path, said in paths(rest)])] if rest else []
    sections = [
        quality_section(f"Group {name}", each["metrics"]) or section_of(f"Group {name}", each["metrics"])
        for name, each in zip(names, groups, strict=True)
        if "metrics" in each
    ]
    return Section(f"Facet {cell(one.get('facet'))}", [*facts, about, *compared], sections)


def _is_value(metric: Any) -> bool:
    return isinstance(metric, Mapping) and "value" in metric and not isinstance(metric["value"], Mapping | list)


def _compared(metric: Any) -> str:
    """A metric's value and its interval, if it has one; the group's own table has the rest."""
    if not _is_value(metric):
        return ""
    interval = mapping(metric.get("confidence_interval"))
    if number(interval.get("lower")) is None or number(interval.get("upper")) is None:
        return cell(metric["value"])
    return f"{cell(metric['value'])} ({cell(interval['lower'])} to {cell(interval['upper'])})"


def _singular(name: str) -> str:
    return field_name(name).removesuffix("s") if name.endswith(("rates", "calls", "sions")) else field_name(name)
