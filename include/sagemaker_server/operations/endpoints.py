"""Endpoints: CreateEndpoint, DescribeEndpoint, UpdateEndpoint, DeleteEndpoint, ListEndpoints."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select

from sagemaker_server.errors import ValidationException
from sagemaker_server.operations.call import Call, Scope, operation
from sagemaker_server.operations.data_capture import captured
from sagemaker_server.operations.endpoint_configs import existing_config
from sagemaker_server.operations.offers import refuse_others, require_value
from sagemaker_server.operations.sorted_lists import list_rows
from sagemaker_server.operations.tags import set_first_tags, taggable
from sagemaker_server.storage.endpoints import Endpoint, EndpointStatus, Model
from sagemaker_server.storage.tags import remove_tags

IN_PROGRESS = (EndpointStatus.CREATING, EndpointStatus.UPDATING, EndpointStatus.DELETING)


def _arn(scope: Scope, request: dict[str, Any]) -> str:
    return scope.arn(f"endpoint/{request['EndpointName']}")


@operation("CreateEndpoint", resource=_arn)
def create_endpoint(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Puts an endpoint on record and has it deployed; see AWS's API_CreateEndpoint.

    Raises:
        ValidationException: It exists, or its configuration does not.
    """
    _check_deployment_config(request)
    name, arn = request["EndpointName"], _arn(call, request)
    if call.session.get(Endpoint, name) is not None:
        raise ValidationException(f'Cannot create already existing endpoint "{arn}".')
    endpoint = Endpoint(
        name=name,
        arn=arn,
        status=EndpointStatus.CREATING,
        config=request["EndpointConfigName"],
        created=call.now,
        modified=call.now,
        pending=_deployment(call, request["EndpointConfigName"]),
        last_deployment_config=request.get("DeploymentConfig"),
    )
    call.session.add(endpoint)
    set_first_tags(call, arn, request.get("Tags", []))
    call.on_commit(lambda: call.runtime.endpoints.deploy(name))
    return {"EndpointArn": arn}


@operation("UpdateEndpoint", resource=_arn)
def update_endpoint(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Deploys another configuration beside the one that serves, and goes over to it once it answers.

    If it does not, the endpoint is in service as before, with a ``FailureReason``. See AWS's API_UpdateEndpoint.

    Raises:
        ValidationException: No such endpoint or configuration, or the endpoint is being changed or has failed.
    """
    _check_deployment_config(request)
    refuse_others(
        request, {"EndpointName", "EndpointConfigName", "DeploymentConfig", "RetainDeploymentConfig"}, "UpdateEndpoint"
    )
    endpoint = existing_endpoint(call, request)
    if endpoint.status in IN_PROGRESS:
        raise ValidationException(f'Cannot update in-progress endpoint "{endpoint.arn}".')
    if endpoint.status == EndpointStatus.FAILED:
        raise ValidationException(f'Cannot update failed endpoint "{endpoint.arn}": it can only be deleted.')
    endpoint.pending = _deployment(call, request["EndpointConfigName"])
    endpoint.status, endpoint.modified, endpoint.failure_reason = EndpointStatus.UPDATING, call.now, None
    if not request.get("RetainDeploymentConfig"):
        endpoint.last_deployment_config = request.get("DeploymentConfig")
    call.on_commit(lambda: call.runtime.endpoints.deploy(endpoint.name))
    return {"EndpointArn": endpoint.arn}


@operation("DeleteEndpoint", resource=_arn)
def delete_endpoint(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Ends an endpoint; it is gone from the record once its processes are. See AWS's API_DeleteEndpoint.

    Raises:
        ValidationException: No such endpoint.
    """
    endpoint = existing_endpoint(call, request)
    endpoint.status, endpoint.modified = EndpointStatus.DELETING, call.now
    remove_tags(call.session, endpoint.arn)
    call.on_commit(lambda: call.runtime.endpoints.remove(endpoint.name))
    return {}


@operation("DescribeEndpoint", resource=_arn)
def describe_endpoint(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """What the endpoint serves, and how it is; see AWS's API_DescribeEndpoint.

    Raises:
        ValidationException: No such endpoint.
    """
    endpoint = existing_endpoint(call, request)
    described: dict[str, Any] = {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "EndpointConfigName": endpoint.config,
        "EndpointStatus": endpoint.status,
        "FailureReason": endpoint.failure_reason,
        "CreationTime": endpoint.created,
        "LastModifiedTime": endpoint.modified,
        "LastDeploymentConfig": endpoint.last_deployment_config,
    }
    if endpoint.deployment is not None:
        described["ProductionVariants"] = [_variant(v, endpoint) for v in endpoint.deployment["variants"]]
        described["DataCaptureConfig"] = captured(endpoint.deployment.get("capture"))
    if endpoint.pending is not None:
        described["PendingDeploymentSummary"] = {
            "EndpointConfigName": endpoint.pending["config"],
            "ProductionVariants": [{"VariantName": variant["name"]} for variant in endpoint.pending["variants"]],
            "StartTime": endpoint.modified,
        }
    return described


@operation("ListEndpoints")
def list_endpoints(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Endpoints in pages; see AWS's API_ListEndpoints."""
    columns = {
        "Name": Endpoint.name,
        "CreationTime": Endpoint.created,
        "LastModifiedTime": Endpoint.modified,
        "Status": Endpoint.status,
    }
    rows, token = list_rows(call.session, select(Endpoint), columns, request, descending=True)
    return {"Endpoints": [_summary(row) for row in rows], **token}


@taggable("endpoint")
def _endpoint_exists(call: Call, arn: str) -> bool:
    return call.session.scalars(select(Endpoint.name).where(Endpoint.arn == arn)).first() is not None


def existing_endpoint(call: Call, request: dict[str, Any]) -> Endpoint:
    """The endpoint that a request names.

    Raises:
        ValidationException: There is none.
    """
    endpoint = call.session.get(Endpoint, request["EndpointName"])
    if endpoint is None:
        raise ValidationException(f'Could not find endpoint "{_arn(call, request)}".')
    return endpoint


def _deployment(call: Call, config_name: str) -> dict[str, Any]:
    """What a configuration comes down to, copied: its models may be deleted while they are served."""
    config = existing_config(call, config_name)
    variants = []
    for variant in config.request["ProductionVariants"]:
        model = call.session.get(Model, variant["ModelName"])
        if model is None:
            raise ValidationException(f'Could not find model "{call.arn("model/" + variant["ModelName"])}".')
        described = {
            "name": variant["VariantName"],
            "weight": variant.get("InitialVariantWeight", 1.0),
            "instances": variant["InitialInstanceCount"],
            "model": model.name,
            "container": model.container,
        }
        variants.append(described)
    capture = config.request.get("DataCaptureConfig")
    return {"id": uuid.uuid4().hex[:16], "config": config_name, "variants": variants, "capture": capture}


def _variant(variant: dict[str, Any], endpoint: Endpoint) -> dict[str, Any]:
    image = variant["container"]["Image"]
    return {
        "VariantName": variant["name"],
        "DeployedImages": [{"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": endpoint.modified}],
        "CurrentWeight": variant["weight"],
        "DesiredWeight": variant.get("desired_weight", variant["weight"]),
        "CurrentInstanceCount": variant["instances"],
        "DesiredInstanceCount": variant.get("desired_instances", variant["instances"]),
    }


def _summary(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "CreationTime": endpoint.created,
        "LastModifiedTime": endpoint.modified,
        "EndpointStatus": endpoint.status,
    }


def _check_deployment_config(request: dict[str, Any]) -> None:
    """All at once is what is done here; traffic is not shifted in parts, and no alarm can be asked."""
    config = request.get("DeploymentConfig") or {}
    refuse_others(config, {"BlueGreenUpdatePolicy"}, "DeploymentConfig")
    policy = config.get("BlueGreenUpdatePolicy")
    if policy is not None:
        require_value(
            policy["TrafficRoutingConfiguration"]["Type"], ("ALL_AT_ONCE",), "TrafficRoutingConfiguration.Type"
        )
