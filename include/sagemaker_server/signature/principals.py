"""Who may sign requests: names, keys and policies, loaded from the installation's files and never from a request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sagemaker_server.errors import ServerMisconfigured
from sagemaker_server.signature.policy import Policy, parse_policy


@dataclass(frozen=True)
class Principal:
    """An IAM user.

    Attributes:
        name: The user's name, such as ``governance-officer``.
        arn: ``arn:aws:iam::<account>:user/<name>``.
        access_key_id: The public half of the key.
        policy: What the user may do.
        secret_access_key: The secret half; never printed.
    """

    name: str
    arn: str
    access_key_id: str
    policy: Policy
    secret_access_key: str = field(repr=False, default="")

    @property
    def account(self) -> str:
        """The account, 12 digits."""
        return self.arn.split(":")[4]

    @property
    def user_id(self) -> str:
        """A stable unique id of the form that IAM gives users."""
        return "AIDA" + "".join(char for char in self.name.upper() if char.isalnum()).ljust(17, "0")[:17]


@dataclass(frozen=True)
class Principals:
    """All principals of the installation, found by access key."""

    account: str
    by_access_key: Mapping[str, Principal] = field(repr=False)

    @classmethod
    def of(cls, account: str, principals: Iterable[Principal]) -> Principals:
        """The principals given, none of whom may share an access key.

        Raises:
            ServerMisconfigured: Two principals have the same access key.
        """
        by_access_key: dict[str, Principal] = {}
        for principal in principals:
            other = by_access_key.setdefault(principal.access_key_id, principal)
            if other is not principal:
                raise ServerMisconfigured(f"principals {other.name} and {principal.name} have the same access key")
        return cls(account, by_access_key)

    @classmethod
    def load(cls, file: Path, policies: Path) -> Principals:
        """The principals of a file, each with the policy document of its name.

        Args:
            file: JSON: ``{"account": "...", "principals": {name: {"access_key_id": "", "secret_access_key": ""}}}``.
            policies: Folder of ``<name>.json``. A principal without a document may do nothing.

        Raises:
            ServerMisconfigured: A file is absent, is not JSON, or does not have this form; the message names it.
        """
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
            account = document["account"]
            listed = [(n, key["access_key_id"], key["secret_access_key"]) for n, key in document["principals"].items()]
        except OSError as fault:
            raise ServerMisconfigured(f"principals file {file} cannot be read: {fault.strerror}") from None
        except (ValueError, KeyError, TypeError, AttributeError) as fault:
            raise ServerMisconfigured(f"principals file {file} does not have the form expected: {fault!r}") from None
        return cls.of(account, (_principal(account, *entry, policies=policies) for entry in listed))

    def find(self, access_key_id: str) -> Principal | None:
        """The principal with that access key; None without one."""
        return self.by_access_key.get(access_key_id)


def _principal(account: str, name: str, access_key_id: str, secret_access_key: str, *, policies: Path) -> Principal:
    file = policies / f"{name}.json"
    text = file.read_text(encoding="utf-8") if file.is_file() else '{"Version": "2012-10-17", "Statement": []}'
    policy = parse_policy(text, file=str(file))
    return Principal(name, f"arn:aws:iam::{account}:user/{name}", access_key_id, policy, secret_access_key)
