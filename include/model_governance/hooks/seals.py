"""Seals of a ledger in the object store: segments of a thousand entries, and each key's signature over them.

Apart from ``hooks.ledger``, which goes on without them: what is missing or false here is read singly there.
"""

from __future__ import annotations

import base64
import gc
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from model_governance.domain.canonical import canonical_json
from model_governance.domain.ledger import NO_ENTRY, Authority, Entry, authority_over
from model_governance.domain.seal import SEGMENT, Seal, read_segment, seal_of, segment_bytes
from model_governance.errors import ArtifactChanged, LedgerBroken, RecordMissing
from model_governance.hooks.artifacts import LEDGER_PREFIX, Artifacts
from model_governance.hooks.signer import PublicKey, Signer

log = logging.getLogger(__name__)

SEALERS = (Authority.LEDGER, Authority.DECISIONS)
"""Whose signatures make a seal. What the policy's owners sign is rare, and stays verified entry by entry."""


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Makes thousands of objects that hold no cycle without Python's looking for cycles among them again and again.

    They stay as long as the process: they count as old at once, unless somebody keeps objects from the collector.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if gc.get_freeze_count() == 0:
            gc.freeze()
            gc.unfreeze()
        if was_enabled:
            gc.enable()


@dataclass(frozen=True)
class Seals:
    """The seals of one ledger.

    Attributes:
        use_case: Whose ledger.
        artifacts: The object store.
        public_keys: What seals are checked with.
    """

    use_case: str
    artifacts: Artifacts
    public_keys: Mapping[Authority, PublicKey]

    def read(self) -> tuple[Entry, ...]:
        """The entries of every whole, well sealed segment from the first on; it ends before one that is not.

        Raises:
            AccessRefused, ServiceUnavailable: As the store answers.
        """
        with _collector_paused():
            return tuple(self._read())

    def _read(self) -> list[Entry]:
        entries: list[Entry] = []
        previous = NO_ENTRY
        for seal in self._sealed():
            try:
                raws = read_segment(self.artifacts.get(self._key(seal.last, "jsonl")), seal, previous)
                segment = [Entry.model_validate_json(raw) for raw in raws]
                self._refuse_unsigned(segment)
                entries.extend(segment)
            except (LedgerBroken, RecordMissing, ValueError) as fault:
                log.warning("a seal is passed over, its entries are read singly: %s", fault)
                break
            previous = seal.head
        return entries

    def add(self, entries: Sequence[Entry], authority: Authority, signer: Signer) -> int:
        """Seals every full segment that this key has not sealed yet.

        Args:
            entries: The whole chain, verified.
            authority: Whose key.
            signer: Signs with it.

        Returns:
            How many segments were sealed.

        Raises:
            AccessRefused, ServiceUnavailable: As the store or KMS answers.
        """
        full = range(SEGMENT, len(entries) + 1, SEGMENT)
        names = set(self._names()) if full else set()
        added = 0
        for last in full:
            if f"{last:012d}.{authority.value}.json" in names:
                continue
            data = segment_bytes(entries[last - SEGMENT : last])
            seal = seal_of(entries[last - SEGMENT : last], data)
            signature = base64.b64encode(signer.sign(seal.signed_bytes)).decode()
            try:
                self.artifacts.put_once(self._key(last, "jsonl"), data)
                said = canonical_json({"seal": seal.model_dump(), "signature": signature})
                self.artifacts.put_once(self._key(last, f"{authority.value}.json"), said)
            except ArtifactChanged as fault:
                log.warning("entries up to %d of %s are not sealed: %s", last, self.use_case, fault)
                continue
            added += 1
        return added

    def _sealed(self) -> Iterator[Seal]:
        """The seals with both keys' signatures, from the first segment on without a gap."""
        names = set(self._names())
        last = SEGMENT
        while f"{last:012d}.jsonl" in names:
            said = [self._signed(last, each) for each in SEALERS if f"{last:012d}.{each.value}.json" in names]
            if len(said) < len(SEALERS) or said[0] is None or any(each != said[0] for each in said):
                return
            yield said[0]
            last += SEGMENT

    def _refuse_unsigned(self, segment: Sequence[Entry]) -> None:
        """Raises unless each entry that the seal cannot vouch for is signed by who must have."""
        for entry in segment:
            authority = authority_over(entry.kind, entry.body)
            if authority in SEALERS:
                continue
            signature = base64.b64decode(entry.signature)
            if not self.public_keys[authority].verify(entry.signed_bytes, signature):
                raise LedgerBroken(
                    f"ledger of {self.use_case}, entry {entry.sequence}: not signed with the {authority.value} key"
                )

    def _signed(self, last: int, authority: Authority) -> Seal | None:
        """What a key's holder has said of a segment; None where the signature does not hold."""
        try:
            said = json.loads(self.artifacts.get(self._key(last, f"{authority.value}.json")))
            seal = Seal.model_validate(said["seal"])
            signature = base64.b64decode(said["signature"], validate=True)
        except (ValueError, KeyError, TypeError, RecursionError, RecordMissing):
            return None
        rightly_named = (seal.use_case, seal.first, seal.last) == (self.use_case, last - SEGMENT + 1, last)
        return seal if rightly_named and self.public_keys[authority].verify(seal.signed_bytes, signature) else None

    def _names(self) -> list[str]:
        prefix = f"{LEDGER_PREFIX}_seals/{self.use_case}/"
        return [key.removeprefix(prefix) for key in self.artifacts.list(prefix)]

    def _key(self, last: int, kind: str) -> str:
        return f"{LEDGER_PREFIX}_seals/{self.use_case}/{last:012d}.{kind}"
