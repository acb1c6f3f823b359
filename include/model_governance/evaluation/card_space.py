"""Metric groups cut to the characters that a card has for them; apart because what gives way is no matter of a report.

Everything that is left out stands in the report, whose address and digest the card names; the card says how much it is.
"""

from __future__ import annotations

from typing import Any

from model_governance.domain.canonical import canonical_json

FEWEST_BARS = 20
"""Bars that a chart keeps when it is cut: those of the largest values, which come first."""

Groups = list[dict[str, Any]]


def fit(groups: Groups, most: int) -> Groups:
    """The groups in at most that many characters of JSON; as they are where they fit.

    What gives way, in this order: the notes of what passed, the bars of the least values, metrics of which many like
    them come before (expectations that hold first), and whole groups from the end.

    Args:
        groups: In the form of a card, each with at least one metric.
        most: Characters; at least 2,000.
    """
    for cut in (_without_notes, _with_fewer_bars, _with_fewer_metrics):
        if _size(groups) > most:
            groups = cut(groups, most)
    return _with_fewer_groups(groups, most) if _size(groups) > most else groups


def _size(value: Any) -> int:
    return len(canonical_json(value).decode())


def _without_notes(groups: Groups, most: int) -> Groups:
    """Only a group's first metric, and an expectation that does not hold, keep their notes."""

    def bare(place: int, metric: dict[str, Any]) -> dict[str, Any]:
        is_kept = place == 0 or metric["value"] is False or metric["type"] not in ("number", "boolean")
        return metric if is_kept else {key: item for key, item in metric.items() if key != "notes"}

    return [{**group, "metric_data": [bare(*one) for one in enumerate(group["metric_data"])]} for group in groups]


def _with_fewer_bars(groups: Groups, most: int) -> Groups:
    def cut(metric: dict[str, Any]) -> dict[str, Any]:
        bars = len(metric["value"]) if metric["type"] == "bar_chart" else 0
        if bars <= FEWEST_BARS:
            return metric
        shorter = {**metric, "value": metric["value"][:FEWEST_BARS], "x_axis_name": metric["x_axis_name"][:FEWEST_BARS]}
        return _noted(shorter, f"the first {FEWEST_BARS} of {bars}; all are in the report")

    return [{**group, "metric_data": [cut(metric) for metric in group["metric_data"]]} for group in groups]


def _with_fewer_metrics(groups: Groups, most: int) -> Groups:
    """The longest group loses metrics from its end, those that hold before those that do not."""
    longest = max(groups, key=_size)
    if _size(longest) <= most // 2:
        return groups
    allowed = most - (_size(groups) - _size(longest)) - 200
    first, *others = longest["metric_data"]
    kept, room = [], allowed - _size({**longest, "metric_data": [first]})
    for metric in sorted(others, key=lambda one: one["value"] is not False):
        room -= _size(metric) + 1
        if room < 0:
            break
        kept.append(metric)
    gone = len(others) - len(kept)
    shown = [metric for metric in others if any(metric is one for one in kept)]
    lead = _noted(first, f"{gone} more of this group are in the report") if gone else first
    return [{**group, "metric_data": [lead, *shown]} if group is longest else group for group in groups]


def _with_fewer_groups(groups: Groups, most: int) -> Groups:
    room, kept = most - 200, list[dict[str, Any]]()
    for group in groups:
        room -= _size(group) + 1
        if room < 0 and kept:
            break
        kept.append(group)
    if len(kept) == len(groups):
        return groups
    lead, *rest = kept[0]["metric_data"]
    noted = _noted(lead, f"{len(groups) - len(kept)} more groups are in the report")
    return [{**kept[0], "metric_data": [noted, *rest]}, *kept[1:]]


def _noted(metric: dict[str, Any], said: str) -> dict[str, Any]:
    notes = metric.get("notes", "")
    return {**metric, "notes": f"{said}; {notes}"[:1024] if notes else said}
