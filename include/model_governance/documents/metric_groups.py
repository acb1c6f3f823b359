"""The numbers of a model card as blocks: simple values in a table, bar charts, graphs and matrices as what they are.

Follows ``metric_groups`` of SageMaker's model-card schema. A metric that does not keep to it is shown as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from model_governance.documents.page import Bars, Block, Curve, Facts, Matrix, Section, Table
from model_governance.documents.values import cell, line, paths, section_of, without
from model_governance.documents.wording import field_name, number, scalar

_SIMPLE = ("number", "string", "boolean")
_SHADES = 6


def metric_group(group: Any, heading: str = "Metrics") -> Section:
    """A metric group under its name.

    Args:
        group: {"name", "metric_data": [...]}; anything else is shown as it is.
        heading: The heading of a group without a name.
    """
    if not isinstance(group, Mapping):
        return section_of(heading, group)
    name = group.get("name")
    title = field_name(name) if isinstance(name, str) else heading
    data = group.get("metric_data")
    listed = isinstance(data, list)
    others = without(group, *(["name"] if isinstance(name, str) else []), *(["metric_data"] if listed else []))
    blocks = [*_metrics(data)] if isinstance(data, list) else []
    return Section(title, [*blocks, *_others(others)])


def _metrics(data: Sequence[Any]) -> Iterator[Block]:
    simple = [one for one in data if isinstance(one, Mapping) and one.get("type") in _SIMPLE]
    if simple:
        yield _simple_table(simple)
    for one in data:
        if not isinstance(one, Mapping):
            yield Facts([("Metric", cell(one))])
        elif one.get("type") not in _SIMPLE:
            yield from _drawn(one)


def _simple_table(metrics: Sequence[Mapping[str, Any]]) -> Table:
    known = ("name", "type", "value", "notes")
    has_notes = any("notes" in one for one in metrics)
    others = list(dict.fromkeys(key for one in metrics for key in one if key not in known))
    rows = [
        [
            metric_name(one),
            cell(one["value"]) if "value" in one else "",
            *([cell(one["notes"]) if "notes" in one else ""] if has_notes else []),
            *(cell(one[key]) if key in one else "" for key in others),
        ]
        for one in metrics
    ]
    columns = ["Metric", "Value", *(["Notes"] if has_notes else []), *(field_name(str(key)) for key in others)]
    is_numeric = all(one.get("type") == "number" for one in metrics)
    return Table("Values", columns, rows, frozenset({1}) if is_numeric else frozenset())


def metric_name(metric: Mapping[str, Any]) -> str:
    """The metric's name as a label."""
    name = metric.get("name")
    return field_name(name) if isinstance(name, str) and name else "(no name)"


def _drawn(metric: Mapping[str, Any]) -> Iterator[Block]:
    kind, name = metric.get("type"), metric_name(metric)
    draw = {"bar_chart": _bars, "linear_graph": _graph, "matrix": _matrix}.get(kind if isinstance(kind, str) else "")
    drawn = draw(name, metric) if draw else None
    if drawn is None:
        yield Facts([(f"{name}: {path}", said) for path, said in paths(without(metric, "name"))])
        return
    yield drawn
    shown = ["name", "type", "value", "x_axis_name", "y_axis_name", "notes"]
    yield from _others(without(metric, *shown), f"{name}: ")


def _notes(metric: Mapping[str, Any]) -> str:
    return cell(metric["notes"]) if "notes" in metric else ""


def _bars(name: str, metric: Mapping[str, Any]) -> Bars | None:
    values = finite(metric.get("value"))
    if values is None or not values:
        return None
    names = _axis(metric.get("x_axis_name"), len(values))
    bars = list(zip(names or [f"bar {place}" for place in range(1, len(values) + 1)], values, strict=True))
    # What names no bar still belongs to the axis.
    x_axis = "" if names or "x_axis_name" not in metric else cell(metric["x_axis_name"])
    y_axis = cell(metric["y_axis_name"]) if "y_axis_name" in metric else "Value"
    return Bars(name, x_axis or "Bar", y_axis, bars, _notes(metric))


def _graph(name: str, metric: Mapping[str, Any]) -> Curve | None:
    points = points_of(metric.get("value"))
    if not points:
        return None
    x_axis = cell(metric["x_axis_name"]) if "x_axis_name" in metric else "x"
    y_axis = cell(metric["y_axis_name"]) if "y_axis_name" in metric else "y"
    return curve(name, x_axis, y_axis, points, _notes(metric))


def curve(title: str, x_axis: str, y_axis: str, points: Sequence[tuple[float, float]], note: str = "") -> Curve:
    """A curve, with the diagonal beside it where its name says that this is what it is compared with."""
    plain = f"{title} {x_axis} {y_axis}".lower().replace("_", " ")
    if "calibration" in plain or "reliability" in plain:
        return Curve(title, x_axis, y_axis, points, True, "perfect calibration", note)
    is_roc = "roc" in plain.split() or "receiver operating" in plain or "false positive rate" in x_axis.lower()
    return Curve(title, x_axis, y_axis, points, is_roc, "no better than chance" if is_roc else "", note)


def _matrix(name: str, metric: Mapping[str, Any]) -> Block | None:
    rows = [finite(row) for row in metric["value"]] if isinstance(metric.get("value"), list) else []
    whole = [row for row in rows if row]
    if not whole or len(whole) < len(rows) or len({len(row) for row in whole}) != 1:
        return None
    row_names = _axis(metric.get("x_axis_name"), len(whole))
    column_names = _axis(metric.get("y_axis_name"), len(whole[0]))
    unused = [
        f"{field_name(key)}: {cell(metric[key])}"
        for key, used in (("x_axis_name", row_names), ("y_axis_name", column_names))
        if key in metric and used is None
    ]
    said = [*unused, *([_notes(metric)] if "notes" in metric else [])]
    caption = f"{name} ({'; '.join(said)})" if said else name
    return matrix(
        caption,
        "",
        row_names or [f"row {place}" for place in range(1, len(whole) + 1)],
        column_names or [f"column {place}" for place in range(1, len(whole[0]) + 1)],
        metric["value"],
    )


def matrix(
    caption: str, corner: str, row_names: Sequence[str], column_names: Sequence[str], values: Sequence[Sequence[Any]]
) -> Matrix:
    """A matrix of finite numbers, shaded by their share of the largest."""
    largest = max((abs(float(one)) for row in values for one in row), default=0.0) or 1.0
    return Matrix(
        caption,
        corner,
        column_names,
        [(name, [scalar(one) for one in row]) for name, row in zip(row_names, values, strict=True)],
        [[min(_SHADES, round(_SHADES * (abs(float(one)) / largest))) for one in row] for row in values],
    )


def finite(value: Any) -> list[float] | None:
    """A list of finite numbers; None for anything else."""
    if not isinstance(value, list):
        return None
    numbers = [number(one) for one in value]
    return [one for one in numbers if one is not None] if None not in numbers else None


def points_of(value: Any) -> list[tuple[float, float]] | None:
    """Points from [[x, y], ...]; None for anything else."""
    if not isinstance(value, list):
        return None
    pairs = [finite(one) for one in value]
    points = [(pair[0], pair[1]) for pair in pairs if pair is not None and len(pair) == 2]
    return points if len(points) == len(pairs) else None


def _axis(names: Any, length: int) -> list[str] | None:
    if not isinstance(names, list) or len(names) != length:
        return None
    return [line(one) if isinstance(one, str) else cell(one) for one in names]


def _others(rest: Mapping[str, Any], prefix: str = "") -> Iterable[Block]:
    if rest:
        yield Facts([(f"{prefix}{field_name(path)}", said) for path, said in paths(dict(rest))])
