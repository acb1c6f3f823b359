"""Who changed what: CloudTrail's LookupEvents over the server's own record of calls."""

from __future__ import annotations

import json
from typing import Any

from sagemaker_server.errors import WireError
from sagemaker_server.operations.call import Call, operation
from sagemaker_server.operations.paging import read_token, write_token
from sagemaker_server.storage.events import Event, EventQuery, find_events

_LARGEST_PAGE = 50


@operation("LookupEvents", service="cloudtrail")
def lookup_events(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Events by at most one attribute and a span of time, the newest first; see AWS's API_LookupEvents.

    Raises:
        WireError: More than one attribute, a span that ends before it begins, or a token of another request.
    """
    attributes = request.get("LookupAttributes") or []
    if len(attributes) > 1:
        message = f"LookupAttributes has {len(attributes)} attributes; you can specify only one."
        raise WireError("InvalidLookupAttributesException", message)
    start, end = request.get("StartTime"), request.get("EndTime")
    if start is not None and end is not None and start > end:
        raise WireError("InvalidTimeRangeException", f"StartTime {start} is after EndTime {end}.")
    size = request.get("MaxResults", _LARGEST_PAGE)
    token = request.get("NextToken")
    before = _position(token, request) if token else None
    attribute = (attributes[0]["AttributeKey"], attributes[0]["AttributeValue"]) if attributes else None
    events = find_events(call.session, EventQuery(attribute, start, end, before, size + 1))
    answer: dict[str, Any] = {"Events": [_shown(event) for event in events[:size]]}
    if len(events) > size:
        answer["NextToken"] = write_token([events[size - 1].sequence], request)
    return answer


def _position(token: str, request: dict[str, Any]) -> int:
    position = read_token(token, request)
    if len(position) != 1 or type(position[0]) is not int or not 0 < position[0] < 2**63:
        raise WireError("InvalidNextTokenException", "NextToken is not one that this API gave.")
    return position[0]


def _shown(event: Event) -> dict[str, Any]:
    return {
        "EventId": event.event_id,
        "EventName": event.name,
        "ReadOnly": "false",
        "AccessKeyId": event.access_key_id,
        "EventTime": event.time.replace(microsecond=0),
        "EventSource": event.source,
        "Username": event.username,
        "Resources": event.resources,
        "CloudTrailEvent": json.dumps(event.document),
    }
