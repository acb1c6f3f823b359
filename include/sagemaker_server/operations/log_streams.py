"""The kept output of jobs and endpoints, read as CloudWatch Logs: DescribeLogStreams, GetLogEvents."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from sagemaker_server.errors import ValidationException, WireError
from sagemaker_server.operations.call import Call, Scope, operation
from sagemaker_server.runtime.logs import log_file, read_lines, streams

MOST_EVENTS = 10_000
OFFERED_GROUPS = "/aws/sagemaker/"


def _arn(scope: Scope, request: dict[str, Any]) -> str:
    return scope.arn(f"log-group:{request.get('logGroupName', '*')}", "logs")


@operation("DescribeLogStreams", service="logs", resource=_arn)
def describe_log_streams(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """The streams of a log group by name; see AWS's API_DescribeLogStreams.

    Raises:
        WireError: ``ResourceNotFoundException`` without such a group.
    """
    group = _group(request)
    prefix, after = request.get("logStreamNamePrefix", ""), request.get("nextToken", "")
    if not _file(call, group, ".").is_dir():
        raise _not_found("log group")
    names = [name for name in streams(call.settings.home, group, prefix) if name > after]
    shown = list(islice(names, request.get("limit", 50)))
    more = {"nextToken": shown[-1]} if len(shown) < len(names) else {}
    return {"logStreams": [_stream(call, group, name) for name in shown], **more}


@operation("GetLogEvents", service="logs", resource=_arn)
def get_log_events(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """The lines of a stream; see AWS's API_GetLogEvents. A token is ``f/<number of the next line>``.

    Raises:
        WireError: ``ResourceNotFoundException`` without such a stream.
    """
    file = _file(call, _group(request), request["logStreamName"])
    if not file.is_file():
        raise _not_found("log stream")
    start, end = request.get("startTime", 0), request.get("endTime", float("inf"))
    lines = [line for line in read_lines(file) if start <= line.time < end]
    limit = min(request.get("limit", MOST_EVENTS), MOST_EVENTS)
    first = _position(request, len(lines), limit)
    shown = lines[first : first + limit]
    events = [{"timestamp": line.time, "ingestionTime": line.time, "message": line.message or " "} for line in shown]
    return {
        "events": events,
        "nextForwardToken": f"f/{first + len(shown)}",
        "nextBackwardToken": f"b/{first}",
    }


def _position(request: dict[str, Any], total: int, limit: int) -> int:
    """The number of the first line to show.

    Raises:
        ValidationException: The token is not one of this API's.
    """
    token = request.get("nextToken")
    if token is None:
        return 0 if request.get("startFromHead") else max(0, total - limit)
    direction, _, number = token.partition("/")
    if direction not in ("f", "b") or not number.isdecimal():
        raise ValidationException("nextToken is not one that this API gave.")
    return int(number) if direction == "f" else max(0, int(number) - limit)


def _group(request: dict[str, Any]) -> str:
    group = str(request.get("logGroupName") or "")
    if not group.startswith(OFFERED_GROUPS):
        raise _not_found("log group")
    return group


def _file(call: Call, group: str, stream: str) -> Path:
    try:
        return log_file(call.settings.home, group, stream)
    except ValueError:
        raise _not_found("log stream") from None


def _stream(call: Call, group: str, name: str) -> dict[str, Any]:
    file = _file(call, group, name)
    lines = read_lines(file)
    times = {"firstEventTimestamp": lines[0].time, "lastEventTimestamp": lines[-1].time} if lines else {}
    return {
        "logStreamName": name,
        "arn": call.arn(f"log-group:{group}:log-stream:{name}", "logs"),
        "creationTime": lines[0].time if lines else int(file.stat().st_mtime * 1000),
        "storedBytes": file.stat().st_size,
        **times,
    }


def _not_found(what: str) -> WireError:
    return WireError("ResourceNotFoundException", f"The specified {what} does not exist.")
