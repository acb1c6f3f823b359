"""What an auditor asks, on edge cases: no answer passes for a good one that is none, and none is a traceback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.model_governance.cli.conftest import Command
from tests.model_governance.decisions.conftest import Case

from model_governance.cli import verify_export
from model_governance.cli.terminal import plain
from model_governance.domain.decision import Gate
from model_governance.domain.head import PublishedHead
from model_governance.domain.ledger import Entry, EntryKind
from model_governance.errors import LedgerBroken
from model_governance.hooks.ledger import Ledger


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("", "--at '' is no time"),
        ("yesterday", "--at 'yesterday' is no time"),
        ("2026-02-30T12:00", "is no time"),
        ("0001-01-01T00:00+14:00", "is no time"),
        ("9999-12-31T23:59-14:00", "is no time"),
        ("2026-03-01T12:00\0", "is no time"),
        ("2026-03-01x12:00", "is no time"),
        ("2026-03-01\n", "is no time"),
        ("2999-01-01", "what will serve then is on no record"),
    ],
)
def test_a_time_that_is_none_or_is_to_come_is_refused(case: Case, command: Command, at: str, said: str) -> None:
    assert said in command("data-scientist", "served", case.name, "--at", at).refusal


@pytest.mark.parametrize("at", ["0001-01-01", "2020-02-29T12:00Z", "2020-02-29T12:00+05:30", "2020-W09-6"])
def test_before_the_first_entry_nothing_served_in_any_zone(case: Case, command: Command, at: str) -> None:
    case.approve_use_case()
    said = command("data-scientist", "served", case.name, "--at", at)
    assert said.status == 0
    assert said.out.startswith(f"{case.name}: nothing served in production at ")
    assert said.out.rstrip().endswith("UTC")
    assert ("0001-01-01 00:00:00 UTC" in said.out) is (at == "0001-01-01")


def test_a_time_that_was_shown_can_be_asked(case: Case, command: Command) -> None:
    arn = case.register()
    body = {"stage": "Production", "version": 1, "authority": []}
    entry = case.pipeline.ledger(case.name).append(EntryKind.DEPLOYMENT, arn, body)
    shown = command("data-scientist", "ledger", "show", case.name, "--kind", "deployment").out.split()[1]
    assert shown == f"{entry.time:%Y-%m-%dT%H:%M:%SZ}"
    before = entry.time.replace(microsecond=0).isoformat(timespec="microseconds")
    for at, served in ((shown, True), (shown.removesuffix("Z"), True), (before, entry.time.microsecond == 0)):
        said = command("data-scientist", "served", case.name, "--at", at)
        assert ("version 1 served" in said.out) is served, (at, said)


def test_a_name_that_nobody_has_neither_served_nothing_nor_replays_to_nothing(case: Case, command: Command) -> None:
    for words in (["served"], ["replay"]):
        for name in ("nonsense", "../policies", "_seals", "loan approval\n"):
            assert "there is no use case" in command("data-scientist", *words, name).refusal


def test_an_end_cut_off_changes_no_answer_to_what_served_and_no_replay(case: Case, command: Command) -> None:
    arn = case.governed()
    case.decide(Gate.GOVERNANCE, arn)
    witness = case.pipeline.witness
    assert witness is not None
    environment = {"MODEL_GOVERNANCE_WITNESS": str(witness.path)}
    assert command("data-scientist", "replay", case.name, environment=environment).status == 0
    address = f"s3://model-governance/ledger/{case.name}/"
    witness.tell(address, PublishedHead(sequence=99, digest="0" * 64), case.pipeline.now())
    for words in (["served"], ["replay"], ["ledger", "show"], ["ledger", "verify", "--offline"]):
        refusal = command("data-scientist", *words, case.name, environment=environment).refusal
        assert "cut off" in refusal and "knows entry 99" in refusal


def test_a_ledger_lost_whole_is_missed_by_verify_and_by_replay_of_all(case: Case, command: Command) -> None:
    witness = case.pipeline.witness
    assert witness is not None
    witness.tell("s3://model-governance/ledger/lost/", PublishedHead(sequence=2, digest="0" * 64), case.pipeline.now())
    environment = {"MODEL_GOVERNANCE_WITNESS": str(witness.path)}
    for words in (["ledger", "show"], ["ledger", "verify"], ["ledger", "export"], ["replay"], ["served"]):
        refusal = command("data-scientist", *words, "lost", environment=environment).refusal
        assert "ledger of lost, entry 1: cut off" in refusal, words
        assert refusal.endswith(
            "Write nothing to it; compare it with the witness file, the lineage actions and a copy."
        )


def test_replay_of_all_says_each_ledgers_result_beside_the_broken_ones(case: Case, command: Command) -> None:
    case.approve_use_case()
    witness = case.pipeline.witness
    assert witness is not None
    for name in ("a-lost-one", "zz-lost"):
        address = f"s3://model-governance/ledger/{name}/"
        witness.tell(address, PublishedHead(sequence=2, digest="0" * 64), case.pipeline.now())
    said = command("data-scientist", "replay", "--all", environment={"MODEL_GOVERNANCE_WITNESS": str(witness.path)})
    assert said.status == 1, said
    assert f"{case.name}: 1 decisions and 0 deployments replayed, 0 differences" in said.out
    for name in ("a-lost-one", "zz-lost"):
        assert f"ledger of {name}, entry 1: cut off" in said.err
    assert "lost" not in said.out


def test_what_can_be_no_name_is_no_use_case_and_no_services_own_refusal(command: Command) -> None:
    for name in ("", "../x", "x/", "_seals", "*", "é", " case-1", "%2e%2e", "a\nb", "Case", "a--b", "a" * 41):
        for words in (["ledger", "show"], ["ledger", "verify"], ["ledger", "export"], ["served"]):
            refusal = command("data-scientist", *words, name).refusal
            assert refusal.startswith(f"refused: there is no use case {name!r}, nor a ledger of it"), words


def test_a_missing_public_key_is_to_be_set_and_nothing_to_be_compared(
    case: Case, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = "ledger of x: the installation has no public key: set MODEL_GOVERNANCE_LEDGER_PUBLIC_KEY to its PEM file"

    def without_key(ledger: Ledger) -> tuple[Entry, ...]:
        raise LedgerBroken(message)

    monkeypatch.setattr(Ledger, "entries", without_key)
    assert command("data-scientist", "ledger", "show", case.name).refusal == f"refused: {message}"


@pytest.mark.parametrize("words", [["verify"], ["verify", "--offline"], ["export"]])
def test_what_another_writes_and_publishes_meanwhile_is_no_end_cut_off(
    case: Case, command: Command, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    case.approve_use_case()
    witness = case.pipeline.witness
    assert witness is not None
    walk = Ledger.verify

    def walk_beside_a_writer(ledger: Ledger, *, sealed: bool = False) -> tuple[Entry, ...]:
        entries = walk(ledger, sealed=sealed)
        later = case.principal("pipeline").ledger(case.name).append(EntryKind.FAILURE, case.name, {})
        witness.tell(f"s3://model-governance/ledger/{case.name}/", PublishedHead.of(later), case.pipeline.now())
        return entries

    monkeypatch.setattr(Ledger, "verify", walk_beside_a_writer)
    environment = {"MODEL_GOVERNANCE_WITNESS": str(witness.path)}
    said = command("data-scientist", "ledger", *words, case.name, environment=environment)
    assert said.status == 0, said


@pytest.mark.parametrize("body", [{"authority": 7}, {"authority": ["me"]}, {"authority": None}, {}])
def test_a_deployment_that_says_rubbish_is_a_difference_and_no_traceback(
    case: Case, command: Command, body: dict[str, Any]
) -> None:
    arn = case.register()
    said = {"stage": "Production", "version": 1, **body}
    entry = case.pipeline.ledger(case.name).append(EntryKind.DEPLOYMENT, arn, said)
    replayed = command("data-scientist", "replay", case.name)
    assert replayed.status == 1, replayed
    assert f"  entry {entry.sequence}: " in replayed.out
    served = command("data-scientist", "served", case.name)
    assert served.status == (1 if body else 0), served
    assert "Traceback" not in served.err


def test_the_head_of_the_policies_is_published_and_verified(case: Case, command: Command) -> None:
    case.edit_policy(lambda policy: policy.update(name=case.name))
    witness = case.pipeline.witness
    assert witness is not None
    environment = {"MODEL_GOVERNANCE_WITNESS": str(witness.path)}
    said = command("data-scientist", "ledger", "verify", "policies", environment=environment)
    assert said.status == 0, said
    last = len(case.pipeline.ledger("policies").verify())
    assert f"published heads agree, the last of entry {last}" in said.out


def test_a_file_that_cannot_be_written_is_a_refusal(case: Case, command: Command, tmp_path: Path) -> None:
    case.approve_use_case()
    for place in (tmp_path / "none" / "ledger.jsonl", tmp_path):
        assert (
            "cannot be written" in command("data-scientist", "ledger", "export", case.name, "--to", str(place)).refusal
        )


def test_an_export_writes_over_no_file(case: Case, command: Command, tmp_path: Path) -> None:
    case.approve_use_case()
    place = tmp_path / "ledger.jsonl"
    assert command("data-scientist", "ledger", "export", case.name, "--to", str(place)).status == 0
    first = place.read_bytes()
    refusal = command("data-scientist", "ledger", "export", case.name, "--to", str(place)).refusal
    assert f"{place} cannot be written: it is there already; name another with --to, or remove it" in refusal
    assert place.read_bytes() == first


def test_words_that_people_wrote_move_no_cursor_and_hide_nothing(case: Case, command: Command) -> None:
    arn = case.governed()
    case.decide(Gate.GOVERNANCE, arn, comment="fine\x1b[8m\x9b2K\u202e not")
    said = command("data-scientist", "ledger", "show", case.name)
    assert r"fine\x1b[8m\x9b2K\u202e not" in said.out
    assert plain("ü€𐍈") == verify_export.plain("ü€𐍈") == "ü€𐍈"
    assert verify_export.plain("a\nb\x1b\ud800") == r"a\nb\x1b\ud800"
