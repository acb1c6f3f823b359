"""What someone says to a request: apart from ``decide``, which judges it, because each channel makes one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from model_governance.domain.condition import read_remark
from model_governance.domain.decision import Channel, DecisionVerdict


@dataclass(frozen=True)
class Answer:
    """What someone says to a request.

    Attributes:
        verdict: approve or reject.
        actor: Id of the person, from the people file.
        comment: What the person wrote.
        channel: How it arrived.
        event_id: The approval record's event, where it came through the registry.
        until: From when a conditional approval no longer counts; read from the comment, as ``domain.condition`` says.
        condition: What it is conditional on.
        group: The person's group, from the people file.
    """

    verdict: DecisionVerdict
    actor: str
    comment: str
    channel: Channel
    event_id: str = ""
    until: datetime | None = None
    condition: str = ""
    group: str = ""

    @classmethod
    def of(cls, verdict: DecisionVerdict, actor: str, text: str, channel: Channel, event_id: str = "") -> Answer:
        """The answer in what a channel carried.

        Raises:
            DecisionRefused: The comment begins like a condition and is none.
        """
        if verdict is DecisionVerdict.REJECT:
            return cls(verdict, actor, text.strip(), channel, event_id)
        remark = read_remark(text)
        return cls(verdict, actor, remark.comment, channel, event_id, remark.until, remark.condition)
