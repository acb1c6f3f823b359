"""Endpoint configurations: CreateEndpointConfig, DescribeEndpointConfig, DeleteEndpointConfig, ListEndpointConfigs."""

from __future__ import annotations

import math
from typing import Any

from sqlalchemy import select

from sagemaker_server.errors import ValidationException
from sagemaker_server.operations.call import Call, Scope, operation
from sagemaker_server.operations.data_capture import check_data_capture
from sagemaker_server.operations.offers import refuse_others
from sagemaker_server.operations.sorted_lists import list_rows
from sagemaker_server.operations.tags import set_first_tags, taggable
from sagemaker_server.storage.endpoints import EndpointConfig, Model
from sagemaker_server.storage.tags import remove_tags

OFFERED = {"EndpointConfigName", "ProductionVariants", "DataCaptureConfig", "Tags", "ExecutionRoleArn"}
OFFERED_OF_A_VARIANT = {
    "VariantName",
    "ModelName",
    "InitialInstanceCount",
    "InstanceType",
    "InitialVariantWeight",
    "VolumeSizeInGB",
    "ModelDataDownloadTimeoutInSeconds",
    "ContainerStartupHealthCheckTimeoutInSeconds",
    "RoutingConfig",
}


def _arn(scope: Scope, request: dict[str, Any]) -> str:
    return scope.arn(f"endpoint-config/{request['EndpointConfigName']}")


@operation("CreateEndpointConfig", resource=_arn)
def create_endpoint_config(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Says which models an endpoint should serve; see AWS's API_CreateEndpointConfig.

    Raises:
        ValidationException: It exists, a model does not, or it asks for what is not offered here.
    """
    refuse_others(request, OFFERED, "The endpoint configuration")
    name, arn = request["EndpointConfigName"], _arn(call, request)
    if call.session.get(EndpointConfig, name) is not None:
        raise ValidationException(f'Cannot create already existing endpoint configuration "{arn}".')
    names = [variant["VariantName"] for variant in request["ProductionVariants"]]
    if len(set(names)) != len(names):
        raise ValidationException(f"Variant names must be unique within an endpoint configuration, not {names}.")
    for variant in request["ProductionVariants"]:
        _check_variant(call, variant)
    check_weights({v["VariantName"]: v.get("InitialVariantWeight", 1.0) for v in request["ProductionVariants"]})
    check_data_capture(request.get("DataCaptureConfig"))
    call.session.add(EndpointConfig(name=name, arn=arn, created=call.now, request=request))
    set_first_tags(call, arn, request.get("Tags", []))
    return {"EndpointConfigArn": arn}


@operation("DescribeEndpointConfig", resource=_arn)
def describe_endpoint_config(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """The configuration as it was made; see AWS's API_DescribeEndpointConfig.

    Raises:
        ValidationException: No such configuration.
    """
    config = existing_config(call, request["EndpointConfigName"])
    asked = {name: config.request[name] for name in OFFERED - {"Tags"} if name in config.request}
    return {**asked, "EndpointConfigArn": config.arn, "CreationTime": config.created, "EnableNetworkIsolation": False}


@operation("DeleteEndpointConfig", resource=_arn)
def delete_endpoint_config(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Deletes the configuration; endpoints made with it go on. See AWS's API_DeleteEndpointConfig.

    Raises:
        ValidationException: No such configuration.
    """
    config = existing_config(call, request["EndpointConfigName"])
    remove_tags(call.session, config.arn)
    call.session.delete(config)
    return {}


@operation("ListEndpointConfigs")
def list_endpoint_configs(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Endpoint configurations in pages; see AWS's API_ListEndpointConfigs."""
    columns = {"Name": EndpointConfig.name, "CreationTime": EndpointConfig.created}
    rows, token = list_rows(call.session, select(EndpointConfig), columns, request, descending=True)
    configs = [
        {"EndpointConfigName": row.name, "EndpointConfigArn": row.arn, "CreationTime": row.created} for row in rows
    ]
    return {"EndpointConfigs": configs, **token}


def existing_config(call: Call, name: str) -> EndpointConfig:
    """The configuration of that name.

    Raises:
        ValidationException: There is none.
    """
    config = call.session.get(EndpointConfig, name)
    if config is None:
        arn = _arn(call, {"EndpointConfigName": name})
        raise ValidationException(f'Could not find endpoint configuration "{arn}".')
    return config


def check_weights(weights: dict[str, float]) -> None:
    """Refuses weights by which no request could be sent.

    Args:
        weights: By variant.

    Raises:
        ValidationException: They are all 0, or one is no finite number.
    """
    endless = sorted(name for name, weight in weights.items() if not math.isfinite(weight))
    if endless:
        raise ValidationException(f"The weight of variant {', '.join(endless)} must be a finite number.")
    if not any(weights.values()):
        raise ValidationException(
            f"The weights of variants {', '.join(sorted(weights))} are all 0: at least one must be above 0."
        )


@taggable("endpoint-config")
def _config_exists(call: Call, arn: str) -> bool:
    return call.session.scalars(select(EndpointConfig.name).where(EndpointConfig.arn == arn)).first() is not None


def _check_variant(call: Call, variant: dict[str, Any]) -> None:
    where = f"Variant {variant['VariantName']}"
    refuse_others(variant, OFFERED_OF_A_VARIANT, where)
    for member in ("ModelName", "InitialInstanceCount", "InstanceType"):
        if not variant.get(member):
            raise ValidationException(f"{where}: {member} is required.")
    if call.session.get(Model, variant["ModelName"]) is None:
        raise ValidationException(f'Could not find model "{call.arn("model/" + variant["ModelName"])}".')
