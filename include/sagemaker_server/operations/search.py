"""Search: the one question that finds what changed, whatever it is; records are found, tested, ordered and paged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.model import StructureShape

from sagemaker_server.errors import ValidationException
from sagemaker_server.operations.call import Call, operation
from sagemaker_server.operations.paging import read_token, write_token
from sagemaker_server.operations.search_expression import SearchExpression, type_of, values_at
from sagemaker_server.operations.searchable import Record, Searchable, Span, searchable_resource, searchable_resources
from sagemaker_server.wire.services import service_model

_DEFAULT_PAGE = 10
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# A property's values in an order that every page agrees on: absent ones last, then by kind, then by value.
Key = tuple[int, Any, str]


@operation("Search")
def search(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Find resources by their properties; see AWS's API_Search.

    Unlike AWS's, whose index follows some seconds behind, an answer has everything committed before it.

    Raises:
        ValidationException: The resource cannot be searched here, a property does not exist, a value does not fit its
            property, or the token is of another request.
    """
    resource = _resource(request["Resource"])
    shape = _shape(resource)
    expression = SearchExpression(shape, request["SearchExpression"]) if "SearchExpression" in request else None
    sort_by, descending = request.get("SortBy", "LastModifiedTime"), request.get("SortOrder") != "Ascending"
    type_of(shape, sort_by)
    if sort_by == "LastModifiedTime" and (expression is None or expression.is_a_span):
        return _by_change(call, resource, expression.span if expression else Span(), descending, request)
    records = resource.records(call, expression.span if expression else Span())
    found = [record for record in records if expression is None or expression.holds(record[1])]
    keyed = sorted(((_key(record, sort_by), record) for record in found), key=lambda pair: pair[0], reverse=descending)
    total = len(keyed)
    if request.get("NextToken"):
        position = _position(request)
        keyed = [pair for pair in keyed if (pair[0] < position if descending else pair[0] > position)]
    size = request.get("MaxResults", _DEFAULT_PAGE)
    page = keyed[:size]
    return {
        "Results": [{resource.member: document} for _, (_, document) in page],
        "NextToken": write_token(list(page[-1][0]), request) if len(keyed) > size else None,
        "TotalHits": {"Value": total, "Relation": "EqualTo"},
    }


def _by_change(
    call: Call, resource: Searchable, span: Span, descending: bool, request: dict[str, Any]
) -> dict[str, Any]:
    """What changed in a span, in that order, as the database gives it: a page costs a page, however many there are."""
    found = resource.page(call, span, descending=descending, request=request)
    return {
        "Results": [{resource.member: document} for _, document in found.records],
        "NextToken": found.token,
        "TotalHits": {"Value": found.total, "Relation": "EqualTo"},
    }


def _resource(name: str) -> Searchable:
    resource = searchable_resource(name)
    if resource is None:
        there = ", ".join(searchable_resources())
        raise ValidationException(f"Resource {name} cannot be searched in this server; there are: {there}.")
    return resource


def _shape(resource: Searchable) -> StructureShape:
    record = service_model("sagemaker").shape_for("SearchRecord")
    shape = record.members[resource.member] if isinstance(record, StructureShape) else record
    if not isinstance(shape, StructureShape):
        raise TypeError(f"SearchRecord.{resource.member} is no structure")
    return shape


def _key(record: Record, sort_by: str) -> Key:
    arn, document = record
    value = next(iter(values_at(document, sort_by.split("."))), None)
    if isinstance(value, datetime):
        return (2, (value - _EPOCH).total_seconds(), arn)
    if isinstance(value, bool | int | float):
        return (2, float(value), arn)
    if isinstance(value, str):
        return (1, value, arn)
    return (0, 0, arn)


def _position(request: Mapping[str, Any]) -> Key:
    position = read_token(request["NextToken"], request)
    kinds: dict[Any, tuple[type, ...]] = {0: (int,), 1: (str,), 2: (float, int)}
    if len(position) != 3 or not isinstance(position[2], str) or type(position[1]) not in kinds.get(position[0], ()):
        raise ValidationException("Invalid pagination token: NextToken is not one that this API gave.")
    return (position[0], position[1], position[2])
