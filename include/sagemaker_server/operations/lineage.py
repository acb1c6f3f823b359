"""What artifacts, actions and contexts have in common, apart from the actions on each: names, properties, deletion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select

from sagemaker_server.errors import ResourceLimitExceeded, ResourceNotFound, ValidationException
from sagemaker_server.operations.call import Call, Scope
from sagemaker_server.operations.listing import created_within, equals
from sagemaker_server.operations.paging import Order, page
from sagemaker_server.operations.tags import set_first_tags
from sagemaker_server.storage.lineage import Association, LineageEntity
from sagemaker_server.storage.tags import remove_tags

_MOST_PROPERTIES = 30


@dataclass(frozen=True)
class Kind:
    """A kind of lineage entity: ``artifact``, ``action`` or ``context``; its members are named after it."""

    kind: str

    @property
    def spoken(self) -> str:
        """The kind as members spell it, such as ``Artifact``."""
        return self.kind.capitalize()

    def arn(self, scope: Scope, name_or_arn: str) -> str:
        """The ARN of an entity called by name or ARN."""
        return name_or_arn if name_or_arn.startswith("arn:") else scope.arn(f"{self.kind}/{name_or_arn}")

    def find(self, call: Call, name_or_arn: str) -> LineageEntity:
        """The entity called by name or ARN.

        Raises:
            ResourceNotFound: There is none.
        """
        arn = self.arn(call, name_or_arn)
        found = call.session.get(LineageEntity, arn)
        if found is None or found.kind != self.kind:
            raise ResourceNotFound(f"{self.spoken} {arn} does not exist.")
        return found

    def exists(self, call: Call, arn: str) -> bool:
        """Whether there is an entity of this kind with that ARN."""
        found = call.session.get(LineageEntity, arn)
        return found is not None and found.kind == self.kind

    def check_name_is_free(self, call: Call, name: str) -> None:
        """Refuse a name that another entity of this kind has.

        Raises:
            ValidationException: It is taken.
        """
        taken = select(LineageEntity.arn).where(LineageEntity.kind == self.kind, LineageEntity.name == name)
        if call.session.scalar(taken) is not None:
            raise ValidationException(
                f"{self.spoken} names must be unique within an AWS account and region. "
                f"{self.spoken} with name ({name}) already exists."
            )

    def create(self, call: Call, request: Mapping[str, Any], arn: str) -> dict[str, Any]:
        """Create an entity whose ARN is free.

        Raises:
            ValidationException: Its name is taken.
        """
        name = request.get(f"{self.spoken}Name")
        if name is not None:
            self.check_name_is_free(call, name)
        _check_properties(request.get("Properties", {}))
        document = {key: value for key, value in request.items() if key != "Tags"}
        call.session.add(
            LineageEntity(
                arn=arn,
                kind=self.kind,
                name=name,
                type=request[f"{self.spoken}Type"],
                source_uri=request["Source"]["SourceUri"],
                created_at=call.now,
                modified_at=call.now,
                document={**document, "CreatedBy": call.user_context, "LastModifiedBy": call.user_context},
            )
        )
        set_first_tags(call, arn, request.get("Tags", []))
        return {f"{self.spoken}Arn": arn}

    def update(self, call: Call, entity: LineageEntity, request: Mapping[str, Any]) -> dict[str, Any]:
        """Change what is sent; properties that are sent take the place of all there were."""
        changed = {key: request[key] for key in ("Description", "Status", "Properties") if key in request}
        document = {**entity.document, **changed, "LastModifiedBy": call.user_context}
        removed = set(request.get("PropertiesToRemove", []))
        document["Properties"] = {k: v for k, v in document.get("Properties", {}).items() if k not in removed}
        _check_properties(document["Properties"])
        entity.document, entity.modified_at = document, call.now
        return {f"{self.spoken}Arn": entity.arn}

    def document(self, entity: LineageEntity) -> dict[str, Any]:
        """An entity as the API shows it."""
        return {
            **entity.document,
            f"{self.spoken}Arn": entity.arn,
            "CreationTime": entity.created_at,
            "LastModifiedTime": entity.modified_at,
        }

    def listed(self, call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
        """A page of entities, the latest first unless asked otherwise."""
        statement = select(LineageEntity).where(LineageEntity.kind == self.kind)
        statement = created_within(statement, LineageEntity.created_at, request, prefix="Created")
        statement = equals(statement, LineageEntity.source_uri, request, "SourceUri")
        statement = equals(statement, LineageEntity.type, request, f"{self.spoken}Type")
        column = LineageEntity.name if request.get("SortBy") == "Name" else LineageEntity.created_at
        order = Order(column, LineageEntity.arn, request.get("SortOrder", "Descending") == "Descending")
        entities, token = page(call.session, statement, order, request)
        return {f"{self.spoken}Summaries": [self.document(entity) for entity in entities], "NextToken": token}

    def delete(self, call: Call, entity: LineageEntity) -> dict[str, Any]:
        """Delete an entity that nothing is associated with.

        Raises:
            ValidationException: It still has associations.
        """
        touching = or_(Association.source_arn == entity.arn, Association.destination_arn == entity.arn)
        count = call.session.scalar(select(func.count()).select_from(Association).where(touching)) or 0
        if count:
            raise ValidationException(
                f"{self.spoken} {entity.arn} cannot be deleted: it has {count} associations; delete them first."
            )
        call.session.delete(entity)
        remove_tags(call.session, entity.arn)
        return {f"{self.spoken}Arn": entity.arn}


def _check_properties(properties: Mapping[str, str]) -> None:
    if len(properties) > _MOST_PROPERTIES:
        raise ResourceLimitExceeded(f"{len(properties)} properties exceed the {_MOST_PROPERTIES} that are allowed.")
