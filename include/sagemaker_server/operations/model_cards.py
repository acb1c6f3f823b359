"""The actions on standalone model cards, each change of content a version of its own."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import delete, select

from sagemaker_server.errors import ConflictException, ResourceNotFound, ValidationException
from sagemaker_server.operations.call import Call, Scope, operation
from sagemaker_server.operations.card_content import CardContent, check_content
from sagemaker_server.operations.listing import created_within, equals, name_contains
from sagemaker_server.operations.paging import Order, page
from sagemaker_server.operations.tags import set_first_tags, taggable
from sagemaker_server.storage.cards import ModelCard, ModelCardVersion
from sagemaker_server.storage.tags import remove_tags

_KIND = "model-card"


def _card_arn(scope: Scope, request: dict[str, Any]) -> str:
    name = str(request["ModelCardName"])
    return name if name.startswith("arn:") else scope.arn(f"{_KIND}/{name}")


def _conditions(request: dict[str, Any]) -> dict[str, Any]:
    return {"sagemaker:ModelCardStatus": request.get("ModelCardStatus")}


def _find(call: Call, request: dict[str, Any]) -> ModelCard:
    arn = _card_arn(call, request)
    found = call.session.scalar(select(ModelCard).where(ModelCard.arn == arn))
    if found is None:
        raise ResourceNotFound(f"Model card {arn} does not exist.")
    return found


@taggable(_KIND)
def _card_exists(call: Call, arn: str) -> bool:
    return call.session.scalar(select(ModelCard.name).where(ModelCard.arn == arn)) is not None


def _version(call: Call, card: ModelCard, number: int) -> ModelCardVersion:
    found = call.session.get(ModelCardVersion, (card.name, number)) if 0 < number < 2**31 else None
    if found is None:
        raise ResourceNotFound(f"Model card {card.arn} has no version {number}: it has versions 1 to {card.version}.")
    return found


@operation("CreateModelCard", resource=_card_arn, conditions=_conditions)
def create_model_card(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Create a card, version 1; see AWS's API_CreateModelCard.

    Raises:
        ConflictException: A card of that name exists.
        ValidationException: The content does not keep the schema.
    """
    name, arn = request["ModelCardName"], _card_arn(call, request)
    check_content(request["Content"], CardContent)
    if call.session.get(ModelCard, name) is not None:
        raise ConflictException(f"Model card {arn} already exists.")
    document = {"CreatedBy": call.user_context, "LastModifiedBy": call.user_context}
    if "SecurityConfig" in request:
        document["SecurityConfig"] = request["SecurityConfig"]
    card = ModelCard(
        name=name,
        arn=arn,
        version=0,
        status=request["ModelCardStatus"],
        created_at=call.now,
        modified_at=call.now,
        document=document,
    )
    call.session.add(card)
    _add_version(call, card, request["Content"])
    set_first_tags(call, arn, request.get("Tags", []))
    return {"ModelCardArn": arn}


def _add_version(call: Call, card: ModelCard, content: str) -> None:
    card.version += 1
    call.session.add(
        ModelCardVersion(
            card_name=card.name,
            version=card.version,
            status=card.status,
            content=content,
            created_at=call.now,
            modified_at=call.now,
            modified_by=call.user_context,
        )
    )


@operation("UpdateModelCard", resource=_card_arn, conditions=_conditions)
def update_model_card(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Change the content, which makes a version, or the status; see AWS's API_UpdateModelCard.

    Raises:
        ResourceNotFound: There is no such card.
        ValidationException: Content and status would both change, the content does not keep the schema, or the card
            is archived and its content would change.
    """
    card = _find(call, request)
    latest = _version(call, card, card.version)
    content, status = request.get("Content"), request.get("ModelCardStatus")
    if content is not None:
        check_content(content, CardContent)
    content_changes = content is not None and content != latest.content
    status_changes = status is not None and status != card.status
    if content_changes and status_changes:
        raise ValidationException(
            "Model card content and model card status cannot both be updated in a single call: make two calls."
        )
    if content_changes and card.status == "Archived":
        raise ValidationException(f"Model card {card.arn} is Archived: its content can no longer be changed.")
    if content_changes and content is not None:
        _add_version(call, card, content)
    if status_changes and status is not None:
        card.status = latest.status = status
        latest.modified_at, latest.modified_by = call.now, call.user_context
    if content_changes or status_changes:
        card.modified_at = call.now
        card.document = {**card.document, "LastModifiedBy": call.user_context}
    return {"ModelCardArn": card.arn}


@operation("DescribeModelCard", resource=_card_arn)
def describe_model_card(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Describe a card, its latest version unless another is asked for; see AWS's API_DescribeModelCard.

    Raises:
        ResourceNotFound: There is no such card, or no such version.
    """
    card = _find(call, request)
    version = _version(call, card, request.get("ModelCardVersion", card.version))
    described = card_document(card, version)
    if request.get("IncludedData") == "MetadataOnly":
        described["Content"] = _sanitised(version.content)
    return described


def card_document(card: ModelCard, version: ModelCardVersion) -> dict[str, Any]:
    """A version of a card as the API shows it."""
    return {
        **card.document,
        "ModelCardArn": card.arn,
        "ModelCardName": card.name,
        "ModelCardVersion": version.version,
        "Content": version.content,
        "ModelCardStatus": version.status,
        "CreationTime": card.created_at,
        "LastModifiedTime": version.modified_at,
        "LastModifiedBy": version.modified_by,
    }


def _sanitised(content: str) -> str:
    """The content reduced to what AWS does not encrypt: the risk rating and the model's id."""
    document = json.loads(content)
    kept = {
        "intended_uses": {"risk_rating": (document.get("intended_uses") or {}).get("risk_rating")},
        "model_overview": {"model_id": (document.get("model_overview") or {}).get("model_id")},
    }
    return json.dumps({s: {k: v for k, v in part.items() if v is not None} for s, part in kept.items()})


@operation("ListModelCards")
def list_model_cards(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """List cards; see AWS's API_ListModelCards."""
    statement = created_within(select(ModelCard), ModelCard.created_at, request)
    statement = name_contains(statement, ModelCard.name, request)
    statement = equals(statement, ModelCard.status, request, "ModelCardStatus")
    column = ModelCard.name if request.get("SortBy") == "Name" else ModelCard.created_at
    cards, token = page(
        call.session, statement, Order(column, ModelCard.name, request.get("SortOrder") == "Descending"), request
    )
    return {"ModelCardSummaries": [_card_summary(card) for card in cards], "NextToken": token}


def _card_summary(card: ModelCard) -> dict[str, Any]:
    return {
        "ModelCardName": card.name,
        "ModelCardArn": card.arn,
        "ModelCardStatus": card.status,
        "CreationTime": card.created_at,
        "LastModifiedTime": card.modified_at,
    }


@operation("ListModelCardVersions", resource=_card_arn)
def list_model_card_versions(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """List a card's versions; see AWS's API_ListModelCardVersions.

    Raises:
        ResourceNotFound: There is no such card.
    """
    card = _find(call, request)
    statement = select(ModelCardVersion).where(ModelCardVersion.card_name == card.name)
    statement = created_within(statement, ModelCardVersion.created_at, request)
    statement = equals(statement, ModelCardVersion.status, request, "ModelCardStatus")
    number = ModelCardVersion.version
    versions, token = page(
        call.session, statement, Order(number, number, request.get("SortOrder") == "Descending"), request
    )
    summaries = [
        {
            **_card_summary(card),
            "ModelCardVersion": version.version,
            "ModelCardStatus": version.status,
            "CreationTime": version.created_at,
            "LastModifiedTime": version.modified_at,
        }
        for version in versions
    ]
    return {"ModelCardVersionSummaryList": summaries, "NextToken": token}


@operation("DeleteModelCard", resource=_card_arn)
def delete_model_card(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Delete a card and all its versions; see AWS's API_DeleteModelCard.

    Raises:
        ResourceNotFound: There is no such card.
    """
    card = _find(call, request)
    call.session.execute(delete(ModelCardVersion).where(ModelCardVersion.card_name == card.name))
    call.session.delete(card)
    remove_tags(call.session, card.arn)
    return {}
