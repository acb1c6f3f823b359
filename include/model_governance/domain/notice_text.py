"""Notices in the form of each channel: plain text, HTML, Slack's blocks; nothing in them but our own is markup.

Apart from what a notice says, because whoever names a column or writes a comment must not be able to put a link, a
mention or a header line into a message that others trust.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Any

from model_governance.domain.notice import Fact, Notice

LONGEST_TEXT = 600
LONGEST_SUBJECT = 99
"""As Amazon SNS allows (less than 100); a mail's subject keeps to it too."""

_LONGEST_HEADER = 150  # of a Slack header block
_MOST_FACTS = 40  # of the 50 blocks that a Slack message may have
_ADDRESS_BEGINS = re.compile(r"(?<=[A-Za-z])://|(?<=\bwww)\.|(?<=\bmailto):|@(?=\w)", re.IGNORECASE)
_NAME_OF_A_SITE = re.compile(r"(?<=\w)\.(?=[^\W\d_]{2})")


def harmless(text: str, longest: int = LONGEST_TEXT) -> str:
    """A text by others in one line: no control or direction marks, nothing that a program takes for an address.

    Args:
        text: As it was written.
        longest: Characters that are kept; more is cut off, and an ellipsis says so.
    """
    shown = "".join(each if _is_shown(each) else " " for each in text)
    line = _ADDRESS_BEGINS.sub(lambda found: f"[{found[0]}]", " ".join(shown.split()))
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def subject(notice: Notice) -> str:
    """The headline for a header: ASCII, one line, 99 characters at most, no control characters."""
    ascii_only = harmless(notice.headline).encode("ascii", "replace").decode()
    return f"[model-governance] {ascii_only}"[:LONGEST_SUBJECT]


def as_line(notice: Notice) -> str:
    """The whole notice in one line, for a log."""
    said = "; ".join(f"{fact.label}: {fact.text}" for fact in _safe(notice))
    commands = f"; or: {notice.commands[0]}" if notice.commands else ""
    return f"{harmless(notice.headline)} | {said}; page: {notice.page}{commands}"


def as_text(notice: Notice) -> str:
    """The notice as plain text, a line a fact."""
    lines = [harmless(notice.headline), "", *(f"{fact.label}: {fact.text}" for fact in _safe(notice))]
    lines += ["", notice.page, *(f"  {command}" for command in notice.commands)]
    return "\n".join(lines) + "\n"


def as_html(notice: Notice) -> str:
    """The notice as the body of a mail."""
    rows = "".join(
        f'<tr><td style="padding-right:1em;vertical-align:top">{_html(fact.label)}</td><td>{_html(fact.text)}</td></tr>'
        for fact in _safe(notice)
    )
    commands = "".join(f"<pre>{html.escape(command)}</pre>" for command in notice.commands)
    page = html.escape(notice.page)
    return (
        f"<p><b>{_html(harmless(notice.headline))}</b></p>\n<table>{rows}</table>\n"
        f'<p><a href="{page}">{page}</a></p>\n{commands}'
    )


def as_slack(notice: Notice) -> dict[str, Any]:
    """The notice as ``text`` (what a notification shows) and ``blocks`` of a message to Slack.

    What others have written stands in ``plain_text`` alone, in which Slack sees no links, mentions or formatting; in
    ``text``, where it would, ``&``, ``<`` and ``>`` are escaped as Slack asks for.
    """
    facts = [_plain(f"{fact.label}: {fact.text}") for fact in _safe(notice)]
    commands = "\n".join(notice.commands)
    actions = f"<{_slack(notice.page)}|Open in Airflow>" + (f"\n```{_slack(commands)}```" if commands else "")
    return {
        "text": _slack(harmless(notice.headline)),
        "blocks": [
            {"type": "header", "text": _text(harmless(notice.headline, _LONGEST_HEADER))},
            *facts,
            {"type": "section", "text": {"type": "mrkdwn", "text": actions, "verbatim": True}},
        ],
    }


def _safe(notice: Notice) -> list[Fact]:
    """The facts with harmless texts; what is too much for a message is left to the page."""
    shown = [Fact(harmless(fact.label, 80), harmless(fact.text)) for fact in notice.facts[:_MOST_FACTS]]
    left = len(notice.facts) - len(shown)
    return [*shown, Fact("and", f"{left} more lines, in the ledger")] if left else shown


def _is_shown(character: str) -> bool:
    """Whether it is no control, format (direction, zero width), line separator or half of a pair."""
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def _html(text: str) -> str:
    """Text in a mail: escaped, and with no name that a mail program would make a link of by itself."""
    return _NAME_OF_A_SITE.sub(".&#8203;", html.escape(text, quote=True))


def _slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "'").replace("|", "/")


def _text(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _text(text)}
