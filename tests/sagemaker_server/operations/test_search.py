"""Search as boto3 sees it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError


def search(sagemaker: Any, *filters: dict[str, str], resource: str = "ModelPackage", **more: Any) -> list[Any]:
    """What is found, by version or name, in the order found."""
    answer = sagemaker.search(Resource=resource, SearchExpression={"Filters": list(filters), **more})
    return [record[resource] for record in answer["Results"]]


def where(name: str, operator: str | None = None, value: str | None = None) -> dict[str, str]:
    given = {"Name": name, "Operator": operator, "Value": value}
    return {key: item for key, item in given.items() if item is not None}


@pytest.fixture
def versions(sagemaker: Any, group: str) -> str:
    """A group of three versions: approved with a measured AUC, rejected, and pending with a run id."""
    sagemaker.create_model_package(
        ModelPackageGroupName=group,
        ModelApprovalStatus="Approved",
        CustomerMetadataProperties={"auc": "0.81", "run.id": "r1"},
        InferenceSpecification={"Containers": [{"Image": "image:1"}, {"Image": "image:2"}]},
        ModelLifeCycle={"Stage": "Production", "StageStatus": "Deployed"},
    )
    sagemaker.create_model_package(ModelPackageGroupName=group, ModelApprovalStatus="Rejected")
    sagemaker.create_model_package(ModelPackageGroupName=group, CustomerMetadataProperties={"run.id": "r3"})
    return group


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (where("ModelApprovalStatus", "Equals", "Approved"), {1}),
        (where("ModelApprovalStatus", None, "Rejected"), {2}),
        (where("ModelApprovalStatus", "NotEquals", "Approved"), {2, 3}),
        (where("ModelApprovalStatus", "In", "Approved,Rejected"), {1, 2}),
        (where("ModelApprovalStatus", "Contains", "ject"), {2}),
        (where("ModelPackageVersion", "GreaterThan", "1"), {2, 3}),
        (where("ModelPackageVersion", "GreaterThanOrEqualTo", "2"), {2, 3}),
        (where("ModelPackageVersion", "LessThan", "2"), {1}),
        (where("ModelPackageVersion", "LessThanOrEqualTo", "2"), {1, 2}),
        (where("ModelLifeCycle.Stage", "Equals", "Production"), {1}),
        (where("ModelLifeCycle.Stage", "NotEquals", "Production"), {2, 3}),
        (where("ModelLifeCycle", "Exists"), {1}),
        (where("ModelLifeCycle", "NotExists"), {2, 3}),
        (where("CustomerMetadataProperties.auc", "Exists"), {1}),
        (where("CustomerMetadataProperties.run.id", "In", "r1, r3"), {1, 3}),
        (where("InferenceSpecification.Containers.Image", "Equals", "image:2"), {1}),
        (where("CreatedBy.IamIdentity.Arn", "Contains", ":user/anyone"), {1, 2, 3}),
        (where("CertifyForMarketplace", "Equals", "false"), {1, 2, 3}),
    ],
)
def test_filter_finds_what_it_describes(
    sagemaker: Any, versions: str, condition: dict[str, str], found: set[int]
) -> None:
    results = search(sagemaker, where("ModelPackageGroupName", "Equals", versions), condition)
    assert {each["ModelPackageVersion"] for each in results} == found


def test_subexpressions_and_nested_filters_combine(sagemaker: Any, versions: str) -> None:
    results = search(
        sagemaker,
        where("ModelPackageGroupName", "Equals", versions),
        SubExpressions=[
            {
                "Operator": "Or",
                "Filters": [where("ModelApprovalStatus", "Equals", "Rejected")],
                "NestedFilters": [
                    {
                        "NestedPropertyName": "InferenceSpecification.Containers",
                        "Filters": [where("InferenceSpecification.Containers.Image", "Equals", "image:2")],
                    }
                ],
            }
        ],
    )
    assert {each["ModelPackageVersion"] for each in results} == {1, 2}


def test_changes_are_found_by_the_time_they_were_made(sagemaker: Any, versions: str) -> None:
    mine = where("ModelPackageGroupName", "Equals", versions)
    arn = search(sagemaker, mine, where("ModelPackageVersion", "Equals", "1"))[0]["ModelPackageArn"]
    sagemaker.update_model_package(ModelPackageArn=arn, SourceUri="s3://bucket/changed")
    changed = sagemaker.describe_model_package(ModelPackageName=arn)["LastModifiedTime"]
    since = where("LastModifiedTime", "GreaterThanOrEqualTo", changed.isoformat())
    assert [each["ModelPackageVersion"] for each in search(sagemaker, mine, since)] == [1]
    after = where("LastModifiedTime", "GreaterThan", changed.isoformat().replace("+00:00", "Z"))
    assert search(sagemaker, mine, after) == []
    until = where("LastModifiedTime", "LessThan", (changed - timedelta(milliseconds=1)).isoformat())
    assert {each["ModelPackageVersion"] for each in search(sagemaker, mine, until)} == {2, 3}
    ordered = search(sagemaker, mine)
    assert [each["LastModifiedTime"] for each in ordered] == sorted(
        (each["LastModifiedTime"] for each in ordered), reverse=True
    )


def test_record_holds_card_life_cycle_and_tags(sagemaker: Any, group: str) -> None:
    arn = sagemaker.describe_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "model-governance:use-case", "Value": group}])
    (found,) = search(sagemaker, where("Tags.model-governance:use-case", "Equals", group), resource="ModelPackageGroup")
    assert found["ModelPackageGroupName"] == group
    content = json.dumps({"intended_uses": {"risk_rating": "Low"}})
    sagemaker.create_model_package(ModelPackageGroupName=group, ModelCard={"ModelCardContent": content})
    (package,) = search(sagemaker, where("ModelPackageGroupName", "Equals", group))
    assert package["ModelCard"]["ModelCardContent"] == content


def test_cards_are_found_by_their_latest_version(sagemaker: Any, new_name: Callable[[], str]) -> None:
    name = new_name()
    sagemaker.create_model_card(ModelCardName=name, Content="{}", ModelCardStatus="Draft")
    sagemaker.update_model_card(ModelCardName=name, Content='{"business_details": {}}')
    sagemaker.update_model_card(ModelCardName=name, ModelCardStatus="PendingReview")
    (found,) = search(sagemaker, where("ModelCardName", "Equals", name), resource="ModelCard")
    assert (found["ModelCardVersion"], found["ModelCardStatus"]) == (2, "PendingReview")


def test_pages_hold_every_record_once_in_order(sagemaker: Any, group: str) -> None:
    for _ in range(11):
        sagemaker.create_model_package(ModelPackageGroupName=group)
    pages = sagemaker.get_paginator("search").paginate(
        Resource="ModelPackage",
        SearchExpression={"Filters": [where("ModelPackageGroupName", "Equals", group)]},
        SortBy="ModelPackageVersion",
        SortOrder="Ascending",
        PaginationConfig={"PageSize": 4},
    )
    shown = [record["ModelPackage"]["ModelPackageVersion"] for page in pages for record in page["Results"]]
    assert shown == list(range(1, 12))


@pytest.mark.parametrize("order", ["Ascending", "Descending"])
@pytest.mark.parametrize("resource", ["ModelPackage", "ModelCard", "ModelPackageGroup"])
def test_pages_of_changes_are_those_of_any_other_question_in_the_same_order(
    sagemaker: Any, new_name: Callable[[], str], resource: str, order: str
) -> None:
    """What is asked by time alone is answered by the database; with another condition each record is looked at."""
    group = new_name()
    first = sagemaker.create_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupArn"]
    since = sagemaker.describe_model_package_group(ModelPackageGroupName=group)["CreationTime"].isoformat()
    assert first
    for _ in range(7):
        sagemaker.create_model_package(ModelPackageGroupName=group)
        sagemaker.create_model_card(ModelCardName=new_name(), Content="{}", ModelCardStatus="Draft")
        sagemaker.create_model_package_group(ModelPackageGroupName=new_name())
    by_time = where("LastModifiedTime", "GreaterThanOrEqualTo", since)

    def asked(*filters: dict[str, str]) -> tuple[list[Any], set[int]]:
        pages = list(
            sagemaker.get_paginator("search").paginate(
                Resource=resource,
                SearchExpression={"Filters": list(filters)},
                SortBy="LastModifiedTime",
                SortOrder=order,
                PaginationConfig={"PageSize": 3},
            )
        )
        return [record[resource] for page in pages for record in page["Results"]], {
            page["TotalHits"]["Value"] for page in pages
        }

    quick, totals = asked(by_time)
    every, _ = asked(by_time, {"Name": "CreationTime", "Operator": "Exists"})
    assert quick == every
    assert len(quick) >= 7
    assert totals == {len(quick)}


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        (where("NoSuchProperty", "Equals", "x"), "Unknown property name: NoSuchProperty"),
        (where("ModelLifeCycle.Nothing", "Equals", "x"), "Unknown property name"),
        (where("ModelApprovalStatus", "GreaterThan", "x"), "not supported for text properties"),
        (where("ModelPackageVersion", "Equals", "one"), "is no number"),
        (where("ModelPackageVersion", "Contains", "1"), "only supported for text properties"),
        (where("LastModifiedTime", "GreaterThan", "yesterday"), "is no time"),
        (where("LastModifiedTime", "GreaterThan", "1e400"), "is no time"),
        (where("ModelApprovalStatus", "Equals"), "needs a Value"),
    ],
)
def test_question_that_makes_no_sense_is_refused(sagemaker: Any, condition: dict[str, str], reason: str) -> None:
    with pytest.raises(ClientError, match=reason):
        search(sagemaker, condition)


def test_resource_not_there_is_named(sagemaker: Any) -> None:
    with pytest.raises(ClientError, match="cannot be searched in this server"):
        sagemaker.search(Resource="FeatureGroup")


def test_expression_has_a_largest_size(sagemaker: Any) -> None:
    deep: dict[str, Any] = {"Filters": [where("ModelApprovalStatus", "Exists")]}
    for _ in range(60):
        deep = {"SubExpressions": [deep]}
    with pytest.raises(ClientError, match="at most 50 parts"):
        sagemaker.search(Resource="ModelPackage", SearchExpression=deep)
