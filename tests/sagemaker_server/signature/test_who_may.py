"""The project's own policies through the server: who sets which status, and what a refusal leaves behind."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.sagemaker_server.running_server import POLICIES, RunningServer

PRINCIPALS = sorted(file.stem for file in POLICIES.glob("*.json"))
DECIDES = {
    "governance": {"governance-officer", "decision-service"},
    "production": {"production-approver", "decision-service"},
    "use_case": {"business-approver", "decision-service"},
}


@pytest.fixture
def package(sagemaker: Any, group: str) -> str:
    """The ARN of a pending version."""
    arn: str = sagemaker.create_model_package(ModelPackageGroupName=group)["ModelPackageArn"]
    return arn


def is_denied(call: Any, **request: Any) -> bool:
    try:
        call(**request)
    except ClientError as refusal:
        assert refusal.response["Error"]["Code"] == "AccessDeniedException"
        return True
    return False


@pytest.mark.parametrize("principal", PRINCIPALS)
@pytest.mark.parametrize("status", ["Approved", "Rejected"])
def test_approval_status_is_set_by_those_who_govern(
    server: RunningServer, sagemaker: Any, package: str, principal: str, status: str
) -> None:
    client = server.client("sagemaker", principal)
    denied = is_denied(client.update_model_package, ModelPackageArn=package, ModelApprovalStatus=status)
    assert denied == (principal not in DECIDES["governance"])
    described = sagemaker.describe_model_package(ModelPackageName=package)
    assert described["ModelApprovalStatus"] == ("PendingManualApproval" if denied else status)


@pytest.mark.parametrize("principal", PRINCIPALS)
@pytest.mark.parametrize("status", ["Approved", "Rejected"])
def test_production_stage_is_set_by_those_who_release(
    server: RunningServer, sagemaker: Any, package: str, principal: str, status: str
) -> None:
    client = server.client("sagemaker", principal)
    life_cycle = {"Stage": "Production", "StageStatus": status}
    denied = is_denied(client.update_model_package, ModelPackageArn=package, ModelLifeCycle=life_cycle)
    assert denied == (principal not in DECIDES["production"])
    described = sagemaker.describe_model_package(ModelPackageName=package)
    assert described.get("ModelLifeCycle") == (None if denied else life_cycle)


def test_decision_is_not_smuggled_in_with_another_change(server: RunningServer, package: str) -> None:
    life_cycle = {"Stage": "Production", "StageStatus": "Approved"}
    for principal in ("governance-officer", "production-approver"):
        client = server.client("sagemaker", principal)
        assert is_denied(
            client.update_model_package,
            ModelPackageArn=package,
            ModelApprovalStatus="Approved",
            ModelLifeCycle=life_cycle,
        )


@pytest.mark.parametrize("principal", PRINCIPALS)
def test_version_cannot_be_born_decided(server: RunningServer, group: str, principal: str) -> None:
    client = server.client("sagemaker", principal)
    assert is_denied(client.create_model_package, ModelPackageGroupName=group, ModelApprovalStatus="Approved")


def test_pipeline_needs_an_approved_use_case_for_a_group(server: RunningServer, new_name: Any) -> None:
    pipeline = server.client("sagemaker", "pipeline")
    assert is_denied(pipeline.create_model_package_group, ModelPackageGroupName=new_name())
    tags = [{"Key": "model-governance:approved-card", "Value": "arn:aws:sagemaker:us-east-1:111122223333:model-card/c"}]
    assert not is_denied(pipeline.create_model_package_group, ModelPackageGroupName=new_name(), Tags=tags)


def test_refusal_names_who_what_and_why(server: RunningServer, package: str) -> None:
    with pytest.raises(ClientError) as caught:
        server.client("sagemaker", "pipeline").update_model_package(
            ModelPackageArn=package, ModelApprovalStatus="Approved"
        )
    assert caught.value.response["Error"]["Message"] == (
        "User: arn:aws:iam::111122223333:user/pipeline is not authorized to perform: sagemaker:UpdateModelPackage "
        f"on resource: {package} with an explicit deny in an identity-based policy"
    )


def test_change_and_refusal_are_on_record_with_their_principal(server: RunningServer, package: str) -> None:
    officer = server.client("sagemaker", "governance-officer", user_agent_appid="model-governance-cli")
    assert is_denied(
        server.client("sagemaker", "pipeline").update_model_package,
        ModelPackageArn=package,
        ModelApprovalStatus="Approved",
    )
    officer.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved", ApprovalDescription="Good.")
    events = server.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": package}]
    )["Events"]
    assert [event["EventName"] for event in events] == [
        "UpdateModelPackage",
        "UpdateModelPackage",
        "CreateModelPackage",
    ]
    approved, refused, created = (json.loads(event["CloudTrailEvent"]) for event in events)
    assert approved["userIdentity"]["arn"].endswith(":user/governance-officer")
    assert approved["requestParameters"] == {
        "modelPackageArn": package,
        "modelApprovalStatus": "Approved",
        "approvalDescription": "Good.",
    }
    assert "app/model-governance-cli" in approved["userAgent"]
    assert "errorCode" not in approved
    assert (refused["errorCode"], refused["userIdentity"]["userName"]) == ("AccessDenied", "pipeline")
    assert created["responseElements"] == {"modelPackageArn": package}
