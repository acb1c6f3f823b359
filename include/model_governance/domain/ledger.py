"""The ledger's form: entries, how each binds to the one before it, and the walk that finds the first false one."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_serializer

from model_governance.domain.canonical import canonical_json, sha256_hex
from model_governance.errors import LedgerBroken

NO_ENTRY = "0" * 64
SIGNED_PREFIX = b"model-governance ledger entry v1\n"


class EntryKind(StrEnum):
    """What an entry records."""

    USE_CASE = "use_case"
    CANDIDATE = "candidate"
    EVIDENCE = "evidence"
    REQUEST = "request"
    DECISION = "decision"
    REFUSAL = "refusal"
    DEPLOYMENT = "deployment"
    FAILURE = "failure"
    CLEAN_UP = "clean_up"
    EXCEPTION = "exception"
    FINDING = "finding"
    FINDING_CLOSURE = "finding_closure"
    POLICY_VERSION = "policy_version"
    SUPERSEDED = "superseded"


class Entry(BaseModel):
    """One entry of a use case's ledger.

    Attributes:
        use_case: Whose ledger.
        sequence: Place in the chain, from 1.
        previous: Sha256 of the previous entry's bytes, in hex; 64 zeros for the first.
        time: When it was written, UTC.
        kind: What it records.
        subject: ARN of what it is about.
        body: The record itself.
        key_id: The KMS key that signed it.
        signature: Ed25519 signature over ``signed_bytes``, base64; empty before signing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    use_case: str
    sequence: int = Field(ge=1)
    previous: str = Field(pattern=r"^[0-9a-f]{64}$")
    time: AwareDatetime
    kind: EntryKind
    subject: str
    body: dict[str, Any]
    key_id: str
    signature: str = ""

    @field_serializer("time")
    def _time_as_text(self, time: datetime) -> str:
        return time.isoformat()

    @property
    def signed_bytes(self) -> bytes:
        """What the signature covers: a fixed prefix and the sha256 of the entry without its signature."""
        unsigned = self.model_dump(mode="json", exclude={"signature"})
        return SIGNED_PREFIX + sha256_hex(canonical_json(unsigned)).encode()

    @property
    def raw(self) -> bytes:
        """The bytes in the store: canonical JSON."""
        return canonical_json(self.model_dump(mode="json"))

    @property
    def digest(self) -> str:
        """Sha256 of the bytes in the store, in hex; what the next entry's ``previous`` must be."""
        return sha256_hex(self.raw)

    def signed(self, signature: bytes) -> Entry:
        """The entry with its signature."""
        return self.model_copy(update={"signature": base64.b64encode(signature).decode()})


def next_entry(
    head: Entry | None,
    *,
    use_case: str,
    kind: EntryKind,
    subject: str,
    body: dict[str, Any],
    time: datetime,
    key_id: str,
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
    )


def read_entry(
    raw: bytes, head: Entry | None, *, use_case: str, signature_holds: Callable[[bytes, bytes], bool]
) -> Entry:
    """The entry in these bytes, if it truly follows the head.

    Args:
        raw: The bytes in the store.
        head: The entry before it, already verified; None for the first.
        use_case: Whose ledger it must be.
        signature_holds: Whether a signature (second) over a message (first) holds under the installation's key.

    Raises:
        LedgerBroken: Naming the entry and what does not hold.
    """
    place = head.sequence + 1 if head else 1
    where = f"ledger of {use_case}, entry {place}"
    try:
        entry = Entry.model_validate(json.loads(raw))
        if entry.raw != raw:
            raise LedgerBroken(f"{where}: changed: its bytes are not canonical JSON")
        signature = base64.b64decode(entry.signature, validate=True)
    except (ValidationError, ValueError, binascii.Error, RecursionError) as fault:
        raise LedgerBroken(f"{where}: changed: it cannot be read ({type(fault).__name__})") from None
    if entry.use_case != use_case:
        raise LedgerBroken(f"{where}: it is from the ledger of {entry.use_case}")
    if entry.sequence != place:
        raise LedgerBroken(f"{where}: found sequence {entry.sequence}: removed, inserted or reordered")
    if not signature_holds(entry.signed_bytes, signature):
        raise LedgerBroken(f"{where}: its signature does not hold: changed, or signed by another key")
    expected = head.digest if head else NO_ENTRY
    if entry.previous != expected:
        raise LedgerBroken(f"{where}: previous is {entry.previous[:12]}, the entry before it is {expected[:12]}")
    return entry


def read_chain(
    raws: Sequence[bytes], *, use_case: str, signature_holds: Callable[[bytes, bytes], bool], head: Entry | None = None
) -> tuple[Entry, ...]:
    """The entries in these bytes, each verified against the one before; continues from ``head`` where one is given.

    Raises:
        LedgerBroken: Naming the first entry that does not hold.
    """
    entries: list[Entry] = []
    for raw in raws:
        head = read_entry(raw, head, use_case=use_case, signature_holds=signature_holds)
        entries.append(head)
    return tuple(entries)
