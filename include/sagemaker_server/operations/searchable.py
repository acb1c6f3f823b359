"""What Search can find: for each resource its records, its properties, and how to narrow them by time of change.

Apart from Search itself, so that each resource is one entry of a table and other files can add theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute

from sagemaker_server.operations.call import Call
from sagemaker_server.operations.model_cards import card_document
from sagemaker_server.operations.model_package_groups import group_document
from sagemaker_server.operations.model_packages import package_document
from sagemaker_server.operations.paging import Order, page
from sagemaker_server.storage.cards import ModelCard, ModelCardVersion
from sagemaker_server.storage.registry import ModelPackage, ModelPackageGroup
from sagemaker_server.storage.tags import tags_of

_AT_ONCE = 500
"""Names in one question to the database, which takes a bounded number of values."""


@dataclass(frozen=True)
class Span:
    """Times of the last change that can matter, both inclusive; None: unbounded."""

    earliest: datetime | None = None
    latest: datetime | None = None


Record = tuple[str, dict[str, Any]]
Documents = Callable[[Call, list[Any]], list[Record]]


@dataclass(frozen=True)
class Searchable:
    """A resource of Search.

    Attributes:
        member: The member of SearchRecord that holds it, whose shape says which properties there are.
        entity: Its table.
        changed: The column of the time of its last change.
        arn: The column of its ARN.
        documents: ARN and document of each of some rows, in their order.
    """

    member: str
    entity: Any
    changed: InstrumentedAttribute[datetime]
    arn: InstrumentedAttribute[str]
    documents: Documents

    def records(self, call: Call, span: Span) -> list[Record]:
        """All that were last changed within a span, in no order."""
        return self.documents(call, list(call.session.scalars(self._within(select(self.entity), span))))

    def page(self, call: Call, span: Span, *, descending: bool, request: Mapping[str, Any]) -> SearchPage:
        """One page of those, in the order of change; of the others nothing is read but how many they are."""
        order = Order(self.changed, self.arn, descending)
        rows, token = page(call.session, self._within(select(self.entity), span), order, request)
        total = call.session.scalar(self._within(select(func.count()).select_from(self.entity), span))
        return SearchPage(self.documents(call, rows), token, total or 0)

    def _within(self, statement: Select[Any], span: Span) -> Select[Any]:
        if span.earliest is not None:
            statement = statement.where(self.changed >= span.earliest)
        if span.latest is not None:
            statement = statement.where(self.changed <= span.latest)
        return statement


@dataclass(frozen=True)
class SearchPage:
    """A page of records.

    Attributes:
        records: ARN and document of each.
        token: Of the next page; None after the last one.
        total: How many there are on all pages.
    """

    records: list[Record]
    token: str | None
    total: int


_RESOURCES: dict[str, Searchable] = {}


def searchable(
    resource: str, entity: Any, changed: InstrumentedAttribute[datetime], arn: InstrumentedAttribute[str]
) -> Callable[[Documents], Documents]:
    """Register how to read a resource's records, under the name that SearchRecord has for it too."""

    def register(documents: Documents) -> Documents:
        _RESOURCES[resource] = Searchable(resource, entity, changed, arn, documents)
        return documents

    return register


def searchable_resource(resource: str) -> Searchable | None:
    """The resource of that name; None when Search cannot find it here."""
    return _RESOURCES.get(resource)


def searchable_resources() -> list[str]:
    """The names of all resources that Search can find here."""
    return sorted(_RESOURCES)


def with_tags(call: Call, records: list[Record]) -> list[Record]:
    """The records, each with its tags."""
    tags = tags_of(call.session, [arn for arn, _ in records])
    return [
        (arn, {**document, "Tags": [{"Key": key, "Value": value} for key, value in tags.get(arn, {}).items()]})
        for arn, document in records
    ]


@searchable("ModelPackage", ModelPackage, ModelPackage.modified_at, ModelPackage.arn)
def model_packages(call: Call, packages: list[ModelPackage]) -> list[Record]:
    """Model packages, versioned and not."""
    return with_tags(call, [(package.arn, package_document(package)) for package in packages])


@searchable("ModelPackageGroup", ModelPackageGroup, ModelPackageGroup.created_at, ModelPackageGroup.arn)
def model_package_groups(call: Call, groups: list[ModelPackageGroup]) -> list[Record]:
    """Model package groups; they never change, so their time of change is that of their creation."""
    records = [(group.arn, {**group_document(group), "LastModifiedTime": group.created_at}) for group in groups]
    return with_tags(call, records)


@searchable("ModelCard", ModelCard, ModelCard.modified_at, ModelCard.arn)
def model_cards(call: Call, cards: list[ModelCard]) -> list[Record]:
    """Standalone model cards, each by its latest version."""
    latest = select(ModelCardVersion).join(
        ModelCard, (ModelCard.name == ModelCardVersion.card_name) & (ModelCard.version == ModelCardVersion.version)
    )
    versions: dict[str, ModelCardVersion] = {}
    for first in range(0, len(cards), _AT_ONCE):
        names = [card.name for card in cards[first : first + _AT_ONCE]]
        found = call.session.scalars(latest.where(ModelCard.name.in_(names)))
        versions.update({version.card_name: version for version in found})
    return with_tags(call, [(card.arn, card_document(card, versions[card.name])) for card in cards])
