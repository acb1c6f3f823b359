"""Where a use case stands, told to somebody who asks: its versions, its endpoints, and who is waited for."""

from __future__ import annotations

from tests.model_governance.cli.conftest import Command
from tests.model_governance.decisions.conftest import Case

from model_governance.domain.decision import DecisionVerdict, Gate


def test_a_use_case_is_told_from_its_declaration_to_its_rejected_version(case: Case, command: Command) -> None:
    none_yet = command("data-scientist", "status", case.name)
    assert none_yet.status == 0
    assert none_yet.out.startswith(f"{case.name}: no card yet\n")
    assert "no version yet" in none_yet.out
    case.card()
    case.request(Gate.USE_CASE)
    assert "use_case gate waiting: 0 of 1 approvals" in command("data-scientist", "status", case.name).out
    case.decide(Gate.USE_CASE, case.card())
    arn = case.candidate()
    case.request(Gate.GOVERNANCE)
    waiting = command("data-scientist", "status", case.name).out
    assert f"{case.name}: card Approved, version 1\n" in waiting
    assert f"production endpoint {case.name}: not deployed\n" in waiting
    assert "version 1: Registered, PendingManualApproval\n" in waiting
    assert "run manual__1\n" in waiting
    assert "governance gate waiting: 0 of 1 approvals" in waiting
    case.decide(Gate.GOVERNANCE, arn, DecisionVerdict.REJECT, comment="too little data")
    rejected = command("data-scientist", "status", case.name).out
    assert "version 1: Registered, Rejected\n" in rejected
    assert "too little data" in rejected
    assert "gate waiting" not in rejected


def test_use_cases_are_listed_and_a_folder_that_does_not_validate_is_named(case: Case, command: Command) -> None:
    fine = command("data-scientist", "use-cases")
    assert (fine.status, fine.err) == (0, "")
    assert fine.out == f"{case.name}\n    A case for tests\n    risk High; owner model-owner; runs by hand\n"
    broken = case.folder.parent / "broken"
    broken.mkdir()
    (broken / "use_case.yaml").write_text("name: broken\nowner: 7\n")
    told = command("data-scientist", "use-cases")
    assert told.status == 1
    assert told.out == fine.out
    assert "broken/use_case.yaml: owner:" in told.err
