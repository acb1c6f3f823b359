"""A chain that was touched does not hold, and the walk says where."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from model_governance.domain.canonical import canonical_json
from model_governance.domain.ledger import Entry, EntryKind, next_entry, read_chain
from model_governance.errors import LedgerBroken

KEY = Ed25519PrivateKey.generate()
OTHER_KEY = Ed25519PrivateKey.generate()


def signature_holds(message: bytes, signature: bytes) -> bool:
    try:
        KEY.public_key().verify(signature, message)
    except InvalidSignature:
        return False
    return True


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
        )
        entries.append(entry.signed(key.sign(entry.signed_bytes)))
    return [entry.raw for entry in entries]


def read(raws: list[bytes]) -> tuple[Entry, ...]:
    return read_chain(raws, use_case="loan-approval", signature_holds=signature_holds)


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
    rest = read_chain(raws[2:], use_case="loan-approval", signature_holds=signature_holds, head=head)
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
