"""Artifacts, actions, contexts and associations as boto3 sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def artifact(sagemaker: Any, new_name: Callable[[], str]) -> str:
    """The ARN of an artifact."""
    source = {"SourceUri": f"s3://bucket/{new_name()}"}
    arn: str = sagemaker.create_artifact(Source=source, ArtifactType="DataSet", Properties={"a": "1", "b": "2"})[
        "ArtifactArn"
    ]
    return arn


@pytest.fixture
def action(sagemaker: Any, new_name: Callable[[], str]) -> str:
    """The ARN of an action."""
    arn: str = sagemaker.create_action(
        ActionName=new_name(), Source={"SourceUri": "arn:x", "SourceType": "gate"}, ActionType="Approval"
    )["ActionArn"]
    return arn


def test_source_has_one_artifact(sagemaker: Any, new_name: Callable[[], str]) -> None:
    source = {"SourceUri": f"s3://bucket/{new_name()}", "SourceTypes": [{"SourceIdType": "S3ETag", "Value": "e1"}]}
    first = sagemaker.create_artifact(Source=source, ArtifactType="Model")["ArtifactArn"]
    with pytest.raises(ClientError, match="already exists") as caught:
        sagemaker.create_artifact(Source=source, ArtifactType="Model")
    assert first in caught.value.response["Error"]["Message"]
    other = {**source, "SourceTypes": [{"SourceIdType": "S3ETag", "Value": "e2"}]}
    assert sagemaker.create_artifact(Source=other, ArtifactType="Model")["ArtifactArn"] != first
    listed = sagemaker.list_artifacts(SourceUri=source["SourceUri"])["ArtifactSummaries"]
    assert len(listed) == 2
    sagemaker.delete_artifact(Source=other)
    assert len(sagemaker.list_artifacts(SourceUri=source["SourceUri"])["ArtifactSummaries"]) == 1


def test_properties_sent_take_the_place_of_those_there_were(sagemaker: Any, artifact: str) -> None:
    sagemaker.update_artifact(ArtifactArn=artifact, Properties={"c": "3", "d": "4"}, PropertiesToRemove=["d"])
    described = sagemaker.describe_artifact(ArtifactArn=artifact)
    assert described["Properties"] == {"c": "3"}
    assert described["ArtifactType"] == "DataSet"
    sagemaker.update_artifact(ArtifactArn=artifact, ArtifactName="renamed")
    described = sagemaker.describe_artifact(ArtifactArn=artifact)
    assert (described["ArtifactName"], described["Properties"]) == ("renamed", {"c": "3"})


def test_action_changes_its_status(sagemaker: Any, action: str) -> None:
    name = action.rpartition("/")[2]
    sagemaker.update_action(ActionName=name, Status="Completed", Description="Decided.")
    described = sagemaker.describe_action(ActionName=name)
    assert (described["Status"], described["Description"], described["ActionType"]) == (
        "Completed",
        "Decided.",
        "Approval",
    )


def test_names_are_unique_within_a_kind(sagemaker: Any, action: str) -> None:
    name, source = action.rpartition("/")[2], {"SourceUri": "arn:y"}
    with pytest.raises(ClientError, match="already exists"):
        sagemaker.create_action(ActionName=name, Source=source, ActionType="Approval")
    sagemaker.create_context(ContextName=name, Source=source, ContextType="UseCase")
    assert sagemaker.describe_context(ContextName=name)["ContextType"] == "UseCase"
    sagemaker.update_context(ContextName=name, Properties={"k": "v"})
    assert sagemaker.describe_context(ContextName=name)["Properties"] == {"k": "v"}
    sagemaker.delete_context(ContextName=name)
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        sagemaker.describe_context(ContextName=name)


def test_association_is_made_once_and_found_from_both_ends(sagemaker: Any, artifact: str, action: str) -> None:
    edge = {"SourceArn": artifact, "DestinationArn": action}
    sagemaker.add_association(**edge, AssociationType="ContributedTo")
    with pytest.raises(ClientError, match="already exists"):
        sagemaker.add_association(**edge)
    (found,) = sagemaker.list_associations(SourceArn=artifact)["AssociationSummaries"]
    assert (found["SourceType"], found["DestinationType"]) == ("DataSet", "Approval")
    assert found["DestinationName"] == action.rpartition("/")[2]
    assert sagemaker.list_associations(DestinationArn=action, SourceType="DataSet")["AssociationSummaries"] == [found]
    with pytest.raises(ClientError, match="has 1 associations"):
        sagemaker.delete_artifact(ArtifactArn=artifact)
    sagemaker.delete_association(**edge)
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        sagemaker.delete_association(**edge)
    sagemaker.delete_artifact(ArtifactArn=artifact)


def test_association_needs_both_its_ends(sagemaker: Any, artifact: str) -> None:
    absent = artifact[:-1] + ("0" if artifact[-1] != "0" else "1")
    with pytest.raises(sagemaker.exceptions.ResourceNotFound, match=absent):
        sagemaker.add_association(SourceArn=artifact, DestinationArn=absent)
    with pytest.raises(ClientError, match="itself"):
        sagemaker.add_association(SourceArn=artifact, DestinationArn=artifact)


def test_artifacts_are_deleted_by_arn_or_by_source_and_not_by_nothing(sagemaker: Any) -> None:
    with pytest.raises(ClientError, match="Either ArtifactArn or Source"):
        sagemaker.delete_artifact()
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        sagemaker.delete_artifact(Source={"SourceUri": "s3://bucket/absent"})


def test_pages_of_one_moment_show_each_artifact_once(sagemaker: Any, new_name: Callable[[], str]) -> None:
    kind = new_name()
    made = {
        sagemaker.create_artifact(Source={"SourceUri": f"s3://{kind}/{i}"}, ArtifactType=kind)["ArtifactArn"]
        for i in range(9)
    }
    pages = sagemaker.get_paginator("list_artifacts").paginate(ArtifactType=kind, PaginationConfig={"PageSize": 2})
    shown = [each["ArtifactArn"] for page in pages for each in page["ArtifactSummaries"]]
    assert len(shown) == 9
    assert set(shown) == made
