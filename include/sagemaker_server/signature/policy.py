"""An IAM policy document, read once into statements that answer fast; apart from the question that is asked of it.

Follows AWS's "IAM JSON policy elements reference". What is not understood is refused at start, never passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sagemaker_server.errors import ServerMisconfigured
from sagemaker_server.signature.conditions import Condition, parse_conditions

_ELEMENTS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}


@dataclass(frozen=True)
class Statement:
    """To which actions and resources a statement applies, under which conditions, and whether it allows or denies."""

    effect: str
    action_matches: Callable[[str], bool]
    resource_matches: Callable[[str], bool]
    conditions: tuple[Condition, ...]

    def applies(self, action: str, resource: str, context: Mapping[str, Any]) -> bool:
        """Whether the statement speaks about this action on this resource under this context."""
        return (
            self.action_matches(action)
            and self.resource_matches(resource)
            and all(condition.holds(context) for condition in self.conditions)
        )


@dataclass(frozen=True)
class Policy:
    """What a principal may do."""

    statements: tuple[Statement, ...] = ()

    def decide(self, action: str, resource: str, context: Mapping[str, Any]) -> str:
        """``deny``, ``allow`` or ``silent``: an explicit deny wins over every allow, and silence denies too."""
        effects = {statement.effect for statement in self.statements if statement.applies(action, resource, context)}
        if "Deny" in effects:
            return "deny"
        return "allow" if "Allow" in effects else "silent"


def parse_policy(text: str, *, file: str) -> Policy:
    """A policy from the text of its document.

    Raises:
        ServerMisconfigured: It is no JSON, or holds an element or condition operator that is not understood.
    """
    try:
        document = json.loads(text)
        statements = document["Statement"]
        listed = statements if isinstance(statements, list) else [statements]
        return Policy(tuple(parse_statement(statement) for statement in listed))
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise ServerMisconfigured(f"policy document {file} is not understood: {fault}") from None


def parse_statement(statement: dict[str, Any]) -> Statement:
    """A statement of a policy document.

    Raises:
        ValueError, KeyError, TypeError: It lacks an element, or holds one that is not understood.
    """
    unknown = set(statement) - _ELEMENTS
    if unknown:
        raise ValueError(f"element {', '.join(sorted(unknown))} is not supported")
    if statement["Effect"] not in {"Allow", "Deny"}:
        raise ValueError(f"Effect is {statement['Effect']!r}: must be Allow or Deny")
    return Statement(
        statement["Effect"],
        _matcher(statement, "Action", re.IGNORECASE),
        _matcher(statement, "Resource", 0),
        parse_conditions(statement.get("Condition", {})),
    )


def _matcher(statement: dict[str, Any], element: str, flags: int) -> Callable[[str], bool]:
    if (element in statement) == (f"Not{element}" in statement):
        raise ValueError(f"a statement needs either {element} or Not{element}")
    negated = element not in statement
    values = statement[f"Not{element}" if negated else element]
    patterns = [values] if isinstance(values, str) else list(values)
    if any("${" in pattern for pattern in patterns):
        raise ValueError(f"{element} uses a policy variable, which is not supported")
    expression = re.compile("|".join(f"(?:{wildcards(pattern)})" for pattern in patterns) or r"(?!)", flags | re.DOTALL)
    return lambda text: (expression.fullmatch(text) is None) == negated


def wildcards(pattern: str) -> str:
    """A regular expression for IAM's wildcards: ``*`` any text, ``?`` any one character."""
    return "".join(".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
