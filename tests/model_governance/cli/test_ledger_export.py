"""An auditor verifies an exported ledger with one file and one package, and finds whatever was done to it."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from model_governance.cli import verify_export
from model_governance.cli.ledger_export import exported
from model_governance.domain.canonical import canonical_json, sha256_hex
from model_governance.domain.head import PublishedHead
from model_governance.domain.ledger import SIGNED_PREFIX, Authority, Entry, EntryKind, authority_over, next_entry
from model_governance.hooks.installation import Installation
from model_governance.hooks.signer import PublicKey

PRIVATE = {authority: Ed25519PrivateKey.generate() for authority in Authority}
KEYS = {authority: PublicKey(key.public_key()) for authority, key in PRIVATE.items()}
EXPECTED = {authority.value: key.fingerprint for authority, key in KEYS.items()}
OTHER = Ed25519PrivateKey.generate()
KINDS = [EntryKind.USE_CASE, EntryKind.EVIDENCE, EntryKind.REQUEST, EntryKind.DECISION, EntryKind.DEPLOYMENT]


def chain() -> list[Entry]:
    entries: list[Entry] = []
    for number, kind in enumerate(KINDS):
        authority = authority_over(kind, {})
        entry = next_entry(
            entries[-1] if entries else None,
            use_case="loan-approval",
            kind=kind,
            subject='arn:"odd",\\ü€𐍈',
            body={"n": number, "share": 1e-7, "signature": "no", "sub": {"signature": 'x","signature":"y'}},
            time=datetime(2026, 1, 1, 0, number, tzinfo=UTC),
            key_id=f"alias/{authority.value}",
            key_sha256=KEYS[authority].fingerprint,
        )
        entries.append(entry.signed(PRIVATE[authority].sign(entry.signed_bytes)))
    return entries


def header(chain: list[Entry], /, **changes: object) -> bytes:
    keys = {authority.value: {"sha256": key.fingerprint, "pem": key.pem} for authority, key in KEYS.items()}
    head = chain[-1].digest if chain else None
    said = {"export": "model-governance ledger", "format": 2, "use_case": "loan-approval", "keys": keys}
    return canonical_json({**said, "entries": len(chain), "head": head, **changes})


def file(chain: list[Entry], /, *heads: Entry, **changes: object) -> bytes:
    told = [canonical_json({"published": "the witness", **PublishedHead.of(each).model_dump()}) for each in heads]
    return b"".join(line + b"\n" for line in [header(chain, **changes), *(each.raw for each in chain), *told])


ENTRIES = chain()
GOOD = file(ENTRIES, ENTRIES[3])


def fault_in(data: bytes, heads: tuple[str, ...] = ()) -> str:
    with pytest.raises(verify_export.DoesNotHold) as told:
        verify_export.verify(data, EXPECTED, heads)
    return str(told.value)


def resigned(entry: Entry, key: Ed25519PrivateKey, **changes: object) -> Entry:
    changed = Entry.model_validate({**json.loads(entry.raw), **changes})
    return changed.signed(key.sign(changed.signed_bytes))


def forged(entry: Entry, **changes: object) -> bytes:
    """What the ledger key's holder can make of an entry, be it nothing that the ledger would read."""
    said = {name: value for name, value in {**json.loads(entry.raw), **changes}.items() if name != "signature"}
    signature = PRIVATE[Authority.LEDGER].sign(SIGNED_PREFIX + sha256_hex(canonical_json(said)).encode())
    return canonical_json({**said, "signature": base64.b64encode(signature).decode()})


def with_last(raw: bytes) -> bytes:
    """The good file with another last entry."""
    told = header(ENTRIES, head=sha256_hex(raw))
    return b"".join(line + b"\n" for line in [told, *(entry.raw for entry in ENTRIES[:-1]), raw])


def moved_signature(entry: Entry) -> bytes:
    member = f',"signature":"{entry.signature}"'.encode()
    return entry.raw.replace(member, b"")[:-1] + member + b"}"


def test_a_good_file_holds() -> None:
    verify_export.verify(with_last(forged(ENTRIES[4], body={})), EXPECTED)
    assert verify_export.verify(GOOD, EXPECTED) == "loan-approval: 5 entries hold, 1 published heads agree"
    assert verify_export.verify(file([]), EXPECTED).startswith("loan-approval: 0 entries")


def test_the_verifier_knows_the_same_keys_by_kind_as_the_ledger() -> None:
    by_key = {a.value: {kind.value for kind in EntryKind if authority_over(kind, {}) is a} for a in Authority}
    assert by_key == verify_export.SIGNED_WITH


@pytest.mark.parametrize("place", range(5))
def test_each_entry_removed_changed_or_doubled_is_named(place: int) -> None:
    entries = list(ENTRIES)
    without = entries[:place] + entries[place + 1 :]
    assert fault_in(file(without, ENTRIES[-1])).startswith(f"entry {place + 1}:")
    doubled = entries[: place + 1] + entries[place:]
    assert fault_in(file(doubled)).startswith(f"entry {place + 2}:")
    changed = entries[place].model_copy(update={"body": {}})
    assert "signature does not hold" in fault_in(file([*entries[:place], changed, *entries[place + 1 :]]))


@pytest.mark.parametrize(
    ("said", "tampered"),
    [
        ("entry 2: found sequence 3", file([ENTRIES[0], ENTRIES[2], ENTRIES[1], *ENTRIES[3:]])),
        ("entry 4: cut off", file(ENTRIES[:3], ENTRIES[3])),
        ("entry 4: cut off: the file says", file(ENTRIES[:3], entries=5)),
        ("line 1: says the head is", file(ENTRIES, head="0" * 64)),
        ("entry 1: is of the ledger of", file(ENTRIES, use_case="other")),
        ("line 1: this is no export", file(ENTRIES, format=1)),
        ("line 1: this is no export", file(ENTRIES, entries="5")),
        ("line 1: this is no export", file(ENTRIES, entries=-2)),
        ("line 1: this is no export", file(ENTRIES[:1], entries=True)),
        ("the file is cut off", GOOD[:-1]),
        ("the file is cut off", b""),
        ("line 1: cannot be read", b"\xff\n"),
        ("line 1: is no JSON object", b"[]\n"),
        ("line 1: no public ledger key", file(ENTRIES, keys={})),
        ("entry 4: kind decision must be", file([*ENTRIES[:3], resigned(ENTRIES[3], PRIVATE[Authority.LEDGER], key_sha256=EXPECTED["ledger"]), ENTRIES[4]])),  # noqa: E501
        ("entry 4: its signature", file([*ENTRIES[:3], resigned(ENTRIES[3], PRIVATE[Authority.LEDGER]), ENTRIES[4]])),
        ("entry 2: kind evidence must be", file([ENTRIES[0], resigned(ENTRIES[1], PRIVATE[Authority.DECISIONS], key_sha256=EXPECTED["decisions"]), *ENTRIES[2:]])),  # noqa: E501
        ("entry 2: its signature", file([ENTRIES[0], resigned(ENTRIES[1], OTHER), *ENTRIES[2:]])),
        ("entry 3: previous is", file([ENTRIES[0], resigned(ENTRIES[1], PRIVATE[Authority.LEDGER], body={}), *ENTRIES[2:]])),  # noqa: E501
        ("entry 5: its signature is not where", GOOD.replace(ENTRIES[4].raw, moved_signature(ENTRIES[4]))),
        ("entry 1: is no entry of form 2", GOOD.replace(b'"format":2,"key_id"', b'"format":1,"key_id"', 1)),
        ("entry 1: cannot be read", GOOD.replace(b'"kind":"use_case"', b'"kind":"use_case","kind":"decision"', 1)),
        ("entry 1: is no entry of form 2", GOOD.replace(b'"kind":"use_case"', b'"kind":["use_case"]', 1)),
        ("entry 1: its signature", GOOD.replace(b'{"body":', b'{ "body":', 1)),
        ("entry 5: kind 'decision\\u200b' is none", with_last(forged(ENTRIES[4], kind="decision\u200b"))),
        ("entry 5: kind 'blessing' is none", with_last(forged(ENTRIES[4], kind="blessing"))),
        *[
            (f"entry 5: its time {time!r} is no ISO time", with_last(forged(ENTRIES[4], time=time)))
            for time in ("", "yesterday", "2026-01-01", "2026-01-01T00:04:00", "2026-01-01T00:04\0+00:00")
        ],
        ("the witness: is no head", file(ENTRIES) + b'{"published":"the witness","sequence":0,"digest":"x"}\n'),
        ("the witness: is no head", file(ENTRIES) + canonical_json({"published": "the witness", "sequence": True, "digest": ENTRIES[0].digest}) + b"\n"),  # noqa: E501
        ("entry 2: the chain was rewritten", file(ENTRIES) + canonical_json({"published": "a card", "sequence": 2, "digest": "0" * 64}) + b"\n"),  # noqa: E501
    ],
)  # fmt: skip
def test_tampering_is_named(said: str, tampered: bytes) -> None:
    assert fault_in(tampered).startswith(said)


def test_keys_of_the_forgers_own_are_refused_where_the_true_ones_are_known() -> None:
    other = PublicKey(OTHER.public_key())
    keys = {**{a.value: {"pem": KEYS[a].pem} for a in Authority}, "ledger": {"pem": other.pem}}
    assert fault_in(file(ENTRIES, keys=keys)).startswith(f"line 1: the ledger key is {other.fingerprint}, expected was")
    same = {authority.value: {"pem": KEYS[Authority.LEDGER].pem} for authority in Authority}
    with pytest.raises(verify_export.DoesNotHold, match="two keys are the same"):
        verify_export.verify(file(ENTRIES, keys=same), dict.fromkeys(EXPECTED, ""))


def test_a_head_known_from_elsewhere_finds_an_end_cut_off_with_all_its_traces() -> None:
    cut = file(ENTRIES[:3])
    verify_export.verify(cut, EXPECTED)
    head = PublishedHead.of(ENTRIES[3]).text
    assert fault_in(cut, (head,)) == "entry 4: cut off: the file ends there, the head given knows entry 4"
    assert "published heads agree" in verify_export.verify(GOOD, EXPECTED, (head,))
    for rubbish in ("x", "² " + "0" * 64, "9" * 5000 + " " + "0" * 64, "-1 " + "0" * 64, ""):
        assert fault_in(GOOD, (rubbish,)) == "the head given: is no head"


@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_any_byte_of_any_entry_changed_is_found(data: st.DataObject) -> None:
    first = GOOD.index(b"\n") + 1
    last = first + sum(len(entry.raw) + 1 for entry in ENTRIES)
    at = data.draw(st.integers(first, last - 1))
    tampered = bytearray(GOOD)
    tampered[at] ^= data.draw(st.integers(1, 255))
    place = GOOD[first:at].count(b"\n") + 1
    assert fault_in(bytes(tampered)).startswith(f"entry {place}:") or tampered[at] == 10 or GOOD[at] == 10


@settings(deadline=None, max_examples=200)
@given(st.permutations(range(5)), st.integers(0, 5))
def test_only_the_whole_chain_in_its_order_holds(order: list[int], length: int) -> None:
    entries = [ENTRIES[number] for number in order[:length]]
    data = file(entries, ENTRIES[-1])
    if entries == ENTRIES:
        verify_export.verify(data, EXPECTED)
    else:
        fault_in(data)


@dataclass
class Bare:
    """A Python with its standard library and cryptography, and nothing else to be found."""

    run: Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def bare(tmp_path: Path) -> Bare:
    packages = tmp_path / "packages"
    packages.mkdir()
    for name in ("cryptography", "cffi", "_cffi_backend", "pycparser"):
        spec = importlib.util.find_spec(name)
        if spec and spec.origin:
            found = Path(spec.origin)
            found = found.parent if found.name == "__init__.py" else found
            (packages / found.name).symlink_to(found)
    script = tmp_path / "verify_export.py"
    script.write_bytes(Path(verify_export.__file__).read_bytes())
    environment = {"PYTHONPATH": str(packages), "PATH": os.environ["PATH"]}

    def run(data: bytes, *arguments: str, file: str = "ledger.jsonl") -> subprocess.CompletedProcess[str]:
        (tmp_path / "ledger.jsonl").write_bytes(data)
        done = subprocess.run(
            [sys.executable, "-S", str(script), file, *arguments],
            input=data,
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    return Bare(run)


def test_the_verifier_runs_where_nothing_else_is_installed(bare: Bare) -> None:
    keys = [word for name, fingerprint in EXPECTED.items() for word in (f"--{name}-key", fingerprint)]
    good = bare.run(GOOD, *keys)
    assert (good.returncode, good.stdout, good.stderr) == (
        0,
        "loan-approval: 5 entries hold, 1 published heads agree\n",
        "",
    )
    unproven = bare.run(GOOD)
    assert unproven.returncode == 2
    assert "NOT PROVEN" in unproven.stdout
    bad = bare.run(file([*ENTRIES[:2], *ENTRIES[3:]]), *keys)
    assert (bad.returncode, bad.stdout) == (
        1,
        "DOES NOT HOLD: entry 3: found sequence 4: removed, inserted or reordered\n",
    )
    cut = bare.run(file(ENTRIES[:3]), *keys, "--head", PublishedHead.of(ENTRIES[4]).text)
    assert cut.returncode == 1
    assert "DoesNotHold" not in bare.run(b"\x00", *keys).stderr


def test_what_can_be_read_only_once_is_verified_as_a_file_is(bare: Bare) -> None:
    keys = [word for name, fingerprint in EXPECTED.items() for word in (f"--{name}-key", fingerprint)]
    piped = bare.run(GOOD, *keys, file="/dev/stdin")
    assert (piped.returncode, piped.stdout, piped.stderr) == (
        0,
        "loan-approval: 5 entries hold, 1 published heads agree\n",
        "",
    )
    assert bare.run(GOOD, file="/dev/stdin").returncode == 2


def test_a_real_ledger_is_exported_and_verified(
    bare: Bare, installation_of: Callable[[str], Installation], tmp_path: Path
) -> None:
    pipeline, decisions = installation_of("pipeline"), installation_of("decision-service")
    witnessed = Installation.load(pipeline.clients, replace(pipeline.settings, witness=tmp_path / "heads.jsonl"))
    arn = "arn:aws:sagemaker:us-east-1:111122223333:model-card/export-test"
    pipeline.ledger("export-test").append(EntryKind.EVIDENCE, arn, {"value": 0.1})
    last = decisions.ledger("export-test").append(EntryKind.DECISION, arn, {"verdict": "approve"})
    assert witnessed.witness is not None
    witnessed.witness.tell("s3://model-governance/ledger/export-test/", PublishedHead.of(last), pipeline.now())
    keys = [word for a, key in pipeline.public_keys.items() for word in (f"--{a.value}-key", key.fingerprint)]
    done = bare.run(exported(witnessed, "export-test"), *keys)
    assert (done.returncode, done.stdout) == (0, "export-test: 2 entries hold, 1 published heads agree\n")


def test_base64_of_signatures_is_one_spelling() -> None:
    """A second spelling of the same signature would change the digest and nothing that is signed."""
    last = ENTRIES[-1]
    other = last.model_copy(update={"signature": base64.b64encode(base64.b64decode(last.signature)).decode() + "\n"})
    stem, letters = last.signature[:-3], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    idle = last.model_copy(update={"signature": f"{stem}{letters[letters.index(last.signature[-3]) + 1]}=="})
    assert base64.b64decode(idle.signature) == base64.b64decode(last.signature)
    assert "signature" in fault_in(file([*ENTRIES[:-1], idle]))
    tampered = [*ENTRIES[:-1], other]
    assert hashlib.sha256(other.raw).hexdigest() != last.digest
    assert "signature" in fault_in(file(tampered))
