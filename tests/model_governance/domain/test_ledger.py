"""A chain that was touched does not hold, and the walk says where."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from model_governance.domain.canonical import canonical_json
from model_governance.domain.chain import read_chain
from model_governance.domain.ledger import Authority, Entry, EntryKind, authority_over, next_entry
from model_governance.errors import LedgerBroken

KEY = Ed25519PrivateKey.generate()
OTHER_KEY = Ed25519PrivateKey.generate()


DECISIONS_KEY = Ed25519PrivateKey.generate()
OVERSIGHT_KEY = Ed25519PrivateKey.generate()
OPERATIONS_KEY = Ed25519PrivateKey.generate()


@dataclass(frozen=True)
class Public:
    """A public key of the test's own: the domain needs no more than this of one."""

    key: Ed25519PublicKey

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()

    def verify(self, message: bytes, signature: bytes) -> bool:
        try:
            self.key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


PRIVATE = {
    Authority.LEDGER: KEY,
    Authority.DECISIONS: DECISIONS_KEY,
    Authority.OVERSIGHT: OVERSIGHT_KEY,
    Authority.OPERATIONS: OPERATIONS_KEY,
}
KEYS = {authority: Public(key.public_key()) for authority, key in PRIVATE.items()}


def chain(length: int, key: Ed25519PrivateKey = KEY, use_case: str = "loan-approval") -> list[bytes]:
    entries: list[Entry] = []
    for number in range(length):
        entry = next_entry(
            entries[-1] if entries else None,
            use_case=use_case,
            kind=EntryKind.EVIDENCE,
            subject="arn",
            body={"number": number, "share": 0.5},
            time=datetime(2026, 1, 1, 0, number, tzinfo=UTC),
            key_id="alias/ledger",
            key_sha256=KEYS[Authority.LEDGER].fingerprint,
        )
        entries.append(entry.signed(key.sign(entry.signed_bytes)))
    return [entry.raw for entry in entries]


def read(raws: list[bytes]) -> tuple[Entry, ...]:
    return read_chain(raws, use_case="loan-approval", keys=KEYS)


def resigned(raw: bytes, key: Ed25519PrivateKey = KEY, **changes: object) -> bytes:
    entry = Entry.model_validate(json.loads(raw) | changes)
    return entry.signed(key.sign(entry.signed_bytes)).raw


def test_whole_chain_reads_back() -> None:
    entries = read(chain(5))
    assert [entry.sequence for entry in entries] == [1, 2, 3, 4, 5]
    assert entries[0].previous == "0" * 64


def test_reading_can_continue_from_a_verified_head() -> None:
    raws = chain(4)
    head = read(raws[:2])[-1]
    rest = read_chain(raws[2:], use_case="loan-approval", keys=KEYS, head=head)
    assert [entry.sequence for entry in rest] == [3, 4]


@given(data=st.data())
def test_any_changed_byte_is_found_at_its_entry(data: st.DataObject) -> None:
    raws = chain(3)
    place = data.draw(st.integers(0, 2))
    at = data.draw(st.integers(0, len(raws[place]) - 1))
    by = data.draw(st.integers(1, 255))
    raw = bytearray(raws[place])
    raw[at] ^= by
    raws[place] = bytes(raw)
    with pytest.raises(LedgerBroken, match=f"entry {place + 1}"):
        read(raws)


@pytest.mark.parametrize(
    ("name", "touched", "entry"),
    [
        ("removed", lambda raws: raws[:1] + raws[2:], 2),
        ("first removed", lambda raws: raws[1:], 1),
        ("reordered", lambda raws: [raws[0], raws[2], raws[1], raws[3]], 2),
        ("inserted twice", lambda raws: [*raws[:2], raws[1], *raws[2:]], 3),
        ("rewritten by the key's holder", lambda raws: [raws[0], resigned(raws[1], body={}), *raws[2:]], 3),
        ("signed by another key", lambda raws: [raws[0], resigned(raws[1], OTHER_KEY), *raws[2:]], 2),
        ("another use case's", lambda raws: [raws[0], chain(2, use_case="other")[1], *raws[2:]], 2),
        ("spaces added", lambda raws: [raws[0] + b" ", *raws[1:]], 1),
        ("not JSON", lambda raws: [b"\xff", *raws[1:]], 1),
        ("empty", lambda raws: [b"", *raws[1:]], 1),
        ("deeply nested", lambda raws: [b"[" * 100_000, *raws[1:]], 1),
        ("unknown field", lambda raws: [canonical_json(json.loads(raws[0]) | {"note": ""}), *raws[1:]], 1),
    ],
)
def test_tampering_is_named_at_the_first_entry_that_does_not_hold(name: str, touched: object, entry: int) -> None:
    assert callable(touched), name
    with pytest.raises(LedgerBroken, match=f"loan-approval, entry {entry}:"):
        read(touched(chain(4)))


@pytest.mark.parametrize("kind", list(EntryKind))
@pytest.mark.parametrize("signed", list(Authority))
@pytest.mark.parametrize("named", list(Authority))
def test_each_kind_is_signed_with_its_own_key_and_says_so(kind: EntryKind, signed: Authority, named: Authority) -> None:
    """Every kind under every key, honestly or falsely named: only the right key, rightly named, holds."""
    raw = resigned(chain(1)[0], PRIVATE[signed], kind=kind.value, key_sha256=KEYS[named].fingerprint)
    demanded = authority_over(kind, json.loads(raw)["body"])
    if signed is named is demanded:
        assert read([raw])[0].kind is kind
        return
    with pytest.raises(LedgerBroken, match=f"entry 1: .*must be signed with the {demanded.value} key"):
        read([raw])


def test_an_entry_of_the_first_form_is_refused_and_told_what_to_do() -> None:
    """One key signed every kind then: such an entry, however well signed, proves nothing about a decision."""
    said = json.loads(chain(1)[0])
    for name in ("format", "key_sha256"):
        del said[name]
    with pytest.raises(LedgerBroken, match=r"entry 1: has form 1, .*begin a new ledger"):
        read([canonical_json(said)])


@pytest.mark.parametrize("form", [0, 1, 3, "2", None])
def test_another_form_is_no_entry(form: object) -> None:
    with pytest.raises(LedgerBroken, match="entry 1: changed"):
        read([canonical_json(json.loads(chain(1)[0]) | {"format": form})])


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(codec="utf-8")),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_what_was_written_is_written_the_same_once_it_was_read(value: object) -> None:
    """Whoever reads an entry holds its bytes to those that he would write: they must be the same for every value."""
    written = canonical_json(value)
    assert canonical_json(json.loads(written)) == written
