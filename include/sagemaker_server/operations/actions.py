"""The actions on lineage actions: what was done, such as an approval or a deployment."""

from __future__ import annotations

from typing import Any

from sagemaker_server.operations.call import Call, Scope, operation
from sagemaker_server.operations.lineage import Kind
from sagemaker_server.operations.tags import taggable

_ACTION = Kind("action")

taggable("action")(_ACTION.exists)


def _arn(scope: Scope, request: dict[str, Any]) -> str:
    return _ACTION.arn(scope, request["ActionName"])


@operation("CreateAction", resource=_arn)
def create_action(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Create an action; see AWS's API_CreateAction.

    Raises:
        ValidationException: The name is taken.
    """
    return _ACTION.create(call, request, _arn(call, request))


@operation("DescribeAction", resource=_arn)
def describe_action(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Describe an action; see AWS's API_DescribeAction.

    Raises:
        ResourceNotFound: There is no such action.
    """
    return _ACTION.document(_ACTION.find(call, request["ActionName"]))


@operation("UpdateAction", resource=_arn)
def update_action(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Change what is sent and nothing else; see AWS's API_UpdateAction.

    Raises:
        ResourceNotFound: There is no such action.
    """
    return _ACTION.update(call, _ACTION.find(call, request["ActionName"]), request)


@operation("ListActions")
def list_actions(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """List actions; see AWS's API_ListActions."""
    return _ACTION.listed(call, request)


@operation("DeleteAction", resource=_arn)
def delete_action(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Delete an action; see AWS's API_DeleteAction.

    Raises:
        ResourceNotFound: There is no such action.
        ValidationException: It still has associations.
    """
    return _ACTION.delete(call, _ACTION.find(call, request["ActionName"]))
