"""Seals: a thousand entries vouched for by one signature of each key, so that a long chain is verified fast.

Apart from ``domain.ledger``, whose word is final: a seal proves no more than the signatures that it stands for. Who
signs one has verified every entry of its segment, signature and all, and says so with his own key. It counts only with
the signatures of both the ledger's and the decisions' key: the holder of one could forge by it nothing that he could
not sign entry by entry; what the policy's owners signed is verified singly all the same. A seal that does not hold
counts for nothing, and the entries are read singly.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from model_governance.domain.canonical import canonical_json, sha256_hex
from model_governance.domain.ledger import NO_ENTRY, Entry
from model_governance.errors import LedgerBroken

SEGMENT = 1000
"""Entries a segment: the first holds 1 to 1000, whoever seals it."""

_PREFIX = b"model-governance ledger seal v1\n"
_PREVIOUS = b',"previous":"'


class Seal(BaseModel):
    """What is said of a segment.

    Attributes:
        use_case: Whose ledger.
        first: Sequence of its first entry.
        last: Sequence of its last.
        previous: Digest of the entry before the first; 64 zeros where there is none.
        head: Digest of the last entry.
        sha256: Of the segment's bytes: each entry as it is stored, followed by a line feed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    use_case: str
    first: int = Field(ge=1)
    last: int = Field(ge=1)
    previous: str = Field(pattern=r"^[0-9a-f]{64}$")
    head: str = Field(pattern=r"^[0-9a-f]{64}$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")

    @property
    def signed_bytes(self) -> bytes:
        """What each key's signature covers."""
        return _PREFIX + sha256_hex(canonical_json(self.model_dump())).encode()


def segment_bytes(entries: Sequence[Entry]) -> bytes:
    """A segment as it is stored."""
    return b"".join(entry.raw + b"\n" for entry in entries)


def seal_of(entries: Sequence[Entry], data: bytes) -> Seal:
    """The seal of verified entries and their bytes."""
    return Seal(
        use_case=entries[0].use_case,
        first=entries[0].sequence,
        last=entries[-1].sequence,
        previous=entries[0].previous,
        head=entries[-1].digest,
        sha256=sha256_hex(data),
    )


def read_segment(data: bytes, seal: Seal, previous: str = NO_ENTRY) -> list[bytes]:
    """The entries' bytes in a segment, if they are the sealed ones and each follows the one before.

    Signatures are not checked here: the seal's are, by whoever calls.

    Args:
        data: The segment as it is stored.
        seal: Its seal, with both signatures verified.
        previous: Digest of the entry before the first.

    Raises:
        LedgerBroken: Naming the first entry that does not hold.
    """
    where = f"ledger of {seal.use_case}, sealed entries {seal.first} to {seal.last}"
    if hashlib.sha256(data).hexdigest() != seal.sha256:
        raise LedgerBroken(f"{where}: the segment was changed")
    raws = data.split(b"\n")
    if raws.pop() != b"" or len(raws) != seal.last - seal.first + 1 or seal.previous != previous:
        raise LedgerBroken(f"{where}: the segment does not follow the one before, or does not hold as many entries")
    head = follow(raws, previous.encode(), f"ledger of {seal.use_case}", seal.first).decode()
    if head != seal.head:
        raise LedgerBroken(f"{where}: the last entry is {head[:12]}, sealed is {seal.head[:12]}")
    return raws


def follow(raws: Sequence[bytes], previous: bytes, where: str, first: int) -> bytes:
    """Walks a hash chain and returns its head's digest, in hex.

    Canonical JSON sorts names, and escapes quotes within strings: the last ``,"previous":"`` is the entry's own.

    Raises:
        LedgerBroken: Naming the first entry that does not follow the one before.
    """
    for place, raw in enumerate(raws, start=first):
        at = raw.rfind(_PREVIOUS) + len(_PREVIOUS)
        if raw[at : at + 64] != previous:
            raise LedgerBroken(f"{where}, entry {place}: does not follow the one before: changed, removed or inserted")
        previous = hashlib.sha256(raw).hexdigest().encode()
    return previous
