"""Measurements and the limits that they were held to, as tables; a limit and a verdict are always put into words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from model_governance.documents.page import Block, Cell, Facts, Table, Tone, Verdict
from model_governance.documents.values import cell, without
from model_governance.documents.wording import field_name, scalar, verdict

_KNOWN = ("name", "value", "facet", "group", "column", "minimum", "maximum", "severity", "verdict", "detail")
_STOPS = {"fail": "stops the version", "warning": "must be answered"}


def measurement_table(measurements: Any) -> Block:
    """The measurements of a piece of evidence; anything else than a list of mappings is shown as it is."""
    rows = list(_measured(measurements))
    if not isinstance(measurements, Sequence) or len(rows) != len(measurements):
        return Facts([("Measurements", cell(measurements))])
    others = list(dict.fromkeys(key for row in rows for key in without(row, *_KNOWN)))
    columns = ["Measurement", "Of", "Value", "Limit", "If missed", "Verdict", "Detail", *map(field_name, others)]
    return Table(
        "Measurements and limits",
        columns,
        [[*_cells(row), *(cell(row[key]) if key in row else "" for key in others)] for row in rows],
        frozenset({2}),
    )


def exceptions_table(measured: Iterable[tuple[str, Any]]) -> Table | None:
    """Every measurement that does not pass, with the kind of its evidence; None where all pass.

    Args:
        measured: [(kind, measurements)].
    """
    rows: list[list[Cell]] = []
    for kind, measurements in measured:
        for row in _measured(measurements):
            judged = verdict(row.get("verdict"))
            if judged.tone is not Tone.PASS:
                rows.append([field_name(kind), *_cells(row)])
    if not rows:
        return None
    columns = ["Evidence", "Measurement", "Of", "Value", "Limit", "If missed", "Verdict", "Detail"]
    return Table("Measurements that do not pass", columns, rows, frozenset({3}))


def verdicts_of(measurements: Any) -> list[Verdict]:
    """The verdict of each measurement."""
    return [verdict(row.get("verdict")) for row in _measured(measurements)]


def limit(row: Mapping[str, Any]) -> str:
    """The limits in words, such as ``at least 0.8`` or ``-0.1 to 0.1``; ``no limit`` without any."""
    low, high = row.get("minimum"), row.get("maximum")
    if low is not None and high is not None:
        return f"{scalar(low)} to {scalar(high)}"
    if low is not None:
        return f"at least {scalar(low)}"
    return f"at most {scalar(high)}" if high is not None else "no limit"


def _measured(measurements: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(measurements, Sequence) and not isinstance(measurements, str):
        yield from (row for row in measurements if isinstance(row, Mapping))


def _cells(row: Mapping[str, Any]) -> list[Cell]:
    of = [cell(row[key]) for key in ("facet", "group", "column") if row.get(key) is not None]
    severity, value = row.get("severity"), row.get("value")
    return [
        field_name(cell(row.get("name"))),
        "\n".join(of),
        "no number" if value is None else cell(value),
        limit(row),
        _STOPS.get(severity, cell(severity)) if isinstance(severity, str) else cell(severity),
        verdict(row.get("verdict")),
        cell(row["detail"]) if row.get("detail") else "",
    ]
