"""Roles: who may take one on, what it may do, and the temporary credentials that a session of it signs with.

Nothing is kept of a session. Its token says which role, since when and until when, and is authenticated by a key of the
installation; its secret follows from token and key. So a session outlives the server that began it, and every part that
knows the key (the server, the guard of the object store) can verify it, until it ends, the role is gone or the key is.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sagemaker_server.errors import ExpiredToken, ServerMisconfigured, UnrecognizedClientException
from sagemaker_server.signature.policy import Policy, parse_policy
from sagemaker_server.signature.principals import Principal, SessionOfRole
from sagemaker_server.signature.resource_policy import ResourcePolicy, parse_resource_policy

SHORTEST_SESSION = 900
LONGEST_SESSION = 43200
DEFAULT_SESSION = 3600
CHAINED_SESSION = 3600
"""Seconds; at most so long is a session that another session began."""

_KEY_BYTES = 32
_FIELDS = {"Description", "MaxSessionDuration", "AssumeRolePolicyDocument", "PermissionPolicy"}
_INVALID = UnrecognizedClientException


@dataclass(frozen=True)
class Role:
    """A role of an account.

    Attributes:
        arn: ``arn:aws:iam::<account>:role/<name>``.
        trust: Who may take it on.
        policy: What a session of it may do.
        longest: Seconds that a session may last, in [3600, 43200].
    """

    arn: str
    trust: ResourcePolicy
    policy: Policy
    longest: int = DEFAULT_SESSION


@dataclass(frozen=True)
class Issued:
    """Temporary credentials, as they are handed out once.

    Attributes:
        principal: The session.
        token: Its session token.
        expires: When it ends, aware UTC, whole seconds.
    """

    principal: Principal
    token: str = field(repr=False)
    expires: datetime


@dataclass(frozen=True)
class Roles:
    """All roles, by ARN, and the key that authenticates their sessions; None: no session can begin."""

    by_arn: Mapping[str, Role] = field(default_factory=dict)
    key: bytes | None = field(default=None, repr=False)

    @classmethod
    def load(cls, folder: Path, key: str | None) -> Roles:
        """The roles of a folder.

        Args:
            folder: Holds ``<account>/<role>.json``: ``{"AssumeRolePolicyDocument": {}, "PermissionPolicy": {},
                "MaxSessionDuration": 3600, "Description": ""}``, the last two optional.
            key: Base64 of 32 bytes; None without one.

        Raises:
            ServerMisconfigured: A file or the key is not understood; the message names it.
        """
        files = sorted(folder.glob("*/*.json"))
        roles = (_role(file) for file in files)
        return cls({role.arn: role for role in roles}, None if key is None else _decoded_key(key))

    @property
    def accounts(self) -> frozenset[str]:
        """The accounts that have a role."""
        return frozenset(arn.split(":")[4] for arn in self.by_arn)

    def begin(self, role: Role, name: str, seconds: int, now: datetime) -> Issued:
        """A session of a role.

        Args:
            role: The role, which the caller has been found to be trusted with.
            name: The session's name.
            seconds: How long it lasts.
            now: The present, aware UTC.

        Raises:
            ServerMisconfigured: The installation has no key for sessions.
        """
        if self.key is None:
            raise ServerMisconfigured("the principals file has no session_key: sessions of roles cannot begin")
        expires = now.replace(microsecond=0) + timedelta(seconds=seconds)
        claim = {
            "key": "ASIA" + base64.b32encode(secrets.token_bytes(10)).decode(),
            "role": role.arn,
            "name": name,
            "began": int(now.timestamp()),
            "ends": int(expires.timestamp()),
        }
        text = _encoded(json.dumps(claim).encode())
        token = f"{text}.{_encoded(self._mac(b'token', text))}"
        return Issued(self._principal(role, claim, token), token, expires)

    def session(self, access_key_id: str, token: str, now: datetime) -> Principal:
        """The session that a token is of.

        Raises:
            UnrecognizedClientException: The token is none of ours, or belongs to another access key or a former role.
            ExpiredToken: It has ended.
        """
        text, _, mac = token.partition(".")
        if self.key is None or not hmac.compare_digest(mac.encode(), _encoded(self._mac(b"token", text)).encode()):
            raise _INVALID()
        claim = json.loads(base64.urlsafe_b64decode(text))
        role = self.by_arn.get(claim["role"])
        if claim["key"] != access_key_id or role is None:
            raise _INVALID()
        if now.timestamp() >= claim["ends"]:
            raise ExpiredToken()
        return self._principal(role, claim, token)

    def _principal(self, role: Role, claim: Mapping[str, Any], token: str) -> Principal:
        account, name = role.arn.split(":")[4], role.arn.rpartition("/")[2]
        return Principal(
            claim["name"],
            f"arn:aws:sts::{account}:assumed-role/{name}/{claim['name']}",
            claim["key"],
            role.policy,
            base64.b64encode(self._mac(b"secret", token)).decode()[:40],
            SessionOfRole(role.arn, datetime.fromtimestamp(claim["began"], UTC)),
        )

    def _mac(self, purpose: bytes, text: str) -> bytes:
        return hmac.new(self.key or b"", purpose + b"\0" + text.encode(), hashlib.sha256).digest()


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()


def _decoded_key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (ValueError, TypeError):
        key = b""
    if len(key) != _KEY_BYTES:
        raise ServerMisconfigured(f"session_key of the principals file must be base64 of {_KEY_BYTES} bytes")
    return key


def _role(file: Path) -> Role:
    account, name = file.parent.name, file.stem
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        unknown = set(document) - _FIELDS
        if unknown or not (account.isdecimal() and len(account) == 12):
            raise ValueError(f"{', '.join(sorted(unknown))} is not known" if unknown else f"{account} is no account")
        longest = document.get("MaxSessionDuration", DEFAULT_SESSION)
        if type(longest) is not int or not DEFAULT_SESSION <= longest <= LONGEST_SESSION:
            raise ValueError(f"MaxSessionDuration {longest} is not in [{DEFAULT_SESSION}, {LONGEST_SESSION}]")
        trust = parse_resource_policy(document["AssumeRolePolicyDocument"], resource="*")
        policy = parse_policy(json.dumps(document["PermissionPolicy"]), file=str(file))
    except OSError as fault:
        raise ServerMisconfigured(f"role {file} cannot be read: {fault.strerror}") from None
    except (ValueError, KeyError, TypeError) as fault:
        raise ServerMisconfigured(f"role {file} is not understood: {fault}") from None
    return Role(f"arn:aws:iam::{account}:role/{name}", trust, policy, longest)
