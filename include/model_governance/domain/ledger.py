"""The ledger's form: entries, how each binds to the one before it, and whose key must sign which.

Four keys sign, and an entry's kind says which must have: whoever records evidence cannot make a decision of it,
whoever records decisions cannot make the evidence for them, neither can excuse what is missing, and whoever may stop
an endpoint can do none of it. What the pipeline does to production in a person's name it signs itself, and that counts
by the person's order alone, which the decisions key has signed (``orders``).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_serializer

from model_governance.domain.canonical import canonical_json, sha256_hex

NO_ENTRY = "0" * 64
FORMAT = 2
"""The form of entries; in form 1 one key signed every kind."""

NAMES_ORDER = "order"
"""The member of a body that holds the sequence of the order which the entry carries out."""

SIGNED_PREFIX = b"model-governance ledger entry v2\n"
_SIGNATURE = b',"signature":"%s"'


class EntryKind(StrEnum):
    """What an entry records."""

    USE_CASE = "use_case"
    CANDIDATE = "candidate"
    EVIDENCE = "evidence"
    REQUEST = "request"
    DECISION = "decision"
    REFUSAL = "refusal"
    DEPLOYMENT = "deployment"
    DEPLOYMENT_STEP = "deployment_step"
    ROLL_BACK = "roll_back"
    REVERSION = "reversion"
    FAILURE = "failure"
    CLEAN_UP = "clean_up"
    EXCEPTION = "exception"
    FINDING = "finding"
    FINDING_CLOSURE = "finding_closure"
    POLICY_VERSION = "policy_version"
    SUPERSEDED = "superseded"
    STOP = "stop"
    RESUME = "resume"
    RETIREMENT = "retirement"
    ORDER = "order"
    WITHDRAWAL = "withdrawal"
    MONITORING = "monitoring"
    BREACH = "breach"
    RETRAINING = "retraining"


class Authority(StrEnum):
    """Whose key signs.

    LEDGER is the pipeline's, for what was done and found. DECISIONS is the decision service's, for what people said at
    gates and had done to production. OVERSIGHT belongs to those who own the policy: its versions, exceptions from it,
    findings. OPERATIONS belongs to those who keep production: what they themselves stopped, had serve again, took back
    or retired.
    """

    LEDGER = "ledger"
    DECISIONS = "decisions"
    OVERSIGHT = "oversight"
    OPERATIONS = "operations"


_AUTHORITIES = {
    EntryKind.DECISION: Authority.DECISIONS,
    EntryKind.REFUSAL: Authority.DECISIONS,
    EntryKind.ORDER: Authority.DECISIONS,
    EntryKind.WITHDRAWAL: Authority.DECISIONS,
    EntryKind.EXCEPTION: Authority.OVERSIGHT,
    EntryKind.FINDING: Authority.OVERSIGHT,
    EntryKind.FINDING_CLOSURE: Authority.OVERSIGHT,
    EntryKind.POLICY_VERSION: Authority.OVERSIGHT,
    EntryKind.STOP: Authority.OPERATIONS,
    EntryKind.RESUME: Authority.OPERATIONS,
    EntryKind.REVERSION: Authority.OPERATIONS,
    EntryKind.RETIREMENT: Authority.OPERATIONS,
}


def authority_over(kind: EntryKind, body: Mapping[str, Any]) -> Authority:
    """The key that an entry of this kind must be signed with.

    One of the OPERATIONS kinds that names the order which it carries out is the pipeline's.
    """
    authority = _AUTHORITIES.get(kind, Authority.LEDGER)
    return Authority.LEDGER if authority is Authority.OPERATIONS and NAMES_ORDER in body else authority


class Entry(BaseModel):
    """One entry of a use case's ledger.

    Attributes:
        format: The form of the entry.
        use_case: Whose ledger.
        sequence: Place in the chain, from 1.
        previous: Sha256 of the previous entry's bytes, in hex; 64 zeros for the first.
        time: When it was written, UTC.
        kind: What it records.
        subject: ARN of what it is about.
        body: The record itself.
        key_id: The KMS key that signed it, by the name it was called.
        key_sha256: Fingerprint of that key's public half: the entry says itself which key it needs.
        signature: Ed25519 signature over ``signed_bytes``, base64; empty before signing.
    """

    # What is no number is not written as null instead, but refused.
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    format: Literal[2] = 2
    use_case: str
    sequence: int = Field(ge=1)
    previous: str = Field(pattern=r"^[0-9a-f]{64}$")
    time: AwareDatetime
    kind: EntryKind
    subject: str
    body: dict[str, Any]
    key_id: str
    key_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    signature: str = ""

    @field_serializer("time")
    def _time_as_text(self, time: datetime) -> str:
        return time.isoformat()

    @property
    def signed_bytes(self) -> bytes:
        """What the signature covers: a fixed prefix and the sha256 of the entry without its signature."""
        before, after = self._around_signature()
        return SIGNED_PREFIX + sha256_hex(before + after).encode()

    @cached_property
    def raw(self) -> bytes:
        """The bytes in the store: canonical JSON."""
        return canonical_json(self.model_dump(mode="json"))

    @cached_property
    def digest(self) -> str:
        """Sha256 of the bytes in the store, in hex; what the next entry's ``previous`` must be."""
        return sha256_hex(self.raw)

    def signed(self, signature: bytes) -> Entry:
        """The entry with its signature."""
        text = base64.b64encode(signature).decode()
        before, after = self._around_signature()
        entry = self.model_copy(update={"signature": text})
        entry.__dict__["raw"] = before + _SIGNATURE % text.encode() + after
        return entry

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Entry:
        """As pydantic's, without the bytes and digest of the entry that was copied."""
        entry = super().model_copy(update=update, deep=deep)
        for known in ("raw", "digest"):
            entry.__dict__.pop(known, None)
        return entry

    def _around_signature(self) -> tuple[bytes, bytes]:
        """The bytes before and after the signature's member: canonical JSON sorts names and escapes quotes in strings,
        so that the last one found is the entry's own.
        """
        before, _, after = self.raw.rpartition(_SIGNATURE % self.signature.encode())
        return before, after


@dataclass(frozen=True)
class Proposal:
    """An entry that a writer wants to append, without its place in the chain."""

    kind: EntryKind
    subject: str
    body: dict[str, Any]


def next_entry(
    head: Entry | None,
    *,
    use_case: str,
    kind: EntryKind,
    subject: str,
    body: dict[str, Any],
    time: datetime,
    key_id: str,
    key_sha256: str,
) -> Entry:
    """The unsigned entry that follows the head."""
    return Entry(
        use_case=use_case,
        sequence=head.sequence + 1 if head else 1,
        previous=head.digest if head else NO_ENTRY,
        time=time,
        kind=kind,
        subject=subject,
        body=body,
        key_id=key_id,
        key_sha256=key_sha256,
    )
