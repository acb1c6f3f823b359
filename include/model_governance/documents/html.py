"""A page as HTML: one file without script, remote address or inline style; everything that it says is escaped.

The templates are compiled once. Each value that one of them puts out passes through ``_shown`` and is then escaped, so
that no template can forget either.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from model_governance.documents.charts import draw_bars, draw_curve
from model_governance.documents.page import Page, Tone, in_reading_order
from model_governance.documents.wording import decimal, scalar, visible

SIGNS = {Tone.PASS: "✓", Tone.WARNING: "!", Tone.NOT_ASSESSABLE: "?", Tone.FAIL: "✗", Tone.NEUTRAL: "-"}


def to_html(page: Page) -> bytes:
    """The page as one HTML document, UTF-8; the same page gives the same bytes.

    Its content security policy allows its own style, by digest, and nothing else.
    """
    template, style, policy = _compiled()
    text = template.render(page=page, headings=in_reading_order(page), style=style, policy=policy)
    return text.encode()


@cache
def templates() -> Environment:
    """The templates, escaping and showing whatever they put out."""
    environment = Environment(
        loader=PackageLoader("model_governance.documents", "templates"),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        auto_reload=False,
    )
    environment.globals.update(
        signs=SIGNS, scalar=scalar, number_rows=_number_rows, draw_curve=draw_curve, draw_bars=draw_bars
    )
    return environment


@cache
def _compiled() -> tuple[Template, Markup, str]:
    """The page's template, the style, and the policy that allows it."""
    source, _, _ = PackageLoader("model_governance.documents", "templates").get_source(templates(), "style.css")
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return templates().get_template("page.html.jinja"), Markup(source), policy  # noqa: S704 - the style is ours


def _number_rows(points: Sequence[tuple[float, float]]) -> Markup:
    """Rows of two numbers; here and not in the template, since a full card has hundreds and numbers need no escape."""
    cells = "".join(
        f'<tr><td class="number">{decimal(x)}</td><td class="number">{decimal(y)}</td></tr>' for x, y in points
    )
    return Markup(cells)  # noqa: S704 - numbers alone


def _shown(value: Any) -> Any:
    return visible(value) if type(value) is str else value
