"""How many rows a number of quality rests on, and what it is as evidence; apart as a whole and its slices ask alike."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from model_governance.domain.cells import canonical_cell
from model_governance.domain.evidence import Measurement
from model_governance.domain.use_case import Limit
from model_governance.evaluation.limits import concerned
from model_governance.evaluation.model_quality.binary import CURVES, rests_on

NO_NUMBERS = ("confusion_matrix", *CURVES)
"""What a report has beside its numbers."""


def marked(measured: dict[str, Any], rows: int, minimum: int) -> dict[str, Any]:
    """The metrics as a report has them: a number of too few rows says so beside its value and interval.

    Args:
        measured: What the problem type's measure gave.
        rows: How many rows it was given.
        minimum: How many a number must rest on, by the policy: recall, say, on positive labels alone.
    """
    behind = rests_on(measured) if "recall" in measured and "confusion_matrix" in measured else {}
    found = {}
    for name, metric in measured.items():
        few = "" if name in NO_NUMBERS else _too_few(rows, behind.get(name, rows), minimum)
        found[name] = {**metric, "not_assessable": few} if few and metric["value"] is not None else metric
    return found


def measurement(name: str, metric: dict[str, Any], facet: str | None = None, group: str | None = None) -> Measurement:
    """A metric of a report as evidence; on too few rows without a value, which stands in the detail."""
    if metric["value"] is None:
        return Measurement(name=name, facet=facet, group=group, detail=metric["error"])
    detail = _uncertainty(metric)
    if "not_assessable" in metric:
        said = f"{metric['not_assessable']}: {metric['value']:.4g}, {detail}".rstrip(", ")
        return Measurement(name=name, facet=facet, group=group, detail=said)
    return Measurement(name=name, value=metric["value"], facet=facet, group=group, detail=detail)


def limited_slices(
    slices: Iterable[dict[str, Any]], known: Iterable[str], limits: Iterable[Limit]
) -> tuple[Measurement, ...]:
    """What limits ask of groups, as evidence; a group without rows has no value and says so.

    Args:
        slices: As ``measure_slices`` gives them, with every metric that a limit names.
        known: The metrics of the problem type.
        limits: Those that name a facet.
    """
    wanted, names = tuple(limits), frozenset(known)
    found: list[Measurement] = []
    for sliced in slices:
        facet, groups = sliced["facet"], sliced["groups"]
        there = [str(group["group"]) for group in groups]
        found.extend(
            one
            for group in groups
            for name, metric in group["metrics"].items()
            if concerned(wanted, one := measurement(name, metric, facet, str(group["group"])))
        )
        absent = {
            (limit.metric, canonical_cell(str(limit.value)))
            for limit in wanted
            if limit.facet == facet and limit.value is not None and limit.metric in names
        }
        found.extend(
            Measurement(
                name=name,
                facet=facet,
                group=group,
                detail=f"no held-out row is of {facet} = {group}; there are: {', '.join(there)}",
            )
            for name, group in sorted(absent)
            if group not in there
        )
    return tuple(found)


def _too_few(rows: int, behind: int, minimum: int) -> str:
    """Why a number says too little; "" where it rests on enough rows."""
    if rows < minimum:
        return f"{rows} rows are fewer than the policy's minimum of {minimum}"
    if behind < minimum:
        return f"{behind} of {rows} rows are behind it, fewer than the policy's minimum of {minimum}"
    return ""


def _uncertainty(metric: dict[str, Any]) -> str:
    found = metric.get("confidence_interval")
    interval = f"{found['level']:.0%} interval {_short(found['lower'])} to {_short(found['upper'])}" if found else ""
    deviation = metric["standard_deviation"]
    spread = f"standard deviation {_short(deviation)}" if isinstance(deviation, float) else ""
    return ", ".join(part for part in (interval, spread) if part)


def _short(number: float) -> str:
    return f"{number:.4f}" if abs(number) < 1e9 else f"{number:.4g}"
