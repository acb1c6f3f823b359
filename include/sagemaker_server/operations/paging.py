"""Lists in pages: tokens that say where the next page begins; apart because every list of the API does it alike.

A page begins after the last row of the one before, by value and not by count, so that rows created or deleted between
two pages neither repeat nor hide others. A token belongs to the request that it was given to.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Select, and_, or_
from sqlalchemy.orm import InstrumentedAttribute, Session

from sagemaker_server.errors import ValidationException
from sagemaker_server.storage.database import Instant

Row = TypeVar("Row")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_MS = 200 * 366 * 24 * 3600 * 1000
_NOT_OURS = "Invalid pagination token: NextToken is not one that this API gave."
_NOT_OF_THE_QUESTION = {"NextToken", "MaxResults"}


@dataclass(frozen=True)
class Order:
    """How a list is ordered: by a column, and by a unique one among equals.

    Attributes:
        column: What the caller asked to sort by.
        unique: What tells rows apart that are equal there.
        descending: Whether the greatest comes first.
    """

    column: InstrumentedAttribute[Any]
    unique: InstrumentedAttribute[Any]
    descending: bool


def page(
    session: Session, statement: Select[Row], order: Order, request: Mapping[str, Any], default_size: int = 10
) -> tuple[list[Row], str | None]:
    """One page of a list.

    Args:
        session: The transaction.
        statement: What is listed, unordered.
        order: How it is ordered.
        request: The call's request: ``NextToken`` and ``MaxResults`` are taken from it, the rest binds the token.
        default_size: Rows a page when the request does not say.

    Returns:
        The rows, and the token of the next page; None after the last one.

    Raises:
        ValidationException: The token is not one that this request was given.
    """
    size = int(request.get("MaxResults") or default_size)
    token = request.get("NextToken")
    if token:
        statement = statement.where(_after(order, read_token(token, request)))
    columns = (order.column, order.unique)
    ordered = statement.order_by(*(c.desc() if order.descending else c.asc() for c in columns)).limit(size + 1)
    rows = list(session.scalars(ordered))
    if len(rows) <= size:
        return rows, None
    last = rows[size - 1]
    values = [_plain(getattr(last, column.key)) for column in columns]
    return rows[:size], write_token(values, request)


def write_token(position: list[Any], request: Mapping[str, Any]) -> str:
    """A token that says where the next page of this request begins."""
    return base64.urlsafe_b64encode(json.dumps([_question(request), position]).encode()).decode("ascii")


def read_token(token: str, request: Mapping[str, Any]) -> list[Any]:
    """Where the page begins that a token asks for.

    Raises:
        ValidationException: The token is not one that this request was given.
    """
    try:
        question, position = json.loads(base64.urlsafe_b64decode(token.encode("ascii")))
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise ValidationException(_NOT_OURS) from None
    if question != _question(request) or not isinstance(position, list):
        raise ValidationException("Invalid pagination token: NextToken belongs to a request with other parameters.")
    return position


def _question(request: Mapping[str, Any]) -> str:
    asked = {name: value for name, value in request.items() if name not in _NOT_OF_THE_QUESTION}
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    return {"ms": (value - _EPOCH) // timedelta(milliseconds=1)} if isinstance(value, datetime) else value


def _after(order: Order, position: list[Any]) -> Any:
    if len(position) != 2:
        raise ValidationException(_NOT_OURS)
    first, second = _value(order.column, position[0]), _value(order.unique, position[1])
    column, unique = order.column, order.unique
    if order.descending:
        return or_(column < first, and_(column == first, unique < second))
    return or_(column > first, and_(column == first, unique > second))


def _value(column: InstrumentedAttribute[Any], plain: Any) -> Any:
    """A value of the column from what a token holds; a token may have been made by anyone."""
    number = plain.get("ms") if isinstance(plain, dict) else plain
    is_time = isinstance(column.type, Instant)
    if is_time == isinstance(plain, dict) and type(number) is (int if is_time else column.type.python_type):
        if isinstance(number, str):
            return number
        if abs(number) < (_LATEST_MS if is_time else 2**31):
            return _EPOCH + timedelta(milliseconds=number) if is_time else number
    raise ValidationException(_NOT_OURS)
