"""A document as a tree of what it says; apart from HTML and PDF, so that both say the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar


class Tone(StrEnum):
    """How something is to be taken; every tone has words and a sign besides its colour."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    WARNING = "warning"
    NOT_ASSESSABLE = "not_assessable"
    FAIL = "fail"
    NEUTRAL = "neutral"


@dataclass(frozen=True)
class Verdict:
    """A judgement in a cell or in a heading: words, and the tone that gives them a sign and a colour."""

    words: str
    tone: Tone


Cell = str | Verdict


@dataclass(frozen=True)
class Prose:
    """A paragraph; its line breaks are kept."""

    kind: ClassVar[str] = "prose"
    text: str


@dataclass(frozen=True)
class Notice:
    """Something that must not be overlooked."""

    kind: ClassVar[str] = "notice"
    verdict: Verdict
    text: str


@dataclass(frozen=True)
class Facts:
    """Names and what they are: [(name, value)]."""

    kind: ClassVar[str] = "facts"
    rows: Sequence[tuple[str, Cell]]


@dataclass(frozen=True)
class Table:
    """A table; the first cell of a row is the row's heading.

    Attributes:
        caption: What it shows.
        columns: The columns' headings.
        rows: A row's cells, as many as there are columns.
        numeric: Positions of the columns that hold numbers, from 0.
    """

    kind: ClassVar[str] = "table"
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Matrix:
    """Numbers by two names, shaded by size.

    Attributes:
        caption: What it shows.
        corner: What rows and columns are, such as ``label / predicted``.
        columns: The columns' names.
        rows: A row's name and its numbers in words, as many as there are columns.
        shades: A shade for each number, 0 (none) to 6 (the largest).
    """

    kind: ClassVar[str] = "matrix"
    caption: str
    corner: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]
    shades: Sequence[Sequence[int]]


@dataclass(frozen=True)
class Curve:
    """A line through points, with the same points as a table.

    Attributes:
        title: What it shows.
        x_axis: Name of the horizontal axis.
        y_axis: Name of the vertical axis.
        points: (x, y), finite, in the order that the line takes.
        has_diagonal: Whether x = y is drawn beside it, for comparison.
        diagonal: What the diagonal means.
        note: What a reader needs besides.
    """

    kind: ClassVar[str] = "curve"
    title: str
    x_axis: str
    y_axis: str
    points: Sequence[tuple[float, float]]
    has_diagonal: bool = False
    diagonal: str = ""
    note: str = ""


@dataclass(frozen=True)
class Bars:
    """Horizontal bars, with the same numbers as a table: [(name, finite value)]."""

    kind: ClassVar[str] = "bars"
    title: str
    name_axis: str
    value_axis: str
    bars: Sequence[tuple[str, float]]
    note: str = ""


Block = Prose | Notice | Facts | Table | Matrix | Curve | Bars


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    heading: str
    blocks: Sequence[Block] = ()
    sections: Sequence[Section] = ()
    verdict: Verdict | None = None


@dataclass(frozen=True)
class Page:
    """A whole document.

    Attributes:
        title: Its name.
        kicker: What kind of document it is.
        lead: What stands between title and sections.
        sections: The rest.
        foot: The last line: where the document comes from and how it is to be read.
    """

    title: str
    kicker: str
    lead: Sequence[Block] = ()
    sections: Sequence[Section] = ()
    foot: Sequence[str] = field(default=())


@dataclass(frozen=True)
class Heading:
    """A section in the order of reading.

    Attributes:
        level: 2 to 6, never more than one below the heading before it.
        number: Place in the document, from 1; names the anchor.
        section: The section.
    """

    level: int
    number: int
    section: Section


def in_reading_order(page: Page) -> list[Heading]:
    """The page's sections, parents before children, without recursion: data may be nested deeply."""
    ordered: list[Heading] = []
    waiting = [(2, section) for section in reversed(page.sections)]
    while waiting:
        level, section = waiting.pop()
        ordered.append(Heading(level, len(ordered) + 1, section))
        waiting.extend((min(level + 1, 6), each) for each in reversed(section.sections))
    return ordered
