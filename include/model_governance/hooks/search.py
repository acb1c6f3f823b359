"""SageMaker's Search: the one call that finds by content or by time of change, apart because several hooks ask it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from model_governance.hooks.aws import calling

_PAGE = 100


def search(
    client: Any,
    resource: Literal["ModelPackage", "ModelPackageGroup", "ModelCard"],
    *,
    equals: Mapping[str, str] | None = None,
    since: datetime | None = None,
) -> Iterator[Mapping[str, Any]]:
    """Records that match, oldest change first, page by page.

    Args:
        client: A boto3 client of SageMaker.
        resource: What to look for.
        equals: Properties and the values they must have.
        since: Only what was changed at or after this time, by the registry's clock; whole seconds are compared.

    Raises:
        AccessRefused, ServiceUnavailable, RequestRefused: As the registry answers.
    """
    filters = [{"Name": name, "Operator": "Equals", "Value": value} for name, value in (equals or {}).items()]
    if since is not None:
        moment = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        filters.append({"Name": "LastModifiedTime", "Operator": "GreaterThanOrEqualTo", "Value": moment})
    asked: dict[str, Any] = {
        "Resource": resource,
        "SearchExpression": {"Filters": filters},
        "SortBy": "LastModifiedTime",
        "SortOrder": "Ascending",
        "MaxResults": _PAGE,
    }
    while True:
        with calling("sagemaker", f"Search {resource}"):
            page = client.search(**asked)
        yield from (result[resource] for result in page.get("Results", ()) if resource in result)
        if not page.get("NextToken"):
            return
        asked["NextToken"] = page["NextToken"]
