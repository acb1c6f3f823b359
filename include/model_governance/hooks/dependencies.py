"""The systems around a model, called over HTTP: once, no further than the address says, and no longer than allowed.

The addresses come from a reviewed declaration or from the installation. Still nothing is called that a declaration has
no business with: a host is resolved once, every address that it has must be one a dependency may live at, and the
connection goes to that very address, so that a name which changes its mind leads nowhere else.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from model_governance.domain.dependency import Dependency, Upstream, Url, refuse_address, refuse_network_service
from model_governance.errors import UseCaseInvalid
from model_governance.evaluation.validation.questions import Answer

OVERRIDES = "MODEL_GOVERNANCE_DEPENDENCIES"
"""The setting that names other addresses: ``<use case>.<dependency>=<url>``, several parted by white space."""

_JSON = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "model-governance"}


def read_addresses(text: str) -> dict[str, str]:
    """The addresses by ``<use case>.<dependency>``, from the text of the setting.

    Raises:
        UseCaseInvalid: A part is not ``<use case>.<dependency>=<url>``, or the address is none of a dependency.
    """
    from pydantic import TypeAdapter, ValidationError

    addresses = {}
    for part in text.split():
        name, equals, url = part.partition("=")
        use_case, dot, dependency = name.partition(".")
        if not (use_case and dot and dependency and equals and url):
            raise UseCaseInvalid(f"{OVERRIDES} says {name!r}: it must be <use case>.<dependency>=<url>")
        try:
            addresses[name] = TypeAdapter(Url).validate_python(url)
        except ValidationError as fault:
            raise UseCaseInvalid(f"{OVERRIDES}, {name}: {fault.errors()[0]['msg']}") from None
    return addresses


@dataclass(frozen=True)
class Addresses:
    """Where an installation finds the systems around its models.

    Attributes:
        stubs_url: Where stand-ins for them are served (MODEL_GOVERNANCE_STUBS_URL).
        overrides: Addresses in the place of declared ones, by ``<use case>.<dependency>``.
    """

    stubs_url: str
    overrides: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Addresses:
        """The addresses in the environment, with the embedded stack's stand-ins as default.

        Raises:
            UseCaseInvalid: An address is none of a dependency.
        """
        given = os.environ if environment is None else environment
        stubs_url = given.get("MODEL_GOVERNANCE_STUBS_URL") or "http://127.0.0.1:8604"
        try:
            refuse_address(stubs_url)
        except ValueError as fault:
            raise UseCaseInvalid(f"MODEL_GOVERNANCE_STUBS_URL: {fault}") from None
        return cls(stubs_url.rstrip("/"), read_addresses(given.get(OVERRIDES, "")))


@dataclass(frozen=True)
class Dependencies:
    """The systems around one use case's model, in one installation.

    Attributes:
        use_case: The use case's name.
        addresses: The installation's.
        told: What every consumer is sent beside entity and prediction.
    """

    use_case: str
    addresses: Addresses
    told: Mapping[str, Any] = field(default_factory=dict)

    def url(self, one: Dependency, entity: str = "") -> str:
        """The address that is called for an entity."""
        override = self.addresses.overrides.get(f"{self.use_case}.{one.name}", "")
        return one.address(self.use_case, self.addresses.stubs_url, entity, override)

    def call_in_words(self, one: Dependency, entity: str) -> str:
        """The call in words, such as ``GET http://.../features/1 (a stub of this installation)``."""
        url, method = self.url(one, entity), "GET" if isinstance(one, Upstream) else "POST"
        stub = " (a stub of this installation)" if url.startswith(f"{self.addresses.stubs_url}/") else ""
        return f"{method} {url}{stub}"

    def get(self, one: Dependency, entity: str) -> Answer:
        """What the source answers for an entity; a failure is an answer too, with its problem."""
        return call_once("GET", self.url(one, entity), one)

    def post(self, one: Dependency, entity: str, prediction: dict[str, Any]) -> Answer:
        """What the consumer answers to a prediction; a failure is an answer too, with its problem."""
        return call_once("POST", self.url(one, entity), one, json.dumps({**self.told, **prediction}).encode())


def call_once(method: str, url: str, one: Dependency, body: bytes | None = None) -> Answer:
    """One request and its answer, given up when its time is over, however slowly the answer trickles.

    Args:
        method: ``GET`` or ``POST``.
        url: Where to.
        one: Says how long and how large the answer may be.
        body: JSON to send.
    """
    found: list[Answer] = []
    began = time.perf_counter()
    # A thread of its own: HTTP clients bound each read, not all of them together. One that is left ends with its read.
    caller = threading.Thread(target=lambda: found.append(_call(method, url, one, body)), daemon=True)
    caller.start()
    caller.join(one.timeout_seconds + 0.5)
    seconds = time.perf_counter() - began
    if not found:
        return Answer(None, seconds=seconds, problem=f"had not answered whole within {one.timeout_seconds:g} s")
    answer = found[0]
    return Answer(answer.status, answer.body, answer.content_type, seconds, answer.problem)


def _call(method: str, url: str, one: Dependency, body: bytes | None) -> Answer:
    headers = _JSON if body is None else {**_JSON, "Content-Type": "application/json"}
    until = time.monotonic() + one.timeout_seconds
    fault: Exception = OSError("its host has no address")
    try:
        for target in _pinned(url):
            with httpx.Client(trust_env=False, follow_redirects=False, verify=ssl.create_default_context()) as client:
                request = client.build_request(
                    method,
                    target,
                    content=body,
                    headers={**headers, "Host": urlsplit(url).netloc},
                    extensions={"sni_hostname": urlsplit(url).hostname},
                    timeout=one.timeout_seconds,
                )
                try:
                    answer = client.send(request, stream=True)
                except httpx.ConnectError as refused:  # nothing was sent: another address of the same host may answer
                    fault = refused
                    continue
                with contextlib.closing(answer):
                    return _read(answer, one, until)
    except httpx.TimeoutException:
        return Answer(None, problem=f"did not answer within {one.timeout_seconds:g} s")
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as other:
        fault = other
    return Answer(None, problem=f"could not be reached: {fault}")


def _read(answer: httpx.Response, one: Dependency, until: float) -> Answer:
    """The answer's bytes as they come, no more than allowed.

    A redirect is an answer of its own status: it leads to an address that nobody has reviewed.
    """
    content_type = answer.headers.get("Content-Type", "")
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        return Answer(answer.status_code, problem="the answer is compressed, which was not asked for")
    received = bytearray()
    for block in answer.iter_raw():
        received += block
        if len(received) > one.largest_answer_bytes:
            told = f"the answer is larger than {one.largest_answer_bytes} bytes"
            return Answer(answer.status_code, content_type=content_type, problem=told)
        if time.monotonic() > until:
            told = f"had not answered whole within {one.timeout_seconds:g} s"
            return Answer(answer.status_code, content_type=content_type, problem=told)
    if answer.is_redirect:
        told = "a redirect, which is not followed: name the address itself"
        return Answer(answer.status_code, bytes(received), content_type, problem=told)
    return Answer(answer.status_code, bytes(received), content_type)


def _pinned(url: str) -> list[str]:
    """The address with its host resolved: one for each address that the host has.

    Raises:
        ValueError: The address, or one that the host resolves to, is none of a dependency. A name other than
            ``localhost`` that leads to this machine is such a one: only an address that says so may.
        OSError: The host has no address.
    """
    refuse_address(url)
    parts = urlsplit(url)
    host = parts.hostname or ""
    found = socket.getaddrinfo(host, parts.port or (443 if parts.scheme == "https" else 80), type=socket.SOCK_STREAM)
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    for address in addresses:
        refuse_network_service(address, url)
        if address.is_loopback and not _says_loopback(host):
            raise ValueError(f"{host} leads to this machine ({address}), which only an address that says so may")
    port = f":{parts.port}" if parts.port else ""
    query = f"?{parts.query}" if parts.query else ""
    hosts = dict.fromkeys(f"[{one}]" if one.version == 6 else str(one) for one in addresses)
    return [f"{parts.scheme}://{one}{port}{parts.path or '/'}{query}" for one in hosts]


def _says_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
