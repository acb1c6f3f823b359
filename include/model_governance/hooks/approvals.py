"""Approval records: who set a status in the registry, from the trail of calls that AWS keeps (CloudTrail).

Apart from the registry because ``LastModifiedBy`` there is overwritten by every later update; and because on AWS the
trail lags behind the registry by minutes: no record yet is a state of its own, not an answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from model_governance.hooks.aws import calling
from model_governance.hooks.card_tags import COMMENT_TAG, comment_from

COMMAND_LINE_APPLICATION = "model-governance-cli"
_PAGES = 4
_COMMENT_AGE = timedelta(seconds=60)


@dataclass(frozen=True)
class ApprovalRecord:
    """That someone set a status.

    Attributes:
        principal: ARN of who called.
        event_id: The trail's own id of the call.
        time: When, aware.
        user_agent: What the caller's program calls itself.
        status: The status that was set.
        description: The words that came with it; empty where none can.
    """

    principal: str
    event_id: str
    time: datetime
    user_agent: str
    status: str
    description: str = ""

    @property
    def is_from_command_line(self) -> bool:
        """Whether our own command line made the call."""
        return f"app/{COMMAND_LINE_APPLICATION}" in self.user_agent


@dataclass(frozen=True)
class _Call:
    """One call on a resource, as the trail tells of it; keys as CloudTrail writes them."""

    name: str
    principal: str
    event_id: str
    time: datetime
    user_agent: str
    asked: Mapping[str, Any]


_Reader = Callable[[Mapping[str, Any]], tuple[str, str] | None]


@dataclass(frozen=True)
class Approvals:
    """The trail of calls that set statuses.

    Attributes:
        client: A boto3 client of CloudTrail.
    """

    client: Any

    def of_approval_status(self, arn: str) -> tuple[ApprovalRecord, ...]:
        """Who set the package's ``ModelApprovalStatus``, newest first; empty where nothing is on record yet."""
        return _records(self._calls(arn), "UpdateModelPackage", _approval_status)

    def of_life_cycle(self, arn: str, stage: str) -> tuple[ApprovalRecord, ...]:
        """Who set the status of the package's life-cycle stage, newest first; empty where nothing is on record yet."""
        return _records(self._calls(arn), "UpdateModelPackage", lambda asked: _stage_status(asked, stage))

    def of_card_status(self, arn: str) -> tuple[ApprovalRecord, ...]:
        """Who set the card's status, newest first; empty where nothing is on record yet.

        A card has no field for words: a comment tag that the same person set just before is taken as his comment.
        """
        calls = self._calls(arn)
        found = _records(calls, "UpdateModelCard", _card_status)
        return tuple(replace(record, description=_comment_before(record, calls)) for record in found)

    def _calls(self, arn: str) -> list[_Call]:
        """The calls on a resource that succeeded, newest first."""
        calls = []
        for event in self._events(arn):
            told = json.loads(event["CloudTrailEvent"])
            if told.get("errorCode"):
                continue
            calls.append(
                _Call(
                    name=event.get("EventName", ""),
                    principal=(told.get("userIdentity") or {}).get("arn", ""),
                    event_id=event["EventId"],
                    time=event["EventTime"],
                    user_agent=told.get("userAgent", ""),
                    asked=_lowered(told.get("requestParameters") or {}),
                )
            )
        return calls

    def _events(self, arn: str) -> list[Mapping[str, Any]]:
        """The newest calls on a resource, newest first, at most two hundred of them."""
        asked: dict[str, Any] = {
            "LookupAttributes": [{"AttributeKey": "ResourceName", "AttributeValue": arn}],
            "MaxResults": 50,
        }
        events: list[Mapping[str, Any]] = []
        for _ in range(_PAGES):
            with calling("cloudtrail", f"LookupEvents of {arn}"):
                page = self.client.lookup_events(**asked)
            events.extend(page.get("Events", ()))
            if not page.get("NextToken"):
                break
            asked["NextToken"] = page["NextToken"]
        return events


def _records(calls: Sequence[_Call], name: str, read: _Reader) -> tuple[ApprovalRecord, ...]:
    """The calls of one action that set a status, in the same order."""
    read_calls = ((call, read(call.asked)) for call in calls if call.name == name)
    return tuple(
        ApprovalRecord(
            principal=call.principal,
            event_id=call.event_id,
            time=call.time,
            user_agent=call.user_agent,
            status=told[0],
            description=told[1],
        )
        for call, told in read_calls
        if told is not None
    )


def _comment_before(record: ApprovalRecord, calls: Sequence[_Call]) -> str:
    """The comment that the same person tagged the card with, at most a minute before setting its status."""
    place = next(place for place, call in enumerate(calls) if call.event_id == record.event_id)
    for call in calls[place + 1 :]:
        if call.name == "UpdateModelCard" or record.time - call.time > _COMMENT_AGE:
            break
        if call.name == "AddTags" and call.principal == record.principal:
            tags = {tag.get("key", ""): tag.get("value", "") for tag in call.asked.get("tags") or ()}
            if COMMENT_TAG in tags:
                return comment_from(tags)
    return ""


def _lowered(value: Any) -> Any:
    """Request parameters with CloudTrail's lower-case first letters, whichever way the trail wrote them."""
    if isinstance(value, Mapping):
        return {key[:1].lower() + key[1:]: _lowered(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_lowered(inner) for inner in value]
    return value


def _approval_status(asked: Mapping[str, Any]) -> tuple[str, str] | None:
    status = asked.get("modelApprovalStatus")
    return (status, asked.get("approvalDescription") or "") if status else None


def _stage_status(asked: Mapping[str, Any], stage: str) -> tuple[str, str] | None:
    life_cycle = asked.get("modelLifeCycle") or {}
    if life_cycle.get("stage") != stage:
        return None
    return life_cycle.get("stageStatus", ""), life_cycle.get("stageDescription") or ""


def _card_status(asked: Mapping[str, Any]) -> tuple[str, str] | None:
    status = asked.get("modelCardStatus")
    return (status, "") if status else None
