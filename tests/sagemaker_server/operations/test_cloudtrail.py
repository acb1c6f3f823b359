"""The record of calls as boto3 sees it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.sagemaker_server.running_server import RunningServer


def by(key: str, value: str) -> dict[str, Any]:
    return {"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]}


@pytest.fixture
def trail(server: RunningServer) -> Any:
    """CloudTrail's client of someone who may do everything."""
    return server.client("cloudtrail")


def test_event_is_found_by_what_it_touched_newest_first(trail: Any, sagemaker: Any, group: str) -> None:
    arn = sagemaker.create_model_package(ModelPackageGroupName=group)["ModelPackageArn"]
    sagemaker.update_model_package(ModelPackageArn=arn, SourceUri="s3://bucket/x")
    for name in (arn, f"{group}/1"):
        found = trail.lookup_events(**by("ResourceName", name))["Events"]
        assert [event["EventName"] for event in found] == ["UpdateModelPackage", "CreateModelPackage"]
    event = found[0]
    told = json.loads(event["CloudTrailEvent"])
    assert told["eventID"] == event["EventId"]
    assert datetime.fromisoformat(told["eventTime"]) == event["EventTime"]
    assert told["requestParameters"] == {"modelPackageArn": arn, "sourceUri": "s3://bucket/x"}
    assert trail.lookup_events(**by("EventId", event["EventId"]))["Events"][0]["EventId"] == event["EventId"]


def test_sensitive_values_are_hidden(trail: Any, sagemaker: Any, group: str) -> None:
    content = json.dumps({"business_details": {"business_problem": "told to nobody"}})
    arn = sagemaker.create_model_package(ModelPackageGroupName=group, ModelCard={"ModelCardContent": content})[
        "ModelPackageArn"
    ]
    (event,) = trail.lookup_events(**by("ResourceName", arn))["Events"]
    assert "told to nobody" not in event["CloudTrailEvent"]
    assert "HIDDEN_DUE_TO_SECURITY_REASONS" in event["CloudTrailEvent"]


def test_what_failed_or_only_read_is_not_on_record(trail: Any, sagemaker: Any, group: str) -> None:
    sagemaker.describe_model_package_group(ModelPackageGroupName=group)
    with pytest.raises(ClientError):
        sagemaker.create_model_package_group(ModelPackageGroupName=group)
    found = trail.lookup_events(**by("ResourceName", group))["Events"]
    assert [event["EventName"] for event in found] == ["CreateModelPackageGroup"]


def test_pages_hold_every_event_once(trail: Any, sagemaker: Any, group: str) -> None:
    arn = sagemaker.describe_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupArn"]
    for number in range(8):
        sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "n", "Value": str(number)}])
    pages = trail.get_paginator("lookup_events").paginate(**by("ResourceName", arn), PaginationConfig={"PageSize": 3})
    found = [json.loads(event["CloudTrailEvent"]) for page in pages for event in page["Events"]]
    values = [event["requestParameters"]["tags"][0]["value"] for event in found[:-1]]
    assert values == [str(number) for number in range(7, -1, -1)]


def test_time_bounds_the_events(trail: Any, sagemaker: Any, group: str) -> None:
    now = datetime.now(UTC)
    assert trail.lookup_events(**by("ResourceName", group), EndTime=now - timedelta(hours=1))["Events"] == []
    found = trail.lookup_events(**by("ResourceName", group), StartTime=now - timedelta(hours=1))["Events"]
    assert len(found) == 1
    with pytest.raises(trail.exceptions.InvalidTimeRangeException):
        trail.lookup_events(StartTime=now, EndTime=now - timedelta(hours=1))


@pytest.mark.parametrize(
    ("key", "value", "finds"),
    [
        ("Username", "anyone", True),
        ("Username", "nobody", False),
        ("EventSource", "sagemaker.amazonaws.com", True),
        ("ResourceType", "AWS::SageMaker::ModelPackageGroup", True),
        ("ResourceType", "AWS::SageMaker::%", False),
        ("ReadOnly", "false", True),
        ("ReadOnly", "true", False),
        ("AccessKeyId", "AKIANOBODY", False),
    ],
)
def test_events_are_found_by_each_attribute(trail: Any, group: str, key: str, value: str, finds: bool) -> None:
    assert bool(trail.lookup_events(**by(key, value))["Events"]) == finds


def test_one_attribute_is_all_that_can_be_asked_for(trail: Any) -> None:
    two = by("Username", "a")["LookupAttributes"] + by("EventName", "b")["LookupAttributes"]
    with pytest.raises(trail.exceptions.InvalidLookupAttributesException):
        trail.lookup_events(LookupAttributes=two)
