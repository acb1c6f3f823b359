"""A seal stands for its entries' signatures only with both keys' word, and never for an entry that is not there."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_governance.domain import seal as seals
from model_governance.domain.canonical import canonical_json
from model_governance.domain.ledger import Authority, Entry, EntryKind, next_entry
from model_governance.errors import AccessRefused, LedgerBroken
from model_governance.hooks import seals as stored
from model_governance.hooks.installation import Installation

NAMES = (f"sealed-{number}" for number in itertools.count())


@pytest.fixture(autouse=True)
def short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seals, "SEGMENT", 4)
    monkeypatch.setattr(stored, "SEGMENT", 4)


@pytest.fixture
def name(installation_of: Callable[[str], Installation]) -> str:
    name = next(NAMES)
    pipeline, decisions = installation_of("pipeline").ledger(name), installation_of("decision-service").ledger(name)
    for number in range(9):
        if number % 4 == 3:
            decisions.append(EntryKind.DECISION, "arn", {"n": number, "previous": "x"})
        else:
            pipeline.append(EntryKind.EVIDENCE, 'a,"previous":"b', {"n": number})
    return name


def counted(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    read: list[str] = []
    get = type(installation.artifacts).get

    def count(self: object, key: str, sha256: str | None = None) -> bytes:
        read.append(key)
        return get(self, key, sha256)  # type: ignore[arg-type]

    monkeypatch.setattr(type(installation.artifacts), "get", count)
    return read


def test_a_segment_sealed_by_both_is_read_at_once(
    name: str, installation_of: Callable[[str], Installation], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert installation_of("pipeline").ledger(name).seal(Authority.LEDGER) == 2
    assert installation_of("decision-service").ledger(name).seal(Authority.DECISIONS) == 2
    assert installation_of("pipeline").ledger(name).seal(Authority.LEDGER) == 0
    singly = installation_of("pipeline").ledger(name).verify()
    reader = installation_of("data-scientist")
    read = counted(reader, monkeypatch)
    assert reader.ledger(name).entries() == singly
    assert reader.ledger(name).verify(sealed=True) == singly
    assert [key for key in read if key.startswith(f"ledger/{name}/")] == [f"ledger/{name}/{9:012d}.json"] * 2
    assert len([key for key in read if key.endswith(".jsonl")]) == 4


@pytest.mark.parametrize(
    ("who", "authority"), [("pipeline", Authority.LEDGER), ("decision-service", Authority.DECISIONS)]
)
def test_one_keys_word_is_not_enough(
    name: str,
    installation_of: Callable[[str], Installation],
    monkeypatch: pytest.MonkeyPatch,
    who: str,
    authority: Authority,
) -> None:
    installation_of(who).ledger(name).seal(authority)
    reader = installation_of("data-scientist")
    read = counted(reader, monkeypatch)
    assert len(reader.ledger(name).entries()) == 9
    assert not any(key.endswith(".jsonl") for key in read)


def test_nobody_seals_with_anothers_key(name: str, installation_of: Callable[[str], Installation]) -> None:
    for who, authority in (("pipeline", Authority.DECISIONS), ("decision-service", Authority.LEDGER)):
        with pytest.raises(AccessRefused):
            installation_of(who).ledger(name).seal(authority)


def test_a_segment_that_the_pipeline_forged_is_passed_over(
    name: str, installation_of: Callable[[str], Installation]
) -> None:
    """A decision of its own making among true entries, sealed with the ledger's key and again as the decisions'."""
    pipeline = installation_of("pipeline")
    true = pipeline.ledger(name).verify()
    forged = (*true[:3], true[3].model_copy(update={"body": {"verdict": "approve"}}))
    data = seals.segment_bytes(forged)
    seal = seals.seal_of(forged, data)
    signature = base64.b64encode(pipeline.signers[Authority.LEDGER].sign(seal.signed_bytes)).decode()
    said = canonical_json({"seal": seal.model_dump(), "signature": signature})
    pipeline.artifacts.put_new(f"ledger/_seals/{name}/{4:012d}.jsonl", data)
    for authority in Authority:
        pipeline.artifacts.put_new(f"ledger/_seals/{name}/{4:012d}.{authority.value}.json", said)
    assert installation_of("data-scientist").ledger(name).entries() == true
    assert installation_of("decision-service").ledger(name).seal(Authority.DECISIONS) == 1, "only the second segment"
    assert installation_of("data-scientist").ledger(name).verify(sealed=True) == true


@pytest.mark.parametrize("garbage", [b"", b"{}", b"[]", b'{"seal":1,"signature":"x"}', b"\xff"])
def test_garbage_where_a_seal_should_be_stops_nobody(
    name: str, installation_of: Callable[[str], Installation], garbage: bytes
) -> None:
    pipeline = installation_of("pipeline")
    for kind in ("jsonl", "ledger.json", "decisions.json"):
        pipeline.artifacts.put_new(f"ledger/_seals/{name}/{4:012d}.{kind}", garbage)
    assert len(installation_of("pipeline").ledger(name).entries()) == 9
    assert pipeline.ledger(name).append(EntryKind.EVIDENCE, "arn", {}).sequence == 10


def chain(length: int) -> list[Entry]:
    entries: list[Entry] = []
    for number in range(length):
        entries.append(
            next_entry(
                entries[-1] if entries else None,
                use_case="case",
                kind=EntryKind.EVIDENCE,
                subject=',"previous":"',
                body={"n": number, "previous": "0" * 64},
                time=datetime(2026, 1, 1, tzinfo=UTC),
                key_id="k",
                key_sha256="0" * 64,
            )
        )
    return entries


ENTRIES = chain(12)


def test_a_segment_reads_back() -> None:
    data = seals.segment_bytes(ENTRIES[:4])
    assert seals.read_segment(data, seals.seal_of(ENTRIES[:4], data)) == [entry.raw for entry in ENTRIES[:4]]
    rest = seals.segment_bytes(ENTRIES[4:8])
    assert seals.read_segment(rest, seals.seal_of(ENTRIES[4:8], rest), ENTRIES[3].digest)
    with pytest.raises(LedgerBroken, match="does not follow the one before"):
        seals.read_segment(rest, seals.seal_of(ENTRIES[4:8], rest))


@settings(deadline=None)
@given(data=st.data())
def test_a_segment_with_any_byte_changed_is_refused(data: st.DataObject) -> None:
    whole = seals.segment_bytes(ENTRIES)
    changed = bytearray(whole)
    changed[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(LedgerBroken):
        seals.read_segment(bytes(changed), seals.seal_of(ENTRIES, whole))


@settings(deadline=None)
@given(st.lists(st.sampled_from(range(12)), max_size=12))
def test_only_the_chain_in_its_order_is_followed(order: list[int]) -> None:
    raws = [ENTRIES[number].raw for number in order]
    if order == list(range(len(order))):
        seals.follow(raws, b"0" * 64, "case", 1)
    else:
        first = next(place for place, number in enumerate(order) if place != number)
        with pytest.raises(LedgerBroken, match=rf"entry {first + 1}: does not follow"):
            seals.follow(raws, b"0" * 64, "case", 1)


@settings(deadline=None)
@given(data=st.data())
def test_a_changed_entry_is_named_at_the_one_after_it(data: st.DataObject) -> None:
    raws = [entry.raw for entry in ENTRIES]
    place = data.draw(st.integers(0, 10))
    changed = bytearray(raws[place])
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    raws[place] = bytes(changed)
    with pytest.raises(LedgerBroken, match=rf"entry ({place + 1}|{place + 2}): does not follow"):
        seals.follow(raws, b"0" * 64, "case", 1)


def test_the_two_who_seal_do_so_in_the_course_of_their_work() -> None:
    """A decision seals with the one key, a deployment with the other: without either, no seal would ever count."""
    from model_governance.decisions import decide
    from model_governance.serving import records

    assert ".seal(Authority.DECISIONS)" in Path(decide.__file__).read_text()
    assert ".seal(Authority.LEDGER)" in Path(records.__file__).read_text()
