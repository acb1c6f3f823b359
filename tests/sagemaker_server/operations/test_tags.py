"""Tags as boto3 sees them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.sagemaker_server.running_server import RunningServer


@pytest.fixture
def arn(sagemaker: Any, group: str) -> str:
    """The ARN of a group without tags."""
    described: str = sagemaker.describe_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupArn"]
    return described


def tags(sagemaker: Any, arn: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]}


def test_tags_are_added_overwritten_and_deleted(sagemaker: Any, arn: str) -> None:
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}])
    answer = sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "2"}])
    assert answer["Tags"] == [{"Key": "a", "Value": "2"}, {"Key": "b", "Value": ""}]
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["b", "absent"])
    assert tags(sagemaker, arn) == {"a": "2"}


def test_tags_given_at_creation_are_there_and_go_with_the_resource(sagemaker: Any, arn: str) -> None:
    name = arn.rpartition("/")[2]
    sagemaker.delete_model_package_group(ModelPackageGroupName=name)
    sagemaker.create_model_package_group(ModelPackageGroupName=name, Tags=[{"Key": "k", "Value": "v"}])
    assert tags(sagemaker, arn) == {"k": "v"}
    sagemaker.delete_model_package_group(ModelPackageGroupName=name)
    with pytest.raises(ClientError, match="Could not find"):
        sagemaker.list_tags(ResourceArn=arn)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ([{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}], "Duplicate tag keys"),
        ([{"Key": "aws:mine", "Value": "1"}], "reserved"),
        ([{"Key": "", "Value": "1"}], "tags.1.member.key"),
        ([{"Key": "a", "Value": "x" * 257}], "less than or equal to 256"),
        ([{"Key": "a", "Value": "tab\t"}], "regular expression pattern"),
        ([{"Key": f"k{n}", "Value": ""} for n in range(51)], "less than or equal to 50"),
    ],
)
def test_tags_that_break_a_rule_are_refused(
    server: RunningServer, sagemaker: Any, arn: str, given: list[dict[str, str]], reason: str
) -> None:
    unchecked = server.client("sagemaker", parameter_validation=False)
    with pytest.raises(ClientError, match=reason):
        unchecked.add_tags(ResourceArn=arn, Tags=given)
    assert tags(sagemaker, arn) == {}


def test_resource_holds_fifty_tags(sagemaker: Any, arn: str) -> None:
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": f"k{n:02}", "Value": ""} for n in range(50)])
    with pytest.raises(ClientError, match="51 tags"):
        sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "one-more", "Value": ""}])
    pages = sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn, PaginationConfig={"PageSize": 50})
    assert sum(len(page["Tags"]) for page in pages) == 50


def test_tags_of_what_does_not_exist_are_refused(sagemaker: Any) -> None:
    for arn in (
        "arn:aws:sagemaker:us-east-1:111122223333:model-package-group/absent",
        "arn:aws:sagemaker:eu-west-1:111122223333:model-package-group/absent",
        "arn:aws:sagemaker:us-east-1:111122223333:unheard-of/absent",
    ):
        with pytest.raises(ClientError, match="Could not find"):
            sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}])
