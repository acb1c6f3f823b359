"""A small call made over and over, signed and sent by the client's own parts without the rest of a call.

The ledger signs and writes one entry at a time, and two thirds of the processor time of such a call are botocore's:
parameters validated, endpoint rules walked, a user agent put together, hooks asked, an answer parsed. The first call
of a kind goes through the client as ever and shows where it goes and how it is signed; the next are sent after its
pattern, over the same connections. Whatever is not answered as it should be is left to the client, whose retries,
redirects and errors are the only ones there are. A client's own event handlers see that first call, and those alone
that go through the client after it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

from botocore.awsrequest import AWSRequest
from botocore.client import BaseClient
from botocore.exceptions import BotoCoreError, ClientError

LARGEST_BYTES = 64 * 1024
"""A larger body takes the client's own way: there it is not what else a call costs that counts."""

_SIGNATURES = frozenset({"v4", "s3v4"})
_KEPT = frozenset({"content-type", "user-agent", "x-amz-sdk-checksum-algorithm", "x-amz-target"})


@dataclass(frozen=True)
class Pattern:
    """How the client sends an operation.

    Attributes:
        method: The HTTP method.
        url: Where to, as the client's endpoint rules have it; what comes behind it differs from call to call.
        headers: Those that are the same each time, names in lower case.
        signer: The client's own, which holds its credentials and renews them.
        scope: What its signatures are made with: signing name, region and version.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    signer: Any
    scope: tuple[str, str, str]


@dataclass(frozen=True)
class Answered:
    """What was answered.

    Attributes:
        status: The HTTP status.
        body: The whole body.
    """

    status: int
    body: bytes


class ShortCall:
    """One operation of one client; safe to use from several threads."""

    def __init__(self, client: BaseClient, operation: str) -> None:
        self._patterns: dict[str, Pattern] = {}
        self._latest = threading.local()
        # For its pool of connections, with certificates, proxies and time-outs, a client has no public name.
        self._connections = getattr(getattr(client, "_endpoint", None), "http_session", None)
        service = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register_last(f"before-sign.{service}.{operation}", self._note)

    def pattern(self, place: str) -> Pattern | None:
        """How calls to the place are sent; None before one has gone through the client."""
        return self._patterns.get(place) if self._connections is not None else None

    def learn(self, place: str, tail: str = "") -> None:
        """Makes the call that this thread has just made through the client the pattern of the place.

        Args:
            place: What has a URL of its own, such as a bucket.
            tail: What its URL ends with, such as the key of an object; one that does not is no pattern.
        """
        latest: Pattern | None = self._latest.__dict__.pop("pattern", None)
        if latest is not None and latest.url.endswith(tail):
            self._patterns[place] = replace(latest, url=latest.url.removesuffix(tail))

    def send(
        self, pattern: Pattern, body: bytes, tail: str = "", headers: Mapping[str, str] | None = None
    ) -> Answered | None:
        """What is answered; None where nothing is, though it may have arrived all the same.

        What is not as it should be, the client has to find out.

        Args:
            pattern: How.
            body: Of the request.
            tail: What the URL ends with, of characters that need no escape.
            headers: Besides the pattern's.
        """
        request = AWSRequest(pattern.method, pattern.url + tail, {**pattern.headers, **(headers or {})}, body)
        try:
            pattern.signer.get_auth_instance(*pattern.scope).add_auth(request)
            answer = self._connections.send(request.prepare())  # type: ignore[union-attr]
            return Answered(answer.status_code, bytes(answer.content))
        except (BotoCoreError, ClientError):  # the latter where credentials could not be renewed
            return None

    def _note(self, request: Any, signing_name: str, region_name: str, signature_version: Any, **said: Any) -> None:
        """Notes how this thread's call is sent, before it is signed, if that is Signature Version 4 alone."""
        signing = request.context.get("signing", {})
        self._latest.__dict__.pop("pattern", None)
        if signature_version in _SIGNATURES and not {"request_credentials", "identity_cache"} & signing.keys():
            name, region = signing.get("signing_name") or signing_name, signing.get("region") or region_name
            headers = {key.lower(): _text(value) for key, value in request.headers.items() if key.lower() in _KEPT}
            scope = (name, region, signature_version)
            self._latest.pattern = Pattern(request.method, request.url, headers, said["request_signer"], scope)


def short_call(client: Any, operation: str) -> ShortCall | None:
    """The short call of a client's operation, the same one each time; None of what is no client of botocore's."""
    if not isinstance(client, BaseClient):
        return None
    if (known := _KNOWN.get(client, {}).get(operation)) is not None:
        return known
    with _LOCK:
        calls = _KNOWN.setdefault(client, {})
        if operation not in calls:
            calls[operation] = ShortCall(client, operation)
        return calls[operation]


_LOCK = threading.Lock()
_KNOWN: WeakKeyDictionary[BaseClient, dict[str, ShortCall]] = WeakKeyDictionary()


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
