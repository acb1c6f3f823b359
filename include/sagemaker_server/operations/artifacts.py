"""The actions on artifacts: data, code and models by address, one artifact for each source."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sagemaker_server.errors import ValidationException
from sagemaker_server.operations.call import Call, Scope, operation
from sagemaker_server.operations.lineage import Kind
from sagemaker_server.operations.tags import taggable

_ARTIFACT = Kind("artifact")

taggable("artifact")(_ARTIFACT.exists)


def _arn_of(scope: Scope, source: dict[str, Any]) -> str:
    """The ARN that belongs to a source: its URI and ids."""
    ids = sorted((known["SourceIdType"], known["Value"]) for known in source.get("SourceTypes", []))
    digest = hashlib.sha256(json.dumps([source["SourceUri"], ids]).encode()).hexdigest()
    return _ARTIFACT.arn(scope, digest[:32])


def _resource(scope: Scope, request: dict[str, Any]) -> str:
    if "ArtifactArn" in request:
        return str(request["ArtifactArn"])
    return _arn_of(scope, request["Source"]) if "Source" in request else "*"


@operation("CreateArtifact", resource=_resource)
def create_artifact(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Create an artifact; see AWS's API_CreateArtifact.

    Raises:
        ValidationException: The source has an artifact already, or the name is taken; look it up with ListArtifacts.
    """
    arn = _arn_of(call, request["Source"])
    if _ARTIFACT.exists(call, arn):
        raise ValidationException(f"Artifact {arn} with source {request['Source']['SourceUri']} already exists.")
    return _ARTIFACT.create(call, request, arn)


@operation("DescribeArtifact", resource=_resource)
def describe_artifact(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Describe an artifact; see AWS's API_DescribeArtifact.

    Raises:
        ResourceNotFound: There is no such artifact.
    """
    return _ARTIFACT.document(_ARTIFACT.find(call, request["ArtifactArn"]))


@operation("UpdateArtifact", resource=_resource)
def update_artifact(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Change an artifact's name or properties; see AWS's API_UpdateArtifact.

    Raises:
        ResourceNotFound: There is no such artifact.
    """
    artifact = _ARTIFACT.find(call, request["ArtifactArn"])
    name = request.get("ArtifactName")
    if name is not None and name != artifact.name:
        _ARTIFACT.check_name_is_free(call, name)
        artifact.name = name
        artifact.document = {**artifact.document, "ArtifactName": name}
    return _ARTIFACT.update(call, artifact, request)


@operation("ListArtifacts")
def list_artifacts(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """List artifacts; see AWS's API_ListArtifacts."""
    return _ARTIFACT.listed(call, request)


@operation("DeleteArtifact", resource=_resource)
def delete_artifact(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Delete an artifact by ARN or by source; see AWS's API_DeleteArtifact.

    Raises:
        ValidationException: Neither or both are given, or it still has associations.
        ResourceNotFound: There is no such artifact.
    """
    if ("ArtifactArn" in request) == ("Source" in request):
        raise ValidationException("Either ArtifactArn or Source must be specified, and not both.")
    return _ARTIFACT.delete(call, _ARTIFACT.find(call, _resource(call, request)))
