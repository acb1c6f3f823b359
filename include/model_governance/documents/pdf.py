"""A page as PDF: tagged for readers (PDF/UA-1), its fonts within, and the same bytes for the same page.

The fonts are typst's own: Latin, Greek, Cyrillic, Armenian, Hebrew, Devanagari and mathematical signs. A character of
another script is given by its code point, such as [U+4F60], and the foot says so; the HTML document shows it. No font
of the machine is used, since then the bytes would depend on it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

import typst

from model_governance.documents.charts import draw_bars, draw_curve
from model_governance.documents.html import SIGNS, templates
from model_governance.documents.page import (
    Bars,
    Block,
    Cell,
    Curve,
    Facts,
    Heading,
    Matrix,
    Notice,
    Page,
    Prose,
    Table,
    in_reading_order,
)
from model_governance.documents.wording import scalar, visible

_IN_FONTS = (
    "\n\t -~\u00a0-\u04ff\u0531-\u0556\u0559-\u058a\u05b0-\u05f4\u0900-\u097f\u1d00-\u1dbf\u1e00-\u1fff"
    "\u2000-\u2040\u2044-\u2052\u2054-\u2064\u2070-\u20bf\u2190-\u23ff\u2500-\u2606\u2713\u2717\u27c0-\u27ff\u2900-\u2aff"
)
_NOT_IN_FONTS = re.compile(f"[^{_IN_FONTS}]")
_NOT_ASCII = re.compile(r"[^\n\t -~]")
_LONG_WORD = re.compile(r"[^\s\u200b/-]{19,}")
"""In a table's cell; typst breaks at spaces, slashes and hyphens by itself."""
_LONG_WORD_IN_LINE = re.compile(r"[^\s\u200b/-]{65,}")
"""In the width of a page: a digest of 64 digits stays whole, so that it can be copied."""
_BREAK = "\u200b"
_EVERY = 12
_POINTS_ABREAST = 3
_NARROWEST, _WIDEST = 9, 30
_NARROW_TABLE = 64
_SIGN, _GAP = 6, 2
_MOST_BESIDE = 14
_OTHER_SCRIPTS = (
    "Characters of scripts that this file's fonts lack are given by their code point; the HTML document shows them."
)


def to_pdf(page: Page) -> bytes:
    """The page as PDF/UA-1; the same page gives the same bytes."""
    try:
        return _pdf(_Setting(page, _NOT_IN_FONTS).document)
    except typst.TypstError as refusal:
        if "could not be displayed" not in str(refusal):
            raise
    # The fonts have each letter, but not this combination of them.
    return _pdf(_Setting(page, _NOT_ASCII).document)


class _Setting:
    """A page as the JSON that the template sets; remembers whether a character had no font."""

    def __init__(self, page: Page, lacking: re.Pattern[str]) -> None:
        self._page = page
        self._lacking = lacking
        self._is_lacking = False

    @cached_property
    def document(self) -> dict[str, Any]:
        page = self._page
        lead = self._blocks(page.lead, "b0")
        headings = [self._heading(each) for each in in_reading_order(page)]
        title, kicker = self._text(page.title), self._text(page.kicker)
        foot = [self._text(each) for each in page.foot] + ([_OTHER_SCRIPTS] if self._is_lacking else [])
        return {"title": title, "kicker": kicker, "lead": lead, "headings": headings, "foot": foot}

    def _heading(self, heading: Heading) -> dict[str, Any]:
        section = heading.section
        return {
            "level": heading.level,
            "heading": self._text(section.heading),
            "verdict": self._cell(section.verdict) if section.verdict else None,
            "blocks": self._blocks(section.blocks, f"b{heading.number}"),
        }

    def _blocks(self, blocks: Sequence[Block], prefix: str) -> list[dict[str, Any]]:
        return [self._block(block, f"{prefix}-{place}") for place, block in enumerate(blocks)]

    def _block(self, block: Block, anchor: str) -> dict[str, Any]:
        if isinstance(block, Prose):
            return {"kind": block.kind, "text": self._text(block.text)}
        if isinstance(block, Notice):
            return {"kind": block.kind, "verdict": self._cell(block.verdict), "text": self._text(block.text)}
        if isinstance(block, Facts):
            return {"kind": block.kind, "rows": [self._fact(name, value) for name, value in block.rows]}
        if isinstance(block, Table):
            return self._table(block)
        if isinstance(block, Matrix):
            return self._matrix(block)
        return self._chart(block, anchor)

    def _fact(self, name: str, value: Cell) -> list[Any]:
        return [self._narrow(name), self._text(value) if isinstance(value, str) else self._cell(value)]

    def _table(self, table: Table) -> dict[str, Any]:
        widths = [_width(table, place) for place in range(len(table.columns))]
        return {
            "kind": table.kind,
            "caption": self._text(table.caption),
            "columns": self._texts(table.columns),
            "rows": [[self._cell(one) for one in row] for row in table.rows],
            "numeric": sorted(table.numeric),
            "widths": widths,
            "is_narrow": sum(widths) <= _NARROW_TABLE,
        }

    def _matrix(self, matrix: Matrix) -> dict[str, Any]:
        return {
            "kind": matrix.kind,
            "caption": self._text(matrix.caption),
            "corner": self._text(matrix.corner),
            "columns": self._texts(matrix.columns),
            "rows": [[self._text(name), self._texts(values)] for name, values in matrix.rows],
            "shades": matrix.shades,
        }

    def _chart(self, chart: Curve | Bars, anchor: str) -> dict[str, Any]:
        macros: Any = templates().get_template("chart.svg.jinja").module
        title = self._text(chart.title)
        if isinstance(chart, Curve):
            drawing: Any = draw_curve(chart)
            svg = macros.curve_svg(anchor, chart.title, drawing)
            head, rows = _abreast([chart.x_axis, chart.y_axis], [[scalar(x), scalar(y)] for x, y in chart.points])
            numeric, count = list(range(len(head))), len(chart.points)
        else:
            drawing = draw_bars(chart)
            svg = macros.bars_svg(anchor, chart.title, drawing)
            head, rows = [chart.name_axis, chart.value_axis], [[name, scalar(value)] for name, value in chart.bars]
            numeric, count = [1], len(rows)
        return {
            "kind": "chart",
            "title": title,
            "note": self._text(chart.note),
            "svg": self._held(str(svg)),
            "alt": self._text(f"{chart.title}. {drawing.description}"),
            "head": self._texts(head),
            "rows": [self._texts(row) for row in rows],
            "numeric": numeric,
            "is_beside": count <= _MOST_BESIDE,
        }

    def _cell(self, cell: Cell) -> str | dict[str, str]:
        if isinstance(cell, str):
            return self._narrow(cell)
        return {"tone": cell.tone.value, "words": self._text(cell.words), "sign": self._held(SIGNS[cell.tone])}

    def _texts(self, texts: Sequence[str]) -> list[str]:
        return [self._narrow(each) for each in texts]

    def _text(self, text: str) -> str:
        """The text with nothing unseen, nothing without a font, and places to break in words that are too long."""
        return _LONG_WORD_IN_LINE.sub(_broken, self._held(visible(text)))

    def _narrow(self, text: str) -> str:
        """As ``_text``, for a cell."""
        return _LONG_WORD.sub(_broken, self._held(visible(text)))

    def _held(self, text: str) -> str:
        held, replaced = self._lacking.subn(lambda found: f"[U+{ord(found[0]):04X}]", text)
        self._is_lacking = self._is_lacking or replaced > 0
        return held


def _broken(word: re.Match[str]) -> str:
    return _BREAK.join(word[0][start : start + _EVERY] for start in range(0, len(word[0]), _EVERY))


def _width(table: Table, place: int) -> int:
    """A column's share of the width: as its longest cell asks, but never less than a word of its heading."""
    heading = table.columns[place]
    cells = [heading, *(row[place] for row in table.rows)]
    longest = max(len(one) if isinstance(one, str) else len(one.words) + _SIGN for one in cells)
    narrowest = max([_NARROWEST, *(len(word) for word in heading.split())])
    return min(max(longest, narrowest) + _GAP, _WIDEST)


def _abreast(head: list[str], rows: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """Many points in columns side by side, read from top to bottom; short rows are filled up."""
    if len(rows) <= _MOST_BESIDE:
        return head, rows
    height = -(-len(rows) // _POINTS_ABREAST)
    filled = rows + [[""] * len(head)] * (height * _POINTS_ABREAST - len(rows))
    return head * _POINTS_ABREAST, [
        [one for part in range(_POINTS_ABREAST) for one in filled[part * height + place]] for place in range(height)
    ]


@cache
def _template() -> bytes:
    return files("model_governance.documents").joinpath("templates", "page.typ").read_bytes()


@cache
def _fonts() -> typst.Fonts:
    """The fonts of the wheel; not the machine's."""
    return typst.Fonts(include_system_fonts=False)


def _pdf(document: dict[str, Any]) -> bytes:
    inputs = {"page": json.dumps(document)}
    written = typst.compile(_template(), format="pdf", font_paths=_fonts(), sys_inputs=inputs, pdf_standards=["ua-1"])
    if not isinstance(written, bytes):
        raise TypeError(f"typst gave {type(written).__name__}, not one document")
    return written
