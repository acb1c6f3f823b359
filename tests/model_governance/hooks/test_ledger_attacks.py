"""What somebody who can write to the bucket, and sign nothing, could try on a chain: each is named, none is a crash."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from model_governance.domain.canonical import canonical_json
from model_governance.domain.head import PublishedHead
from model_governance.domain.ledger import Authority, Entry, EntryKind
from model_governance.errors import LedgerBroken
from model_governance.hooks.artifacts import Artifacts
from model_governance.hooks.ledger import Ledger
from model_governance.hooks.signer import PublicKey, Signer
from model_governance.hooks.witness import Witness

KEYS = {authority: Ed25519PrivateKey.generate() for authority in Authority}
PUBLIC_KEYS = {authority: PublicKey(key.public_key()) for authority, key in KEYS.items()}
LAST = "ledger/loans/000000000003.json"

Objects = dict[str, bytes]


class Kms:
    def sign(self, *, KeyId: str, Message: bytes, **_: str) -> dict[str, bytes]:
        return {"Signature": KEYS[Authority(KeyId)].sign(Message)}


class Bucket:
    """An object store in memory: keys in the order of their UTF-8, as S3 lists them."""

    def __init__(self) -> None:
        self.objects: Objects = {}

    def put_object(self, *, Key: str, Body: bytes, **_: Any) -> None:
        if Key in self.objects:
            raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "PutObject")
        self.objects[Key] = Body

    def get_object(self, *, Key: str, **_: Any) -> dict[str, Any]:
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        data = self.objects[Key]
        return {"Body": type("Body", (), {"read": lambda _: data})()}

    def list_objects_v2(self, *, Prefix: str, StartAfter: str = "", **_: Any) -> dict[str, Any]:
        keys = sorted((key for key in self.objects if key.startswith(Prefix)), key=str.encode)
        return {"Contents": [{"Key": key} for key in keys if key.encode() > StartAfter.encode()]}


def ledger_in(bucket: Bucket, name: str = "loans") -> Ledger:
    """What a process that starts now reads."""
    signers = {authority: Signer(Kms(), authority.value) for authority in Authority}
    return Ledger(name, Artifacts(bucket, "bucket"), signers, PUBLIC_KEYS, lambda: datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def bucket() -> Bucket:
    """Two ledgers of three entries."""
    bucket = Bucket()
    for name in ("loans", "cards"):
        ledger = ledger_in(bucket, name)
        for kind in (EntryKind.EVIDENCE, EntryKind.DECISION, EntryKind.EVIDENCE):
            ledger.append(kind, "arn:ü€𐍈\u2028", {"said": "ü€𐍈 \u202e\x1b[8m", "of": name})
    return bucket


def with_member(raw: bytes, text: str) -> bytes:
    return raw.replace(b'{"body"', text.encode() + b'"body"', 1)


def malleable(raw: bytes) -> bytes:
    """The same signature, written with bits in its last letter that no reader of base64 looks at."""
    said = json.loads(raw)
    stem = said["signature"].removesuffix("==")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    said["signature"] = stem[:-1] + letters[letters.index(stem[-1]) + 1] + "=="
    assert base64.b64decode(said["signature"], validate=True) == base64.b64decode(json.loads(raw)["signature"])
    return canonical_json(said)


def resequenced(raw: bytes, **changes: Any) -> bytes:
    return canonical_json({**json.loads(raw), **changes})


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "a name given twice": lambda raw: with_member(raw, '{"kind":"evidence",'),
    "a body given twice": lambda raw: with_member(raw, '{"body":{},'),
    "a byte order mark": lambda raw: b"\xef\xbb\xbf" + raw,
    "UTF-16": lambda raw: raw.decode().encode("utf-16"),
    "white space": lambda raw: raw.replace(b'"format":2', b'"format": 2'),
    "a line feed behind it": lambda raw: raw + b"\n",
    "another order of names": lambda raw: json.dumps(dict(reversed(json.loads(raw).items()))).encode(),
    "escapes where canonical JSON has none": lambda raw: json.dumps(json.loads(raw), separators=(",", ":")).encode(),
    "a number in other words": lambda raw: raw.replace(b'"sequence":3', b'"sequence":3.0'),
    "cut off": lambda raw: raw[:-7],
    "empty": lambda raw: b"",
    "not UTF-8": lambda raw: raw.replace(b'"said"', b'"\xff\xfe"'),
    "not a number": lambda raw: raw.replace(b'"format":2', b'"format":NaN'),
    "an endless number": lambda raw: raw.replace(b'"sequence":3', b'"sequence":' + b"9" * 5000),
    "half of a pair of surrogates": lambda raw: raw.replace(b'"said":"', b'"said":"\\ud800'),
    "nested without end": lambda raw: raw.replace(b'"said":"', b'"said":' + b"[" * 100_000 + b'"'),
    "a list": lambda raw: b"[" + raw + b"]",
    "a word": lambda raw: b"null",
    "bits of the signature that nothing reads": malleable,
    "no signature": lambda raw: resequenced(raw, signature=""),
    "another key's name": lambda raw: resequenced(raw, key_sha256="0" * 64),
    "another name of the key": lambda raw: resequenced(raw, key_id="alias/other"),
    "a later time": lambda raw: resequenced(raw, time="2027-01-01T00:00:00+00:00"),
    "a time that is none": lambda raw: resequenced(raw, time="9999-99-99T00:00:00+00:00"),
    "a member more": lambda raw: resequenced(raw, note=""),
    "another kind": lambda raw: resequenced(raw, kind="decision"),
    "a kind that nobody knows": lambda raw: resequenced(raw, kind="approval"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_bytes_that_are_not_exactly_what_was_signed_are_named(bucket: Bucket, change: str) -> None:
    bucket.objects[LAST] = CHANGES[change](bucket.objects[LAST])
    for read in (ledger_in(bucket).verify, ledger_in(bucket).entries):
        with pytest.raises(LedgerBroken, match="ledger of loans, entry 3: "):
            read()


@pytest.mark.parametrize(
    "name",
    [
        "2.json",
        "000000000002.json.bak",
        "000000000002.JSON",
        "000000000003.json\n",
        "000000000000.json",
        "-00000000001.json",
        "0000000000002.json",
        "٠٠٠٠٠٠٠٠٠٠٠٢.json",  # the digits of another script, which sort behind all others: 2, in fact
        "sub/000000000004.json",
        "",
    ],
)
def test_a_name_that_is_no_entrys_was_inserted_and_hides_nothing(bucket: Bucket, name: str) -> None:
    bucket.objects[f"ledger/loans/{name}"] = bucket.objects[LAST]
    with pytest.raises(LedgerBroken, match="was inserted: it is no entry's name"):
        ledger_in(bucket).verify()


def test_a_gap_a_far_place_and_an_entry_from_elsewhere_are_named(bucket: Bucket) -> None:
    whole = dict(bucket.objects)
    bucket.objects["ledger/loans/999999999999.json"] = b"{}"
    with pytest.raises(LedgerBroken, match="entry 4: removed: later entries are there"):
        ledger_in(bucket).verify()
    bucket.objects = dict(whole)
    del bucket.objects["ledger/loans/000000000002.json"]
    with pytest.raises(LedgerBroken, match="entry 2: removed"):
        ledger_in(bucket).verify()
    bucket.objects = {**whole, LAST: whole["ledger/loans/000000000002.json"]}
    with pytest.raises(LedgerBroken, match="entry 3: found sequence 2"):
        ledger_in(bucket).verify()


def test_another_use_cases_whole_chain_in_the_place_of_this_one_is_named(bucket: Bucket) -> None:
    for number in (1, 2, 3):
        bucket.objects[f"ledger/loans/{number:012d}.json"] = bucket.objects[f"ledger/cards/{number:012d}.json"]
    with pytest.raises(LedgerBroken, match="entry 1: it is from the ledger of cards"):
        ledger_in(bucket).verify()


def test_no_entry_and_one_entry_hold(bucket: Bucket) -> None:
    assert ledger_in(bucket, "none").verify() == ()
    entry = ledger_in(bucket, "none").append(EntryKind.EVIDENCE, "arn", {})
    assert ledger_in(bucket, "none").verify() == (entry,)


def test_rubbish_among_the_seals_is_passed_over(bucket: Bucket) -> None:
    for name, data in {
        "000000001000.jsonl": b"x",
        "000000001000.ledger.json": b"[" * 100_000,
        "000000001000.decisions.json": b'{"seal":[],"signature":7}',
    }.items():
        bucket.objects[f"ledger/_seals/loans/{name}"] = data
    assert len(ledger_in(bucket).verify(sealed=True)) == 3


def test_rubbish_in_the_witness_file_hides_no_line(tmp_path: Path, bucket: Bucket) -> None:
    head: Entry = ledger_in(bucket).verify()[-1]
    file = tmp_path / "heads.jsonl"
    file.write_bytes(b"[" * 100_000 + b'\n[]\n"x"\n\xff\n{"sequence":true}\n{"sequence":1e400,"digest":"x"}\nhalf a li')
    witness = Witness(file)
    witness.tell("s3://bucket/ledger/loans/", PublishedHead.of(head), head.time)
    assert [each.head.sequence for each in witness.sightings("s3://bucket/ledger/loans/")] == [3]
    assert witness.ledgers() == ("s3://bucket/ledger/loans/",)
