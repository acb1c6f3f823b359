"""Lists of jobs, models and endpoints: AWS filters and sorts them all by the same parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute, Session

from sagemaker_server.operations.paging import Order, page

Columns = Mapping[str, InstrumentedAttribute[Any]]


def list_rows(
    session: Session, statement: Select[Any], columns: Columns, request: Mapping[str, Any], *, descending: bool
) -> tuple[list[Any], dict[str, str]]:
    """One page of a list.

    Args:
        session: The transaction.
        statement: What is listed.
        columns: The columns that ``SortBy`` may name: ``Name`` (unique), ``CreationTime``, and where the resource has
            them ``LastModifiedTime`` and ``Status``.
        request: The call's request.
        descending: The order when ``SortOrder`` is not sent; AWS's lists differ.

    Returns:
        The rows, and ``{"NextToken": ...}`` unless the list ends with them.
    """
    if "NameContains" in request:
        statement = statement.where(columns["Name"].icontains(request["NameContains"], autoescape=True))
    if "StatusEquals" in request:
        statement = statement.where(columns["Status"] == request["StatusEquals"])
    for time in ("CreationTime", "LastModifiedTime"):
        if f"{time}After" in request:
            statement = statement.where(columns[time] > request[f"{time}After"])
        if f"{time}Before" in request:
            statement = statement.where(columns[time] < request[f"{time}Before"])
    order = request.get("SortOrder")
    by = columns[request.get("SortBy", "CreationTime")]
    is_descending = descending if order is None else order == "Descending"
    rows, token = page(session, statement, Order(by, columns["Name"], is_descending), request)
    return list(rows), {} if token is None else {"NextToken": token}
