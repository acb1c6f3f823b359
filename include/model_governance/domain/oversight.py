"""What stands beside the decisions on a version: exceptions, findings, and a newer version that has taken its place.

Apart from the gate, which weighs them, and from the policy, which says who may make them.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_serializer,
    model_serializer,
    model_validator,
)

from model_governance.domain.evidence import EvidenceKind


class Severity(StrEnum):
    """How grave a finding is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class GrantedException(BaseModel):
    """An exception as the ledger holds it: what it stands in for, at whose word, and until when.

    Attributes:
        item: The evidence (``post_training_bias``) or one limit of it (``post_training_bias.disparate_impact``).
        reason: Why the evidence cannot be had, or the limit not be met.
        compensating_control: What is done instead to keep the risk down.
        owner: Id of who answers for the compensating control.
        granted_by: Id of who granted it.
        role: The role that allowed it.
        time: When it was granted, UTC.
        expires: From when it is worth nothing, UTC.
        policy_digest: Digest of the policy it was granted under.
        people_digest: Digest of the people file it was granted under.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    item: str
    reason: str = Field(min_length=1)
    compensating_control: str = Field(min_length=1)
    owner: str
    granted_by: str
    role: str
    time: AwareDatetime
    expires: AwareDatetime
    policy_digest: str
    people_digest: str

    @model_validator(mode="after")
    def _item_is_evidence(self) -> GrantedException:
        kind = self.item.partition(".")[0]
        if kind not in tuple(EvidenceKind):
            raise ValueError(f"item {self.item!r} names no evidence: {', '.join(EvidenceKind)}, or a limit of one")
        return self

    @field_serializer("time", "expires")
    def _time_as_text(self, time: datetime) -> str:
        return time.isoformat()

    def covers(self, what: str) -> bool:
        """Whether it stands in for an item: the item itself, or a limit of the evidence that it names."""
        return what == self.item or what.startswith(f"{self.item}.")

    def is_valid(self, now: datetime) -> bool:
        """Whether it has been granted and has not expired."""
        return self.time <= now < self.expires


class Finding(BaseModel):
    """A finding as the ledger holds it, from its opening.

    Attributes:
        id: Its name in the use case, such as ``finding-3``.
        title: What was found.
        severity: How grave it is.
        owner: Id of who has to mend it.
        due: By when.
        version: The version that it is about; None for every version of the use case.
        opened_by: Id of the person, or name of the process that opened it.
        time: When, UTC.
        key: What the process calls it, the same for the same breach of another window; empty for a person's finding.
        window: Start of the monitoring window that it was found in, ISO 8601; empty for what was found otherwise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    title: str = Field(min_length=1)
    severity: Severity
    owner: str
    due: date
    version: int | None = None
    opened_by: str
    time: AwareDatetime
    key: str = ""
    window: str = ""

    @model_serializer(mode="wrap")
    def _as_it_was_before_there_was_monitoring(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = write(self)
        return {name: value for name, value in written.items() if value != "" or name not in ("key", "window")}

    @field_serializer("time", "due")
    def _time_as_text(self, time: datetime | date) -> str:
        return time.isoformat()


class FindingClosure(BaseModel):
    """The end of a finding as the ledger holds it.

    Attributes:
        id: The finding's.
        closed_by: Id of who closed it.
        role: The role that allowed it.
        comment: What was done.
        time: When, UTC.
        policy_digest: Digest of the policy it was closed under.
        people_digest: Digest of the people file it was closed under.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    closed_by: str
    role: str
    comment: str = Field(min_length=1)
    time: AwareDatetime
    policy_digest: str
    people_digest: str

    @field_serializer("time")
    def _time_as_text(self, time: datetime) -> str:
        return time.isoformat()


class Oversight(BaseModel):
    """All of it, for one version or one use case's card.

    Attributes:
        exceptions: Every exception ever granted to the version, valid or not.
        findings: Every finding on the version or on its whole use case, open or closed.
        closures: Every closure of a finding.
        superseded_by: The newer version that reached production while this one waited; None if none did.
    """

    model_config = ConfigDict(frozen=True)

    exceptions: tuple[GrantedException, ...] = ()
    findings: tuple[Finding, ...] = ()
    closures: tuple[FindingClosure, ...] = ()
    superseded_by: int | None = None


NO_OVERSIGHT = Oversight()
