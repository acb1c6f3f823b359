"""Published heads: what was said of a chain outside of it, by which a chain that was cut off at its end is found out.

Apart from ``domain.ledger``, where each entry vouches for those before it: nothing in a chain vouches for its last one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from model_governance.domain.ledger import Entry
from model_governance.errors import LedgerBroken


class PublishedHead(BaseModel):
    """A chain's last entry at some moment.

    Attributes:
        sequence: Its place, from 1.
        digest: Sha256 of its bytes, in hex.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sequence: int = Field(ge=1)
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")

    @classmethod
    def of(cls, entry: Entry) -> PublishedHead:
        """The head that an entry was when it was written."""
        return cls(sequence=entry.sequence, digest=entry.digest)

    @classmethod
    def parse(cls, text: str) -> PublishedHead | None:
        """The head in a text such as ``12 9f86d0...``; None where there is none."""
        sequence, _, digest = text.strip().partition(" ")
        try:
            return cls(sequence=int(sequence), digest=digest)
        except (ValidationError, ValueError):
            return None

    @property
    def text(self) -> str:
        """The head as ``parse`` reads it."""
        return f"{self.sequence} {self.digest}"


@dataclass(frozen=True)
class Sighting:
    """A head and where it was published.

    Attributes:
        place: The witness, for a person to find.
        head: What it knows.
    """

    place: str
    head: PublishedHead


def refuse_cut_off(use_case: str, entries: Sequence[Entry], sightings: Iterable[Sighting]) -> None:
    """Holds a verified chain against what was published of it.

    Args:
        use_case: Whose ledger.
        entries: The chain, verified.
        sightings: What the witnesses know.

    Raises:
        LedgerBroken: Naming the first entry that a witness knows and that is not there, or is another, and every
            witness that knows it so.
    """
    faults: dict[int, list[Sighting]] = {}
    for sighting in sightings:
        place = sighting.head.sequence
        if place > len(entries):
            faults.setdefault(len(entries) + 1, []).append(sighting)
        elif entries[place - 1].digest != sighting.head.digest:
            faults.setdefault(place, []).append(sighting)
    if not faults:
        return
    first = min(faults)
    told = "; ".join(
        f"{each.place} knows entry {each.head.sequence} ({each.head.digest[:12]})"
        for each in sorted(faults[first], key=lambda each: -each.head.sequence)
    )
    where = f"ledger of {use_case}, entry {first}"
    if first > len(entries):
        raise LedgerBroken(f"{where}: cut off: the chain ends after {len(entries)} entries, but {told}")
    raise LedgerBroken(
        f"{where}: the chain was rewritten: its entry {first} is {entries[first - 1].digest[:12]}, but {told}"
    )
