"""A hostile card in a real browser: nothing of it runs or loads, and it is readable at every width and in the dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.browser.conftest import FLAGS
from tests.model_governance.documents.literals import HOSTILE, full_card, hostile_card, kept

from model_governance.documents.evidence import evidence_page
from model_governance.documents.html import to_html
from model_governance.documents.model_card import card_page

pytestmark = pytest.mark.browser

NARROW = {"width": 360, "height": 800}
RAN = "document.title === 'ran'"
STYLE_STANDS = "getComputedStyle(document.querySelector('main')).maxWidth === '992px'"
FOREIGN = """document.querySelectorAll(
    'script, img, iframe, object, embed, link, form, [style], [onload], [onerror]').length"""
UNREACHABLE = """[...document.querySelectorAll('.scroll')].filter(
    box => (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight) && box.tabIndex < 0).length"""
UNNAMED = """[...document.querySelectorAll('[aria-labelledby]')].filter(one => one.getAttribute('aria-labelledby')
    .split(' ').some(id => !document.getElementById(id)?.textContent.trim())).length"""
CONTRASTS = """() => {
    const channel = value => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    const light = text => { const [r, g, b] = text.match(/[\\d.]+/g).map(Number);
        return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b); };
    const behind = one => { for (; one; one = one.parentElement) {
        const colour = getComputedStyle(one).backgroundColor;
        if (!/rgba\\(.*, 0\\)/.test(colour)) return colour; } return 'rgb(255, 255, 255)'; };
    const found = [];
    const all = 'p, dt, dd, th, td, caption, h1, h2, h3, h4, a, span, strong, svg text';
    for (const one of document.querySelectorAll(all)) {
        const style = getComputedStyle(one), colour = one.closest('svg') ? style.fill : style.color;
        const [high, low] = [light(colour), light(behind(one))].sort((a, b) => b - a);
        if ((high + 0.05) / (low + 0.05) < 4.5) found.push(`${one.tagName}.${one.className} ${colour}`);
    }
    return [...new Set(found)];
}"""


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(params=["hostile card", "full card", "evidence"])
def document(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    pages = {
        "hostile card": lambda: card_page(hostile_card(), title=HOSTILE[0], facts=[(HOSTILE[1], HOSTILE[2])]),
        "full card": lambda: card_page(full_card(), title="loan-approval, version 3"),
        "evidence": lambda: evidence_page([kept(HOSTILE[0], hostile_report(), "fail")], title=HOSTILE[1]),
    }
    file = tmp_path / "document.html"
    file.write_bytes(to_html(pages[request.param]()))
    return file


def hostile_report() -> dict[str, Any]:
    return {
        "results": [{"expectation_config": {"type": text, "kwargs": {text: text}}} for text in HOSTILE[:5]],
        "explanations": {HOSTILE[0]: {HOSTILE[1]: {"global_shap_values": {HOSTILE[2]: 1, "W" * 500: 0.5}}}},
        "binary_classification_metrics": {"confusion_matrix": {HOSTILE[0]: {HOSTILE[1]: 1}}},
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_runs_or_loads_and_everything_is_readable(browser: Any, document: Path, scheme: str) -> None:
    page = browser.new_page(viewport=NARROW, color_scheme=scheme)
    asked: list[str] = []
    told: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: told.append(message.text))
    page.on("dialog", lambda dialog: told.append(dialog.message))
    try:
        page.goto(document.as_uri())
        assert not page.evaluate(RAN)
        assert asked == [document.as_uri()]
        assert told == []
        assert page.evaluate(FOREIGN) == 0
        assert page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
        assert page.evaluate(UNREACHABLE) == 0
        assert page.evaluate(UNNAMED) == 0
        assert page.evaluate(CONTRASTS) == []
        page.set_viewport_size({"width": 1280, "height": 900})
        assert page.evaluate(STYLE_STANDS)
        assert page.evaluate("document.documentElement.scrollWidth") == 1280
    finally:
        page.close()


def test_on_paper_every_point_of_a_long_table_is_there(browser: Any, tmp_path: Path) -> None:
    import io

    from pypdf import PdfReader

    file = tmp_path / "card.html"
    file.write_bytes(to_html(card_page(full_card(), title="loan-approval, version 3")))
    page = browser.new_page()
    try:
        page.goto(file.as_uri())
        printed = page.pdf(prefer_css_page_size=True)
    finally:
        page.close()
    said = " ".join(each.extract_text() for each in PdfReader(io.BytesIO(printed)).pages)
    assert all(f"0.{hundredths:02}".rstrip("0") in said for hundredths in range(1, 100))
