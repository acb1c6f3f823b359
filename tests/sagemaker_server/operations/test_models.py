"""Models through boto3: of image and data, of approved packages alone, and with their source in the store."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.sagemaker_server.workshop import ROLE, SCIKIT_LEARN, Workshop, archive

SAYS_HELLO = "def model_fn(d): return 'hello'\ndef transform_fn(model, *_): return model"

APPROVED_CARD = [
    {"Key": "model-governance:approved-card", "Value": "arn:aws:sagemaker:us-east-1:111122223333:model-card/x"}
]


def package_of(workshop: Workshop, etag: str | None = None) -> str:
    """A version with one container; its ARN."""
    url = workshop.put("model.tar.gz", archive({"code/inference.py": SAYS_HELLO}))
    workshop.sagemaker.create_model_package_group(ModelPackageGroupName=workshop.name, Tags=APPROVED_CARD)
    containers: list[dict[str, Any]] = [
        {"Image": SCIKIT_LEARN, "ModelDataUrl": url, "Environment": {"SAGEMAKER_PROGRAM": "inference.py"}}
    ]
    if etag is not None:
        containers[0]["ModelDataETag"] = etag
    specification = {
        "Containers": containers,
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    arn: str = workshop.sagemaker.create_model_package(
        ModelPackageGroupName=workshop.name,
        ModelApprovalStatus="PendingManualApproval",
        InferenceSpecification=specification,
    )["ModelPackageArn"]
    return arn


def of_package(workshop: Workshop, arn: str) -> None:
    workshop.sagemaker.create_model(ModelName=workshop.name, Containers=[{"ModelPackageName": arn}])


def approve(workshop: Workshop, arn: str, status: str = "Approved") -> None:
    officer = workshop.server.client("sagemaker", "governance-officer")
    officer.update_model_package(ModelPackageArn=arn, ModelApprovalStatus=status, ApprovalDescription="checked")


def test_package_that_is_not_approved_is_refused(workshop: Workshop) -> None:
    arn = package_of(workshop)
    for status in ("PendingManualApproval", "Rejected"):
        with pytest.raises(ClientError, match=rf"ValidationException.*its ModelApprovalStatus is {status}"):
            of_package(workshop, arn)
        approve(workshop, arn, "Rejected")


def test_approved_package_is_served_as_it_was_registered(workshop: Workshop) -> None:
    arn = package_of(workshop)
    approve(workshop, arn)
    of_package(workshop, arn)
    described = workshop.sagemaker.describe_model(ModelName=workshop.name)
    assert described["Containers"][0]["ModelPackageName"] == arn
    workshop.sagemaker.create_endpoint(EndpointName=workshop.name, EndpointConfigName=workshop.config(workshop.name))
    assert workshop.settled(workshop.name)["EndpointStatus"] == "InService"
    assert workshop.invoke("x") == "hello"


def test_package_without_a_container_is_refused(workshop: Workshop) -> None:
    arn = _bare_package(workshop)
    approve(workshop, arn)
    with pytest.raises(ClientError, match=r"InferenceSpecification must have one container, it has 0"):
        of_package(workshop, arn)


def _bare_package(workshop: Workshop) -> str:
    workshop.sagemaker.create_model_package_group(ModelPackageGroupName=workshop.name, Tags=APPROVED_CARD)
    arn: str = workshop.sagemaker.create_model_package(
        ModelPackageGroupName=workshop.name, ModelApprovalStatus="PendingManualApproval"
    )["ModelPackageArn"]
    return arn


def test_model_data_that_is_no_longer_what_was_registered_is_not_served(workshop: Workshop) -> None:
    arn = package_of(workshop, etag='"0123456789abcdef0123456789abcdef"')
    approve(workshop, arn)
    of_package(workshop, arn)
    workshop.sagemaker.create_endpoint(EndpointName=workshop.name, EndpointConfigName=workshop.config(workshop.name))
    described = workshop.settled(workshop.name)
    assert described["EndpointStatus"] == "Failed"
    assert "PreconditionFailed" in described["FailureReason"]


def test_role_that_may_not_be_passed_on_is_refused(workshop: Workshop) -> None:
    admin = workshop.server.client("sagemaker", "admin")
    with pytest.raises(ClientError, match=r"AccessDenied.*iam:PassRole"):
        admin.create_model(ModelName=workshop.name, PrimaryContainer={"Image": SCIKIT_LEARN}, ExecutionRoleArn=ROLE)


def test_source_beside_the_model_is_used(workshop: Workshop) -> None:
    environment = {
        "SAGEMAKER_PROGRAM": "serve.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": workshop.put("sourcedir.tar.gz", archive({"serve.py": SAYS_HELLO})),
    }
    container = {"Image": SCIKIT_LEARN, "Environment": environment}
    workshop.sagemaker.create_model(ModelName=workshop.name, PrimaryContainer=container)
    workshop.sagemaker.create_endpoint(EndpointName=workshop.name, EndpointConfigName=workshop.config(workshop.name))
    assert workshop.settled(workshop.name).get("FailureReason") is None
    assert workshop.invoke("x") == "hello"


def test_model_archive_that_escapes_fails_the_endpoint(workshop: Workshop) -> None:
    url = workshop.put("model.tar.gz", archive({"../../escaped": "x"}))
    container = {"Image": SCIKIT_LEARN, "ModelDataUrl": url}
    workshop.sagemaker.create_model(ModelName=workshop.name, PrimaryContainer=container)
    workshop.sagemaker.create_endpoint(EndpointName=workshop.name, EndpointConfigName=workshop.config(workshop.name))
    described = workshop.settled(workshop.name)
    assert described["EndpointStatus"] == "Failed"
    assert "outside the destination" in described["FailureReason"]


@pytest.mark.parametrize(
    ("request_of", "said"),
    [
        ({"PrimaryContainer": {"Image": "x/pytorch:2.1"}}, "Known images"),
        ({"PrimaryContainer": {"Image": SCIKIT_LEARN, "ModelDataUrl": "https://x/y"}}, "must be of the form s3://"),
        ({"PrimaryContainer": {"Image": SCIKIT_LEARN, "Mode": "MultiModel"}}, "Mode 'MultiModel'"),
        ({"Containers": [{"Image": SCIKIT_LEARN}] * 2}, "2 were sent"),
        ({}, "0 were sent"),
        ({"Containers": [{"ModelPackageName": "no-such-group/1"}]}, "does not exist"),
        ({"PrimaryContainer": {"Image": SCIKIT_LEARN}, "EnableNetworkIsolation": True}, "EnableNetworkIsolation"),
    ],
    ids=["image", "url", "multi", "two", "none", "package", "isolation"],
)
def test_what_cannot_be_served_is_refused_at_once(workshop: Workshop, request_of: dict[str, Any], said: str) -> None:
    with pytest.raises(ClientError, match=f"ValidationException.*{said}"):
        workshop.sagemaker.create_model(ModelName=workshop.name, **request_of)


def test_names_are_found_by_a_part_and_tags_are_kept(workshop: Workshop) -> None:
    container = {"Image": SCIKIT_LEARN}
    tags = [{"Key": "team", "Value": "lending"}]
    arn = workshop.sagemaker.create_model(ModelName=workshop.name, PrimaryContainer=container, Tags=tags)["ModelArn"]
    with pytest.raises(ClientError, match=r"ValidationException.*Cannot create already existing model"):
        workshop.sagemaker.create_model(ModelName=workshop.name, PrimaryContainer=container)
    found = workshop.sagemaker.list_models(NameContains=workshop.name[5:])["Models"]
    assert [model["ModelArn"] for model in found] == [arn]
    assert workshop.sagemaker.list_tags(ResourceArn=arn)["Tags"] == tags
    with pytest.raises(ClientError, match=r"ValidationException.*already existing endpoint configuration"):
        for _ in range(2):
            workshop.config(workshop.name)
