"""The walk over a ledger's entries that finds the first false one: by its bytes, its place, its key, its signature."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Protocol

from pydantic import ValidationError

from model_governance.domain.ledger import NO_ENTRY, Authority, Entry, authority_over
from model_governance.errors import LedgerBroken


class VerifyingKey(Protocol):
    """A public key of the installation."""

    @property
    def fingerprint(self) -> str:
        """Sha256 of the key's DER SubjectPublicKeyInfo, in hex."""

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's for the message."""


Keys = Mapping[Authority, VerifyingKey]


def key_of(keys: Keys, authority: Authority, where: str) -> VerifyingKey:
    """The public key of an authority.

    Raises:
        LedgerBroken: The installation has none, so that what it should have signed cannot be read or written.
    """
    if authority not in keys:
        raise LedgerBroken(
            f"{where}: the installation has no public {authority.value} key: "
            f"set MODEL_GOVERNANCE_{authority.name}_PUBLIC_KEY to its PEM file"
        )
    return keys[authority]


def read_entry(raw: bytes, head: Entry | None, *, use_case: str, keys: Keys) -> Entry:
    """The entry in these bytes, if it truly follows the head.

    Args:
        raw: The bytes in the store.
        head: The entry before it, already verified; None for the first.
        use_case: Whose ledger it must be.
        keys: The installation's public keys.

    Raises:
        LedgerBroken: Naming the entry and what does not hold.
    """
    place = head.sequence + 1 if head else 1
    where = f"ledger of {use_case}, entry {place}"
    entry, signature = _parse(raw, where)
    if entry.use_case != use_case:
        raise LedgerBroken(f"{where}: it is from the ledger of {entry.use_case}")
    if entry.sequence != place:
        raise LedgerBroken(f"{where}: found sequence {entry.sequence}: removed, inserted or reordered")
    _refuse_unsigned(entry, signature, keys, where)
    expected = head.digest if head else NO_ENTRY
    if entry.previous != expected:
        raise LedgerBroken(f"{where}: previous is {entry.previous[:12]}, the entry before it is {expected[:12]}")
    return entry


def read_chain(raws: Sequence[bytes], *, use_case: str, keys: Keys, head: Entry | None = None) -> tuple[Entry, ...]:
    """The entries in these bytes, each verified against the one before; continues from ``head`` where one is given.

    Raises:
        LedgerBroken: Naming the first entry that does not hold.
    """
    entries: list[Entry] = []
    for raw in raws:
        head = read_entry(raw, head, use_case=use_case, keys=keys)
        entries.append(head)
    return tuple(entries)


def _parse(raw: bytes, where: str) -> tuple[Entry, bytes]:
    """The entry in these bytes and its signature, in its one canonical form."""
    try:
        said = json.loads(raw)
        if isinstance(said, dict) and "key_sha256" not in said and said.get("format", 1) == 1 and "sequence" in said:
            raise LedgerBroken(
                f"{where}: has form 1, in which one key signed every kind, so that whoever recorded evidence could "
                "forge a decision; it proves nothing. Keep it aside and begin a new ledger: an empty bucket "
                "(MODEL_GOVERNANCE_BUCKET), or for the embedded stack another MODEL_GOVERNANCE_HOME"
            )
        entry = Entry.model_validate(said)
        if entry.raw != raw:
            raise LedgerBroken(f"{where}: changed: its bytes are not canonical JSON")
        signature = base64.b64decode(entry.signature, validate=True)
        if base64.b64encode(signature).decode() != entry.signature:  # bits that nothing reads, and nothing signs
            raise LedgerBroken(f"{where}: changed: its signature is not written as base64 writes it")
        return entry, signature
    except (ValidationError, ValueError, binascii.Error, RecursionError) as fault:
        raise LedgerBroken(f"{where}: changed: it cannot be read ({type(fault).__name__})") from None


def _refuse_unsigned(entry: Entry, signature: bytes, keys: Keys, where: str) -> None:
    """Raises unless the key that may sign this kind has signed the entry, and the entry says so."""
    authority = authority_over(entry.kind, entry.body)
    demanded = f"an entry of kind {entry.kind.value} must be signed with the {authority.value} key"
    key = key_of(keys, authority, where)
    if entry.key_sha256 != key.fingerprint:
        named = next((each.value for each, one in keys.items() if one.fingerprint == entry.key_sha256), "no known")
        raise LedgerBroken(
            f"{where}: {demanded} ({key.fingerprint[:12]}), it names {named} key ({entry.key_sha256[:12]})"
        )
    if not key.verify(entry.signed_bytes, signature):
        raise LedgerBroken(f"{where}: its signature does not hold: changed, or signed by another key ({demanded})")
