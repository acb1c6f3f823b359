"""The ledger as it is shown: a list that holds at 80 columns, by kind and version, and no empty answer to a slip."""

from __future__ import annotations

from tests.model_governance.cli.conftest import Command
from tests.model_governance.decisions.conftest import Case

from model_governance.domain.decision import Gate
from model_governance.domain.ledger import EntryKind

WIDTH = 80


def test_each_entry_has_a_line_of_its_own_and_says_indented_what_it_holds(case: Case, command: Command) -> None:
    arn = case.governed()
    case.decide(
        Gate.GOVERNANCE, arn, comment="The difference in the labels is known; the model ranks and does not decide."
    )
    said = command("data-scientist", "ledger", "show", case.name)
    assert said.status == 0, said
    *lines, last = said.out.splitlines()
    entries = case.principal("pipeline").ledger(case.name).entries()
    heads = [line for line in lines if line.startswith("#")]
    assert [line.split()[0] for line in heads] == [f"#{entry.sequence}" for entry in entries]
    assert [line.split()[2] for line in heads] == [entry.kind for entry in entries]
    assert all(f"{entry.time:%Y-%m-%dT%H:%M:%SZ}" in head for entry, head in zip(entries, heads, strict=True))
    assert all(line.startswith(("#", "    ")) for line in lines)
    assert [line for line in lines if len(line) > WIDTH and " " in line.strip()] == []
    assert last == f"{len(entries)} entries"
    shown = " ".join(said.out.split())
    assert "governance gate approved by governance-officer as governance_officer, by task-instance mark" in shown
    assert "comment: The difference in the labels is known; the model ranks and does not decide." in shown


def test_entries_are_shown_by_kind_and_by_version(case: Case, command: Command) -> None:
    case.governed()
    everything = case.principal("pipeline").ledger(case.name).entries()
    by_kind = command("data-scientist", "ledger", "show", case.name, "--kind", "evidence", "--kind", "request")
    kinds = {line.split()[2] for line in by_kind.out.splitlines() if line.startswith("#")}
    assert kinds == {"evidence", "request"}
    by_version = command("data-scientist", "ledger", "show", case.name, "--version", "1")
    about = [line for line in by_version.out.splitlines() if line.startswith("#")]
    assert about and all(line.endswith("version 1") for line in about)
    assert by_version.out.splitlines()[-1] == f"{len(about)} of {len(everything)} entries"
    both = command("data-scientist", "ledger", "show", case.name, "--version", "2", "--kind", "decision")
    assert (both.status, both.out) == (0, f"0 of {len(everything)} entries\n")


def test_as_json_the_entries_are_the_bytes_in_the_store(case: Case, command: Command) -> None:
    case.approve_use_case()
    said = command("data-scientist", "ledger", "show", case.name, "--json")
    entries = case.principal("pipeline").ledger(case.name).entries()
    assert said.out.encode() == b"".join(entry.raw + b"\n" for entry in entries)


def test_a_name_that_nobody_has_is_refused_and_not_answered_with_nothing(case: Case, command: Command) -> None:
    for words in (["ledger", "show"], ["ledger", "verify"], ["ledger", "export"], ["finding", "list"], ["status"]):
        assert "there is no use case 'nonsense'" in command("data-scientist", *words, "nonsense").refusal
    nothing_yet = command("data-scientist", "ledger", "show", case.name)
    assert (nothing_yet.status, nothing_yet.out) == (0, "0 entries\n")
    wrong = command("data-scientist", "ledger", "show", case.name, "--kind", "nonsense")
    assert wrong.status == 2
    assert "'clean_up'" in wrong.err


def test_a_ledger_that_does_not_hold_is_refused_and_its_first_false_entry_named(case: Case, command: Command) -> None:
    case.approve_use_case()
    last = case.entries(EntryKind.DECISION)[-1].sequence
    case.pipeline.artifacts.put_new(f"ledger/{case.name}/{last + 1:012d}.json", b'{"forged": true}')
    for words in (["ledger", "show"], ["ledger", "verify"]):
        refusal = command("data-scientist", *words, case.name).refusal
        assert f"ledger of {case.name}, entry {last + 1}: changed" in refusal
