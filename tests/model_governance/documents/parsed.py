"""An HTML document as a browser would take it apart, and what must hold of every document."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import html5lib

_ELEMENTS = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "header",
    "main",
    "nav",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "p",
    "ul",
    "li",
    "a",
    "dl",
    "dt",
    "dd",
    "div",
    "span",
    "strong",
    "table",
    "caption",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "figure",
    "figcaption",
    "svg",
    "desc",
    "text",
    "path",
    "circle",
}
_ATTRIBUTES = {
    "lang",
    "charset",
    "http-equiv",
    "content",
    "name",
    "class",
    "id",
    "href",
    "role",
    "tabindex",
    "scope",
    "aria-label",
    "aria-labelledby",
    "aria-hidden",
    "viewBox",
    "font-family",
    "font-size",
    "d",
    "stroke",
    "stroke-width",
    "stroke-dasharray",
    "stroke-linejoin",
    "fill",
    "x",
    "y",
    "cx",
    "cy",
    "r",
    "text-anchor",
    "transform",
    "xmlns",
}
_VALUE = re.compile(r"[\w #.,()/:;=+'-]*")


class Parsed:
    """A parsed document."""

    def __init__(self, html: bytes) -> None:
        parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False, strict=False)
        self.root = parser.parse(html, transport_encoding="utf-8")
        self.faults = [fault for fault in parser.errors if fault[1] != "non-void-element-with-trailing-solidus"]

    def all(self, name: str) -> list[Any]:
        return [one for one in self.root.iter() if _name(one) == name]

    def text(self) -> str:
        """Everything that is said, without spaces."""
        return "".join("".join(self._said(self.root)).split())

    def _said(self, element: Any) -> Iterator[str]:
        if _name(element) not in ("style", "head"):
            yield element.text or ""
            for each in element:
                yield from self._said(each)
                yield each.tail or ""

    def check(self) -> None:
        """Nothing in the document but what the templates put there, and what a reader's software needs."""
        assert self.faults == []
        for element in self.root.iter():
            assert _name(element) in _ELEMENTS, _name(element)
            for key, value in element.attrib.items():
                name = key.rpartition("}")[2]
                assert name in _ATTRIBUTES, (name, value)
                assert _VALUE.fullmatch(value), (name, value)
                assert name != "href" or re.fullmatch(r"#s\d+", value)
        self._check_headings()
        self._check_names()
        self._check_policy()

    def _check_headings(self) -> None:
        levels = [int(_name(one)[1]) for one in self.root.iter() if re.fullmatch(r"h[1-6]", _name(one))]
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(later <= earlier + 1 for earlier, later in pairwise(levels)), levels

    def _check_names(self) -> None:
        ids = [one.attrib["id"] for one in self.root.iter() if "id" in one.attrib]
        assert len(ids) == len(set(ids))
        for one in self.root.iter():
            assert set(one.attrib.get("aria-labelledby", "").split()) <= set(ids)
        for table in self.all("table"):
            assert _name(table[0]) == "caption" and "".join(table[0].itertext()).strip()
            assert all(one.attrib.get("scope") in ("row", "col") for one in table.iter() if _name(one) == "th")
        for drawing in self.all("svg"):
            assert [_name(one) for one in drawing[:2]] == ["title", "desc"]
            assert drawing.attrib["role"] == "img"
        assert self.all("html")[0].attrib["lang"] == "en"

    def _check_policy(self) -> None:
        styles = self.all("style")
        assert len(styles) == 1
        digest = base64.b64encode(hashlib.sha256(styles[0].text.encode()).digest()).decode()
        policies = [one.attrib["content"] for one in self.all("meta") if "http-equiv" in one.attrib]
        assert policies == [f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"]


def _name(element: Any) -> str:
    """Its name, whatever name space it is in."""
    return str(element.tag).rpartition("}")[2] if isinstance(element.tag, str) else "comment"
