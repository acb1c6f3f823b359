"""The actions on lineage contexts: what groups other entities, such as a use case or an endpoint."""

from __future__ import annotations

from typing import Any

from sagemaker_server.operations.call import Call, Scope, operation
from sagemaker_server.operations.lineage import Kind
from sagemaker_server.operations.tags import taggable

_CONTEXT = Kind("context")

taggable("context")(_CONTEXT.exists)


def _arn(scope: Scope, request: dict[str, Any]) -> str:
    return _CONTEXT.arn(scope, request["ContextName"])


@operation("CreateContext", resource=_arn)
def create_context(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Create a context; see AWS's API_CreateContext.

    Raises:
        ValidationException: The name is taken.
    """
    return _CONTEXT.create(call, request, _arn(call, request))


@operation("DescribeContext", resource=_arn)
def describe_context(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Describe a context; see AWS's API_DescribeContext.

    Raises:
        ResourceNotFound: There is no such context.
    """
    return _CONTEXT.document(_CONTEXT.find(call, request["ContextName"]))


@operation("UpdateContext", resource=_arn)
def update_context(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Change what is sent and nothing else; see AWS's API_UpdateContext.

    Raises:
        ResourceNotFound: There is no such context.
    """
    return _CONTEXT.update(call, _CONTEXT.find(call, request["ContextName"]), request)


@operation("ListContexts")
def list_contexts(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """List contexts; see AWS's API_ListContexts."""
    return _CONTEXT.listed(call, request)


@operation("DeleteContext", resource=_arn)
def delete_context(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Delete a context; see AWS's API_DeleteContext.

    Raises:
        ResourceNotFound: There is no such context.
        ValidationException: It still has associations.
    """
    return _CONTEXT.delete(call, _CONTEXT.find(call, request["ContextName"]))
