"""The question whether a principal may do something, apart from the documents that answer it.

Follows AWS's "Policy evaluation logic": a deny of any document wins. Within an account the caller's own policy or the
resource's has to allow; between accounts both have to. A role is taken on only if its trust policy says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sagemaker_server.errors import AccessDeniedException
from sagemaker_server.signature.principals import Principal
from sagemaker_server.signature.resource_policy import ResourcePolicy, Says, account_of


def authorise(
    principal: Principal,
    action: str,
    resource: str,
    context: Mapping[str, Any],
    *,
    attached: ResourcePolicy | None = None,
    must_be_attached: bool = False,
) -> None:
    """Let pass what the policies allow.

    Args:
        principal: Who asks.
        action: Such as ``sagemaker:UpdateModelPackage``.
        resource: The ARN acted upon; ``*`` where the action has none.
        context: The request's condition keys and values; a key that is not there makes conditions on it fail.
        attached: The policy attached to the resource; None without one.
        must_be_attached: Whether that has to allow, within an account too: as the trust policy of a role.

    Raises:
        AccessDeniedException: A policy denies it, none speaks of it, or one cannot be evaluated on this context.
    """
    try:
        own, theirs = _asked(principal, action, resource, _known(principal, context), attached)
    except (ValueError, TypeError):  # a value of the request that an operator cannot compare
        own, theirs = "silent", Says.SILENT
    if own == "deny" or theirs is Says.DENY:
        kind = "an identity-based" if own == "deny" else "a resource-based"
        raise _refused(principal, action, resource, f"with an explicit deny in {kind} policy")
    is_elsewhere = account_of(resource) not in {"", principal.account}
    if (is_elsewhere or must_be_attached) and theirs is Says.SILENT:
        raise _refused(principal, action, resource, f"because no resource-based policy allows the {action} action")
    if own != "allow" and (is_elsewhere or theirs is not Says.ALLOW):
        raise _refused(principal, action, resource, f"because no identity-based policy allows the {action} action")


def _asked(
    principal: Principal, action: str, resource: str, known: Mapping[str, Any], attached: ResourcePolicy | None
) -> tuple[str, Says]:
    """What the caller's own policy says, and what the resource's."""
    theirs = Says.SILENT if attached is None else attached.says(principal, action, resource, known)
    own = principal.policy.decide(action, resource, known)
    return own, theirs


def _known(principal: Principal, context: Mapping[str, Any]) -> dict[str, Any]:
    """The condition keys, lower case: those of the request and those of the principal, which no request can set."""
    known = {key.lower(): value for key, value in context.items() if value is not None}
    known |= {"aws:principalarn": principal.policy_arn, "aws:principalaccount": principal.account}
    known |= {"aws:userid": principal.user_id}
    known.pop("aws:username", None)
    if principal.session is None:
        known["aws:username"] = principal.name
    return known


def _refused(principal: Principal, action: str, resource: str, reason: str) -> AccessDeniedException:
    target = "" if resource == "*" else f" on resource: {resource}"
    return AccessDeniedException(f"User: {principal.arn} is not authorized to perform: {action}{target} {reason}")
