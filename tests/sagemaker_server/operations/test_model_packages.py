"""Model packages as boto3 sees them."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.sagemaker_server.running_server import RunningServer

CARD = json.dumps({"intended_uses": {"purpose_of_model": "Decide on loans.", "risk_rating": "High"}})


def report(name: str) -> dict[str, Any]:
    return {"ContentType": "application/json", "S3Uri": f"s3://bucket/{name}.json"}


ABSENT = "arn:aws:sagemaker:us-east-1:111122223333:model-package/absent/1"
EVERYTHING = {
    "ModelPackageDescription": "A candidate.",
    "ModelPackageRegistrationType": "Logged",
    "InferenceSpecification": {
        "Containers": [{"Image": "image:1", "ModelDataUrl": "s3://bucket/model.tar.gz", "Environment": {"A": "b"}}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    },
    "ModelApprovalStatus": "PendingManualApproval",
    "MetadataProperties": {"CommitId": "abc", "GeneratedBy": "a run"},
    "ModelMetrics": {
        "ModelQuality": {"Statistics": report("quality")},
        "ModelDataQuality": {"Statistics": report("data")},
        "Bias": {"Report": report("bias"), "PreTrainingReport": report("pre"), "PostTrainingReport": report("post")},
        "Explainability": {},
    },
    "Domain": "MACHINE_LEARNING",
    "Task": "CLASSIFICATION",
    "SamplePayloadUrl": "s3://bucket/sample.tar.gz",
    "CustomerMetadataProperties": {"run_id": "scheduled__2024-11-14T00:00:00+00:00", "run_key": "0123456789ab"},
    "DriftCheckBaselines": {"Bias": {"PreTrainingConstraints": report("limits")}},
    "AdditionalInferenceSpecifications": [{"Name": "other", "Containers": [{"Image": "image:2"}]}],
    "SkipModelValidation": "All",
    "SourceUri": "s3://bucket/source",
    "SecurityConfig": {"KmsKeyId": "alias/some-key"},
    "ModelCard": {"ModelCardContent": CARD, "ModelCardStatus": "Draft"},
    "ModelLifeCycle": {"Stage": "Development", "StageStatus": "InProgress", "StageDescription": "Trained."},
}


def refusal(error: pytest.ExceptionInfo[ClientError]) -> str:
    message: str = error.value.response["Error"]["Message"]
    return message


def test_every_field_sent_is_described_as_it_was(sagemaker: Any, group: str) -> None:
    arn = sagemaker.create_model_package(ModelPackageGroupName=group, **EVERYTHING)["ModelPackageArn"]
    described = sagemaker.describe_model_package(ModelPackageName=arn)
    assert {name: described[name] for name in EVERYTHING} == EVERYTHING
    assert described["ModelPackageVersion"] == 1
    assert described["ModelPackageStatus"] == "Completed"
    assert described["CreatedBy"]["IamIdentity"]["Arn"].endswith(":user/anyone")
    assert described["CreationTime"] == described["LastModifiedTime"]


def test_version_is_pending_and_registered_unless_it_says_otherwise(sagemaker: Any, group: str) -> None:
    arn = sagemaker.create_model_package(ModelPackageGroupName=group)["ModelPackageArn"]
    described = sagemaker.describe_model_package(ModelPackageName=arn)
    assert described["ModelApprovalStatus"] == "PendingManualApproval"
    assert described["ModelPackageRegistrationType"] == "Registered"


def test_package_is_found_by_arn_and_by_group_and_version(sagemaker: Any, group: str) -> None:
    arn = sagemaker.create_model_package(ModelPackageGroupName=group)["ModelPackageArn"]
    assert sagemaker.describe_model_package(ModelPackageName=f"{group}/1")["ModelPackageArn"] == arn


def test_update_changes_what_is_sent_and_nothing_else(server: RunningServer, sagemaker: Any, group: str) -> None:
    arn = sagemaker.create_model_package(ModelPackageGroupName=group, **EVERYTHING)["ModelPackageArn"]
    officer = server.client("sagemaker", "governance-officer")
    officer.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="Fine.")
    described = sagemaker.describe_model_package(ModelPackageName=arn)
    kept = {name: value for name, value in EVERYTHING.items() if name != "ModelApprovalStatus"}
    assert {name: described[name] for name in kept} == kept
    assert (described["ModelApprovalStatus"], described["ApprovalDescription"]) == ("Approved", "Fine.")
    assert described["LastModifiedBy"]["IamIdentity"]["Arn"].endswith(":user/governance-officer")
    assert described["LastModifiedTime"] >= described["CreationTime"]
    sagemaker.update_model_package(ModelPackageArn=arn, SourceUri="s3://bucket/other")
    described = sagemaker.describe_model_package(ModelPackageName=arn)
    assert (described["ModelApprovalStatus"], described["SourceUri"]) == ("Approved", "s3://bucket/other")


def test_update_adds_and_removes_metadata_and_specifications(sagemaker: Any, group: str) -> None:
    arn = sagemaker.create_model_package(ModelPackageGroupName=group, **EVERYTHING)["ModelPackageArn"]
    sagemaker.update_model_package(
        ModelPackageArn=arn,
        CustomerMetadataProperties={"model_sha256": "ff"},
        CustomerMetadataPropertiesToRemove=["run_key"],
        AdditionalInferenceSpecificationsToAdd=[{"Name": "third", "Containers": [{"Image": "image:3"}]}],
        InferenceSpecification={"Containers": [{"Image": "image:9"}]},
    )
    described = sagemaker.describe_model_package(ModelPackageName=arn)
    run_id = EVERYTHING["CustomerMetadataProperties"]["run_id"]  # type: ignore[index]
    assert described["CustomerMetadataProperties"] == {"run_id": run_id, "model_sha256": "ff"}
    assert [each["Name"] for each in described["AdditionalInferenceSpecifications"]] == ["other", "third"]
    assert described["InferenceSpecification"] == {"Containers": [{"Image": "image:9"}]}


def test_card_of_a_package_changes_by_halves(sagemaker: Any, group: str) -> None:
    arn = sagemaker.create_model_package(ModelPackageGroupName=group, ModelCard={"ModelCardContent": CARD})[
        "ModelPackageArn"
    ]
    sagemaker.update_model_package(ModelPackageArn=arn, ModelCard={"ModelCardStatus": "PendingReview"})
    card = sagemaker.describe_model_package(ModelPackageName=arn)["ModelCard"]
    assert card == {"ModelCardContent": CARD, "ModelCardStatus": "PendingReview"}


@pytest.mark.parametrize(
    "content",
    [
        "no json",
        "[]",
        '{"model_overview": {"model_description": "only standalone cards have one"}}',
        '{"unknown_section": {}}',
        '{"intended_uses": {"risk_rating": "Extreme"}}',
        '{"intended_uses": null}',
        json.dumps({"additional_information": {"custom_details": {"key": "x" * 1025}}}),
        json.dumps({"evaluation_details": [{"name": "n", "metric_groups": [{"name": "m" * 64, "metric_data": []}]}]}),
    ],
)
def test_content_that_breaks_the_card_schema_is_refused(sagemaker: Any, group: str, content: str) -> None:
    with pytest.raises(ClientError, match=r"ValidationException.*Model card content"):
        sagemaker.create_model_package(ModelPackageGroupName=group, ModelCard={"ModelCardContent": content})
    assert sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"] == []


@pytest.mark.parametrize(
    ("call", "request_"),
    [
        ("describe_model_package", {"ModelPackageName": "absent/1"}),
        ("update_model_package", {"ModelPackageArn": ABSENT}),
        ("delete_model_package", {"ModelPackageName": "absent/1"}),
        ("describe_model_package_group", {"ModelPackageGroupName": "absent"}),
        ("delete_model_package_group", {"ModelPackageGroupName": "absent"}),
        ("create_model_package", {"ModelPackageGroupName": "absent"}),
        ("list_model_packages", {"ModelPackageGroupName": "absent"}),
    ],
)
def test_what_is_missing_is_a_validation_exception_that_says_so(
    sagemaker: Any, call: str, request_: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match="does not exist") as caught:
        getattr(sagemaker, call)(**request_)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_group_that_exists_is_refused_with_the_phrase_clients_match(sagemaker: Any, group: str) -> None:
    with pytest.raises(ClientError) as caught:
        sagemaker.create_model_package_group(ModelPackageGroupName=group)
    assert refusal(caught).startswith("Model Package Group already exists")


def test_version_numbers_are_never_given_out_twice(sagemaker: Any, group: str) -> None:
    first = sagemaker.create_model_package(ModelPackageGroupName=group)["ModelPackageArn"]
    sagemaker.delete_model_package(ModelPackageName=first)
    second = sagemaker.create_model_package(ModelPackageGroupName=group)["ModelPackageArn"]
    assert second.endswith("/2")
    with pytest.raises(sagemaker.exceptions.ConflictException):
        sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    sagemaker.delete_model_package(ModelPackageName=second)
    sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    sagemaker.create_model_package_group(ModelPackageGroupName=group)
    assert sagemaker.create_model_package(ModelPackageGroupName=group)["ModelPackageArn"].endswith("/3")


def test_versions_created_at_once_have_neither_gap_nor_double(sagemaker: Any, group: str) -> None:
    with ThreadPoolExecutor(16) as pool:
        arns = list(
            pool.map(
                lambda _: sagemaker.create_model_package(ModelPackageGroupName=group)["ModelPackageArn"], range(80)
            )
        )
    assert sorted(int(arn.rpartition("/")[2]) for arn in arns) == list(range(1, 81))


def test_racing_requests_with_one_token_make_one_version(sagemaker: Any, group: str) -> None:
    token, together = uuid.uuid4().hex, threading.Barrier(16)

    def create(_: int) -> str:
        together.wait()
        arn: str = sagemaker.create_model_package(ModelPackageGroupName=group, ClientToken=token)["ModelPackageArn"]
        return arn

    with ThreadPoolExecutor(16) as pool:
        arns = set(pool.map(create, range(16)))
    assert len(arns) == 1
    assert len(sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]) == 1


def test_token_with_another_request_is_a_conflict(sagemaker: Any, group: str) -> None:
    token = uuid.uuid4().hex
    sagemaker.create_model_package(ModelPackageGroupName=group, ClientToken=token)
    with pytest.raises(sagemaker.exceptions.ConflictException):
        sagemaker.create_model_package(ModelPackageGroupName=group, ClientToken=token, Domain="other")


def test_update_sent_again_with_its_token_does_not_undo_what_came_between(sagemaker: Any, group: str) -> None:
    arn = sagemaker.create_model_package(ModelPackageGroupName=group)["ModelPackageArn"]
    first = {"ModelPackageArn": arn, "SourceUri": "s3://bucket/first", "ClientToken": uuid.uuid4().hex}
    sagemaker.update_model_package(**first)
    sagemaker.update_model_package(ModelPackageArn=arn, SourceUri="s3://bucket/second")
    sagemaker.update_model_package(**first)
    assert sagemaker.describe_model_package(ModelPackageName=arn)["SourceUri"] == "s3://bucket/second"


def test_token_of_a_deleted_version_makes_a_new_one(sagemaker: Any, group: str) -> None:
    request = {"ModelPackageGroupName": group, "ClientToken": uuid.uuid4().hex}
    first = sagemaker.create_model_package(**request)["ModelPackageArn"]
    sagemaker.delete_model_package(ModelPackageName=first)
    assert sagemaker.create_model_package(**request)["ModelPackageArn"] == first.replace("/1", "/2")


def test_tags_belong_to_the_group(sagemaker: Any, group: str) -> None:
    with pytest.raises(ClientError, match="tags of its group"):
        sagemaker.create_model_package(ModelPackageGroupName=group, Tags=[{"Key": "a", "Value": "b"}])


def test_unversioned_package_has_no_approval(sagemaker: Any, new_name: Callable[[], str]) -> None:
    name = new_name()
    with pytest.raises(ClientError, match="does not apply"):
        sagemaker.create_model_package(ModelPackageName=name, ModelApprovalStatus="Approved")
    arn = sagemaker.create_model_package(ModelPackageName=name)["ModelPackageArn"]
    assert arn.endswith(f":model-package/{name}")
    assert "ModelApprovalStatus" not in sagemaker.describe_model_package(ModelPackageName=name)
    with pytest.raises(ClientError, match="already exists"):
        sagemaker.create_model_package(ModelPackageName=name)


def test_list_pages_through_every_version_once(sagemaker: Any, group: str) -> None:
    made = [sagemaker.create_model_package(ModelPackageGroupName=group)["ModelPackageArn"] for _ in range(7)]
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, SortOrder="Descending", PaginationConfig={"PageSize": 3}
    )
    assert [each["ModelPackageArn"] for page in pages for each in page["ModelPackageSummaryList"]] == made[::-1]


def test_list_is_filtered_by_status_and_time(sagemaker: Any, group: str) -> None:
    for status in ("Approved", "Rejected", "Rejected"):
        sagemaker.create_model_package(ModelPackageGroupName=group, ModelApprovalStatus=status)
    rejected = sagemaker.list_model_packages(ModelPackageGroupName=group, ModelApprovalStatus="Rejected")
    assert {each["ModelPackageVersion"] for each in rejected["ModelPackageSummaryList"]} == {2, 3}
    assert "LastModifiedTime" not in rejected["ModelPackageSummaryList"][0]
    future = datetime.now(UTC) + timedelta(hours=1)
    later = sagemaker.list_model_packages(ModelPackageGroupName=group, CreationTimeAfter=future)
    assert later["ModelPackageSummaryList"] == []


@pytest.mark.parametrize("token", ["nonsense", "W10=", "WyJhIiwgW251bGwsIG51bGxdXQ=="])
def test_token_that_was_never_given_is_refused(sagemaker: Any, group: str, token: str) -> None:
    with pytest.raises(ClientError, match="Invalid pagination token"):
        sagemaker.list_model_packages(ModelPackageGroupName=group, NextToken=token)


def test_batch_describes_what_is_there_and_names_what_is_not(sagemaker: Any, group: str) -> None:
    arn = sagemaker.create_model_package(ModelPackageGroupName=group, **EVERYTHING)["ModelPackageArn"]
    absent = arn.replace("/1", "/2")
    answer = sagemaker.batch_describe_model_package(ModelPackageArnList=[arn, absent])
    assert set(answer["ModelPackageSummaries"]) == {arn}
    assert set(answer["BatchDescribeModelPackageErrorMap"]) == {absent}
