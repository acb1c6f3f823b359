"""The actions on model package groups: the versions of one model, under one name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, func, select

from sagemaker_server.errors import ConflictException, ValidationException
from sagemaker_server.operations.call import Call, Scope, operation
from sagemaker_server.operations.listing import created_within, name_contains
from sagemaker_server.operations.paging import Order, page
from sagemaker_server.operations.tags import set_first_tags, taggable
from sagemaker_server.storage.group_policies import GroupPolicy
from sagemaker_server.storage.registry import ModelPackage, ModelPackageGroup
from sagemaker_server.storage.tags import remove_tags

_KIND = "model-package-group"


def group_arn(scope: Scope, name_or_arn: str) -> str:
    """The ARN of a group called by name or ARN."""
    return name_or_arn if name_or_arn.startswith("arn:") else scope.arn(f"{_KIND}/{name_or_arn}")


def arn_of_group_asked_for(scope: Scope, request: dict[str, Any]) -> str:
    """The ARN of the group that a request is about."""
    return group_arn(scope, request["ModelPackageGroupName"])


def find_group(call: Call, name_or_arn: str) -> ModelPackageGroup:
    """The group called by name or ARN.

    Raises:
        ValidationException: There is none.
    """
    arn = group_arn(call, name_or_arn)
    found = call.session.scalar(select(ModelPackageGroup).where(ModelPackageGroup.arn == arn))
    if found is None:
        raise ValidationException(f"ModelPackageGroup {arn} does not exist.")
    return found


@taggable(_KIND)
def _group_exists(call: Call, arn: str) -> bool:
    return call.session.scalar(select(ModelPackageGroup.name).where(ModelPackageGroup.arn == arn)) is not None


@operation("CreateModelPackageGroup", resource=arn_of_group_asked_for)
def create_model_package_group(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Create a group; see AWS's API_CreateModelPackageGroup.

    Raises:
        ValidationException: A group of that name exists.
    """
    name = request["ModelPackageGroupName"]
    arn = group_arn(call, name)
    if call.session.get(ModelPackageGroup, name) is not None:
        raise ValidationException(f"Model Package Group already exists: {arn}")
    tags = request.pop("Tags", [])
    document = {**request, "CreatedBy": call.user_context}
    call.session.add(ModelPackageGroup(name=name, arn=arn, created_at=call.now, document=document))
    set_first_tags(call, arn, tags)
    return {"ModelPackageGroupArn": arn}


@operation("DescribeModelPackageGroup", resource=arn_of_group_asked_for, shared=True)
def describe_model_package_group(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Describe a group; see AWS's API_DescribeModelPackageGroup.

    Raises:
        ValidationException: There is no such group.
    """
    return group_document(find_group(call, request["ModelPackageGroupName"]))


def group_document(group: ModelPackageGroup) -> dict[str, Any]:
    """A group as the API shows it."""
    return {
        **group.document,
        "ModelPackageGroupArn": group.arn,
        "CreationTime": group.created_at,
        "ModelPackageGroupStatus": "Completed",
    }


@operation("ListModelPackageGroups")
def list_model_package_groups(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """List groups; see AWS's API_ListModelPackageGroups."""
    statement = created_within(select(ModelPackageGroup), ModelPackageGroup.created_at, request)
    statement = name_contains(statement, ModelPackageGroup.name, request)
    by_name = request.get("SortBy") == "Name"
    column = ModelPackageGroup.name if by_name else ModelPackageGroup.created_at
    order = Order(column, ModelPackageGroup.name, request.get("SortOrder") == "Descending")
    groups, token = page(call.session, statement, order, request)
    return {"ModelPackageGroupSummaryList": [group_document(group) for group in groups], "NextToken": token}


@operation("DeleteModelPackageGroup", resource=arn_of_group_asked_for)
def delete_model_package_group(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Delete an empty group; see AWS's API_DeleteModelPackageGroup.

    Raises:
        ValidationException: There is no such group.
        ConflictException: It still has versions.
    """
    group = find_group(call, request["ModelPackageGroupName"])
    versions = call.session.scalar(select(func.count()).where(ModelPackage.group_name == group.name)) or 0
    if versions:
        raise ConflictException(
            f"Model Package Group {group.arn} cannot be deleted: it has {versions} model packages; delete them first."
        )
    call.session.delete(group)
    call.session.execute(delete(GroupPolicy).where(GroupPolicy.group_name == group.name))
    remove_tags(call.session, group.arn)
    return {}
