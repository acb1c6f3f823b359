"""A request as CloudTrail shows it: member names begin in lower case, sensitive values are hidden, times are text."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

_HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
_SECRET = frozenset({"tokenType"})
"""Shapes that AWS does not mark as sensitive."""


def recorded(shape: Shape | None, value: Any) -> Any:
    """A value of the shape in CloudTrail's form, ready for JSON."""
    if shape is None:
        return value
    if shape.metadata.get("sensitive") or shape.name in _SECRET or isinstance(value, bytes):
        return _HIDDEN
    match shape:
        case StructureShape():
            return {name[0].lower() + name[1:]: recorded(shape.members.get(name), item) for name, item in value.items()}
        case ListShape():
            return [recorded(shape.member, item) for item in value]
        case MapShape():
            return {key: recorded(shape.value, item) for key, item in value.items()}
    return value.isoformat() if isinstance(value, datetime) else value
