"""Resource policies of model package groups: which other accounts may see a group's versions and make models of them.

A policy is attached to a group and speaks of the group (``model-package-group/<name>``) and its versions
(``model-package/<name>/*``).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy.orm import Session

from sagemaker_server.errors import ValidationException
from sagemaker_server.operations.call import Call, operation
from sagemaker_server.operations.model_package_groups import arn_of_group_asked_for, find_group
from sagemaker_server.runtime.accounts import Accounts
from sagemaker_server.signature import ResourcePolicy, account_of
from sagemaker_server.signature.resource_policy import parse_resource_policy
from sagemaker_server.storage.group_policies import GroupPolicy
from sagemaker_server.storage.registry import ModelPackageGroup

_KINDS = ("model-package-group", "model-package")


@operation("PutModelPackageGroupPolicy", resource=arn_of_group_asked_for)
def put_model_package_group_policy(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Attach a policy to a group in the place of any it has; see AWS's API_PutModelPackageGroupPolicy.

    Raises:
        ValidationException: There is no such group, or the policy is malformed or speaks of other resources.
    """
    group = find_group(call, request["ModelPackageGroupName"])
    try:
        _parsed(request["ResourcePolicy"], group.arn)
    except ValueError as fault:
        raise ValidationException(f"Invalid resource policy for {group.arn}: {fault}.") from None
    call.session.merge(GroupPolicy(group_name=group.name, document=request["ResourcePolicy"]))
    return {"ModelPackageGroupArn": group.arn}


@operation("GetModelPackageGroupPolicy", resource=arn_of_group_asked_for)
def get_model_package_group_policy(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """A group's policy as it was sent; see AWS's API_GetModelPackageGroupPolicy.

    Raises:
        ValidationException: There is no such group, or it has no policy.
    """
    return {"ResourcePolicy": _existing(call, request).document}


@operation("DeleteModelPackageGroupPolicy", resource=arn_of_group_asked_for)
def delete_model_package_group_policy(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Take a group's policy away; see AWS's API_DeleteModelPackageGroupPolicy.

    Raises:
        ValidationException: There is no such group, or it has no policy.
    """
    call.session.delete(_existing(call, request))
    return {}


def attached_policy(accounts: Accounts, arn: str) -> ResourcePolicy | None:
    """The policy attached to a resource: a role's trust, or that of a package's group; None without one."""
    role = accounts.principals.roles.by_arn.get(arn)
    if role is not None:
        return role.trust
    kind, _, name = arn.split(":", 5)[-1].partition("/")
    account = accounts.find(account_of(arn))
    if account is None or kind not in _KINDS or not arn.startswith("arn:aws:sagemaker:"):
        return None
    with account.database.reading() as session:
        return _of_group(session, name.partition("/")[0])


def _of_group(session: Session, name: str) -> ResourcePolicy | None:
    policy, group = session.get(GroupPolicy, name), session.get(ModelPackageGroup, name)
    return None if policy is None or group is None else _parsed(policy.document, group.arn)


@lru_cache(maxsize=256)
def _parsed(document: str, group_arn: str) -> ResourcePolicy:
    """The policy of a group from its text.

    Raises:
        ValueError: It is malformed, or speaks of another resource.
    """
    before, _, name = group_arn.partition(":model-package-group/")
    versions = f"{before}:model-package/{name}/"
    return parse_resource_policy(
        document, allowed_resource=lambda pattern: pattern in {"*", group_arn} or pattern.startswith(versions)
    )


def _existing(call: Call, request: dict[str, Any]) -> GroupPolicy:
    group = find_group(call, request["ModelPackageGroupName"])
    policy = call.session.get(GroupPolicy, group.name)
    if policy is None:
        raise ValidationException(f"Could not find a resource policy of {group.arn}: it does not exist.")
    return policy
