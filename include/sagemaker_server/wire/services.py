"""Which action of which service a request asks for, apart from how its body is read; the models are botocore's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from urllib.parse import parse_qsl, unquote

import botocore.session
from botocore.model import OperationModel, ServiceModel

from sagemaker_server.errors import SerializationException, UnknownOperationException


class Protocol(StrEnum):
    """How a service lays a call out in HTTP, in botocore's words."""

    JSON = "json"
    REST_JSON = "rest-json"
    QUERY = "query"


JSON_SERVICES = ("sagemaker", "kms", "cloudtrail", "logs")
REST_SERVICES = ("sagemaker-runtime",)
QUERY_SERVICES = ("sts",)


@dataclass(frozen=True)
class Action:
    """An action as it was asked for.

    Attributes:
        service: botocore's name of the service, such as ``sagemaker-runtime``.
        signing_name: The name in the signature's scope and in IAM actions, such as ``sagemaker``.
        protocol: How request and answer are laid out.
        model: botocore's model of the action.
        uri: Values taken from the path, by member name; REST only.
    """

    service: str
    signing_name: str
    protocol: Protocol
    model: OperationModel
    uri: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The action's name, such as ``CreateModelPackage``."""
        return self.model.name


@cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service."""
    return botocore.session.get_session().get_service_model(service)


def warm_up() -> None:
    """Read the models now and not in the first request."""
    for service in (*JSON_SERVICES, *REST_SERVICES, *QUERY_SERVICES):
        service_model(service)
    _targets()
    _routes()


def find_action(method: str, path: str, target: str | None, body: bytes) -> Action:
    """The action that a request asks for.

    Args:
        method: The HTTP method.
        path: The path, still percent-encoded.
        target: The header ``X-Amz-Target``, if there is one.
        body: The body: the query protocol names the action there.

    Raises:
        UnknownOperationException: AWS has no such action in the services of this server.
    """
    if path not in {"", "/"}:
        return _rest_action(method, path)
    if method != "POST":
        raise UnknownOperationException(f"{method} / is no action: send POST with X-Amz-Target.")
    if target is not None:
        return _json_action(target)
    return _query_action(body)


def _json_action(target: str) -> Action:
    prefix, _, name = target.rpartition(".")
    service = _targets().get(prefix)
    if service is None:
        raise UnknownOperationException(f"X-Amz-Target {target[:200]!r} names no service of this server.")
    return _action(service, name, Protocol.JSON)


def target_of(service: str, name: str) -> str:
    """The ``X-Amz-Target`` by which an action of one of the JSON services is asked for."""
    return f"{service_model(service).metadata['targetPrefix']}.{name}"


@cache
def _targets() -> dict[str, str]:
    return {service_model(service).metadata["targetPrefix"]: service for service in JSON_SERVICES}


@cache
def _routes() -> tuple[tuple[str, re.Pattern[str], str, str], ...]:
    routes = []
    for service in REST_SERVICES:
        model = service_model(service)
        for name in model.operation_names:
            http = model.operation_model(name).http
            uri = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(http["requestUri"].partition("?")[0]))
            routes.append((http["method"], re.compile(uri), service, name))
    return tuple(routes)


def _rest_action(method: str, path: str) -> Action:
    for wanted, pattern, service, name in _routes():
        found = pattern.fullmatch(path)
        if found and method == wanted:
            uri = {member: unquote(value) for member, value in found.groupdict().items()}
            return _action(service, name, Protocol.REST_JSON, uri)
    raise UnknownOperationException(f"{method} {path[:200]} is no action of the services of this server.")


def _query_action(body: bytes) -> Action:
    try:
        name = dict(parse_qsl(body.decode("ascii"), max_num_fields=1000)).get("Action", "")
    except ValueError:
        raise SerializationException("The body is neither JSON with X-Amz-Target nor a query with Action.") from None
    for service in QUERY_SERVICES:
        if name in service_model(service).operation_names:
            return _action(service, name, Protocol.QUERY)
    raise UnknownOperationException(f"Could not find operation {name[:200] or '(none)'}: X-Amz-Target is missing.")


def _action(service: str, name: str, protocol: Protocol, uri: Mapping[str, str] | None = None) -> Action:
    model = service_model(service)
    if name not in model.operation_names:
        raise UnknownOperationException(f"The requested operation {name[:200]!r} is not recognized by {service}.")
    return Action(service, model.signing_name, protocol, model.operation_model(name), uri or {})
