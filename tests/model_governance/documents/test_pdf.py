"""A document as PDF: the same words as in HTML, tagged, split over pages, and the same bytes for the same page."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from pypdf import PdfReader
from tests.model_governance.documents.literals import HOSTILE, SMALL_CARD, full_card, hostile_card, kept
from tests.model_governance.documents.test_html import CARDS

from model_governance.documents import pdf
from model_governance.documents.evidence import evidence_page
from model_governance.documents.model_card import card_page
from model_governance.documents.page import Page, Prose
from model_governance.documents.pdf import to_pdf

GOLDEN = Path(__file__).with_name("golden")


def read(page: Page) -> PdfReader:
    return PdfReader(io.BytesIO(to_pdf(page)))


def text_of(page: Page) -> str:
    return "\n".join(each.extract_text() for each in read(page).pages)


def card(content: Any, title: str = "loan-approval, version 3") -> Page:
    return card_page(content, title=title, facts=[("Card status", "Draft")])


def test_a_small_card_says_what_the_golden_file_says() -> None:
    assert text_of(card(SMALL_CARD)) == (GOLDEN / "small_card.txt").read_text(encoding="utf-8")


def test_the_same_card_gives_the_same_bytes() -> None:
    assert to_pdf(card(full_card())) == to_pdf(card(full_card()))


def test_it_is_tagged_titled_in_english_and_its_pages_are_numbered() -> None:
    document = read(card(full_card()))
    root = document.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] is True or root["/MarkInfo"]["/Marked"]
    assert root["/Lang"].startswith("en")
    assert "/StructTreeRoot" in root
    assert document.metadata is not None and document.metadata.title == "loan-approval, version 3"
    assert "/CreationDate" not in document.metadata
    count = len(document.pages)
    assert count > 3
    assert all(f"Page {n} of {count}" in page.extract_text() for n, page in enumerate(document.pages, 1))


def test_a_long_table_goes_over_pages_and_repeats_its_heading() -> None:
    rows = [{"check": f"check number {n}", "passed": True} for n in range(200)]
    document = read(evidence_page([kept("checks", {"checks": rows}, "pass")], title="long"))
    pages = [page.extract_text() for page in document.pages]
    assert sum("Check" in page and "Passed" in page for page in pages) >= 4
    assert all(f"check number {n}" in "\n".join(pages) for n in range(200))


def test_a_hostile_card_is_text_and_is_read_as_no_markup() -> None:
    assert to_pdf(card(hostile_card(), HOSTILE[0])).startswith(b"%PDF")
    few = {"additional_information": {"custom_details": {str(n): text[:200] for n, text in enumerate(HOSTILE)}}}
    said = "".join(text_of(card(few, HOSTILE[0])).split()).replace("\u200b", "")
    assert "<script>document.title" in said
    assert "{{7*7}}" in said
    assert '#include("secret")#eval("1")' in said
    assert "[U+202E]" in said
    assert "[U+D800]" in said


def test_other_scripts_are_given_by_code_point_and_the_foot_says_so() -> None:
    said = text_of(Page("漢", "Model card", [Prose("Ελληνικά, кириллица, ĄęŁ, ½ ≤ 3")]))
    assert "[U+6F22]" in said
    assert "lack are given by their code point" in " ".join(said.split())
    assert "Ελληνικά, кириллица, ĄęŁ, ½ ≤ 3" in said
    assert "lack are given" not in text_of(Page("Latin", "Model card", [Prose("Ελληνικά")]))


def test_every_character_that_is_said_to_be_in_the_fonts_is_there() -> None:
    held = re.compile(f"[{pdf._IN_FONTS}]")
    characters = [chr(code) for code in range(0x20, 0x3000) if chr(code).isprintable() and held.match(chr(code))]
    # PDF/UA refuses a character without a glyph.
    assert to_pdf(Page("all", "test", [Prose(" ".join(characters))])).startswith(b"%PDF")


@settings(max_examples=12, deadline=None)
@given(CARDS)
def test_any_card_is_a_pdf(content: Any) -> None:
    assert to_pdf(card(content)).startswith(b"%PDF")
