"""Bias metrics of Clarify's ``analysis.json``: a section a facet, its groups, and each metric with its error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from model_governance.documents.page import Block, Facts, Section
from model_governance.documents.values import cell, paths, records, section_of, without
from model_governance.documents.wording import field_name

_METRIC_FIRST = ("name", "description", "value", "error")
_GROUP_FIRST = ("group", "name", "rows", "positive")


def bias_section(heading: str, section: Any) -> Section | None:
    """A ``pre_training_bias_metrics`` or ``post_training_bias_metrics``; None for another form."""
    if not isinstance(section, Mapping) or not isinstance(section.get("facets"), Mapping):
        return None
    rest = without(section, "facets")
    blocks: list[Block] = []
    if rest:
        blocks.append(Facts([(field_name(path), said) for path, said in paths(rest)]))
    facets = [
        _facet(str(facet), entry, place)
        for facet, entries in section["facets"].items()
        for place, entry in enumerate(entries if isinstance(entries, list) else [entries], 1)
    ]
    return Section(heading, blocks, facets)


def _facet(facet: str, entry: Any, place: int) -> Section:
    if not isinstance(entry, Mapping):
        return section_of(f"Facet {facet}, entry {place}", entry)
    value = entry.get("value_or_threshold")
    heading = f"Facet {facet}" + (f" = {cell(value)}" if "value_or_threshold" in entry else f", entry {place}")
    shown = ["value_or_threshold"]
    blocks: list[Block] = []
    for key, caption, first in (
        ("metrics", "Bias metrics", _METRIC_FIRST),
        ("groups", "Rows in each group", _GROUP_FIRST),
    ):
        rows = entry.get(key)
        if isinstance(rows, list) and rows and all(isinstance(row, Mapping) for row in rows):
            blocks.append(records(caption, rows, first))
            shown.append(key)
    rest = without(entry, *shown)
    sections = [section_of("Further details", rest)] if rest else []
    return Section(heading, blocks, sections)
