"""The actions on tags, the same for every kind of resource; each kind says how to find out that one exists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from sagemaker_server.errors import ResourceLimitExceeded, ValidationException
from sagemaker_server.operations.call import Call, Scope, operation
from sagemaker_server.operations.paging import read_token, write_token
from sagemaker_server.storage.tags import put_tags, remove_tags, tags_of

_MOST_TAGS = 50
_DEFAULT_PAGE = 100

Exists = Callable[[Call, str], bool]
_KINDS: dict[str, Exists] = {}


def taggable(kind: str) -> Callable[[Exists], Exists]:
    """Register how to find out whether the resource of an ARN exists, for ARNs of the form ``...:<kind>/...``."""

    def register(exists: Exists) -> Exists:
        _KINDS[kind] = exists
        return exists

    return register


def set_first_tags(call: Call, arn: str, tags: list[dict[str, str]]) -> None:
    """Tag a resource that is just being created.

    Raises:
        ValidationException: A key is given twice or is reserved.
        ResourceLimitExceeded: More than 50 tags.
    """
    _put(call, arn, tags)


def _resource(scope: Scope, request: dict[str, Any]) -> str:
    return str(request["ResourceArn"])


@operation("AddTags", resource=_resource)
def add_tags(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Add or overwrite tags; see AWS's API_AddTags.

    Raises:
        ValidationException: No such resource; a key is given twice or is reserved.
        ResourceLimitExceeded: The resource would have more than 50 tags.
    """
    arn = request["ResourceArn"]
    _check_exists(call, arn)
    _put(call, arn, request["Tags"])
    return {"Tags": _shown(call, arn)}


@operation("ListTags", resource=_resource)
def list_tags(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """List a resource's tags; see AWS's API_ListTags.

    Raises:
        ValidationException: No such resource, or a token of another request.
    """
    arn = request["ResourceArn"]
    _check_exists(call, arn)
    tags = _shown(call, arn)
    token = request.get("NextToken")
    after = str((read_token(token, request) or [""])[0]) if token else ""
    rest = [tag for tag in tags if tag["Key"] > after]
    size = request.get("MaxResults") or _DEFAULT_PAGE
    more = len(rest) > size
    return {"Tags": rest[:size], "NextToken": write_token([rest[size - 1]["Key"]], request) if more else None}


@operation("DeleteTags", resource=_resource)
def delete_tags(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Delete tags; keys that are not there are passed over. See AWS's API_DeleteTags.

    Raises:
        ValidationException: No such resource.
    """
    _check_exists(call, request["ResourceArn"])
    remove_tags(call.session, request["ResourceArn"], request["TagKeys"])
    return {}


def _put(call: Call, arn: str, tags: list[dict[str, str]]) -> None:
    twice = [key for key, count in Counter(tag["Key"].casefold() for tag in tags).items() if count > 1]
    if twice:
        raise ValidationException(
            "Duplicate tag keys found. Please note that Tag keys are case insensitive. Keys: " + ", ".join(twice)
        )
    reserved = [tag["Key"] for tag in tags if tag["Key"].lower().startswith("aws:")]
    if reserved:
        raise ValidationException(f"Tag keys beginning with aws: are reserved: {', '.join(reserved)}")
    given = {tag["Key"]: tag.get("Value", "") for tag in tags}
    total = len(given.keys() | tags_of(call.session, [arn]).get(arn, {}).keys())
    if total > _MOST_TAGS:
        raise ResourceLimitExceeded(f"{arn} would have {total} tags; at most {_MOST_TAGS} are allowed.")
    put_tags(call.session, arn, given)


def _shown(call: Call, arn: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags_of(call.session, [arn]).get(arn, {}).items()]


def _check_exists(call: Call, arn: str) -> None:
    kind = arn.split(":", 5)[-1].partition("/")[0]
    exists = _KINDS.get(kind)
    if exists is None or not arn.startswith(call.arn("")) or not exists(call, arn):
        raise ValidationException(f"Could not find resource {arn}: it does not exist.")
