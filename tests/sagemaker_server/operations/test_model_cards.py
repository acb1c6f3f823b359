"""Standalone model cards as boto3 sees them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.sagemaker_server.running_server import RunningServer

FULL = {
    "model_overview": {"model_description": "Loans.", "model_owner": "model-owner", "problem_type": "classification"},
    "intended_uses": {"purpose_of_model": "Decide on loans.", "risk_rating": "High"},
    "business_details": {"business_problem": "Losses."},
    "training_details": {
        "objective_function": {"function": {"function": "Maximize", "facet": "AUC", "condition": "none"}},
        "training_job_details": {
            "training_metrics": [{"name": "auc", "value": 0.81, "notes": "held out"}],
            "hyper_parameters": [{"name": "depth", "value": "3"}],
        },
    },
    "evaluation_details": [
        {
            "name": "model quality",
            "datasets": ["s3://bucket/data.csv"],
            "metadata": {"seed": "20241114"},
            "metric_groups": [
                {
                    "name": "binary classification",
                    "metric_data": [
                        {"name": "auc", "type": "number", "value": 0.81},
                        {"name": "passed", "type": "boolean", "value": True},
                        {"name": "verdict", "type": "string", "value": "pass"},
                        {"name": "roc", "type": "linear_graph", "value": [[0, 0], [1, 1.0]], "x_axis_name": "fpr"},
                        {"name": "counts", "type": "bar_chart", "value": [1, 2], "x_axis_name": ["a", "b"]},
                        {"name": "confusion", "type": "matrix", "value": [[1, 2], [3, 4]], "y_axis_name": ["n", "y"]},
                    ],
                }
            ],
        }
    ],
    "additional_information": {"custom_details": {"datazone_project": "p-1"}},
}
CONTENT = json.dumps(FULL)
OTHER = json.dumps({"model_overview": {"model_description": "Changed."}})


@pytest.fixture
def card(sagemaker: Any, new_name: Callable[[], str]) -> str:
    """The name of a card in draft."""
    name = new_name()
    sagemaker.create_model_card(ModelCardName=name, Content=CONTENT, ModelCardStatus="Draft")
    return name


def test_card_is_described_by_name_and_by_arn(sagemaker: Any, card: str) -> None:
    by_name = sagemaker.describe_model_card(ModelCardName=card)
    assert (by_name["Content"], by_name["ModelCardVersion"], by_name["ModelCardStatus"]) == (CONTENT, 1, "Draft")
    by_arn = sagemaker.describe_model_card(ModelCardName=by_name["ModelCardArn"])
    assert by_arn["ModelCardName"] == card


def test_card_that_exists_is_a_conflict(sagemaker: Any, card: str) -> None:
    with pytest.raises(sagemaker.exceptions.ConflictException):
        sagemaker.create_model_card(ModelCardName=card, Content=CONTENT, ModelCardStatus="Draft")


@pytest.mark.parametrize(
    "call", ["describe_model_card", "update_model_card", "delete_model_card", "list_model_card_versions"]
)
def test_missing_card_is_resource_not_found(sagemaker: Any, new_name: Callable[[], str], call: str) -> None:
    with pytest.raises(sagemaker.exceptions.ResourceNotFound, match="does not exist"):
        getattr(sagemaker, call)(ModelCardName=new_name())


def test_every_change_of_content_makes_a_version(sagemaker: Any, card: str) -> None:
    sagemaker.update_model_card(ModelCardName=card, Content=OTHER)
    sagemaker.update_model_card(ModelCardName=card, Content=OTHER)
    sagemaker.update_model_card(ModelCardName=card, ModelCardStatus="PendingReview")
    assert sagemaker.describe_model_card(ModelCardName=card, ModelCardVersion=1)["Content"] == CONTENT
    latest = sagemaker.describe_model_card(ModelCardName=card)
    assert (latest["ModelCardVersion"], latest["Content"]) == (2, OTHER)
    versions = sagemaker.list_model_card_versions(ModelCardName=card, SortOrder="Ascending")
    statuses = [(v["ModelCardVersion"], v["ModelCardStatus"]) for v in versions["ModelCardVersionSummaryList"]]
    assert statuses == [(1, "Draft"), (2, "PendingReview")]
    with pytest.raises(sagemaker.exceptions.ResourceNotFound, match="has no version 3"):
        sagemaker.describe_model_card(ModelCardName=card, ModelCardVersion=3)


def test_content_and_status_cannot_change_together(sagemaker: Any, card: str) -> None:
    with pytest.raises(ClientError, match="cannot both be updated"):
        sagemaker.update_model_card(ModelCardName=card, Content=OTHER, ModelCardStatus="PendingReview")
    sagemaker.update_model_card(ModelCardName=card, Content=CONTENT, ModelCardStatus="PendingReview")
    assert sagemaker.describe_model_card(ModelCardName=card)["ModelCardStatus"] == "PendingReview"


def test_archived_card_keeps_its_content(sagemaker: Any, card: str) -> None:
    sagemaker.update_model_card(ModelCardName=card, ModelCardStatus="Archived")
    with pytest.raises(ClientError, match="is Archived"):
        sagemaker.update_model_card(ModelCardName=card, Content=OTHER)
    assert sagemaker.describe_model_card(ModelCardName=card)["Content"] == CONTENT


def broken(path: list[Any], value: Any) -> str:
    document = json.loads(CONTENT)
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps(document)


METRICS = ["evaluation_details", 0, "metric_groups", 0, "metric_data"]
TRAINING = ["training_details", "training_job_details"]


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (broken(["more"], {}), "more"),
        (broken(["model_overview", "model_description"], "x" * 1025), "model_overview.model_description"),
        (broken(["model_overview", "model_artifact"], ["s3://b/k"] * 16), "model_artifact"),
        (broken(["intended_uses", "risk_rating"], "Severe"), "risk_rating"),
        (broken(["intended_uses", "purpose_of_model"], 5), "purpose_of_model"),
        (broken(["business_details", "business_problem"], "x" * 2049), "business_problem"),
        (broken([*TRAINING, "training_metrics"], [{"name": "m", "value": 1}] * 51), "training_metrics"),
        (broken([*TRAINING, "hyper_parameters"], [{"name": "m"}] * 101), "hyper_parameters"),
        (broken(["evaluation_details", 0, "name"], ""), "evaluation_details.0.name"),
        (broken(["evaluation_details", 0, "datasets"], ["d"] * 11), "datasets"),
        (broken(["evaluation_details", 0, "evaluation_observation"], "x" * 2097), "evaluation_observation"),
        (broken([*METRICS, 0, "type"], "pie_chart"), "metric_data.0"),
        (broken([*METRICS, 2, "value"], "x" * 64), "metric_data.2"),
        (broken([*METRICS, 3, "value"], [[1, 2, 3]]), "metric_data.3"),
        (broken([*METRICS, 4, "x_axis_name"], "a string"), "metric_data.4"),
        (broken([*METRICS, 5, "value"], [[0] * 21]), "metric_data.5"),
        (broken(["additional_information", "custom_details"], {"key": 1}), "custom_details.key"),
        ('{"model_overview": {"model_description": NaN}}', "not JSON"),
    ],
)
def test_content_beyond_the_schema_is_refused_and_named(
    sagemaker: Any, card: str, new_name: Callable[[], str], content: str, named: str
) -> None:
    with pytest.raises(ClientError, match="ValidationException") as caught:
        sagemaker.update_model_card(ModelCardName=card, Content=content)
    assert named in caught.value.response["Error"]["Message"]
    with pytest.raises(ClientError, match="ValidationException"):
        sagemaker.create_model_card(ModelCardName=new_name(), Content=content, ModelCardStatus="Draft")


def test_metadata_only_shows_the_risk_rating_and_no_more(sagemaker: Any, card: str) -> None:
    content = sagemaker.describe_model_card(ModelCardName=card, IncludedData="MetadataOnly")["Content"]
    assert json.loads(content) == {"intended_uses": {"risk_rating": "High"}, "model_overview": {}}


def test_only_the_permitted_approve_a_card(server: RunningServer, sagemaker: Any, card: str) -> None:
    for principal in ("pipeline", "data-scientist", "governance-officer", "admin"):
        with pytest.raises(ClientError, match="AccessDenied"):
            server.client("sagemaker", principal).update_model_card(ModelCardName=card, ModelCardStatus="Approved")
    server.client("sagemaker", "business-approver").update_model_card(ModelCardName=card, ModelCardStatus="Approved")
    described = sagemaker.describe_model_card(ModelCardName=card)
    assert described["ModelCardStatus"] == "Approved"
    assert described["LastModifiedBy"]["IamIdentity"]["Arn"].endswith(":user/business-approver")
    assert described["CreatedBy"]["IamIdentity"]["Arn"].endswith(":user/anyone")


def test_deleted_card_leaves_nothing(sagemaker: Any, card: str) -> None:
    sagemaker.delete_model_card(ModelCardName=card)
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        sagemaker.describe_model_card(ModelCardName=card)
    listed = sagemaker.list_model_cards(NameContains=card)["ModelCardSummaries"]
    assert listed == []
