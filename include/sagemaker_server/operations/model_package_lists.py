"""Lists of model packages, apart from the actions on one of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from sagemaker_server.operations.call import Call, Scope, operation
from sagemaker_server.operations.listing import created_within, equals, name_contains
from sagemaker_server.operations.model_package_groups import find_group, group_arn
from sagemaker_server.operations.model_packages import package_document
from sagemaker_server.operations.paging import Order, page
from sagemaker_server.storage.registry import ModelPackage


def _versions_asked_for(scope: Scope, request: dict[str, Any]) -> str:
    """The ARN that policies are asked about: any version of the group; without one, as at AWS, no resource."""
    group = request.get("ModelPackageGroupName")
    return "*" if group is None else group_arn(scope, group).replace(":model-package-group/", ":model-package/") + "/*"


@operation("ListModelPackages", resource=_versions_asked_for, shared=True)
def list_model_packages(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """List packages: the versions of a group, or, without one, unversioned packages unless ``ModelPackageType`` says.

    See AWS's API_ListModelPackages. Summaries leave out the time of the last change, as AWS's do.

    Raises:
        ValidationException: There is no such group.
    """
    group = request.get("ModelPackageGroupName")
    statement = created_within(select(ModelPackage), ModelPackage.created_at, request)
    statement = name_contains(statement, ModelPackage.name, request)
    statement = equals(statement, ModelPackage.approval_status, request, "ModelApprovalStatus")
    if group is not None:
        statement = statement.where(ModelPackage.group_name == find_group(call, group).name)
    kind = request.get("ModelPackageType", "Unversioned" if group is None else "Versioned")
    if kind == "Unversioned":
        statement = statement.where(ModelPackage.version.is_(None))
    elif kind == "Versioned":
        statement = statement.where(ModelPackage.version.is_not(None))
    column = ModelPackage.name if request.get("SortBy") == "Name" else ModelPackage.created_at
    order = Order(column, ModelPackage.arn, request.get("SortOrder") == "Descending")
    packages, token = page(call.session, statement, order, request)
    return {"ModelPackageSummaryList": [package_document(package) for package in packages], "NextToken": token}
