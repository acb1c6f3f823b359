"""A policy attached to a resource or a role, which also says whom it speaks of; apart from policies of a caller's own.

Follows AWS's "AWS JSON policy elements: Principal". A principal is an account (its number, or the ARN of its ``root``),
which then says by its own policies who of it may; or a user, a role or one session of a role, by ARN; or ``*``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sagemaker_server.signature.policy import Statement, parse_statement
from sagemaker_server.signature.principals import Principal

_ACCOUNT = re.compile(r"\d{12}")
_ARN = re.compile(
    r"arn:aws:(iam::(?P<account>\d{12}):(root|user/[\w+=,.@/-]+|role/[\w+=,.@/-]+)"
    r"|sts::\d{12}:assumed-role/[\w+=,.@/-]+)",
    re.ASCII,
)
_DOCUMENT = {"Version", "Id", "Statement"}
_VERSION = "2012-10-17"


class Says(StrEnum):
    """What a resource's policy says to a request."""

    DENY = "deny"
    ALLOW = "allow"
    ALLOW_ACCOUNT = "allow-account"
    """It allows the caller's account, which has to allow the caller."""
    SILENT = "silent"


@dataclass(frozen=True)
class _Clause:
    anyone: bool
    accounts: frozenset[str]
    arns: frozenset[str]
    statement: Statement

    def names(self, principal: Principal) -> bool:
        """Whether the principal himself is meant, and not only his account."""
        return self.anyone or bool(self.arns & {principal.arn, principal.policy_arn})


@dataclass(frozen=True)
class ResourcePolicy:
    """Who may do what with a resource."""

    clauses: tuple[_Clause, ...]

    def says(self, principal: Principal, action: str, resource: str, context: Mapping[str, Any]) -> Says:
        """What the policy says; an explicit deny wins over every allow."""
        applying = [
            clause
            for clause in self.clauses
            if (clause.names(principal) or principal.account in clause.accounts)
            and clause.statement.applies(action, resource, context)
        ]
        if any(clause.statement.effect == "Deny" for clause in applying):
            return Says.DENY
        if any(clause.names(principal) for clause in applying):
            return Says.ALLOW
        return Says.ALLOW_ACCOUNT if applying else Says.SILENT


def parse_resource_policy(
    document: Any, *, resource: str | None = None, allowed_resource: Callable[[str], bool] = lambda pattern: True
) -> ResourcePolicy:
    """A resource's policy from its document.

    Args:
        document: The document, or its JSON text.
        resource: What every statement is about, in a document whose statements name no resource, as a role's trust.
        allowed_resource: Whether the policy may speak of a resource.

    Raises:
        ValueError: It is no JSON, lacks an element, or holds one that is not understood; the message names it.
    """
    try:
        read = json.loads(document) if isinstance(document, str) else document
        unknown = set(read) - _DOCUMENT
        if unknown:
            raise ValueError(f"element {', '.join(sorted(unknown))} is not supported")
        if read.get("Version") != _VERSION:
            raise ValueError(f"Version must be {_VERSION}")
        statements = read["Statement"] if isinstance(read["Statement"], list) else [read["Statement"]]
        if not statements:
            raise ValueError("Statement is empty")
        return ResourcePolicy(tuple(_clause(each, resource, allowed_resource) for each in statements))
    except KeyError as fault:
        raise ValueError(f"element {fault.args[0]} is missing") from None
    except (TypeError, AttributeError, RecursionError, re.error):
        raise ValueError("it does not have the form of a policy document") from None


def _clause(statement: dict[str, Any], resource: str | None, allowed: Callable[[str], bool]) -> _Clause:
    rest = {name: value for name, value in statement.items() if name != "Principal"}
    if resource is not None:
        if {"Resource", "NotResource"} & set(rest):
            raise ValueError("Resource has no place in a trust policy")
        rest["Resource"] = "*"
    elif "Resource" not in rest:
        raise ValueError("a statement needs Resource")
    outside = [pattern for pattern in _listed(rest["Resource"]) if not allowed(pattern)]
    if outside:
        raise ValueError(f"Resource {', '.join(outside)} is not of the resource that the policy is attached to")
    anyone, accounts, arns = _meant(statement["Principal"])
    return _Clause(anyone, accounts, arns, parse_statement(rest))


def _meant(principal: Any) -> tuple[bool, frozenset[str], frozenset[str]]:
    """Whether everybody is meant, which accounts, and which users and roles; services are nobody here."""
    if principal == "*":
        return True, frozenset(), frozenset()
    if not isinstance(principal, dict) or not principal or set(principal) - {"AWS", "Service"}:
        raise ValueError('Principal must be "*" or {"AWS": ...}')
    values = _listed(principal.get("AWS", []))
    accounts, arns = set(), set()
    for value in values:
        found = _ARN.fullmatch(value)
        if _ACCOUNT.fullmatch(value):
            accounts.add(value)
        elif found and value.endswith(":root"):
            accounts.add(found["account"])
        elif found:
            arns.add(value)
        elif value != "*":
            raise ValueError(f"Invalid principal in policy: {value}")
    return "*" in values, frozenset(accounts), frozenset(arns)


def _listed(value: Any) -> list[str]:
    values = [value] if isinstance(value, str) else list(value)
    if not all(isinstance(each, str) for each in values) or isinstance(value, dict):
        raise TypeError(value)
    return values


def account_of(arn: str) -> str:
    """The account that an ARN bears; empty where it has none, as an S3 object's."""
    parts = arn.split(":", 5)
    return parts[4] if arn.startswith("arn:") and len(parts) == 6 else ""
