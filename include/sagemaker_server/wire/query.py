"""The query protocol: requests as a form whose names are paths, answers as XML; apart because no other service has it.

Follows Smithy's "AWS query protocol". A list's members are ``Name.member.1``, a structure's ``Name.Member``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from botocore.model import ListShape, Shape, StructureShape

from sagemaker_server.errors import SerializationException

_MOST_FIELDS = 1000


def read_form(shape: Shape, body: bytes) -> dict[str, Any]:
    """What a form asks for, laid out as the shape is; scalars of other types than text are read.

    Raises:
        SerializationException: It is no form, or a value has the wrong type.
    """
    try:
        sent = dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise SerializationException("The body is no form of the query protocol.") from None
    read = _read(shape, "", sent)
    return read if isinstance(read, dict) else {}


def _read(shape: Shape, path: str, sent: dict[str, str]) -> Any:
    """The value at a path; None where nothing was sent below it."""
    if path and not any(name == path or name.startswith(f"{path}.") for name in sent):
        return None
    if isinstance(shape, StructureShape):
        prefix = f"{path}." if path else ""
        members = {name: _read(member, f"{prefix}{name}", sent) for name, member in shape.members.items()}
        return {name: value for name, value in members.items() if value is not None}
    if isinstance(shape, ListShape):
        items: list[Any] = []
        while (value := _read(shape.member, f"{path}.member.{len(items) + 1}", sent)) is not None:
            items.append(value)
        return items
    return _scalar(shape, path, sent.get(path, ""))


def _scalar(shape: Shape, path: str, text: str) -> Any:
    if shape.type_name in {"integer", "long"}:
        if not text.removeprefix("-").isdecimal() or len(text) > 18:
            raise SerializationException(f"{path} must be a whole number.")
        return int(text)
    return text == "true" if shape.type_name == "boolean" else text


def write_members(shape: Shape | None, value: Any) -> str:
    """A value of the shape as XML, without an element of its own."""
    if isinstance(shape, StructureShape):
        members = shape.members
        return "".join(
            f"<{name}>{write_members(members[name], item)}</{name}>"
            for name, item in value.items()
            if item is not None and name in members
        )
    if isinstance(shape, ListShape):
        return "".join(f"<member>{write_members(shape.member, item)}</member>" for item in value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return escape(str(value).lower() if isinstance(value, bool) else str(value))
