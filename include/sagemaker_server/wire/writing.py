"""Results and errors as bodies, written by the model's shapes; apart from reading, which must distrust its input."""

from __future__ import annotations

import base64
import json
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import ListShape, MapShape, Shape, StructureShape

from sagemaker_server.errors import WireError
from sagemaker_server.wire.query import write_members
from sagemaker_server.wire.services import Action, Protocol

Writer = Callable[[Any], Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_JSON = "application/x-amz-json-1.1"
_XML = "text/xml"


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


def write_result(action: Action, result: Mapping[str, Any]) -> Answer:
    """An action's result as its protocol lays it out; members that the shape does not have are left out."""
    shape = action.model.output_shape
    request_id = str(uuid.uuid4())
    headers = {"x-amzn-RequestId": request_id}
    if action.protocol is Protocol.REST_JSON and shape is not None:
        return _rest_result(shape, result, headers)
    if action.protocol is Protocol.QUERY:
        return _query_result(action, result, request_id)
    written = {} if shape is None else writers_of(action.service).of(shape)(result)
    return Answer(200, {**headers, "Content-Type": _JSON}, json.dumps(written).encode())


def write_error(error: WireError, service: str, protocol: Protocol) -> Answer:
    """An error as the protocol lays it out."""
    code, request_id = error.code_for(service), str(uuid.uuid4())
    headers = {"x-amzn-RequestId": request_id, "Content-Type": _JSON}
    if protocol is Protocol.QUERY:
        fault = "Sender" if error.http_status < 500 else "Receiver"
        xml = (
            f"<ErrorResponse><Error><Type>{fault}</Type><Code>{escape(code)}</Code>"
            f"<Message>{escape(_printable(error.message))}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return Answer(error.http_status, {**headers, "Content-Type": _XML}, xml.encode())
    document = {"__type": code, "message": error.message, **error.members}
    if protocol is Protocol.REST_JSON:
        document["Message"] = document.pop("message")
        headers |= {"x-amzn-ErrorType": code, "Content-Type": "application/json"}
    return Answer(error.http_status, headers, json.dumps(document).encode())


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() or char == "\n" else "?" for char in text)


def _rest_result(shape: StructureShape, result: Mapping[str, Any], headers: dict[str, str]) -> Answer:
    payload = shape.serialization.get("payload")
    for name, member in shape.members.items():
        if member.serialization.get("location") == "header" and result.get(name) is not None:
            headers[member.serialization["name"]] = str(result[name])
    body = result.get(payload) if payload else None
    return Answer(200, headers, body or b"")


def _query_result(action: Action, result: Mapping[str, Any], request_id: str) -> Answer:
    shape = action.model.output_shape
    wrapper = (shape.serialization.get("resultWrapper") if shape else None) or f"{action.name}Result"
    namespace = action.model.service_model.metadata["xmlNamespace"]
    members = write_members(shape, result)
    xml = (
        f'<{action.name}Response xmlns="{namespace}"><{wrapper}>{members}</{wrapper}>'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{action.name}Response>"
    )
    return Answer(200, {"x-amzn-RequestId": request_id, "Content-Type": _XML}, xml.encode())


class ShapeWriters:
    """The writers of one service's shapes, by name; each compiled at its first use."""

    def __init__(self) -> None:
        self._writers: dict[str, Writer] = {}
        self._compiling = threading.RLock()

    def of(self, shape: Shape) -> Writer:
        """The writer of a shape; a shape may contain itself."""
        name, writers = shape.name, self._writers
        with self._compiling:
            if name not in writers:
                writers[name] = lambda value: writers[name](value)  # noqa: PLW0108 - what is there changes
                writers[name] = self._compile(shape)
            return writers[name]

    def _compile(self, shape: Shape) -> Writer:
        if isinstance(shape, StructureShape):
            return self._structure(shape)
        if isinstance(shape, ListShape):
            member = self.of(shape.member)
            return lambda value: [member(item) for item in value]
        if isinstance(shape, MapShape):
            of_value = self.of(shape.value)
            return lambda value: {key: of_value(item) for key, item in value.items() if item is not None}
        scalars: dict[str, Writer] = {"timestamp": _seconds, "blob": _base64}
        return scalars.get(shape.type_name, _as_it_is)

    def _structure(self, shape: StructureShape) -> Writer:
        members = {name: self.of(member) for name, member in shape.members.items()}

        def write(value: Mapping[str, Any]) -> dict[str, Any]:
            return {name: members[name](item) for name, item in value.items() if item is not None and name in members}

        return write


@cache
def writers_of(service: str) -> ShapeWriters:
    """The writers of a service's shapes."""
    return ShapeWriters()


def _as_it_is(value: Any) -> Any:
    return value


def _seconds(value: datetime | float) -> float:
    return round((value - _EPOCH).total_seconds(), 3) if isinstance(value, datetime) else value


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
