"""The systems around a model as a use case declares them: where features come from, and where predictions go.

Apart from ``validation``, which they are part of, because an address is the one thing in a declaration that makes the
process call out: which addresses may be named is decided here, and which hosts may be called in the hook that calls.
"""

from __future__ import annotations

import ipaddress
from string import Formatter
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, Field, field_validator, model_validator

from model_governance.domain.declaration import Declared

STUBS = "stubs"
"""What an address may begin with, in braces, in the place of a host: the stand-ins that the installation serves."""

_PLACES = frozenset({STUBS, "use_case", "entity"})


def _is_an_address_to_call(url: str) -> str:
    try:
        found = [(name, spec, turned) for _, name, spec, turned in Formatter().parse(url) if name is not None]
    except ValueError as fault:
        raise ValueError(f"{url!r} is no template of an address: {fault}") from None
    places = {name for name, _, _ in found}
    if not places <= _PLACES or any(spec or turned for _, spec, turned in found):
        raise ValueError(f"{url!r}: an address may name {{{'}, {'.join(sorted(_PLACES))}}}, each as it is")
    if STUBS in places and not url.startswith(f"{{{STUBS}}}/"):
        raise ValueError(f"{url!r}: {{{STUBS}}} stands for scheme and host: it comes first, and a slash after it")
    refuse_address(url.replace(f"{{{STUBS}}}", "http://127.0.0.1:1"))
    return url


Url = Annotated[str, Field(max_length=2048), AfterValidator(_is_an_address_to_call)]


def refuse_address(url: str) -> None:
    """Raises for an address that no dependency may have.

    Args:
        url: The address, places in braces or filled in.

    Raises:
        ValueError: It is neither http nor https, has no host, carries credentials or a fragment, names its host by
            what is filled in, or is an address of the machine's own network services, such as a cloud's metadata.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as fault:
        raise ValueError(f"{url!r} is no address: {fault}") from None
    if parts.scheme not in {"http", "https"}:
        raise ValueError(f"{url!r}: a dependency is called by http or https, not {parts.scheme or 'nothing'!r}")
    if "@" in parts.netloc:
        raise ValueError(f"an address at {host!r} carries credentials: they would stand in evidence and logs")
    if not host or "{" in parts.netloc or any(sign.isspace() or not sign.isprintable() for sign in url):
        raise ValueError(f"{url!r}: a dependency's host stands in its address as it is")
    if parts.fragment:
        raise ValueError(f"{url!r}: what follows a # is never sent")
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        return
    refuse_network_service(literal, url)


def refuse_network_service(address: ipaddress.IPv4Address | ipaddress.IPv6Address, url: str) -> None:
    """Raises for an IP address that no dependency lives at; a company's private ones are allowed.

    Raises:
        ValueError: It is link-local (where clouds serve a machine's credentials), multicast, unspecified or reserved.
    """
    within = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    known = within or address
    if known.is_loopback:
        return
    if known.is_link_local or known.is_multicast or known.is_unspecified or known.is_reserved or known in _METADATA:
        raise ValueError(
            f"{url!r} leads to {address}, which is link-local, multicast, unspecified, reserved or a cloud's metadata: "
            "no dependency lives there"
        )


_METADATA = (ipaddress.ip_address("fd00:ec2::254"), ipaddress.ip_address("100.100.100.200"))


class Dependency(Declared):
    """A system that is called over HTTP: once, without a second try, without following a redirect.

    Attributes:
        name: What evidence and people call it.
        url: Where it is; may name ``{use_case}``, ``{entity}`` (both filled in quoted) and begin with ``{stubs}``. An
            installation can name another address for it by MODEL_GOVERNANCE_DEPENDENCIES.
        status: The HTTP statuses that are right.
        timeout_seconds: Within which the whole answer must have come.
        largest_answer_bytes: No more of an answer is read.
        required: Fields that the answer, a JSON object, must have.
        answer_schema: A JSON Schema (draft 2020-12) that the answer must meet; without references to other documents.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    url: Url
    status: tuple[Annotated[int, Field(ge=200, le=299)], ...] = Field(default=(200,), min_length=1)
    timeout_seconds: float = Field(default=5.0, ge=0.1, le=60)
    largest_answer_bytes: int = Field(default=1_048_576, ge=1, le=16_777_216)
    required: tuple[str, ...] = ()
    answer_schema: dict[str, Any] = {}

    @field_validator("answer_schema")
    @classmethod
    def _is_a_json_schema(cls, schema: dict[str, Any]) -> dict[str, Any]:
        if not schema:
            return schema
        from jsonschema import Draft202012Validator, SchemaError

        outside = [target for target in _references(schema) if not str(target).startswith("#")]
        if outside:
            raise ValueError(f"answer_schema refers to {outside[0]!r}: a reference leads to the schema itself (#...)")
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as fault:
            raise ValueError(f"answer_schema is no JSON Schema: {fault.message} at {fault.json_path}") from None
        return schema

    def address(self, use_case: str, stubs: str, entity: str = "", override: str = "") -> str:
        """The address that is called.

        Args:
            use_case: The use case's name.
            stubs: Where the installation serves its stand-ins.
            entity: Whom or what is asked for.
            override: The address that the installation names instead; empty for the declared one.
        """
        filled = {STUBS: stubs.rstrip("/"), "use_case": quote(use_case, safe=""), "entity": quote(entity, safe="")}
        return (override or self.url).format(**filled)


def _references(schema: Any) -> list[Any]:
    if isinstance(schema, dict):
        own = [schema[word] for word in ("$ref", "$dynamicRef") if word in schema]
        return [*own, *(each for value in schema.values() for each in _references(value))]
    return [each for value in schema for each in _references(value)] if isinstance(schema, list) else []


class Upstream(Dependency):
    """A source of features: asked (GET) for some entities, whose features the endpoint must then answer.

    Attributes:
        entities: Whom or what it is asked for; test entities, no real persons'.
        features_at: Where in the answer the features stand, fields parted by dots; empty for the answer itself.
        names: The source's name of a feature where it differs from the declared one.
    """

    entities: tuple[str, ...] = Field(min_length=1, max_length=100)
    features_at: str = ""
    names: dict[str, str] = {}

    @model_validator(mode="after")
    def _asks_for_each_entity(self) -> Upstream:
        if "{entity}" not in self.url:
            raise ValueError(f"the address of {self.name!r} names no {{entity}}: every entity would be the same one")
        return self


class Downstream(Dependency):
    """A consumer of predictions: sent one (POST, JSON) for each entity, and must acknowledge each.

    It gets ``{"use_case", "version", "test": true, "entity", "prediction"}``; of several classes, a list.
    """
