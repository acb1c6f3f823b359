"""HTTP: requests bounded in size and handed to threads, answers sent; apart from what they mean."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from sagemaker_server.app.answering import Answering
from sagemaker_server.errors import RequestTooLarge, ServerMisconfigured
from sagemaker_server.operations.kms import load_keys
from sagemaker_server.runtime.accounts import Accounts
from sagemaker_server.settings import Settings
from sagemaker_server.signature import Principals, SignedRequest
from sagemaker_server.wire import Answer, Protocol, write_error
from sagemaker_server.wire.services import warm_up

JSON_BODY_LIMIT = 4 * 1024 * 1024
PAYLOAD_LIMIT = 8 * 1024 * 1024
_AT_ONCE_BYTES = 16 * 1024
"""A larger body takes a thread whatever it asks for: its hash alone would hold everybody up."""
_CALL_THREADS = 16
_INVOCATION_THREADS = 64

_log = logging.getLogger(__name__)


def create_app(settings: Settings) -> Starlette:
    """The server as an ASGI application.

    Raises:
        ServerMisconfigured: A file of the installation is absent or not understood.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    principals = Principals.load(settings.principals, settings.policies)
    if principals.account != settings.account:
        raise ServerMisconfigured(
            f"{settings.principals} is of account {principals.account}, the server of {settings.account}: "
            "set SAGEMAKER_SERVER_ACCOUNT"
        )
    load_keys(settings)
    accounts = Accounts.open(settings, principals)
    wire = _Wire(Answering(settings.region, accounts))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        warm_up()
        await to_thread.run_sync(accounts.start)
        try:
            yield
        finally:
            await to_thread.run_sync(accounts.stop)

    return Starlette(routes=[Route("/ping", _ping), Mount("/", app=wire)], lifespan=lifespan)


async def _ping(_: Request) -> Response:
    return PlainTextResponse("healthy")


class _TooLarge(Exception):
    pass


class _Wire:
    """The ASGI application of every path but ``/ping``.

    Calls and invocations have threads of their own; what only computes is answered without one.
    """

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self._at_once = answering.targets_at_once
        self._calls = CapacityLimiter(_CALL_THREADS)
        self._invocations = CapacityLimiter(_INVOCATION_THREADS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = scope["raw_path"].decode("latin-1")
        is_call = path in {"", "/"}
        limit = JSON_BODY_LIMIT if is_call else PAYLOAD_LIMIT
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        try:
            body = await _body(receive, limit)
        except _TooLarge:
            refusal = RequestTooLarge(f"The body exceeds {limit} bytes.")
            await _send(send, write_error(refusal, "sagemaker", Protocol.JSON))
            return
        request = SignedRequest(scope["method"], path, scope["query_string"].decode("latin-1"), headers, body)
        client = scope.get("client")
        limiter = self._calls if is_call else self._invocations
        source_ip = client[0] if client else "127.0.0.1"
        if is_call and len(body) <= _AT_ONCE_BYTES and request.header("x-amz-target") in self._at_once:
            answer = self._answering.answer(request, source_ip)
        else:
            answer = await to_thread.run_sync(self._answering.answer, request, source_ip, limiter=limiter)
        await _send(send, answer)


async def _body(receive: Receive, limit: int) -> bytes:
    """The body, held up to ``limit`` bytes; uvicorn reads on and drops the rest of one that is refused.

    The connection of a refused one stays open for that: closing it on a client that still sends resets it, and the
    client would see the reset instead of the refusal.
    """
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(body)
        body += message.get("body", b"")
        if len(body) > limit:
            raise _TooLarge
        if not message.get("more_body", False):
            return bytes(body)


async def _send(send: Send, answer: Answer) -> None:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
    headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
