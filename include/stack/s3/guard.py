"""The door of the embedded object store: only S3 requests that a known principal signed and may make pass.

ministack is a test emulator of all of AWS that believes whoever calls: it answers without a signature and erases every
bucket when asked. So the guard decides everything itself and hands on a request written anew, with nothing in it that
ministack could take for something else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from sagemaker_server.errors import WireError
from sagemaker_server.signature import Principal, Principals, SignedRequest, authorise, verify
from stack.s3.ledger_rule import keep_ledgers
from stack.s3.request import Refused, S3Request, understand

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

LARGEST_BODY = 1024**3
"""Bytes: ministack holds a body in memory; larger objects go up in parts."""
_SECONDS_TO_DROP = 30.0

_log = logging.getLogger("stack.s3")
_KEPT = frozenset(
    {"content-type", "content-length", "content-md5", "content-encoding", "content-language", "content-disposition"}
    | {"cache-control", "expires", "range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"}
)
_KEPT_AMZ = ("x-amz-meta-", "x-amz-checksum-", "x-amz-copy-source", "x-amz-server-side-encryption")
_KEPT_AMZ_NAMES = frozenset(
    {"x-amz-metadata-directive", "x-amz-sdk-checksum-algorithm", "x-amz-storage-class", "x-amz-object-attributes"}
    | {"x-amz-max-parts", "x-amz-part-number-marker"}
)
_SPENT_AMZ = frozenset(
    {"x-amz-date", "x-amz-content-sha256", "x-amz-user-agent", "x-amz-expected-bucket-owner", "x-amz-security-token"}
)
_TO_S3 = "AWS4-HMAC-SHA256 Credential=000000000000/20000101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"


class Guard:
    """An ASGI application in front of ministack's.

    Args:
        store: ministack's ASGI application.
        principals: Who may sign.
        region: Region that signatures must be scoped to.
        bucket: The bucket whose ledgers are kept.
        buckets: The buckets there may be; any other name is refused.
    """

    def __init__(
        self, store: Application, principals: Principals, *, region: str, bucket: str, buckets: frozenset[str]
    ) -> None:
        self.store = store
        self.principals = principals
        self.region = region
        self.bucket = bucket
        self.buckets = buckets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection event. The store's own start-up is never run: it opens ports and starts services."""
        if scope["type"] == "lifespan":
            await _start_and_stop(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = _Body(receive)
        try:
            headers = _headers(scope)
            refuse_the_unsigned(scope, headers)
            request, principal = self._judge(scope, headers, await body.read(headers))
            _log.info("%s %s/%s by %s", request.operation.name, request.bucket, request.key, principal.name)
        except WireError as fault:
            refused = Refused(fault.code_for("s3"), fault.message, max(fault.http_status, 403))
        except Refused as fault:
            refused = fault
        else:
            await self.store(_rewritten(scope, request), _replayed(request.body), _without_cross_origin(send))
            return
        _log.warning("refused %s %s: %s", scope["method"], scope["path"], refused.message)
        await body.drop_the_rest()
        await _refuse(refused, scope["method"], send)

    def _judge(self, scope: Scope, headers: Mapping[str, str], body: bytes) -> tuple[S3Request, Principal]:
        query = scope["query_string"].decode("latin-1")
        signed = SignedRequest(scope["method"], scope["raw_path"].decode("latin-1"), query, list(headers.items()), body)
        principal = verify(signed, self.principals, "s3", region=self.region)
        request = understand(scope["method"], scope["path"], query, headers, body)
        source = request.copy_source[0] if request.copy_source else request.bucket
        if unknown := {request.bucket, source} - self.buckets - {""}:
            raise Refused("AccessDenied", f"{', '.join(sorted(unknown))} is no bucket of this installation.")
        owner = self.principals.account
        if headers.get("x-amz-expected-bucket-owner", owner) != owner:
            raise Refused("AccessDenied", f"The buckets belong to account {owner}.")
        keep_ledgers(request, self.bucket)
        for demand in request.demands:
            authorise(principal, demand.action, demand.resource, demand.context)
        _refuse_unknown_headers(headers)
        return request, principal


def refuse_the_unsigned(scope: Scope, headers: Mapping[str, str]) -> None:
    """Refuse before the body is read what could not be allowed whatever the body says.

    Raises:
        Refused: The path is one of ministack's own, or there is no signature in the headers.
    """
    if scope["path"].startswith("/_") or not scope["path"].startswith("/"):
        raise Refused("AccessDenied", "Only S3 requests are answered here.")
    if b"X-Amz-Signature" in scope["query_string"] or b"x-amz-" in scope["query_string"].lower():
        raise Refused("AccessDenied", "Presigned requests are not accepted: sign the headers.")
    if not headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 "):
        raise Refused("AccessDenied", "Requests must be signed with AWS Signature Version 4.")


def _headers(scope: Scope) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        lower = name.decode("latin-1").lower()
        if lower in headers:
            raise Refused("InvalidRequest", f"Header {lower} is given twice.", 400)
        headers[lower] = value.decode("latin-1")
    return headers


def _refuse_unknown_headers(headers: Mapping[str, str]) -> None:
    for name in headers:
        known = name in _KEPT_AMZ_NAMES | _SPENT_AMZ or name.startswith(_KEPT_AMZ)
        if name.startswith("x-amz-") and not known:
            message = f"Header {name} asks for what the guard does not let through."
            raise Refused("NotImplemented", message, 501)


class _Body:
    """The body of a request, as it comes.

    Args:
        receive: ASGI's, of a request of which nothing has been read.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._ended = False

    async def read(self, headers: Mapping[str, str]) -> bytes:
        """All of it, in memory.

        Raises:
            Refused: It is larger than ``LARGEST_BODY``, or the connection ended before it.
        """
        if not headers.get("content-length", "0").isdecimal() or int(headers.get("content-length", "0")) > LARGEST_BODY:
            raise _too_large()
        held = bytearray()
        while not self._ended:
            held += await self._next()
            if len(held) > LARGEST_BODY:
                raise _too_large()
        return bytes(held)

    async def drop_the_rest(self) -> None:
        """Receive and forget what has not been read, within bounds.

        The server closes the connection of a request that was answered half-way, which resets it on a client that still
        sends: that client would see the reset, and not the answer.
        """
        dropped = 0
        with suppress(Refused, TimeoutError):
            async with asyncio.timeout(_SECONDS_TO_DROP):
                while not self._ended and dropped <= LARGEST_BODY:
                    dropped += len(await self._next())

    async def _next(self) -> bytes:
        message = await self._receive()
        if message["type"] != "http.request":
            self._ended = True
            raise Refused("IncompleteBody", "The connection was closed before the end of the body.", 400)
        self._ended = not message.get("more_body")
        part: bytes = message.get("body", b"")
        return part


def _too_large() -> Refused:
    return Refused("EntityTooLarge", f"A body may have {LARGEST_BODY} bytes; send larger objects in parts.", 400)


def _rewritten(scope: Scope, request: S3Request) -> Scope:
    path = f"/{request.bucket}/{request.key}" if request.key else f"/{request.bucket}"
    kept = {n: v for n, v in request.headers.items() if n in _KEPT | _KEPT_AMZ_NAMES or n.startswith(_KEPT_AMZ)}
    kept |= {"host": "127.0.0.1", "authorization": _TO_S3, "content-length": str(len(request.body))}
    if request.copy_source is not None:
        kept["x-amz-copy-source"] = quote("/" + "/".join(request.copy_source))
    if request.operation.name == "DeleteObjects":  # its body was written anew: digests of the old one say nothing
        kept = {n: v for n, v in kept.items() if n != "content-md5" and not n.startswith("x-amz-checksum-")}
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in kept.items()]
    return {**scope, "path": path, "raw_path": quote(path).encode(), "headers": headers, "scheme": "http"}


def _replayed(body: bytes) -> Receive:
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> MutableMapping[str, Any]:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive


def _without_cross_origin(send: Send) -> Send:
    """ministack lets any web page read its answers; a browser on this machine must not."""

    async def send_without(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            kept = [item for item in message.get("headers", []) if not item[0].lower().startswith(b"access-control-")]
            message = {**message, "headers": kept}
        await send(message)

    return send_without


async def _refuse(refused: Refused, method: str, send: Send) -> None:
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{escape(refused.code)}</Code>'
        f"<Message>{escape(refused.message)}</Message></Error>"
    ).encode()
    headers = [(b"content-type", b"application/xml"), (b"content-length", str(len(body)).encode())]
    if refused.status != 501:  # the body may not have been read: the connection cannot be used again
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})


async def _start_and_stop(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
