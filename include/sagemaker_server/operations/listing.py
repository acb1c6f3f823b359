"""The filters that most lists take, apart because they mean the same in each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute

Row = TypeVar("Row")


def created_within(
    statement: Select[Row],
    column: InstrumentedAttribute[datetime],
    request: Mapping[str, Any],
    prefix: str = "CreationTime",
) -> Select[Row]:
    """Keep what was created after ``<prefix>After`` and before ``<prefix>Before``, both exclusive."""
    after, before = request.get(f"{prefix}After"), request.get(f"{prefix}Before")
    if after is not None:
        statement = statement.where(column > after)
    if before is not None:
        statement = statement.where(column < before)
    return statement


def name_contains(
    statement: Select[Row], column: InstrumentedAttribute[str], request: Mapping[str, Any]
) -> Select[Row]:
    """Keep what has the text ``NameContains`` in its name, whatever the case."""
    text = request.get("NameContains")
    return statement if not text else statement.where(column.icontains(text, autoescape=True))


def equals(
    statement: Select[Row], column: InstrumentedAttribute[Any], request: Mapping[str, Any], member: str
) -> Select[Row]:
    """Keep what equals the request's member, if it was sent."""
    value = request.get(member)
    return statement if value is None else statement.where(column == value)
