"""Deciding on the command line: recorded under one's own principal, or refused in one line whatever is wrong."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.model_governance.cli.conftest import Command
from tests.model_governance.decisions.conftest import Case

from model_governance.cli import gates
from model_governance.domain.decision import Gate
from model_governance.domain.evidence import EvidenceKind
from model_governance.domain.ledger import EntryKind
from model_governance.hooks.installation import Installation


def test_an_approval_is_recorded_under_the_callers_own_principal(
    case: Case, command: Command, adjudicating: Any
) -> None:
    arn = case.governed()
    with adjudicating(Gate.GOVERNANCE, arn):
        said = command("governance-officer", "approve", case.name, "governance", "--comment", "the evidence\nholds")
    assert said.status == 0, said
    [entry] = [each for each in case.entries(EntryKind.DECISION) if each.body["gate"] == "governance"]
    assert said.out.startswith(
        f"{case.name} version 1: approved at the governance gate by governance-officer as governance_officer, by "
        f"command line; recorded as entry {entry.sequence} of the ledger; the gate is open"
    )
    assert (entry.body["actor"], entry.body["channel"]) == ("governance-officer", "command line")
    assert entry.body["comment"] == "the evidence holds"
    again = command("governance-officer", "approve", case.name, "governance", "--comment", "twice")
    assert again.status == 0
    assert again.out.startswith(f"recorded before, as entry {entry.sequence} of the ledger; the gate is open")


def test_an_approval_that_expired_while_others_are_awaited_can_be_given_again(
    case: Case, command: Command, adjudicating: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def later(known: Installation) -> Installation:
        return Installation(known.settings, known.clients, lambda: datetime.now(UTC) + timedelta(days=5))

    def add(people: list[dict[str, Any]]) -> None:
        officer = next(person for person in people if person["id"] == "governance-officer")
        people.append({**officer, "id": "second", "airflow_user": "second", "principal": "second", "group": "legal"})

    def want_two(policy: dict[str, Any]) -> None:
        for tier in policy["gates"].values():
            tier["governance"] = {**tier["governance"], "approvals": 2}

    case.edit_people(add)
    case.edit_policy(want_two)
    arn = case.governed()
    until = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    case.decide(Gate.GOVERNANCE, arn, comment=f"[until {until}: weekly review] fine")
    approve = ["governance-officer", "approve", case.name, "governance", "--comment", "still fine"]
    assert command(*approve).out.startswith("recorded before, as entry ")
    load = gates.installation
    monkeypatch.setattr(gates, "installation", lambda: later(load()))
    case.decisions = later(case.principal("decision-service"))
    with adjudicating(Gate.GOVERNANCE, arn):
        said = command(*approve)
    assert said.status == 0, said
    entry = case.entries(EntryKind.DECISION)[-1]
    assert (entry.body["actor"], entry.body["comment"]) == ("governance-officer", "still fine")
    assert f"recorded as entry {entry.sequence} of the ledger; the gate is waiting: 1 of 2 approvals" in said.out


def test_a_rejection_at_the_first_gate_says_why_and_closes_it(case: Case, command: Command, adjudicating: Any) -> None:
    card = case.card()
    case.request(Gate.USE_CASE)
    comment = "no: we do not score people, \N{LATIN SMALL LETTER E WITH ACUTE}tc."
    with adjudicating(Gate.USE_CASE, card):
        said = command("business-approver", "reject", case.name, "use_case", "--comment", comment)
    assert said.status == 0, said
    assert f"{case.name}: rejected at the use_case gate by business-approver as use_case_approver" in said.out
    [entry] = case.entries(EntryKind.DECISION)
    assert (entry.body["verdict"], entry.body["comment"]) == ("reject", comment)


UNFIT = [
    ("governance-officer", ["nonsense", "use_case"], "refused: there is no use case 'nonsense'"),
    ("governance-officer", ["nonsense", "governance"], "refused: there is no use case 'nonsense'"),
    ("governance-officer", ["../{case}", "production"], "refused: "),
    ("governance-officer", ["{case}", "governance", "--version", "999"], "has no version 999; there are: 1"),
    ("governance-officer", ["{case}", "use_case", "--version", "1"], "which has no version 1"),
    ("governance-officer", ["{case}", "production", "--comment", "x"], "has not been requested"),
    ("production-approver", ["{case}", "governance"], "role"),
    ("model-owner", ["{case}", "governance"], "model-owner is its owner"),
    ("data-scientist", ["{case}", "governance"], "data-scientist is its author"),
    ("caretaker", ["{case}", "governance"], "user/caretaker is nobody in the people file"),
    ("governance-officer", ["{case}", "governance", "--comment", "x" * 1025], "a comment of 1025 characters"),
]


def test_what_cannot_be_decided_is_refused_in_one_line(case: Case, command: Command) -> None:
    arn = case.governed()
    for person, arguments, reason in UNFIT:
        said = command(person, "approve", *(each.format(case=case.name) for each in arguments))
        assert said.refusal.startswith("refused: "), arguments
        assert reason in said.refusal, arguments
    assert case.package(arn).approval_status == "PendingManualApproval"
    assert [each.body["gate"] for each in case.entries(EntryKind.DECISION)] == ["use_case"]


NOBODY: list[tuple[dict[str, str | None], str]] = [
    ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "SignatureDoesNotMatch"),
    ({"AWS_ACCESS_KEY_ID": "AKIAAAAAAAAAAAAAAAAA"}, "InvalidClientTokenId"),
    ({"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, 'eval "$(python -m stack env <person>)"'),
    ({"AWS_SECRET_ACCESS_KEY": None}, "Partial credentials found"),
    ({"AWS_PROFILE": "nobody"}, "The config profile (nobody) could not be found"),
    ({"AWS_DEFAULT_REGION": None}, "You must specify a region"),
    ({"MODEL_GOVERNANCE_POLICIES": "/nowhere"}, "/nowhere/people.yaml: there is no such file"),
    ({"MODEL_GOVERNANCE_LEDGER_PUBLIC_KEY": "/nowhere"}, "public key /nowhere cannot be read"),
]


def test_whoever_cannot_be_known_is_refused_in_one_line(case: Case, command: Command) -> None:
    case.governed()
    decision = ["governance-officer", "approve", case.name, "governance", "--comment", "x"]
    for environment, reason in NOBODY:
        assert reason in command(*decision, environment=environment).refusal, environment


def test_a_service_that_is_down_is_named_in_one_line_with_what_to_do(case: Case, command: Command) -> None:
    case.governed()
    decision = ["governance-officer", "approve", case.name, "governance", "--comment", "x"]
    said = command(*decision, environment={"AWS_ENDPOINT_URL_SAGEMAKER": "http://127.0.0.1:9"})
    assert said.refusal.startswith("unavailable: sagemaker could not be reached")
    assert said.refusal.endswith("Is the embedded stack up? make up starts it.")


@pytest.mark.parametrize(
    "arguments",
    [
        ["{case}", "no-gate"],
        ["{case}"],
        [],
        ["{case}", "governance", "--version", "0"],
        ["{case}", "governance", "--version", "one"],
        ["{case}", "governance", "--nonsense"],
    ],
)
def test_a_wrong_usage_is_told_with_the_usage_and_status_2(case: Case, command: Command, arguments: list[str]) -> None:
    said = command("governance-officer", "approve", *(each.format(case=case.name) for each in arguments))
    assert said.status == 2
    assert said.err.startswith("Usage: model-governance approve")
    assert "Error: " in said.err
    assert "Traceback" not in said.err


def test_a_status_that_the_waiting_gate_sets_back_is_told_as_refused(case: Case, command: Command) -> None:
    arn = case.governed()

    def set_back() -> None:
        while case.package(arn).approval_status != "Approved":
            time.sleep(0.1)
        body = {"gate": "governance", "status": "Approved", "principal": "user/governance-officer", "event_id": "1"}
        case.decisions.ledger(case.name).append(EntryKind.REFUSAL, arn, {**body, "reason": "the card was edited"})

    gate = threading.Thread(target=set_back)
    gate.start()
    said = command("governance-officer", "approve", case.name, "governance", "--comment", "x")
    gate.join()
    assert said.refusal == "refused: the card was edited"


def test_a_decision_that_nobody_waits_for_is_told_to_be_unrecorded(
    case: Case, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.governed()
    monkeypatch.setattr(gates, "_RECORDED_SECONDS", 0.5)
    said = command("governance-officer", "approve", case.name, "governance", "--comment", "x")
    assert "nobody recorded it" in said.refusal
    assert [each.body["gate"] for each in case.entries(EntryKind.DECISION)] == ["use_case"]


def test_missing_walks_the_gates_up_to_production_and_names_owner_and_remedy(case: Case, command: Command) -> None:
    arn = case.governed()
    waiting = command("data-scientist", "missing", case.name)
    assert waiting.status == 1
    assert "the use_case gate" not in waiting.out
    assert f"next: the governance gate of {case.name} version 1" in waiting.out
    assert f"then: the production gate of {case.name} version 1" in waiting.out
    assert "owner governance-officer (risk)" in waiting.out
    assert "test_validation" in waiting.out
    case.decide(Gate.GOVERNANCE, arn)
    case.gather(arn, EvidenceKind.TEST_VALIDATION)
    case.request(Gate.PRODUCTION)
    case.decide(Gate.PRODUCTION, arn)
    nothing = command("data-scientist", "missing", case.name, "1")
    assert nothing.status == 0, nothing.out
    assert f"{case.name} version 1: nothing is missing for the production gate" in nothing.out
    assert "has no version 2" in command("data-scientist", "missing", case.name, "2").refusal
    assert "there is no use case 'nix'" in command("data-scientist", "missing", "nix").refusal


@pytest.mark.parametrize(
    "words",
    [
        ["status"],
        ["card"],
        ["report"],
        ["served"],
        ["missing"],
        ["monitoring"],
        ["replay"],
        ["ledger", "show"],
        ["ledger", "verify"],
        ["ledger", "export"],
        ["stop", "--comment", "x"],
        ["resume", "--comment", "x"],
        ["clean-up"],
        ["suggest-expectations"],
    ],
)
@pytest.mark.parametrize("name", ["\udcff", "x" * 5000, "a/../../b", "\x00"])
def test_nonsense_for_a_name_is_refused_in_one_line(command: Command, words: list[str], name: str) -> None:
    said = (
        command("governance-officer", words[0], *words[1:], name)
        if len(words) < 3
        else command("governance-officer", words[0], name, *words[1:])
    )
    assert said.status in (1, 2), said
    assert "Traceback" not in said.err
    assert said.err.strip()
