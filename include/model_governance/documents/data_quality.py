"""Results of Great Expectations: every expectation with its column, limit, outcome and what it found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from model_governance.documents.page import Block, Cell, Facts, Section, Table
from model_governance.documents.values import cell, mapping, paths, without
from model_governance.documents.wording import field_name, scalar, verdict

_COLUMNS = ("column", "column_A", "column_B", "column_list", "column_set")
_SHOWN = ("expectation_config", "success", "severity", "verdict", "detail")


def expectations_section(heading: str, results: Any) -> Section | None:
    """``results`` of a validation, in the form of Great Expectations; None for another form."""
    if not isinstance(results, list) or not all(isinstance(one, Mapping) for one in results):
        return None
    if not all(isinstance(one.get("expectation_config"), Mapping) for one in results):
        return None
    rows: list[list[Cell]] = [_row(place, one) for place, one in enumerate(results, 1)]
    columns = ["No.", "Expectation", "Column", "Limit", "Holds", "Severity", "Verdict", "Detail"]
    blocks: list[Block] = [Table("Expectations", columns, rows)]
    details = [
        (f"No. {place}, {field_name(path)}", said) for place, one in enumerate(results, 1) for path, said in _rest(one)
    ]
    further = [Section("What each expectation found", [Facts(details)])] if details else []
    return Section("Expectations" if heading == "Results" else heading, blocks, further)


def _row(place: int, one: Mapping[str, Any]) -> list[Cell]:
    config = one["expectation_config"]
    kwargs = mapping(config.get("kwargs"))
    limits = "\n".join(f"{key}: {cell(value)}" for key, value in kwargs.items() if key not in _COLUMNS)
    named = [cell(kwargs[key]) for key in _COLUMNS if key in kwargs]
    kind = config.get("type", config.get("expectation_type"))
    return [
        str(place),
        field_name(kind.removeprefix("expect_")) if isinstance(kind, str) else cell(kind),
        "\n".join(named) or "the table",
        limits or "no exception",
        scalar(one.get("success")) if isinstance(one.get("success"), bool) else cell(one.get("success")),
        cell(one["severity"]) if "severity" in one else "",
        verdict(one["verdict"]) if "verdict" in one else "",
        cell(one["detail"]) if "detail" in one else "",
    ]


def _rest(one: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the table does not say: the engine's result and sample rows, and whatever else is there."""
    config = one["expectation_config"]
    rest = {key: item for key, item in without(one, *_SHOWN).items() if item not in ([], {}, None)}
    rest |= without(config, "type", "expectation_type", "kwargs")
    if "kwargs" in config and not isinstance(config["kwargs"], Mapping):
        rest["kwargs"] = config["kwargs"]
    return [*paths(rest)] if rest else []
