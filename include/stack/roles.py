"""Which role a person takes on in the account of an environment: the one made for him, or that of whoever looks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from stack.errors import StackError
from stack.settings import Settings

_READER = "model-governance-reader"


def role_of(person: str, deployment_role_arn: str, settings: Settings) -> str:
    """The ARN of the role whose trust policy names the person; of the reader's where none does.

    Args:
        person: The principal's name.
        deployment_role_arn: The environment's setting, whose account is meant; empty: there is none.
        settings: The installation's.

    Returns:
        The ARN; empty where the account has no role for him.

    Raises:
        StackError: A role's file is not understood.
    """
    if not deployment_role_arn:
        return ""
    account, user = deployment_role_arn.split(":")[4], f"arn:aws:iam::{settings.account}:user/{person}"
    files = sorted((settings.policies / "iam" / "roles" / account).glob("*.json"))
    named = [file.stem for file in files if user in _trusted(file)]
    readers = [file.stem for file in files if file.stem == _READER]
    return next((f"arn:aws:iam::{account}:role/{name}" for name in [*named, *readers]), "")


def _trusted(file: Path) -> list[str]:
    """The principals that a role's trust policy names."""
    try:
        statements = json.loads(file.read_text(encoding="utf-8"))["AssumeRolePolicyDocument"]["Statement"]
        return [name for each in _listed(statements) for name in _listed(each["Principal"]["AWS"])]
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise StackError(f"role {file} is not understood: {fault!r}") from None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
