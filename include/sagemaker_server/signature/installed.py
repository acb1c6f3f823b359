"""Who there is: the users and roles of an installation, loaded from its files and never from a request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sagemaker_server.errors import ServerMisconfigured, UnrecognizedClientException
from sagemaker_server.signature.policy import parse_policy
from sagemaker_server.signature.principals import Principal
from sagemaker_server.signature.roles import Roles

ROLES = "roles"
"""Folder of roles, beside the users' policy documents."""


@dataclass(frozen=True)
class Principals:
    """All principals of the installation, found by access key; its users are all of one account."""

    account: str
    by_access_key: Mapping[str, Principal] = field(repr=False)
    roles: Roles = field(default_factory=Roles)

    @classmethod
    def of(cls, account: str, principals: Iterable[Principal], roles: Roles | None = None) -> Principals:
        """The principals given, none of whom may share an access key.

        Raises:
            ServerMisconfigured: Two principals have the same access key.
        """
        by_access_key: dict[str, Principal] = {}
        for principal in principals:
            other = by_access_key.setdefault(principal.access_key_id, principal)
            if other is not principal:
                raise ServerMisconfigured(f"principals {other.name} and {principal.name} have the same access key")
        return cls(account, by_access_key, roles or Roles())

    @classmethod
    def load(cls, file: Path, policies: Path) -> Principals:
        """The principals of a file, each with the policy document of its name, and the roles beside those.

        Args:
            file: JSON: ``{"account": "...", "principals": {name: {"access_key_id": "", "secret_access_key": ""}},
                "session_key": "..."}``; without the last, which is base64 of 32 bytes, no role can be assumed.
            policies: Folder of ``<name>.json`` and ``roles/<account>/<role>.json``. A principal without a document
                may do nothing.

        Raises:
            ServerMisconfigured: A file is absent, is not JSON, or does not have this form; the message names it.
        """
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
            account, session_key = document["account"], document.get("session_key")
            listed = [(n, key["access_key_id"], key["secret_access_key"]) for n, key in document["principals"].items()]
        except OSError as fault:
            raise ServerMisconfigured(f"principals file {file} cannot be read: {fault.strerror}") from None
        except (ValueError, KeyError, TypeError, AttributeError) as fault:
            raise ServerMisconfigured(f"principals file {file} does not have the form expected: {fault!r}") from None
        roles = Roles.load(policies / ROLES, session_key)
        return cls.of(account, (_principal(account, *entry, policies=policies) for entry in listed), roles)

    @property
    def accounts(self) -> tuple[str, ...]:
        """Every account of the installation, that of its users first."""
        return (self.account, *sorted(self.roles.accounts - {self.account}))

    def caller(self, access_key_id: str, token: str | None, now: datetime) -> Principal:
        """Who signs with that access key, and with that session token if there is one.

        Raises:
            UnrecognizedClientException: Nobody does.
            ExpiredToken: The session has ended.
        """
        if token is not None:
            return self.roles.session(access_key_id, token, now)
        principal = self.by_access_key.get(access_key_id)
        if principal is None:
            raise UnrecognizedClientException()
        return principal


def _principal(account: str, name: str, access_key_id: str, secret_access_key: str, *, policies: Path) -> Principal:
    file = policies / f"{name}.json"
    text = file.read_text(encoding="utf-8") if file.is_file() else '{"Version": "2012-10-17", "Statement": []}'
    policy = parse_policy(text, file=str(file))
    return Principal(name, f"arn:aws:iam::{account}:user/{name}", access_key_id, policy, secret_access_key)
