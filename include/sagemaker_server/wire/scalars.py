"""Single values as JSON 1.1 carries them, converted or refused; apart from the structures that hold them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sagemaker_server.errors import SerializationException

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RANGES = {"integer": 2**31, "long": 2**63}


def wrong_type(value: Any, wanted: str) -> SerializationException:
    """The error for a value of another type than the shape's."""
    kinds = {dict: "STRUCTURE", list: "LIST", str: "STRING_VALUE", bool: f"{str(value).upper()}_VALUE"}
    found = kinds.get(type(value), "NUMBER_VALUE")
    return SerializationException(f"{found} can not be converted to {wanted}")


def _string(value: Any) -> str:
    if type(value) is not str:
        raise wrong_type(value, "a String")
    if "\0" in value or not (value.isascii() or _is_whole(value)):
        raise SerializationException("A string holds NUL or half of a surrogate pair")
    return value


def _is_whole(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise wrong_type(value, "a Boolean")
    return value


def _whole(kind: str) -> Callable[[Any], int]:
    limit = _RANGES[kind]

    def convert(value: Any) -> int:
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is not int:
            raise wrong_type(value, f"a {kind.title()}")
        if not -limit <= value < limit:
            raise SerializationException(f"A number is outside the range of {kind.title()}: [{-limit}, {limit - 1}]")
        return value

    return convert


def _real(value: Any) -> float:
    if type(value) not in {int, float}:
        raise wrong_type(value, "a Double")
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if number in {float("inf"), float("-inf")}:
        raise SerializationException("A number is outside the range of Double")
    return number


def _time(value: Any) -> datetime:
    try:
        if type(value) is str:
            parsed = datetime.fromisoformat(value)
            return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        return _EPOCH + timedelta(milliseconds=round(_real(value) * 1000))
    except (ValueError, OverflowError):
        raise SerializationException(f"{str(value)[:100]!r} can not be converted to a Timestamp") from None


def _blob(value: Any) -> bytes:
    if type(value) is bytes:
        return value
    try:
        return base64.b64decode(_string(value), validate=True)
    except (binascii.Error, ValueError):
        raise SerializationException("A blob is not base64") from None


CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "string": _string,
    "character": _string,
    "boolean": _boolean,
    "integer": _whole("integer"),
    "long": _whole("long"),
    "float": _real,
    "double": _real,
    "timestamp": _time,
    "blob": _blob,
}
