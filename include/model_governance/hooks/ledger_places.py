"""Where the entries of one chain lie: an object each, named after its place; found, read and verified from there.

Apart from ``ledger``, which says how writers share a chain.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from model_governance.domain.chain import read_chain
from model_governance.domain.ledger import Authority, Entry
from model_governance.errors import LedgerBroken, RecordMissing
from model_governance.hooks.artifacts import LEDGER_PREFIX, Artifacts
from model_governance.hooks.signer import PublicKey

_ENTRY_NAME = re.compile(r"(?!0{12})[0-9]{12}\.json")
_READERS = 16


@dataclass(frozen=True)
class Places:
    """The objects of one ledger's entries.

    Attributes:
        use_case: Whose ledger.
        artifacts: The object store.
        public_keys: What entries are checked with.
    """

    use_case: str
    artifacts: Artifacts
    public_keys: Mapping[Authority, PublicKey]

    def key(self, sequence: int) -> str:
        """The key of the entry in that place."""
        return f"{LEDGER_PREFIX}{self.use_case}/{sequence:012d}.json"

    def holds(self, entry: Entry) -> bool:
        """Whether the entry stands in its place.

        Raises:
            ServiceUnavailable, AccessRefused: As the store answers.
        """
        try:
            return self.artifacts.get(self.key(entry.sequence)) == entry.raw
        except RecordMissing:
            return False

    def read_after(self, head: Entry | None) -> tuple[Entry, ...]:
        """The verified entries after one that is known to hold.

        Raises:
            LedgerBroken: Naming the first entry that does not hold.
            ServiceUnavailable, AccessRefused: As the store answers.
        """
        last = self._last(head)
        first = head.sequence + 1 if head else 1
        keys = [self.key(sequence) for sequence in range(first, last + 1)]
        raws = [self._raw(keys[0])] if len(keys) == 1 else self._raws(keys)
        return read_chain(raws, use_case=self.use_case, keys=self.public_keys, head=head)

    def _last(self, head: Entry | None) -> int:
        """The highest sequence number in the store.

        Reading starts at the known head itself, so that its removal is seen.
        """
        prefix = f"{LEDGER_PREFIX}{self.use_case}/"
        start_after = self.key(head.sequence - 1) if head and head.sequence > 1 else ""
        last = head.sequence - 1 if head else 0
        for key in self.artifacts.list(prefix, start_after):
            name = key.removeprefix(prefix)
            if not _ENTRY_NAME.fullmatch(name):
                raise LedgerBroken(f"ledger of {self.use_case}: {name!r} was inserted: it is no entry's name")
            place = int(name.removesuffix(".json"))
            for missing in range(last + 1, place):  # a store may list what is written meanwhile in any order
                self._raw(self.key(missing))
            last = max(last, place)
        if head and last < head.sequence:
            raise LedgerBroken(
                f"ledger of {self.use_case}, entry {head.sequence}: removed: it was there when last read"
            )
        return last

    def _raws(self, keys: Sequence[str]) -> list[bytes]:
        with ThreadPoolExecutor(max_workers=_READERS) as readers:
            return list(readers.map(self._raw, keys))

    def _raw(self, key: str) -> bytes:
        try:
            return self.artifacts.get(key)
        except RecordMissing:
            place = int(key.rsplit("/", 1)[-1].removesuffix(".json"))
            raise LedgerBroken(f"ledger of {self.use_case}, entry {place}: removed: later entries are there") from None
