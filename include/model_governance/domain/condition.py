"""An approval's condition as text: every channel carries a comment, so a conditional approval says so in its comment.

``[until 2027-03-31: a second reader checks every refusal] The evidence is complete.``
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from model_governance.errors import DecisionRefused

_WRITTEN = re.compile(r"^\s*\[until (?P<day>[^\]:]*?)\s*(?::\s*(?P<condition>[^\]]*?)\s*)?\]\s*(?P<comment>.*)$", re.S)
_BEGUN = re.compile(r"^\s*\[\s*until\b", re.I)


@dataclass(frozen=True)
class Remark:
    """A comment, taken apart.

    Attributes:
        comment: What the person wrote.
        until: From when the approval no longer counts: midnight UTC after its last day; None for unconditional.
        condition: What it is made conditional on.
    """

    comment: str
    until: datetime | None = None
    condition: str = ""


def write_remark(comment: str, until: date | None, condition: str) -> str:
    """The comment with its condition in front.

    Raises:
        DecisionRefused: There is a condition and no last day, or the condition holds a bracket.
    """
    if until is None:
        if condition:
            raise DecisionRefused("a condition needs the last day on which the approval holds: give --until too")
        return comment
    if "]" in condition or "[" in condition:
        raise DecisionRefused(f"the condition {condition!r} holds a bracket, which marks its end: write it without")
    return f"[until {until.isoformat()}{f': {condition}' if condition else ''}] {comment}".strip()


def read_remark(text: str) -> Remark:
    """The comment that a channel carried.

    Raises:
        DecisionRefused: It begins like a condition and is none.
    """
    if not _BEGUN.match(text):
        return Remark(text.strip())
    found = _WRITTEN.match(text)
    try:
        end = _end_of(date.fromisoformat(found["day"])) if found else None
    except (ValueError, OverflowError):  # the last day there is has no midnight after it
        end = None
    if found is None or end is None:
        raise DecisionRefused(
            f"the condition in {text[:80]!r} is not understood: write [until YYYY-MM-DD: what it depends on] in front"
        )
    return Remark(found["comment"].strip(), end, found["condition"] or "")


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), UTC)
