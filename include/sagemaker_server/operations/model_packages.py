"""The actions on model packages: one version of a model each, with its card, its approval and its life cycle."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from sagemaker_server.errors import ResourceLimitExceeded, ValidationException
from sagemaker_server.operations.call import Call, Scope, operation
from sagemaker_server.operations.card_content import PackageCardContent, check_content
from sagemaker_server.operations.idempotency import once
from sagemaker_server.operations.model_package_groups import find_group, group_arn
from sagemaker_server.operations.tags import set_first_tags, taggable
from sagemaker_server.storage.registry import ModelPackage, VersionCounter
from sagemaker_server.storage.tags import remove_tags
from sagemaker_server.storage.tokens import forget_tokens

_KIND = "model-package"
_MOST_METADATA = 50
_MOST_SPECIFICATIONS = 15
_TAKEN_AS_SENT = ("ModelApprovalStatus", "ModelPackageRegistrationType", "ApprovalDescription")
_REPLACED = (*_TAKEN_AS_SENT, "InferenceSpecification", "SourceUri", "ModelLifeCycle")


def package_arn(scope: Scope, name_or_arn: str) -> str:
    """The ARN of a package called by ARN, by name, or as ``group/version``."""
    return name_or_arn if name_or_arn.startswith("arn:") else scope.arn(f"{_KIND}/{name_or_arn}")


def find_package(call: Call, name_or_arn: str) -> ModelPackage:
    """The package called by ARN, by name, or as ``group/version``.

    Raises:
        ValidationException: There is none.
    """
    arn = package_arn(call, name_or_arn)
    found = call.session.get(ModelPackage, arn)
    if found is None:
        raise ValidationException(f"ModelPackage {arn} does not exist.")
    return found


@taggable(_KIND)
def _package_exists(call: Call, arn: str) -> bool:
    return call.session.get(ModelPackage, arn) is not None


def _arn_to_create(scope: Scope, request: dict[str, Any]) -> str:
    """The ARN that policies are asked about before a version number is given out: any version of the group."""
    group = request.get("ModelPackageGroupName")
    name = f"{group_arn(scope, group).rpartition('/')[2]}/*" if group else request.get("ModelPackageName", "*")
    return scope.arn(f"{_KIND}/{name}")


def _conditions(request: dict[str, Any]) -> dict[str, Any]:
    life_cycle = request.get("ModelLifeCycle") or {}
    return {
        "sagemaker:ModelApprovalStatus": request.get("ModelApprovalStatus"),
        "sagemaker:ModelLifeCycle:stage": life_cycle.get("Stage"),
        "sagemaker:ModelLifeCycle:stageStatus": life_cycle.get("StageStatus"),
        "sagemaker:ModelCardStatus": (request.get("ModelCard") or {}).get("ModelCardStatus"),
    }


@operation("CreateModelPackage", resource=_arn_to_create, conditions=_conditions)
def create_model_package(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Create a version in a group, or an unversioned package; see AWS's API_CreateModelPackage.

    Raises:
        ValidationException: Neither or both names, a member that does not apply, no such group, invalid card content,
            or an unversioned package of that name exists.
        ConflictException: The ClientToken came with another request before.
    """
    return once(call, "CreateModelPackage", request, lambda: _create(call, request), resource=_made)


def _made(answer: dict[str, Any]) -> str:
    return str(answer["ModelPackageArn"])


def _create(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    _check_creation(request)
    document = {name: value for name, value in request.items() if name not in {"ClientToken", "Tags"}}
    group_name = version = None
    if "ModelPackageGroupName" in request:
        group_name = find_group(call, request["ModelPackageGroupName"]).name
        version = _next_version(call, group_name)
        document |= {"ModelPackageGroupName": group_name, "ModelPackageVersion": version}
        document.setdefault("ModelApprovalStatus", "PendingManualApproval")
        document.setdefault("ModelPackageRegistrationType", "Registered")
    name = group_name or request["ModelPackageName"]
    arn = package_arn(call, f"{name}/{version}" if version else name)
    if call.session.get(ModelPackage, arn) is not None:
        raise ValidationException(f"ModelPackage {arn} already exists.")
    document |= {"ModelPackageName": name, "CreatedBy": call.user_context, "LastModifiedBy": call.user_context}
    document.setdefault("CertifyForMarketplace", False)
    document.setdefault("SkipModelValidation", "None")
    if "ModelCard" in document:
        document["ModelCard"] = _card({}, document["ModelCard"])
    status = document.get("ModelApprovalStatus")
    call.session.add(
        ModelPackage(
            arn=arn,
            name=name,
            group_name=group_name,
            version=version,
            approval_status=status,
            created_at=call.now,
            modified_at=call.now,
            document=document,
        )
    )
    set_first_tags(call, arn, request.get("Tags", []))
    return {"ModelPackageArn": arn}


def _check_creation(request: dict[str, Any]) -> None:
    versioned = "ModelPackageGroupName" in request
    if versioned == ("ModelPackageName" in request):
        raise ValidationException("Either ModelPackageGroupName or ModelPackageName must be given, and not both.")
    if versioned and request.get("Tags"):
        raise ValidationException("Tags cannot be given for a versioned model package: it uses the tags of its group.")
    if not versioned and "ModelApprovalStatus" in request:
        raise ValidationException("ModelApprovalStatus does not apply to an unversioned model package.")
    if "InferenceSpecification" in request and "SourceAlgorithmSpecification" in request:
        raise ValidationException("InferenceSpecification and SourceAlgorithmSpecification cannot both be given.")
    _check_specifications(request.get("AdditionalInferenceSpecifications", []))


def _next_version(call: Call, group_name: str) -> int:
    counter = call.session.get(VersionCounter, group_name)
    if counter is None:
        counter = VersionCounter(group_name=group_name, last_version=0)
        call.session.add(counter)
    counter.last_version += 1
    return counter.last_version


def _card(present: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """A package's card after an update: what is not sent stays; content that is sent must keep the schema."""
    content = sent.get("ModelCardContent")
    if content is not None:
        check_content(content, PackageCardContent)
        archived = present.get("ModelCardStatus") == "Archived"
        if archived and content != present.get("ModelCardContent"):
            raise ValidationException("The model card is Archived: its content can no longer be changed.")
    return {"ModelCardStatus": "Draft", **present, **sent}


def _check_specifications(specifications: list[dict[str, Any]]) -> None:
    names = [specification["Name"] for specification in specifications]
    if len(set(names)) != len(names):
        raise ValidationException(f"Names of additional inference specifications must be unique: {', '.join(names)}.")
    if len(names) > _MOST_SPECIFICATIONS:
        raise ValidationException(
            f"{len(names)} additional inference specifications exceed the {_MOST_SPECIFICATIONS} that are allowed."
        )


def _arn_asked_for(scope: Scope, request: dict[str, Any]) -> str:
    return package_arn(scope, request["ModelPackageName"])


@operation("DescribeModelPackage", resource=_arn_asked_for, shared=True)
def describe_model_package(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Describe a package; see AWS's API_DescribeModelPackage.

    Raises:
        ValidationException: There is no such package.
    """
    described = package_document(find_package(call, request["ModelPackageName"]))
    if request.get("IncludedData") == "MetadataOnly" and "ModelCard" in described:
        described["ModelCard"] = {**described["ModelCard"], "ModelCardContent": "{}"}
    return described


def package_document(package: ModelPackage) -> dict[str, Any]:
    """A package as the API shows it."""
    return {
        **package.document,
        "ModelPackageArn": package.arn,
        "CreationTime": package.created_at,
        "LastModifiedTime": package.modified_at,
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
    }


def _arn_to_update(scope: Scope, request: dict[str, Any]) -> str:
    return str(request["ModelPackageArn"])


@operation("UpdateModelPackage", resource=_arn_to_update, conditions=_conditions)
def update_model_package(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Change what is sent and nothing else; see AWS's API_UpdateModelPackage.

    Raises:
        ValidationException: No such package, an approval of an unversioned one, invalid or archived card content.
        ConflictException: The ClientToken came with another request before.
        ResourceLimitExceeded: More than 50 metadata properties.
    """
    return once(call, "UpdateModelPackage", request, lambda: _update(call, request), resource=_made)


def _update(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    package = find_package(call, request["ModelPackageArn"])
    if package.version is None and "ModelApprovalStatus" in request:
        raise ValidationException("ModelApprovalStatus does not apply to an unversioned model package.")
    document = {**package.document, "LastModifiedBy": call.user_context}
    document |= {name: request[name] for name in _REPLACED if name in request}
    if "ModelCard" in request:
        document["ModelCard"] = _card(document.get("ModelCard", {}), request["ModelCard"])
    if "AdditionalInferenceSpecificationsToAdd" in request:
        added = request["AdditionalInferenceSpecificationsToAdd"]
        document["AdditionalInferenceSpecifications"] = [*document.get("AdditionalInferenceSpecifications", []), *added]
        _check_specifications(document["AdditionalInferenceSpecifications"])
    _change_metadata(document, request)
    package.document = document
    package.approval_status = document.get("ModelApprovalStatus")
    package.modified_at = call.now
    return {"ModelPackageArn": package.arn}


def _change_metadata(document: dict[str, Any], request: dict[str, Any]) -> None:
    metadata = {**document.get("CustomerMetadataProperties", {}), **request.get("CustomerMetadataProperties", {})}
    for key in request.get("CustomerMetadataPropertiesToRemove", []):
        metadata.pop(key, None)
    if len(metadata) > _MOST_METADATA:
        raise ResourceLimitExceeded(
            f"The package would have {len(metadata)} metadata properties; at most {_MOST_METADATA} are allowed."
        )
    if metadata:
        document["CustomerMetadataProperties"] = metadata
    else:
        document.pop("CustomerMetadataProperties", None)


@operation("DeleteModelPackage", resource=_arn_asked_for)
def delete_model_package(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Delete a package; its version number is not given out again. See AWS's API_DeleteModelPackage.

    Raises:
        ValidationException: There is no such package.
    """
    package = find_package(call, request["ModelPackageName"])
    call.session.delete(package)
    remove_tags(call.session, package.arn)
    forget_tokens(call.session, package.arn)
    return {}


@operation("BatchDescribeModelPackage")
def batch_describe_model_package(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Describe several versions at once; see AWS's API_BatchDescribeModelPackage."""
    arns = request["ModelPackageArnList"]
    found = {p.arn: p for p in call.session.scalars(select(ModelPackage).where(ModelPackage.arn.in_(arns)))}
    missing = {"ErrorCode": "ValidationException"}
    return {
        "ModelPackageSummaries": {arn: package_document(found[arn]) for arn in arns if arn in found},
        "BatchDescribeModelPackageErrorMap": {
            arn: {**missing, "ErrorResponse": f"ModelPackage {arn} does not exist."} for arn in arns if arn not in found
        },
    }
