"""The desk that the web server decides at, on the real registry and ledger."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.model_governance.decisions.conftest import Case, case

from model_governance.decisions import decide as deciding
from model_governance.domain.decision import DecisionVerdict, Gate
from model_governance.domain.gate import GateState
from model_governance.domain.ledger import EntryKind
from model_governance.errors import ServiceUnavailable
from model_governance.web.desk import GovernanceDesk
from model_governance.web.mark_requests import Mark, MarkRequest, NewState, Scope
from model_governance.web.rulings import rule_on
from model_governance.web.waiting_gates import WaitingGate

__all__ = ["case"]

OFFICER = "governance-officer"


@pytest.mark.parametrize("state", [NewState.SUCCESS, NewState.FAILED])
def test_a_decision_that_did_not_reach_the_registry_does_so_with_the_next_mark(
    case: Case, monkeypatch: pytest.MonkeyPatch, state: NewState
) -> None:
    arn = case.governed()
    gate = WaitingGate(
        Gate.GOVERNANCE,
        case.name,
        f"model_lifecycle.{case.name}",
        case.run_id,
        "governance_approval.wait",
        -1,
        "deferred",
    )
    mark = Mark(Scope.TASK_INSTANCE, gate.dag_id, gate.run_id, gate.task_id, NewState.SUCCESS, note="seen")
    desk = GovernanceDesk()
    vars(desk)["installation"] = case.decisions

    def is_down(*_: object) -> None:
        raise ServiceUnavailable("the registry is away")

    with monkeypatch.context() as outage, pytest.raises(ServiceUnavailable):
        outage.setattr(deciding, "apply_verdict", is_down)
        verdict = DecisionVerdict.APPROVE if state is NewState.SUCCESS else DecisionVerdict.REJECT
        desk.decide(gate, verdict, OFFICER, "seen")
    assert case.package(arn).approval_status == "PendingManualApproval"

    ruling = rule_on(MarkRequest((replace(mark, new_state=state),), is_single=True), (gate,), OFFICER, desk)
    assert ruling.goes_on  # the waiting task ends with it, and nobody looks at the gate any more
    wanted = GateState.OPEN if state is NewState.SUCCESS else GateState.REJECTED
    assert desk.standing(gate).state is wanted
    assert case.package(arn).approval_status == ("Approved" if state is NewState.SUCCESS else "Rejected")
    assert len(case.entries(EntryKind.DECISION)) == 2
    if state is NewState.SUCCESS:
        assert case.open(Gate.GOVERNANCE)
