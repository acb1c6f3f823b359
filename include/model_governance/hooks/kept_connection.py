"""Signatures of a KMS on plain HTTP, asked for on connections that are kept: every entry of a ledger waits for one.

Apart from ``aws``, as it is the one call whose way matters: botocore takes several times as long to send it as the
embedded server to sign. Only the way is shorter. The request is laid out and signed by botocore, and what is not
answered plainly here goes botocore's own way, with its tries, its patience and its errors; a signature is the same
however often it is asked for. A KMS on HTTPS, as AWS's is, is always asked that way.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import threading
import urllib.request
from typing import Any
from urllib.parse import SplitResult, urlsplit

from botocore.awsrequest import AWSResponse, create_request_object
from botocore.compat import HTTPHeaders

_EVENT = "before-call.kms.Sign"
_LARGEST_ANSWER_BYTES = 64 * 1024
_HTTP_PORT = 80
_OK = 200


def keep_connections(client: Any) -> None:
    """Has a KMS client ask for signatures on kept connections, where its endpoint allows it.

    Args:
        client: A boto3 client of KMS; any other, or one whose endpoint is not on plain HTTP, stays as it is.
    """
    meta = client.meta
    if meta.service_model.service_name != "kms" or not _is_reached_plainly(urlsplit(meta.endpoint_url)):
        return
    meta.events.register(_EVENT, KeptConnections(meta.endpoint_url, meta.config.connect_timeout))


def _is_reached_plainly(address: SplitResult) -> bool:
    """Whether it is plain HTTP without a proxy in between."""
    if address.scheme != "http" or address.hostname is None:
        return False
    has_proxy = not {"http", "all"}.isdisjoint(urllib.request.getproxies())
    return not has_proxy or bool(urllib.request.proxy_bypass(address.hostname))


class KeptConnections:
    """Answers a call of botocore's before it is sent; each thread has a connection of its own.

    Args:
        endpoint_url: Where the client would send it.
        patience: Seconds to wait for the server before botocore is left to it.
    """

    def __init__(self, endpoint_url: str, patience: float) -> None:
        self._address = urlsplit(endpoint_url)
        self._patience = patience
        self._mine = threading.local()

    def __call__(
        self, *, params: dict[str, Any], request_signer: Any, **_: Any
    ) -> tuple[AWSResponse, dict[str, Any]] | None:
        """The answer as botocore would have parsed it; None has botocore send the request."""
        request = create_request_object(params)
        request_signer.sign("Sign", request)
        url = urlsplit(request.url)
        if (url.scheme, url.netloc) != (self._address.scheme, self._address.netloc):
            return None
        try:
            status, headers, body = self._send(url.path or "/", request.data, dict(request.headers.items()))
            answer = json.loads(body) if status == _OK else None
            if not isinstance(answer, dict):
                return None
            answer["Signature"] = base64.b64decode(answer["Signature"], validate=True)
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
            self._forget()
            return None
        metadata = {"HTTPStatusCode": status, "HTTPHeaders": headers, "RetryAttempts": 0}
        return AWSResponse(request.url, status, HTTPHeaders.from_dict(headers), None), {
            **answer,
            "ResponseMetadata": metadata,
        }

    def _send(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        """Sends head and body at once, so that the server wakes once, and reads the answer to its end."""
        lines = [f"POST {path} HTTP/1.1", f"Host: {self._address.netloc}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("a header would break the request")
        connection = self._connection()
        connection.sendall("\r\n".join((*lines, "", "")).encode("latin-1") + body)
        with http.client.HTTPResponse(connection, method="POST") as answer:
            answer.begin()
            data = answer.read(_LARGEST_ANSWER_BYTES + 1)
            if answer.will_close or not answer.isclosed():
                raise ValueError("the connection cannot be kept, or this is no signature: none is that long")
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, data

    def _connection(self) -> socket.socket:
        """This thread's connection; never one that a process forked from this one would share."""
        known: tuple[int, socket.socket] | None = getattr(self._mine, "connection", None)
        if known is None or known[0] != os.getpid():
            address = self._address.hostname or "", self._address.port or _HTTP_PORT
            opened = socket.create_connection(address, self._patience)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            known = os.getpid(), opened
            self._mine.connection = known
        return known[1]

    def _forget(self) -> None:
        """Closes this thread's connection, which may hold the rest of an answer."""
        known = getattr(self._mine, "connection", None)
        self._mine.connection = None
        if known is not None:
            known[1].close()
