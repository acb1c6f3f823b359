"""The question whether a principal may do something, apart from the documents that answer it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sagemaker_server.errors import AccessDeniedException
from sagemaker_server.signature.principals import Principal


def authorise(principal: Principal, action: str, resource: str, context: Mapping[str, Any]) -> None:
    """Let pass what the principal's policy allows.

    Args:
        principal: Who asks.
        action: Such as ``sagemaker:UpdateModelPackage``.
        resource: The ARN acted upon; ``*`` where the action has none.
        context: The request's condition keys and values; a key that is not there makes conditions on it fail.

    Raises:
        AccessDeniedException: The policy denies it, does not speak of it, or cannot be evaluated on this context.
    """
    known: dict[str, Any] = {
        "aws:principalarn": principal.arn,
        "aws:principalaccount": principal.account,
        "aws:username": principal.name,
        **{key.lower(): value for key, value in context.items() if value is not None},
    }
    try:
        decision = principal.policy.decide(action, resource, known)
    except (ValueError, TypeError) as fault:  # a value of the request that an operator cannot compare
        decision = f"undecided: {fault}"
    if decision == "allow":
        return
    reason = (
        "with an explicit deny in an identity-based policy"
        if decision == "deny"
        else f"because no identity-based policy allows the {action} action"
    )
    target = "" if resource == "*" else f" on resource: {resource}"
    raise AccessDeniedException(f"User: {principal.arn} is not authorized to perform: {action}{target} {reason}")
