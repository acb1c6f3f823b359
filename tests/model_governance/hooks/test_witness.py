"""The witness file only grows, whoever writes at once and whoever is killed while writing."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from model_governance.domain.head import PublishedHead
from model_governance.errors import ServiceUnavailable
from model_governance.hooks.witness import Witness

LEDGER = "s3://model-governance/ledger/loan-approval/"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def head(number: int) -> PublishedHead:
    return PublishedHead(sequence=number, digest=f"{number:064x}")


def test_what_was_told_is_known_again(tmp_path: Path) -> None:
    witness = Witness(tmp_path / "new" / "heads.jsonl")
    assert witness.sightings(LEDGER) == ()
    for number in (1, 2, 2):
        witness.tell(LEDGER, head(number), NOW)
    assert [each.head for each in Witness(witness.path).sightings(LEDGER)] == [head(1), head(2)]
    assert witness.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("is_replaced", [True, False], ids=["replaced", "cut"])
def test_what_has_gone_from_the_file_is_told_again(tmp_path: Path, is_replaced: bool) -> None:
    witness = Witness(tmp_path / "heads.jsonl")
    for number in (1, 2):
        witness.tell(LEDGER, head(number), NOW)
    kept = witness.path.read_bytes().splitlines(keepends=True)[0]
    if is_replaced:
        (tmp_path / "new").write_bytes(kept)
        (tmp_path / "new").replace(witness.path)
    else:
        witness.path.write_bytes(kept)
    witness.tell(LEDGER, head(2), NOW)
    assert [each.head.sequence for each in witness.sightings(LEDGER)] == [1, 2]


def test_what_another_writer_told_is_not_told_twice(tmp_path: Path) -> None:
    one, other = Witness(tmp_path / "heads.jsonl"), Witness(tmp_path / "heads.jsonl")
    one.tell(LEDGER, head(1), NOW)
    other.tell(LEDGER, head(2), NOW)
    one.tell(LEDGER, head(2), NOW)
    assert [each.head.sequence for each in one.sightings(LEDGER)] == [1, 2]


def test_many_writers_lose_no_line(tmp_path: Path) -> None:
    path = tmp_path / "heads.jsonl"
    with ThreadPoolExecutor(16) as writers:
        list(writers.map(lambda number: Witness(path).tell(LEDGER, head(number), NOW), range(1, 101)))
    assert {each.head.sequence for each in Witness(path).sightings(LEDGER)} == set(range(1, 101))


@pytest.mark.parametrize(
    "torn", [b"{", b'{"ledger":"s3:', b"\xff", b"[]", b'{"sequence":1}', b'{"sequence":"x","digest":2}']
)
def test_half_a_line_of_a_killed_writer_swallows_no_other(tmp_path: Path, torn: bytes) -> None:
    witness = Witness(tmp_path / "heads.jsonl")
    witness.tell(LEDGER, head(1), NOW)
    with witness.path.open("ab") as file:
        file.write(torn)
    witness.tell(LEDGER, head(2), NOW)
    assert [each.head.sequence for each in witness.sightings(LEDGER)] == [1, 2]


def test_a_witness_that_cannot_be_reached_is_no_silent_one(tmp_path: Path) -> None:
    path = tmp_path / "heads.jsonl"
    path.mkdir()
    with pytest.raises(ServiceUnavailable, match="cannot be read"):
        Witness(path).sightings(LEDGER)


def test_a_full_disk_is_no_silent_witness_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    witness = Witness(tmp_path / "heads.jsonl")
    write = os.write
    with monkeypatch.context() as full, pytest.raises(ServiceUnavailable, match="No space left"):
        full.setattr(os, "write", lambda descriptor, data: write(descriptor, data[: len(data) // 2]))
        witness.tell(LEDGER, head(1), NOW)
    witness.tell(LEDGER, head(1), NOW)
    assert [each.head for each in witness.sightings(LEDGER)] == [head(1)]
