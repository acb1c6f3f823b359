"""What Search can find: for each resource its records, its properties, and how to narrow them by time of change.

Apart from Search itself, so that each resource is one entry of a table and other files can add theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Select, select
from sqlalchemy.orm import InstrumentedAttribute

from sagemaker_server.operations.call import Call
from sagemaker_server.operations.model_cards import card_document
from sagemaker_server.operations.model_package_groups import group_document
from sagemaker_server.operations.model_packages import package_document
from sagemaker_server.storage.cards import ModelCard, ModelCardVersion
from sagemaker_server.storage.registry import ModelPackage, ModelPackageGroup
from sagemaker_server.storage.tags import tags_of

Row = TypeVar("Row")


@dataclass(frozen=True)
class Span:
    """Times of the last change that can matter, both inclusive; None: unbounded."""

    earliest: datetime | None = None
    latest: datetime | None = None


Record = tuple[str, dict[str, Any]]
Records = Callable[[Call, Span], Iterable[Record]]


@dataclass(frozen=True)
class Searchable:
    """A resource of Search.

    Attributes:
        member: The member of SearchRecord that holds it, whose shape says which properties there are.
        records: ARN and document of each that was last changed within a span.
    """

    member: str
    records: Records


_RESOURCES: dict[str, Searchable] = {}


def searchable(resource: str, member: str | None = None) -> Callable[[Records], Records]:
    """Register how to read a resource's records; ``member`` is called as the resource unless given."""

    def register(records: Records) -> Records:
        _RESOURCES[resource] = Searchable(member or resource, records)
        return records

    return register


def searchable_resource(resource: str) -> Searchable | None:
    """The resource of that name; None when Search cannot find it here."""
    return _RESOURCES.get(resource)


def searchable_resources() -> list[str]:
    """The names of all resources that Search can find here."""
    return sorted(_RESOURCES)


def changed_within(statement: Select[Row], column: InstrumentedAttribute[datetime], span: Span) -> Select[Row]:
    """Keep what was last changed within the span."""
    if span.earliest is not None:
        statement = statement.where(column >= span.earliest)
    if span.latest is not None:
        statement = statement.where(column <= span.latest)
    return statement


def with_tags(call: Call, records: list[Record]) -> list[Record]:
    """The records, each with its tags."""
    tags = tags_of(call.session, [arn for arn, _ in records])
    return [
        (arn, {**document, "Tags": [{"Key": key, "Value": value} for key, value in tags.get(arn, {}).items()]})
        for arn, document in records
    ]


@searchable("ModelPackage")
def model_packages(call: Call, span: Span) -> list[Record]:
    """Model packages, versioned and not."""
    found = call.session.scalars(changed_within(select(ModelPackage), ModelPackage.modified_at, span))
    return with_tags(call, [(package.arn, package_document(package)) for package in found])


@searchable("ModelPackageGroup")
def model_package_groups(call: Call, span: Span) -> list[Record]:
    """Model package groups; they never change, so their time of change is that of their creation."""
    found = call.session.scalars(changed_within(select(ModelPackageGroup), ModelPackageGroup.created_at, span))
    records = [(group.arn, {**group_document(group), "LastModifiedTime": group.created_at}) for group in found]
    return with_tags(call, records)


@searchable("ModelCard")
def model_cards(call: Call, span: Span) -> list[Record]:
    """Standalone model cards, each by its latest version."""
    cards = call.session.scalars(changed_within(select(ModelCard), ModelCard.modified_at, span)).all()
    latest = select(ModelCardVersion).join(
        ModelCard, (ModelCard.name == ModelCardVersion.card_name) & (ModelCard.version == ModelCardVersion.version)
    )
    versions = {
        version.card_name: version
        for version in call.session.scalars(changed_within(latest, ModelCard.modified_at, span))
    }
    return with_tags(call, [(card.arn, card_document(card, versions[card.name])) for card in cards])
