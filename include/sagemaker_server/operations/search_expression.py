"""A search expression asked of one record, apart from finding, ordering and paging the records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from sagemaker_server.errors import ValidationException
from sagemaker_server.operations.searchable import Span

_MOST_PARTS = 50
_TAGS = "Tags."
_ORDERED = {"GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo"}
_NUMBERS = {"integer", "long", "float", "double"}

Holds = Callable[[Mapping[str, Any]], bool]


def values_at(document: Any, path: Sequence[str]) -> list[Any]:
    """Everything found at a dotted path: several values where the path passes through a list."""
    if isinstance(document, list):
        return [value for item in document for value in values_at(item, path)]
    if not path:
        return [document]
    if not isinstance(document, Mapping):
        return []
    # A map's key may hold dots: the rest of the path as a whole is tried first.
    whole = ".".join(path)
    if whole in document:
        return values_at(document[whole], ())
    return values_at(document[path[0]], path[1:]) if path[0] in document else []


def type_of(shape: Shape, name: str) -> str:
    """The type of the property at a dotted path of a shape.

    Raises:
        ValidationException: There is no such property.
    """
    if name.startswith(_TAGS):
        return "string"
    reached = shape
    for part in name.split("."):
        while isinstance(reached, ListShape):
            reached = reached.member
        if isinstance(reached, MapShape):
            return str(reached.value.type_name)
        if not isinstance(reached, StructureShape) or part not in reached.members:
            if (name, shape.name) == ("LastModifiedTime", "ModelPackageGroup"):
                return "timestamp"
            raise ValidationException(f"Unknown property name: {name}")
        reached = reached.members[part]
    return str(reached.type_name)


class SearchExpression:
    """An expression, checked against the shape of what it is asked of."""

    def __init__(self, shape: StructureShape, expression: Mapping[str, Any]) -> None:
        self._shape = shape
        self._parts = 0
        self._contains: set[str] = set()
        self.holds: Holds = self._expression(expression)
        self.span = self._span(expression)
        self.is_a_span = _is_a_span(expression)

    def _expression(self, expression: Mapping[str, Any]) -> Holds:
        self._count()
        tests = [self._filter(each) for each in expression.get("Filters", [])]
        tests += [self._nested(each) for each in expression.get("NestedFilters", [])]
        tests += [self._expression(each) for each in expression.get("SubExpressions", [])]
        if not tests:
            raise ValidationException("A search expression needs at least one subexpression, filter or nested filter.")
        together = any if expression.get("Operator") == "Or" else all
        return lambda document: together(test(document) for test in tests)

    def _count(self) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise ValidationException(f"A search expression may have at most {_MOST_PARTS} parts.")

    def _filter(self, condition: Mapping[str, Any], inside: str = "") -> Holds:
        self._count()
        name, operator = condition["Name"], condition.get("Operator", "Equals")
        kind = type_of(self._shape, name)
        if operator == "Contains" and name in self._contains:
            raise ValidationException("'CONTAINS' operator usage limit of 1 exceeded.")
        self._contains |= {name} if operator == "Contains" else set()
        path = _tag_path(name) if name.startswith(_TAGS) else name.removeprefix(inside).split(".")
        if operator in {"Exists", "NotExists"}:
            return lambda document: bool(values_at(document, path)) == (operator == "Exists")
        if "Value" not in condition:
            raise ValidationException(f"Filter on {name} with operator {operator} needs a Value.")
        test = _test(name, kind, operator, condition["Value"])
        tags = name.startswith(_TAGS)

        def holds(document: Mapping[str, Any]) -> bool:
            found = values_at(_tag_map(document) if tags else document, path)
            return all(map(test, found)) if operator == "NotEquals" else any(map(test, found))

        return holds

    def _nested(self, nested: Mapping[str, Any]) -> Holds:
        self._count()
        name = nested["NestedPropertyName"]
        type_of(self._shape, name)
        outside = [each["Name"] for each in nested["Filters"] if not each["Name"].startswith(f"{name}.")]
        if outside:
            raise ValidationException(f"Nested filters on {name} must name properties below it, not {outside[0]}.")
        tests = [self._filter(each, inside=f"{name}.") for each in nested["Filters"]]
        path = name.split(".")
        return lambda document: any(all(test(item) for test in tests) for item in values_at(document, path))

    def _span(self, expression: Mapping[str, Any]) -> Span:
        """The times of change that can matter: only filters that all have to hold narrow them."""
        if expression.get("Operator") == "Or":
            return Span()
        earliest = latest = None
        for each in expression.get("Filters", []):
            if each["Name"] != "LastModifiedTime" or "Value" not in each:
                continue
            operator, time = each.get("Operator", "Equals"), _time("LastModifiedTime", each["Value"])
            if operator in {"GreaterThan", "GreaterThanOrEqualTo", "Equals"}:
                earliest = time if earliest is None else max(earliest, time)
            if operator in {"LessThan", "LessThanOrEqualTo", "Equals"}:
                latest = time if latest is None else min(latest, time)
        return Span(earliest, latest)


def _is_a_span(expression: Mapping[str, Any]) -> bool:
    """Whether the expression asks for nothing but times of change within ``span``, its ends included."""
    if expression.get("Operator") == "Or" or expression.get("NestedFilters") or expression.get("SubExpressions"):
        return False
    inclusive = {"GreaterThanOrEqualTo", "LessThanOrEqualTo"}
    return all(
        each["Name"] == "LastModifiedTime" and each.get("Operator") in inclusive
        for each in expression.get("Filters", [])
    )


def _tag_path(name: str) -> list[str]:
    return [name.removeprefix(_TAGS)]


def _tag_map(document: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in document.get("Tags", [])}


def _test(name: str, kind: str, operator: str, wanted: str) -> Callable[[Any], bool]:
    if kind == "timestamp":
        return _comparison(name, operator, _time(name, wanted), lambda value: value)
    if kind in _NUMBERS:
        return _comparison(name, operator, _number(name, wanted), float)
    if operator in _ORDERED:
        raise ValidationException(f"Operator {operator} is not supported for text properties such as {name}.")
    if kind == "boolean":
        return _comparison(name, operator, wanted.lower(), lambda value: str(value).lower())
    if operator == "Contains":
        return lambda value: wanted in str(value)
    if operator == "In":
        listed = {part.strip() for part in wanted.split(",")}
        return lambda value: str(value) in listed
    return _comparison(name, operator, wanted, str)


def _comparison(name: str, operator: str, wanted: Any, convert: Callable[[Any], Any]) -> Callable[[Any], bool]:
    match operator:
        case "Equals":
            return lambda value: bool(convert(value) == wanted)
        case "NotEquals":
            return lambda value: bool(convert(value) != wanted)
        case "GreaterThan":
            return lambda value: bool(convert(value) > wanted)
        case "GreaterThanOrEqualTo":
            return lambda value: bool(convert(value) >= wanted)
        case "LessThan":
            return lambda value: bool(convert(value) < wanted)
        case "LessThanOrEqualTo":
            return lambda value: bool(convert(value) <= wanted)
    raise ValidationException(f"Operator {operator} is only supported for text properties, which {name} is not.")


def _time(name: str, text: str) -> datetime:
    """A time from ISO 8601 (UTC unless it says otherwise) or from seconds since 1970."""
    try:
        parsed = datetime.fromisoformat(text)
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        pass
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(text))
    except (ValueError, OverflowError):
        raise ValidationException(f"Value {text!r} of the filter on {name} is no time in ISO 8601.") from None


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValidationException(f"Value {text!r} of the filter on {name} is no number.") from None
