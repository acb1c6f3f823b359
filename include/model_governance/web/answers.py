"""What the middleware hands on and answers: a body again, and the answer to a mark that the trigger overtook."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from starlette.responses import JSONResponse

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

ANSWER_HEADER = "X-Model-Governance"
"""On answers of the middleware's own, so that its script in Airflow's pages knows them (``page/answers.js``)."""

_CONFLICT = 409
_FAULT = 500


async def whole_body(receive: Receive) -> bytes | None:
    """The request's body; None where the client left before all of it had come."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def replay(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that hands on a body that was read already, and then whatever the client sends."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return pending.pop() if pending else await receive()

    return receive_again


def refusal_answer(status: int, reason: str, kind: str = "refused") -> JSONResponse:
    """An answer of the middleware's own; the header is for Airflow's pages.

    Args:
        status: Of HTTP.
        reason: What was refused, or recorded, and why.
        kind: ``refused``, or ``recorded`` for a decision that is not enough yet.
    """
    return JSONResponse({"detail": reason}, status_code=status, headers={ANSWER_HEADER: kind})


async def answer_as_marked(app: ASGIApp, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
    """Runs Airflow's route for a mark that has been decided, and answers as marked where the trigger was faster.

    The trigger may see the decision and end the task before the route does, or while it does: the route then says 409,
    "already in that state", or 500, as its database refuses the second of two writers, to someone whose decision was
    taken, and drops the note that came with it. He gets the task instance as it is now instead, and the note is put on
    it.

    Args:
        app: What comes next.
        scope: The request to ``.../taskInstances/{task_id}``.
        body: Its body.
        receive, send: Of ASGI.
    """
    untouched = dict(scope)
    overtaken = False

    async def send_unless_overtaken(message: Message) -> None:
        nonlocal overtaken
        if message["type"] == "http.response.start" and (message["status"] == _CONFLICT or message["status"] >= _FAULT):
            overtaken = True
        if not overtaken:
            await send(message)

    await app(scope, replay(body, receive), send_unless_overtaken)
    if overtaken:
        note = json.loads(body).get("note")
        if note:
            noting = json.dumps({"note": note}).encode()
            await app(_noting(untouched, len(noting)), replay(noting, receive), send)
        else:
            await app(_reading(untouched), replay(b"", receive), send)


def _noting(scope: Scope, length: int) -> Scope:
    """The same request for the note alone; Airflow's route answers it in the same form as a mark."""
    query = [pair for pair in parse_qsl(scope["query_string"].decode("latin-1")) if pair[0] == "map_index"]
    return {**with_length(scope, length), "query_string": urlencode(query).encode()}


def with_length(scope: Scope, length: int) -> Scope:
    """The same request with a body of so many bytes."""
    changed = (b"content-length", b"transfer-encoding")
    headers = [(name, value) for name, value in scope["headers"] if name not in changed]
    return {**scope, "headers": [*headers, (b"content-length", str(length).encode())]}


def _reading(scope: Scope) -> Scope:
    """The request for the same task instance in the form that a mark answers with, a collection of one."""
    collection, _, rest = scope["path"].rpartition("/taskInstances/")
    path = f"{collection}/taskInstances"
    headers = [(name, value) for name, value in scope["headers"] if name not in (b"content-length", b"content-type")]
    query = urlencode({"task_id": rest.split("/")[0]}).encode()
    return {
        **scope,
        "method": "GET",
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": query,
        "headers": headers,
    }
