"""The actions on associations: how artifacts, actions and contexts hang together."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import select

from sagemaker_server.errors import ResourceNotFound, ValidationException
from sagemaker_server.operations.call import Call, Scope, operation
from sagemaker_server.operations.listing import created_within, equals
from sagemaker_server.operations.paging import Order, page
from sagemaker_server.storage.lineage import Association, LineageEntity

_SORTED_BY = {
    "SourceArn": Association.source_arn,
    "DestinationArn": Association.destination_arn,
    "SourceType": Association.source_type,
    "DestinationType": Association.destination_type,
    "CreationTime": Association.created_at,
}


def _source(scope: Scope, request: dict[str, Any]) -> str:
    return str(request["SourceArn"])


def _entity(call: Call, arn: str) -> LineageEntity:
    found = call.session.get(LineageEntity, arn)
    if found is None:
        raise ResourceNotFound(f"Lineage entity {arn} does not exist.")
    return found


@operation("AddAssociation", resource=_source)
def add_association(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Connect two entities; see AWS's API_AddAssociation.

    Raises:
        ResourceNotFound: One of the two does not exist.
        ValidationException: They are one and the same, or connected in this direction already.
    """
    source, destination = _entity(call, request["SourceArn"]), _entity(call, request["DestinationArn"])
    if source.arn == destination.arn:
        raise ValidationException(f"{source.arn} cannot be associated with itself.")
    if call.session.get(Association, (source.arn, destination.arn)) is not None:
        raise ValidationException(f"Association from {source.arn} to {destination.arn} already exists.")
    call.session.add(
        Association(
            source_arn=source.arn,
            destination_arn=destination.arn,
            key=hashlib.sha256(f"{source.arn} {destination.arn}".encode()).hexdigest(),
            type=request.get("AssociationType"),
            source_type=source.type,
            destination_type=destination.type,
            created_at=call.now,
            created_by=call.user_context,
        )
    )
    return {"SourceArn": source.arn, "DestinationArn": destination.arn}


@operation("DeleteAssociation", resource=_source)
def delete_association(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Disconnect two entities; see AWS's API_DeleteAssociation.

    Raises:
        ResourceNotFound: They are not connected in this direction.
    """
    source, destination = request["SourceArn"], request["DestinationArn"]
    found = call.session.get(Association, (source, destination))
    if found is None:
        raise ResourceNotFound(f"Association from {source} to {destination} does not exist.")
    call.session.delete(found)
    return {"SourceArn": source, "DestinationArn": destination}


@operation("ListAssociations")
def list_associations(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """List associations; see AWS's API_ListAssociations."""
    statement = created_within(select(Association), Association.created_at, request, prefix="Created")
    statement = equals(statement, Association.source_arn, request, "SourceArn")
    statement = equals(statement, Association.destination_arn, request, "DestinationArn")
    statement = equals(statement, Association.source_type, request, "SourceType")
    statement = equals(statement, Association.destination_type, request, "DestinationType")
    statement = equals(statement, Association.type, request, "AssociationType")
    column = _SORTED_BY[request.get("SortBy", "CreationTime")]
    order = Order(column, Association.key, request.get("SortOrder", "Descending") == "Descending")
    associations, token = page(call.session, statement, order, request)
    names = _names(call, associations)
    return {"AssociationSummaries": [_summary(edge, names) for edge in associations], "NextToken": token}


def _names(call: Call, associations: list[Association]) -> dict[str, str | None]:
    arns = {arn for edge in associations for arn in (edge.source_arn, edge.destination_arn)}
    found = call.session.execute(select(LineageEntity.arn, LineageEntity.name).where(LineageEntity.arn.in_(arns)))
    return {row.arn: row.name for row in found}


def _summary(edge: Association, names: dict[str, str | None]) -> dict[str, Any]:
    return {
        "SourceArn": edge.source_arn,
        "DestinationArn": edge.destination_arn,
        "SourceType": edge.source_type,
        "DestinationType": edge.destination_type,
        "AssociationType": edge.type,
        "SourceName": names.get(edge.source_arn),
        "DestinationName": names.get(edge.destination_arn),
        "CreationTime": edge.created_at,
        "CreatedBy": edge.created_by,
    }
