"""Models: CreateModel, DescribeModel, DeleteModel, ListModels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from sagemaker_server.errors import ValidationException
from sagemaker_server.operations.call import Call, Scope, operation
from sagemaker_server.operations.model_package_group_policies import attached_policy
from sagemaker_server.operations.model_packages import package_arn
from sagemaker_server.operations.offers import may_pass_role, refuse_others, require_value, s3_uri
from sagemaker_server.operations.sorted_lists import list_rows
from sagemaker_server.operations.tags import set_first_tags, taggable
from sagemaker_server.runtime.images import resolve
from sagemaker_server.signature import account_of, authorise
from sagemaker_server.storage.endpoints import Model
from sagemaker_server.storage.registry import ModelPackage
from sagemaker_server.storage.tags import remove_tags

OFFERED = {"ModelName", "PrimaryContainer", "Containers", "InferenceExecutionConfig", "ExecutionRoleArn", "Tags"}
OFFERED_OF_A_CONTAINER = {
    "ContainerHostname",
    "Image",
    "Mode",
    "ModelDataUrl",
    "ModelDataSource",
    "Environment",
    "ModelPackageName",
    "InferenceSpecificationName",
}
APPROVED = "Approved"


def _arn(scope: Scope, request: dict[str, Any]) -> str:
    return scope.arn(f"model/{request['ModelName']}")


@operation("CreateModel", resource=_arn)
def create_model(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Makes a model of an image and model data, or of an approved model package; see AWS's API_CreateModel.

    Raises:
        AccessDeniedException: The caller may not pass on the role.
        ValidationException: It exists, its package is not approved or not there, or it asks for what is not offered.
    """
    refuse_others(request, OFFERED, "The model")
    may_pass_role(call, request.get("ExecutionRoleArn"))
    name, arn = request["ModelName"], _arn(call, request)
    if call.session.get(Model, name) is not None:
        raise ValidationException(f'Cannot create already existing model "{arn}".')
    container = _resolved(call, _only_container(request))
    call.session.add(Model(name=name, arn=arn, created=call.now, request=request, container=container))
    set_first_tags(call, arn, request.get("Tags", []))
    return {"ModelArn": arn}


@operation("DescribeModel", resource=_arn)
def describe_model(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """The model as it was made; see AWS's API_DescribeModel.

    Raises:
        ValidationException: No such model.
    """
    model = _existing(call, request)
    asked = {name: model.request[name] for name in OFFERED - {"Tags"} if name in model.request}
    return {**asked, "ModelArn": model.arn, "CreationTime": model.created, "EnableNetworkIsolation": False}


@operation("DeleteModel", resource=_arn)
def delete_model(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Deletes the entry; endpoints that serve it go on, as at AWS. See AWS's API_DeleteModel.

    Raises:
        ValidationException: No such model.
    """
    model = _existing(call, request)
    remove_tags(call.session, model.arn)
    call.session.delete(model)
    return {}


@operation("ListModels")
def list_models(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Models in pages; see AWS's API_ListModels."""
    columns = {"Name": Model.name, "CreationTime": Model.created}
    rows, token = list_rows(call.session, select(Model), columns, request, descending=True)
    models = [{"ModelName": row.name, "ModelArn": row.arn, "CreationTime": row.created} for row in rows]
    return {"Models": models, **token}


@taggable("model")
def _model_exists(call: Call, arn: str) -> bool:
    return call.session.scalars(select(Model.name).where(Model.arn == arn)).first() is not None


def _existing(call: Call, request: dict[str, Any]) -> Model:
    model = call.session.get(Model, request["ModelName"])
    if model is None:
        raise ValidationException(f'Could not find model "{_arn(call, request)}".')
    return model


def _only_container(request: Mapping[str, Any]) -> dict[str, Any]:
    """The one container, by whichever member it was sent.

    Raises:
        ValidationException: There is none, or more than one.
    """
    primary, listed = request.get("PrimaryContainer"), request.get("Containers") or []
    containers = ([primary] if primary else []) + listed
    if len(containers) != 1:
        raise ValidationException(
            f"A model here has one container, as PrimaryContainer or in Containers; {len(containers)} were sent."
        )
    container: dict[str, Any] = containers[0]
    return container


def _resolved(call: Call, container: dict[str, Any]) -> dict[str, Any]:
    """The image, model data and environment that a container definition comes down to, checked.

    Raises:
        ValidationException: It cannot be served here.
    """
    refuse_others(container, OFFERED_OF_A_CONTAINER, "The container")
    require_value(container.get("Mode", "SingleModel"), ("SingleModel",), "Mode")
    environment = dict(container.get("Environment") or {})
    if container.get("ModelPackageName"):
        mixed = [name for name in ("Image", "ModelDataUrl", "ModelDataSource") if container.get(name)]
        if mixed:
            raise ValidationException(
                f"ModelPackageName stands for image and model data: leave out {', '.join(mixed)}."
            )
        packaged = _of_package(call, container["ModelPackageName"])
        environment = {**(packaged.get("Environment") or {}), **environment}
        container = packaged
    if not container.get("Image"):
        raise ValidationException("The container needs Image or ModelPackageName.")
    resolve(container["Image"])
    model_data = _model_data(container)
    resolved = {"Image": container["Image"], "Environment": environment}
    if model_data is not None:
        resolved |= {"ModelDataUrl": model_data}
    if container.get("ModelDataETag"):
        resolved["ModelDataETag"] = container["ModelDataETag"]
    return resolved


def _model_data(container: Mapping[str, Any]) -> str | None:
    """The URI of ``model.tar.gz``, by whichever member it was sent."""
    uri = container.get("ModelDataUrl")
    source = (container.get("ModelDataSource") or {}).get("S3DataSource")
    if source is not None:
        require_value(source["S3DataType"], ("S3Object",), "S3DataType")
        require_value(source["CompressionType"], ("Gzip",), "CompressionType")
        uri = source["S3Uri"]
    return None if uri is None else s3_uri(uri, "ModelDataUrl")


def _shared_package(call: Call, arn: str) -> ModelPackage | None:
    """A package of another account, whose group's policy has to let the caller make models of it.

    Raises:
        AccessDeniedException: It does not, or the caller's own policy does not.
    """
    policy = attached_policy(call.accounts, arn)
    authorise(call.principal, "sagemaker:CreateModel", arn, call.context, attached=policy)
    owner = call.accounts.find(account_of(arn))
    if owner is None:
        return None
    with owner.database.reading() as session:
        return session.get(ModelPackage, arn)


def _of_package(call: Call, name: str) -> dict[str, Any]:
    """The container of a model package's inference specification.

    A version that is not approved is refused, as at AWS; an unversioned package has no approval status.

    Raises:
        AccessDeniedException: It is of another account, which does not share it.
        ValidationException: No such package, it is not approved, or it has nothing to serve.
    """
    arn = package_arn(call, name)
    package = call.session.get(ModelPackage, arn) if account_of(arn) == call.account else _shared_package(call, arn)
    if package is None:
        raise ValidationException(f"ModelPackage {name} does not exist.")
    if package.version is not None and package.approval_status != APPROVED:
        raise ValidationException(
            f"Model package {package.arn} cannot be deployed: its ModelApprovalStatus is {package.approval_status}, "
            f"and must be {APPROVED}."
        )
    containers = (package.document.get("InferenceSpecification") or {}).get("Containers") or []
    if len(containers) != 1:
        raise ValidationException(
            f"Model package {package.arn} cannot be deployed: its InferenceSpecification must have one container, "
            f"it has {len(containers)}."
        )
    container: dict[str, Any] = containers[0]
    return container
