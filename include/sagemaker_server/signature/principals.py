"""Who signs requests: a user, or a session of a role; apart from the files and tokens that say who that is."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from sagemaker_server.signature.policy import Policy


@dataclass(frozen=True)
class SessionOfRole:
    """That a principal is a role for a while.

    Attributes:
        role_arn: ``arn:aws:iam::<account>:role/<name>``.
        began: Since when, aware UTC.
    """

    role_arn: str
    began: datetime

    @property
    def role_name(self) -> str:
        """The role's name."""
        return self.role_arn.rpartition("/")[2]

    @property
    def role_id(self) -> str:
        """A stable unique id of the form that IAM gives roles."""
        digest = hashlib.sha256(self.role_arn.encode()).digest()
        return "AROA" + base64.b32encode(digest).decode()[:17]


@dataclass(frozen=True)
class Principal:
    """An IAM user, or a session of a role.

    Attributes:
        name: The user's name, such as ``governance-officer``; of a session, the name that it was given.
        arn: ``arn:aws:iam::<account>:user/<name>``, or ``arn:aws:sts::<account>:assumed-role/<role>/<name>``.
        access_key_id: The public half of the key.
        policy: What the user may do.
        secret_access_key: The secret half; never printed.
        session: What tells a session of a role from a user; None for a user.
    """

    name: str
    arn: str
    access_key_id: str
    policy: Policy
    secret_access_key: str = field(repr=False, default="")
    session: SessionOfRole | None = None

    @property
    def account(self) -> str:
        """The account, 12 digits."""
        return self.arn.split(":")[4]

    @property
    def policy_arn(self) -> str:
        """The ARN by which policies know the principal: of a role's session, the role's."""
        return self.session.role_arn if self.session else self.arn

    @property
    def user_id(self) -> str:
        """A stable unique id of the form that IAM gives users and sessions of roles."""
        if self.session:
            return f"{self.session.role_id}:{self.name}"
        return "AIDA" + "".join(char for char in self.name.upper() if char.isalnum()).ljust(17, "0")[:17]
