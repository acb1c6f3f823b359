"""How names, numbers and verdicts are put into words, and how what cannot be seen is made visible; one way for all."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from model_governance.documents.page import Tone, Verdict
from model_governance.domain.evidence import EvidenceVerdict

NOT_GIVEN = "not given"
NONE = "none"
DIGITS = 5
"""Significant digits of a number that is no integer; the foot of every document says so."""

_SHORT_NUMBER = 7
_FIELD_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_PREFIX = re.compile(r"\b(pre|post) (?=training\b)", re.IGNORECASE)
_KEPT_UNSEEN = "\n\t\u200c\u200d\u00a0\u202f\u3000\ufe0e\ufe0f"
_ABBREVIATIONS = {
    "arn": "ARN",
    "auc": "AUC",
    "id": "ID",
    "json": "JSON",
    "pr": "PR",
    "roc": "ROC",
    "sha256": "SHA-256",
    "shap": "SHAP",
    "uri": "URI",
    "url": "URL",
}

VERDICTS = {
    EvidenceVerdict.PASS.value: Verdict("Pass", Tone.PASS),
    EvidenceVerdict.WARNING.value: Verdict("Warning", Tone.WARNING),
    EvidenceVerdict.NOT_ASSESSABLE.value: Verdict("Not assessable", Tone.NOT_ASSESSABLE),
    EvidenceVerdict.FAIL.value: Verdict("Fail", Tone.FAIL),
}


def visible(text: str) -> str:
    """The text with every character that is not seen, or that turns others round, as its code point: ``[U+202E]``.

    Line breaks, tabs, non-breaking spaces and the joiners that some scripts and emoji need stay as they are. A lone
    surrogate, which UTF-8 cannot hold, is shown as its code point too.
    """
    if text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(one if one.isprintable() or one in _KEPT_UNSEEN else f"[U+{ord(one):04X}]" for one in text)


def field_name(name: str) -> str:
    """A field's name as a label: ``training_job_details`` becomes ``Training job details``; any other stays."""
    if not _FIELD_NAME.fullmatch(name):
        return name or "(no name)"
    words = [_ABBREVIATIONS.get(word, word) for word in name.split("_")]
    said = " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])
    return _PREFIX.sub(r"\1-", said)


def scalar(value: Any) -> str:
    """A JSON value that holds no others, in words; anything else as Python says it.

    A float has five significant digits; None is "not given", truth is "yes" or "no".
    """
    if isinstance(value, str):
        said = value if value.strip() else NOT_GIVEN
    elif value is None:
        said = NOT_GIVEN
    elif isinstance(value, bool):
        said = "yes" if value else "no"
    elif isinstance(value, float):
        said = decimal(value)
    elif isinstance(value, int):
        said = _integer(value)
    else:
        said = str(value) if value else NONE
    return said


def number(value: Any) -> float | None:
    """The value as a finite float, or None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def verdict(value: Any) -> Verdict:
    """A verdict's words and tone; one that is not known is said as it is."""
    found = VERDICTS.get(value) if isinstance(value, str) else None
    return found or Verdict(scalar(value), Tone.NEUTRAL)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of the verdicts; neutral where there are none."""
    order = [Tone.NEUTRAL, *(each.tone for each in VERDICTS.values())]
    return max(verdicts, key=lambda each: order.index(each.tone), default=Verdict("No verdict", Tone.NEUTRAL))


def tally(verdicts: Iterable[Verdict]) -> str:
    """How many of each, worst first, such as ``1 fail, 12 pass``."""
    counted = Counter(each.words for each in verdicts)
    known = [each.words for each in reversed(VERDICTS.values())]
    ordered = [*(words for words in known if words in counted), *sorted(set(counted) - set(known))]
    return ", ".join(f"{counted[words]} {words.lower()}" for words in ordered) or NONE


def shortened(text: str, length: int) -> str:
    """The text in at most so many characters; the whole of it must stand elsewhere."""
    return text if len(text) <= length else text[: length - 1] + "…"


def decimal(value: float) -> str:
    """A float in words: five significant digits, or that it is none."""
    if not math.isfinite(value):
        return "not a number (NaN)" if math.isnan(value) else "infinity" if value > 0 else "minus infinity"
    text = repr(value).removesuffix(".0")
    return text if len(text) <= _SHORT_NUMBER else f"{value:.{DIGITS}g}"


def _integer(value: int) -> str:
    """The integer; Python writes none of more than some thousand digits."""
    try:
        return str(value)
    except ValueError:
        return f"an integer of {value.bit_length()} bits"
