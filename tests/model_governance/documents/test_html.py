"""A document as HTML: nothing of the data becomes markup, nothing is lost, and the same page gives the same bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.model_governance.documents.literals import HOSTILE, SMALL_CARD, full_card, hostile_card
from tests.model_governance.documents.parsed import Parsed

from model_governance.documents.evidence import KeptReport, evidence_page
from model_governance.documents.html import to_html
from model_governance.documents.model_card import card_page
from model_governance.documents.wording import field_name, scalar, verdict, visible
from model_governance.domain.canonical import sha256_hex

GOLDEN = Path(__file__).with_name("golden")

TEXTS = st.one_of(st.sampled_from(HOSTILE), st.text(), st.text(st.characters(codec=None), max_size=8))
PLAIN = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS)
ANYTHING = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=24
)


def mostly(shaped: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(shaped, shaped, ANYTHING)


def mappings(**shapes: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mappings of these keys, each there or not, with others beside them."""
    return st.builds(
        lambda known, others: {**others, **known},
        st.fixed_dictionaries({}, optional=shapes),
        st.dictionaries(TEXTS, PLAIN, max_size=2),
    )


NUMBERS = st.one_of(st.floats(), st.integers(), st.none())
METRICS = mappings(
    name=mostly(TEXTS),
    type=mostly(st.sampled_from(["number", "string", "boolean", "bar_chart", "linear_graph", "matrix"])),
    value=st.one_of(PLAIN, st.lists(NUMBERS, max_size=4), st.lists(st.lists(NUMBERS, max_size=3), max_size=4)),
    notes=mostly(TEXTS),
    x_axis_name=mostly(st.one_of(TEXTS, st.lists(TEXTS, max_size=4))),
    y_axis_name=mostly(st.one_of(TEXTS, st.lists(TEXTS, max_size=3))),
)
GROUPS = mappings(name=mostly(TEXTS), metric_data=mostly(st.lists(mostly(METRICS), max_size=4)))
DETAILS = mappings(
    name=mostly(TEXTS),
    evaluation_observation=mostly(TEXTS),
    datasets=mostly(st.lists(TEXTS, max_size=3)),
    metadata=mostly(mappings(verdict=mostly(st.sampled_from(["pass", "fail"])))),
    metric_groups=mostly(st.lists(mostly(GROUPS), max_size=3)),
)
CARDS = mappings(
    model_overview=ANYTHING,
    intended_uses=ANYTHING,
    training_details=ANYTHING,
    evaluation_details=mostly(st.lists(mostly(DETAILS), max_size=2)),
    additional_information=ANYTHING,
)


def html_of(card: Any, title: str = "loan-approval, version 3") -> bytes:
    return to_html(card_page(card, title=title, facts=[("Card status", "Draft")]))


def leaves(value: Any, key: str = "") -> list[Any]:
    """Every plain value but the types of metrics, which are shown by how they are shown."""
    if isinstance(value, dict):
        return [leaf for name, item in value.items() for leaf in leaves(item, name)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item, key)]
    return [] if key == "type" else [value]


def squeezed(value: Any) -> str:
    return "".join(visible(scalar(value)).split())


def spellings(value: Any) -> list[str]:
    """How a plain value may be put: as it is, as a label, as a verdict, as a number of a chart."""
    if isinstance(value, str):
        return [squeezed(value), squeezed(field_name(value)), squeezed(verdict(value).words)]
    return [squeezed(value), *([squeezed(float(value))] if isinstance(value, int) and abs(value) < 10**300 else [])]


def test_a_small_card_is_the_golden_file() -> None:
    assert html_of(SMALL_CARD).decode() == (GOLDEN / "small_card.html").read_text(encoding="utf-8")


@settings(max_examples=80, deadline=None)
@given(CARDS, TEXTS)
def test_any_card_is_a_sound_document_in_which_no_markup_comes_from_the_data(card: Any, title: str) -> None:
    html = html_of(card, title)
    Parsed(html).check()
    assert html == html_of(card, title)


@settings(max_examples=80, deadline=None)
@given(CARDS)
def test_nothing_that_a_card_holds_is_dropped(card: Any) -> None:
    said = Parsed(html_of(card)).text()
    assert [leaf for leaf in leaves(card) if not any(each in said for each in spellings(leaf))] == []


@settings(max_examples=60, deadline=None)
@given(st.lists(CARDS, max_size=2), st.lists(DETAILS, max_size=2))
def test_any_evidence_and_any_report_is_a_sound_document(records: list[Any], reports: list[Any]) -> None:
    kept = []
    for record, report in zip(records, [*reports, {}, {}], strict=False):
        content = json.dumps(report).encode()
        kept.append(KeptReport({**record, "measurements": [report, record], "sha256": sha256_hex(content)}, content))
    Parsed(to_html(evidence_page(kept, title="any", card={}))).check()


def test_a_hostile_card_is_only_text() -> None:
    parsed = Parsed(html_of(hostile_card(), HOSTILE[0]))
    parsed.check()
    said = parsed.text()
    assert [text for text in HOSTILE if squeezed(text) not in said] == []
    assert "[U+202E]gnp.exe" in said
    assert "[U+001B][31mred" in said
    assert "[U+D800]lone" in said


def test_a_card_of_100_000_characters_and_one_nested_900_deep_are_shown_whole() -> None:
    long = {"additional_information": {"custom_details": {str(n): "x" * 999 for n in range(100)}}}
    assert Parsed(html_of(long)).text().count("x" * 999) == 100
    nested: Any = "the innermost"
    for _ in range(900):
        nested = {"k": [nested]}
    assert "theinnermost" in Parsed(html_of({"deep": nested})).text()


@pytest.mark.parametrize("card", [{}, SMALL_CARD, full_card()])
def test_every_card_is_a_sound_document(card: dict[str, Any]) -> None:
    Parsed(html_of(card)).check()


def test_every_chart_has_its_numbers_in_a_table_beside_it() -> None:
    parsed = Parsed(html_of(full_card()))
    figures = parsed.all("figure")
    assert len(figures) == 3
    for figure in figures:
        assert sum(str(one.tag).endswith("svg") for one in figure) == 1
        assert len(list(figure.iter("table"))) == 1
    rows = [len(list(figure.iter("tr"))) - 1 for figure in figures]
    assert rows == [101, 101, 18]
