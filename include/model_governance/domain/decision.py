"""A decision on a gate: who said what, in which role, by which channel, on which evidence."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict, field_serializer


class Gate(StrEnum):
    """The three gates of the lifecycle."""

    USE_CASE = "use_case"
    GOVERNANCE = "governance"
    PRODUCTION = "production"


class DecisionVerdict(StrEnum):
    """What a decision says."""

    APPROVE = "approve"
    REJECT = "reject"


class Channel(StrEnum):
    """How a decision arrived."""

    TASK_INSTANCE_MARK = "task-instance mark"
    WEB = "web"
    COMMAND_LINE = "command line"
    REGISTRY = "registry"


class Decision(BaseModel):
    """A decision as the ledger holds it.

    Attributes:
        gate: The gate decided on.
        subject: ARN of the model package, or of the use case's model card.
        verdict: approve or reject.
        actor: Id of the person, from the people file.
        role: The role that allowed it.
        comment: What the person wrote; one who approves against a warning must write something.
        channel: How it arrived.
        time: When it took effect, UTC.
        policy_digest: Digest of the policy it was checked against.
        people_digest: Digest of the people file it was checked against.
        evidence_digest: Digest of the evidence it was made on.
        card_digest: Digest of the card sections it was made on.
        request_digest: Digest of the request it answers.
        event_id: The approval record's event, where it came through the registry; empty otherwise.
        group: The person's group; empty in records older than groups.
        until: From when a conditional approval no longer counts, UTC; None for an unconditional one.
        condition: What it was made conditional on; empty for an unconditional one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    gate: Gate
    subject: str
    verdict: DecisionVerdict
    actor: str
    role: str
    comment: str
    channel: Channel
    time: AwareDatetime
    policy_digest: str
    people_digest: str
    evidence_digest: str
    card_digest: str
    request_digest: str
    event_id: str = ""
    group: str = ""
    until: AwareDatetime | None = None
    condition: str = ""

    @field_serializer("time", "until")
    def _time_as_text(self, time: datetime | None) -> str | None:
        return time.isoformat() if time is not None else None
