"""Approval records: who set a status in the registry, from the trail of calls that AWS keeps (CloudTrail).

Apart from the registry because ``LastModifiedBy`` there is overwritten by every later update; and because on AWS the
trail lags behind the registry by minutes: no record yet is a state of its own, not an answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from model_governance.hooks.aws import calling

COMMAND_LINE_APPLICATION = "model-governance-cli"
_PAGES = 4


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
        return self._records(arn, "UpdateModelPackage", _approval_status)

    def of_life_cycle(self, arn: str, stage: str) -> tuple[ApprovalRecord, ...]:
        """Who set the status of the package's life-cycle stage, newest first; empty where nothing is on record yet."""
        return self._records(arn, "UpdateModelPackage", lambda asked: _stage_status(asked, stage))

    def of_card_status(self, arn: str) -> tuple[ApprovalRecord, ...]:
        """Who set the card's status, newest first; empty where nothing is on record yet."""
        return self._records(arn, "UpdateModelCard", _card_status)

    def _records(self, arn: str, event: str, read: _Reader) -> tuple[ApprovalRecord, ...]:
        found = []
        for item in self._events(arn):
            if item.get("EventName") != event:
                continue
            told = json.loads(item["CloudTrailEvent"])
            if told.get("errorCode"):
                continue
            status = read(_lowered(told.get("requestParameters") or {}))
            if status is None:
                continue
            found.append(
                ApprovalRecord(
                    principal=(told.get("userIdentity") or {}).get("arn", ""),
                    event_id=item["EventId"],
                    time=item["EventTime"],
                    user_agent=told.get("userAgent", ""),
                    status=status[0],
                    description=status[1],
                )
            )
        return tuple(found)

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


def _lowered(value: Any) -> Any:
    """Request parameters with CloudTrail's lower-case first letters, whichever way the trail wrote them."""
    if isinstance(value, Mapping):
        return {key[:1].lower() + key[1:]: _lowered(inner) for key, inner in value.items()}
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
