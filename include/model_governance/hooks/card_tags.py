"""Words beside a card's status, as tags: a card has no field for them, and a tag takes 256 characters of few kinds.

Apart from ``model_cards`` because ``approvals`` reads the same tags back from the record of the call that set them.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Mapping

REJECTION_TAG = "model-governance:rejection"
COMMENT_TAG = "model-governance:comment"
_COMMENT_TAGS = (COMMENT_TAG, *(f"{COMMENT_TAG}-{number}" for number in range(2, 9)))
_TAG_LIMIT = 256
_NOT_IN_A_TAG = re.compile(r"[^\w .:/=+\-@]")
_NOT_IN_A_COMMENT = re.compile(rb"[^A-Za-z0-9 .:/+\-@]")


def rejection_tag(reason: str) -> dict[str, str]:
    """The tag that says why a card was rejected or set back: for reading in a console, so cut and without marks."""
    return {REJECTION_TAG: " ".join(_NOT_IN_A_TAG.sub(" ", reason).split())[:_TAG_LIMIT].strip()}


def comment_tags(comment: str) -> dict[str, str]:
    """The tags that carry a comment whole: what a tag does not take is written ``=2C`` (quoted-printable).

    Args:
        comment: At most about 2000 characters of plain text; what goes beyond eight tags is left out.
    """
    line = " ".join(comment.split()).encode()
    quoted = _NOT_IN_A_COMMENT.sub(lambda found: b"=%02X" % found.group()[0], line).decode()
    pieces = [quoted[start : start + _TAG_LIMIT - 1] for start in range(0, len(quoted), _TAG_LIMIT - 1)]
    # A space at a piece's end would be trimmed by a console; an equals sign ends the piece in its place.
    return {tag: f"{piece}=" for tag, piece in zip(_COMMENT_TAGS, pieces, strict=False)}


def comment_from(tags: Mapping[str, str]) -> str:
    """The comment that tags carry; empty where they carry none."""
    pieces = [tags[tag].removesuffix("=") for tag in _COMMENT_TAGS if tag in tags]
    return quopri.decodestring("".join(pieces).encode()).decode(errors="replace")
