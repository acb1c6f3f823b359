"""A request's body read into checked Python values by readers compiled once a shape; apart from what is done with them.

Members that AWS does not know are passed over, as AWS does; null is the same as not sent; a value of another type is a
``SerializationException``; broken rules are collected and reported together.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from sagemaker_server.errors import SerializationException, ValidationException
from sagemaker_server.wire.constraints import fault, joined, rules_of
from sagemaker_server.wire.query import read_form
from sagemaker_server.wire.scalars import CONVERSIONS, wrong_type
from sagemaker_server.wire.services import Action, Protocol

Reader = Callable[[Any, str, list[str]], Any]


def read_request(action: Action, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """What was sent to an action, checked against its shape.

    Args:
        action: The action.
        headers: The request's headers, names in lower case.
        body: The request's body.

    Returns:
        The members sent that AWS knows; times as aware UTC, blobs as bytes.

    Raises:
        SerializationException: The body is not what the protocol lays out, or a value has the wrong type.
        ValidationException: Rules are broken; AWS's message names all of them.
    """
    shape = action.model.input_shape
    if shape is None:
        return {}
    match action.protocol:
        case Protocol.JSON:
            sent = _json(body)
        case Protocol.REST_JSON:
            sent = _rest(shape, action.uri, headers, body)
        case Protocol.QUERY:
            sent = read_form(shape, body)
    faults: list[str] = []
    try:
        read: dict[str, Any] = readers_of(action.service).of(shape)(sent, "", faults)
    except RecursionError:
        raise SerializationException("The body is nested too deeply.") from None
    if faults:
        raise ValidationException(joined(faults))
    return read


def _json(body: bytes) -> Any:
    if not body:
        return {}
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise SerializationException("The body is not JSON in UTF-8.") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _rest(shape: StructureShape, uri: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    sent: dict[str, Any] = dict(uri)
    payload = shape.serialization.get("payload")
    for name, member in shape.members.items():
        if member.serialization.get("location") == "header":
            sent[name] = headers.get(member.serialization["name"].lower())
        elif name == payload:
            sent[name] = body
    return sent


class ShapeReaders:
    """The readers of one service's shapes, by name; each compiled at its first use."""

    def __init__(self) -> None:
        self._readers: dict[str, Reader] = {}
        self._compiling = threading.RLock()

    def of(self, shape: Shape) -> Reader:
        """The reader of a shape; a shape may contain itself."""
        name, readers = shape.name, self._readers
        with self._compiling:
            if name not in readers:
                readers[name] = lambda value, path, faults: readers[name](value, path, faults)  # noqa: PLW0108 - what is there changes
                readers[name] = self._compile(shape)
            return readers[name]

    def _compile(self, shape: Shape) -> Reader:
        if isinstance(shape, StructureShape):
            return _anything if getattr(shape, "is_document_type", False) else _structure(shape, self)
        if isinstance(shape, ListShape):
            return _list(shape, self)
        if isinstance(shape, MapShape):
            return _map(shape, self)
        return _scalar(shape)


@cache
def readers_of(service: str) -> ShapeReaders:
    """The readers of a service's shapes."""
    return ShapeReaders()


def _anything(value: Any, path: str, faults: list[str]) -> Any:
    return value


def _structure(shape: StructureShape, readers: ShapeReaders) -> Reader:
    members = {name: (readers.of(member), name[0].lower() + name[1:]) for name, member in shape.members.items()}
    required = [(name, members[name][1]) for name in shape.required_members]
    one_of = shape.is_tagged_union

    def read(value: Any, path: str, faults: list[str]) -> dict[str, Any]:
        if type(value) is not dict:
            raise wrong_type(value, "a structure")
        prefix = f"{path}." if path else ""
        result = {}
        for name, sent in value.items():
            known = members.get(name)
            if known is not None and sent is not None:
                result[name] = known[0](sent, prefix + known[1], faults)
        for name, shown_name in required:
            if name not in result:
                faults.append(
                    f"Value null at '{prefix}{shown_name}' failed to satisfy constraint: Member must not be null"
                )
        if one_of and len(result) != 1:
            faults.append(fault(sorted(result), path, "Member must have exactly one of its members set"))
        return result

    return read


def _list(shape: ListShape, readers: ShapeReaders) -> Reader:
    read_member, rules, member_rules = readers.of(shape.member), rules_of(shape), _scalar_rules(shape.member)
    sensitive = bool(shape.metadata.get("sensitive") or shape.member.metadata.get("sensitive"))

    def read(value: Any, path: str, faults: list[str]) -> list[Any]:
        if type(value) is not list:
            raise wrong_type(value, "a list")
        for holds, wording in rules:
            if not holds(value):
                faults.append(fault(value, path, wording, sensitive=sensitive))
        if not member_rules:
            kept = (item for item in value if item is not None)
            return [read_member(item, f"{path}.{number}.member", faults) for number, item in enumerate(kept, start=1)]
        found: list[str] = []
        result = [read_member(item, path, found) for item in value if item is not None]
        if found:
            faults.append(fault(value, path, f"Member must satisfy constraint: {member_rules}", sensitive=sensitive))
        return result

    return read


def _map(shape: MapShape, readers: ShapeReaders) -> Reader:
    read_key, read_value, rules = readers.of(shape.key), readers.of(shape.value), rules_of(shape)
    key_rules, value_rules = _scalar_rules(shape.key), _scalar_rules(shape.value)
    sensitive = any(part.metadata.get("sensitive") for part in (shape, shape.key, shape.value))

    def read(value: Any, path: str, faults: list[str]) -> dict[str, Any]:
        if type(value) is not dict:
            raise wrong_type(value, "a map")
        for holds, wording in rules:
            if not holds(value):
                faults.append(fault(value, path, wording, sensitive=sensitive))
        keys: list[str] = []
        values: list[str] = []
        result = {}
        for key, sent in value.items():
            read_key(key, path, keys)
            if sent is not None:
                result[key] = read_value(sent, f"{path}.{key}.member", values)
        if keys:
            faults.append(fault(value, path, f"Map keys must satisfy constraint: {key_rules}", sensitive=sensitive))
        if values and value_rules:
            faults.append(fault(value, path, f"Map value must satisfy constraint: {value_rules}", sensitive=sensitive))
        elif values:
            faults.extend(values)
        return result

    return read


def _scalar_rules(shape: Shape) -> str:
    rules = () if isinstance(shape, StructureShape | ListShape | MapShape) else rules_of(shape)
    return f"[{', '.join(wording for _, wording in rules)}]" if rules else ""


def _scalar(shape: Shape) -> Reader:
    convert, rules = CONVERSIONS[shape.type_name], rules_of(shape)
    sensitive = bool(shape.metadata.get("sensitive"))

    def read(value: Any, path: str, faults: list[str]) -> Any:
        result = convert(value)
        for holds, wording in rules:
            if not holds(result):
                faults.append(fault(value, path, wording, sensitive=sensitive))
        return result

    return read
