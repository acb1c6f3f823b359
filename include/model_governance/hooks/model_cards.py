"""Use cases' own (standalone) model cards: created, edited, given a status, and read into one immutable form."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from model_governance.domain.canonical import canonical_json
from model_governance.errors import RecordConflict, RecordMissing
from model_governance.hooks.aws import calling
from model_governance.hooks.card_tags import REJECTION_TAG, comment_tags, rejection_tag
from model_governance.hooks.search import search


class CardStatus(StrEnum):
    """SageMaker's ``ModelCardStatus``."""

    DRAFT = "Draft"
    PENDING = "PendingReview"
    APPROVED = "Approved"
    ARCHIVED = "Archived"


@dataclass(frozen=True)
class ModelCard:
    """A use case's card, as the registry says it is now.

    Attributes:
        name: Its name, which is the use case's.
        arn: Its ARN.
        version: Version of its content, from 1.
        status: SageMaker's ``ModelCardStatus``.
        content: The card's content.
        modified: When it was last changed, aware.
    """

    name: str
    arn: str
    version: int
    status: str
    content: Mapping[str, Any]
    modified: datetime


@dataclass(frozen=True)
class ModelCards:
    """Standalone model cards.

    Attributes:
        client: A boto3 client of SageMaker.
    """

    client: Any

    def ensure(self, name: str, content: Mapping[str, Any]) -> ModelCard:
        """The card with this content: created as Draft if there is none, edited if it says something else.

        An edit leaves the status as it is: a gate sees by the content's digest that the decision was on another card.

        Raises:
            AccessRefused, ServiceUnavailable, RequestRefused: As the registry answers.
        """
        text = canonical_json(content).decode()
        try:
            with calling("sagemaker", f"CreateModelCard {name}"):
                self.client.create_model_card(
                    ModelCardName=name,
                    Content=text,
                    ModelCardStatus=CardStatus.DRAFT.value,
                    Tags=[{"Key": "model-governance:use-case", "Value": name}],
                )
        except RecordConflict:
            held = self.describe(name)
            if canonical_json(held.content).decode() == text:
                return held
            self.update_content(name, content)
        return self.describe(name)

    def describe(self, name: str) -> ModelCard:
        """The card as it is now, by name or ARN.

        Raises:
            RecordMissing: There is no such card.
            AccessRefused, ServiceUnavailable: As the registry answers.
        """
        with calling("sagemaker", f"DescribeModelCard {name}"):
            answer = self.client.describe_model_card(ModelCardName=name)
        return _read(answer)

    def find(self, name: str) -> ModelCard | None:
        """The card, or None if there is none."""
        try:
            return self.describe(name)
        except RecordMissing:
            return None

    def update_content(self, name: str, content: Mapping[str, Any]) -> None:
        """Replaces the card's content, which makes a new version of it; its status stays."""
        with calling("sagemaker", f"UpdateModelCard {name}"):
            self.client.update_model_card(ModelCardName=name, Content=canonical_json(content).decode())

    def set_status(self, name: str, status: CardStatus) -> None:
        """Sets the card's status; its content stays."""
        with calling("sagemaker", f"UpdateModelCard {name}"):
            self.client.update_model_card(ModelCardName=name, ModelCardStatus=status.value)

    def rejection(self, arn: str) -> str:
        """Why the card was rejected or set back; empty where no reason stands."""
        with calling("sagemaker", f"ListTags of {arn}"):
            tags = self.client.list_tags(ResourceArn=arn)["Tags"]
        return next((str(tag["Value"]) for tag in tags if tag["Key"] == REJECTION_TAG), "")

    def set_rejection(self, arn: str, reason: str) -> None:
        """Says on the card why it was rejected or set back; an empty reason takes the tag away.

        A tag holds 256 characters and few kinds of them: the whole reason is in the ledger.
        """
        if reason:
            self._tag(arn, rejection_tag(reason))
        elif self.rejection(arn):
            with calling("sagemaker", f"DeleteTags of {arn}"):
                self.client.delete_tags(ResourceArn=arn, TagKeys=[REJECTION_TAG])

    def set_comment(self, arn: str, comment: str) -> None:
        """Says on the card what a person comments, just before he sets its status under his own principal.

        Approval records take it from the call's own record, so that it is known to be the same person's.
        """
        if comment.strip():
            self._tag(arn, comment_tags(comment))

    def _tag(self, arn: str, tags: Mapping[str, str]) -> None:
        with calling("sagemaker", f"AddTags to {arn}"):
            self.client.add_tags(ResourceArn=arn, Tags=[{"Key": key, "Value": value} for key, value in tags.items()])

    def changed_since(self, since: datetime) -> Iterator[ModelCard]:
        """Cards changed at or after a time, by the registry's clock, oldest change first; without their content."""
        for record in search(self.client, "ModelCard", since=since):
            yield _read({**record, "Content": "{}"})


def _read(answer: Mapping[str, Any]) -> ModelCard:
    return ModelCard(
        name=answer["ModelCardName"],
        arn=answer["ModelCardArn"],
        version=answer.get("ModelCardVersion", 1),
        status=answer["ModelCardStatus"],
        content=json.loads(answer.get("Content") or "{}"),
        modified=answer.get("LastModifiedTime") or answer["CreationTime"],
    )
