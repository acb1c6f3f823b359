"""A use case's ledger in the object store: read and verified from its first entry, and appended to without a fork.

Apart from ``domain.ledger``, which says what an entry is: here is how two writers share one chain. A sequence number
is an object's key, written only if there is none (``If-None-Match: *``), so that one of two writers loses, reads again
and tries the next.
"""

from __future__ import annotations

import random
import threading
import time as clock
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from model_governance.domain.chain import key_of
from model_governance.domain.ledger import (
    NO_ENTRY,
    Authority,
    Entry,
    EntryKind,
    Proposal,
    authority_over,
    next_entry,
)
from model_governance.domain.orders import refuse_unordered, why_unordered
from model_governance.errors import (
    DecisionRefused,
    GovernanceError,
    LedgerBroken,
    RecordConflict,
    RequestRefused,
    ServiceUnavailable,
)
from model_governance.hooks.artifacts import Artifacts
from model_governance.hooks.clock import utc_now
from model_governance.hooks.ledger_places import Places
from model_governance.hooks.seals import Seals
from model_governance.hooks.signer import PublicKey, Signer

_ATTEMPTS = 200
_LONGEST_PAUSE_SECONDS = 0.5


@dataclass(frozen=True)
class Ledger:
    """The chain of one use case.

    Attributes:
        use_case: Whose ledger.
        artifacts: The object store that holds it.
        signers: Who signs new entries, by the key that an entry's kind asks for.
        public_keys: What every entry read is checked with.
        now: The clock that new entries are stamped by.
    """

    use_case: str
    artifacts: Artifacts
    signers: Mapping[Authority, Signer]
    public_keys: Mapping[Authority, PublicKey]
    now: Callable[[], datetime] = utc_now
    _known: list[Entry] = field(default_factory=list, repr=False, compare=False)
    _last_look: list[float] = field(default_factory=lambda: [-1.0], repr=False, compare=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)

    def entries(self) -> tuple[Entry, ...]:
        """Every entry, in order; those read before are not read again, those sealed are read by the thousand.

        Who has to wait for another thread's look shares it if it began after he asked: it shows all that his own would.

        Raises:
            LedgerBroken: Naming the first entry that does not hold.
            ServiceUnavailable, AccessRefused: As the store answers.
        """
        asked = clock.monotonic()
        with self._lock:
            if self._last_look[0] > asked:
                return tuple(self._known)
            began = clock.monotonic()
            if not self._known:
                self._known.extend(self._seals.read())
            fresh = self._places.read_after(self._known[-1] if self._known else None)
            refuse_unordered(self._known, fresh)
            self._known.extend(fresh)
            self._last_look[0] = began
            return tuple(self._known)

    def entries_with(self, entry: Entry) -> tuple[Entry, ...]:
        """The chain at least as far as an entry just appended or read; only if others' come before it, a new look."""
        with self._lock:
            if len(self._known) >= entry.sequence and self._known[entry.sequence - 1] == entry:
                return tuple(self._known)
        return self.entries()

    @property
    def _places(self) -> Places:
        return Places(self.use_case, self.artifacts, self.public_keys)

    @property
    def _seals(self) -> Seals:
        return Seals(self.use_case, self.artifacts, self.public_keys)

    def seal(self, authority: Authority) -> int:
        """Seals with this key every full segment of the chain that it has not sealed yet, and says how many.

        Raises:
            LedgerBroken, AccessRefused, ServiceUnavailable: As ``entries`` and KMS answer.
        """
        return self._seals.add(self.entries(), authority, self.signers[authority])

    def verify(self, *, sealed: bool = False) -> tuple[Entry, ...]:
        """Every entry, each read afresh from the store and verified, whatever was read before.

        Args:
            sealed: Whether a segment sealed with both keys may stand for its entries.

        Raises:
            LedgerBroken: Naming the first entry that does not hold; also when the chain has become shorter than it
                was, or its past another one.
            ServiceUnavailable, AccessRefused: As the store answers.
        """
        with self._lock:
            known = self._seals.read() if sealed else ()
            read = self._places.read_after(known[-1] if known else None)
            refuse_unordered(known, read)
            entries = (*known, *read)
            for before, fresh in zip(self._known, entries, strict=False):
                if before.digest != fresh.digest:
                    raise LedgerBroken(
                        f"ledger of {self.use_case}, entry {before.sequence}: replaced since it was read"
                    )
            if len(entries) < len(self._known):
                raise LedgerBroken(
                    f"ledger of {self.use_case}, entry {len(entries) + 1}: removed: the chain had "
                    f"{len(self._known)} entries and ends after {len(entries)}"
                )
            self._known[:] = entries
            return entries

    def append(
        self,
        kind: EntryKind,
        subject: str,
        body: dict[str, Any],
        unless: Callable[[Entry], bool] | None = None,
    ) -> Entry:
        """Appends an entry, or returns the newest one that ``unless`` holds for.

        Args:
            kind: What it records.
            subject: ARN of what it is about.
            body: The record, as JSON can hold it.
            unless: Whether an existing entry makes this one needless; asked again after every lost race.

        Raises:
            LedgerBroken: The chain does not hold; nothing is appended to it.
            ServiceUnavailable, AccessRefused: As the store or KMS answers.
        """
        proposal = Proposal(kind, subject, body)

        def propose(entries: Sequence[Entry]) -> Proposal | Entry:
            return next((entry for entry in reversed(entries) if unless is not None and unless(entry)), proposal)

        return self.propose(propose)

    def propose(self, propose: Callable[[Sequence[Entry]], Proposal | Entry]) -> Entry:
        """Appends what ``propose`` makes of the chain as it is, so that a check and its entry are one step.

        Args:
            propose: Given every entry, returns what to append, or the entry that makes it needless; may raise to
                refuse. Called again whenever another writer was first.

        Returns:
            The entry appended, or the one that ``propose`` returned.

        Raises:
            DecisionRefused: It names an order that does not stand behind it.
            LedgerBroken: The chain does not hold; nothing is appended to it.
            ServiceUnavailable: The store or KMS could not be reached, or others were first 200 times in a row.
            AccessRefused: The caller may not sign or write.
        """
        known = self._first_guess(propose)
        unsure: list[Entry] = []
        for attempt in range(_ATTEMPTS):
            entries, wanted, at = known or self._look(propose, unsure)
            known = None
            if isinstance(wanted, Entry):
                return wanted
            entry = self._sign(entries[-1] if entries else None, wanted, at)
            if self._put(entry, unsure):
                self._learn(entry)
                return entry
            clock.sleep(random.uniform(0, min(_LONGEST_PAUSE_SECONDS, 0.01 * 2 ** min(attempt, 6))))  # noqa: S311
        raise ServiceUnavailable(
            f"ledger of {self.use_case}: other writers were first {_ATTEMPTS} times in a row; try again"
        )

    def _look(
        self, propose: Callable[[Sequence[Entry]], Proposal | Entry], unsure: Sequence[Entry]
    ) -> tuple[Sequence[Entry], Proposal | Entry, datetime]:
        """The chain as it is, and what is proposed on it when: an entry of our own, if one has arrived after all."""
        entries, at = self.entries(), self.now()
        standing = {entry.digest for entry in entries} if unsure else set()
        arrived = next((each for each in unsure if each.digest in standing), None)
        return entries, arrived or self._proposed(propose, entries, at), at

    def _first_guess(
        self, propose: Callable[[Sequence[Entry]], Proposal | Entry]
    ) -> tuple[Sequence[Entry], Proposal, datetime] | None:
        """A proposal on the entries read before, which spares a look at the store; None where that settles nothing.

        If others have written since, the next place is taken and the put fails. A refusal, or an entry that makes this
        one needless, is only believed on a chain just read.
        """
        with self._lock:
            entries, at = tuple(self._known), self.now()
        if not entries:
            return None
        try:
            wanted = self._proposed(propose, entries, at)
        except GovernanceError:
            return None
        return None if isinstance(wanted, Entry) else (entries, wanted, at)

    def _proposed(
        self, propose: Callable[[Sequence[Entry]], Proposal | Entry], entries: Sequence[Entry], at: datetime
    ) -> Proposal | Entry:
        """What is proposed on these entries, held against the order that it names as every reader will hold it."""
        wanted = propose(entries)
        why = why_unordered(wanted.kind, wanted.body, at, entries) if isinstance(wanted, Proposal) else ""
        if why:
            raise DecisionRefused(f"ledger of {self.use_case}: not entered: {why}")
        return wanted

    def _learn(self, entry: Entry) -> None:
        """Counts an entry of our own as read, unless others' have to be read first."""
        with self._lock:
            if (self._known[-1].digest if self._known else NO_ENTRY) == entry.previous:
                self._known.append(entry)

    def _sign(self, head: Entry | None, wanted: Proposal, at: datetime) -> Entry:
        authority = authority_over(wanted.kind, wanted.body)
        signer = self.signers[authority]
        entry = next_entry(
            head,
            use_case=self.use_case,
            kind=wanted.kind,
            subject=wanted.subject,
            body=wanted.body,
            time=at,
            key_id=signer.key_id,
            key_sha256=key_of(self.public_keys, authority, f"ledger of {self.use_case}").fingerprint,
        )
        try:
            to_sign = entry.signed_bytes
        except ValueError as fault:
            raise RequestRefused(
                f"ledger of {self.use_case}: not appended: what a {wanted.kind.value} says cannot be written as "
                f"canonical JSON: {fault}"
            ) from fault
        signature = signer.sign(to_sign)
        if not self.public_keys[authority].verify(to_sign, signature):
            raise LedgerBroken(
                f"ledger of {self.use_case}: not appended: {signer.key_id} is not the private half of the "
                f"installation's public {authority.value} key ({entry.key_sha256[:12]})"
            )
        return entry.signed(signature)

    def _put(self, entry: Entry, unsure: list[Entry]) -> bool:
        """Writes the entry at its place; False if another writer was first, or if that cannot be told yet."""
        places = self._places
        try:
            self.artifacts.put_new(places.key(entry.sequence), entry.raw)
        except RecordConflict as conflict:
            # A put whose answer was lost is sent again, and then finds its own entry: there, or still on its way.
            if conflict.was_retried and places.holds(entry):
                return True
            if conflict.was_retried:
                unsure.append(entry)
            return False
        except ServiceUnavailable:
            # The put may have arrived although its answer did not.
            if not places.holds(entry):
                raise
        return True
