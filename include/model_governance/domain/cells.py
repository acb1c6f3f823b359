"""The one spelling of a cell, so that equal values are equal however they arrived; apart because no frame is needed."""

from __future__ import annotations

import math

MISSING = frozenset({"", "NA", "NaN", "nan", "null", "NULL"})
"""Cells that hold nothing; every other text is a value."""


def canonical_cell(text: str) -> str:
    """The one spelling of a cell, so that 1, 1.0 and 1e0 are equal.

    A number becomes the shortest decimal that reads back the same. Text keeps its letters and loses the white space
    around it. Whatever stands for a missing value becomes "".
    """
    text = text.strip()
    if text in MISSING:
        return ""
    number = finite_number(text)
    if number is None:
        return text
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)


def canonical_cells(texts: list[str]) -> list[str]:
    """``canonical_cell`` of each text; each distinct text is read once."""
    spelling = {text: canonical_cell(text) for text in set(texts)}
    return [spelling[text] for text in texts]


def finite_number(text: str) -> float | None:
    """The finite number that a text without white space around it spells; None for any other text."""
    if not text or not (text[0].isdigit() or text[0] in "+-.") or "_" in text:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
