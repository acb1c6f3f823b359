"""What is done about a mark on a gate: the rules in one place, with a desk that answers as told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from model_governance.domain.decision import Channel, Decision, DecisionVerdict, Gate
from model_governance.domain.gate import GateState, GateVerdict
from model_governance.errors import DecisionRefused
from model_governance.web.mark_requests import Mark, MarkRequest, NewState, Scope
from model_governance.web.rulings import rule_on
from model_governance.web.waiting_gates import WaitingGate

GATE = WaitingGate(
    Gate.GOVERNANCE, "loans", "model_lifecycle.loans", "manual__1", "governance_approval.wait", -1, "deferred"
)
MARK = Mark(Scope.TASK_INSTANCE, GATE.dag_id, GATE.run_id, GATE.task_id, NewState.SUCCESS, note="seen")
ALONE = MarkRequest((MARK,), is_single=True)
WAITING = GateVerdict(state=GateState.WAITING, reasons=("0 of 1 approvals",))
DECISION = Decision(
    gate=Gate.GOVERNANCE,
    subject="arn",
    verdict=DecisionVerdict.APPROVE,
    actor="governance-officer",
    role="governance_officer",
    comment="seen",
    channel=Channel.TASK_INSTANCE_MARK,
    time=datetime(2026, 1, 1, tzinfo=UTC),
    policy_digest="",
    people_digest="",
    evidence_digest="",
    card_digest="",
    request_digest="",
)
APPROVED = GateVerdict(state=GateState.OPEN, decided_by=(DECISION,))
REJECTED = GateVerdict(state=GateState.REJECTED, reasons=("no",), decided_by=(DECISION,))


@dataclass
class AnsweringDesk:
    now: GateVerdict = WAITING
    then: GateVerdict = APPROVED
    refusal: str = ""
    taken: list[tuple[DecisionVerdict, str, str]] = field(default_factory=list)
    recorded: list[tuple[str, str, str]] = field(default_factory=list)

    def standing(self, gate: WaitingGate) -> GateVerdict:
        return self.now

    def decide(self, gate: WaitingGate, verdict: DecisionVerdict, username: str, comment: str) -> GateVerdict:
        if self.refusal:
            raise DecisionRefused(self.refusal)
        self.taken.append((verdict, username, comment))
        return self.then

    def refused(self, gate: WaitingGate, mark: Mark, username: str, reason: str) -> None:
        self.recorded.append((gate.task_id, username, reason))


@pytest.mark.parametrize(
    ("state", "verdict", "then"),
    [
        (NewState.SUCCESS, DecisionVerdict.APPROVE, APPROVED),
        (NewState.FAILED, DecisionVerdict.REJECT, REJECTED),
    ],
)
def test_a_mark_on_a_waiting_gate_alone_decides_and_goes_through(
    state: NewState, verdict: DecisionVerdict, then: GateVerdict
) -> None:
    desk = AnsweringDesk(then=then)
    ruling = rule_on(MarkRequest((replace(MARK, new_state=state),), is_single=True), (GATE,), "officer", desk)
    assert (ruling.goes_on, ruling.decided) == (True, True)
    assert desk.taken == [(verdict, "officer", "seen")]


def test_a_refused_decision_stops_the_mark_with_the_reason() -> None:
    desk = AnsweringDesk(refusal="model-owner may not decide: owner")
    ruling = rule_on(ALONE, (GATE,), "model-owner", desk)
    assert (ruling.goes_on, ruling.decided) == (False, False)
    assert ruling.reason == "model-owner may not decide: owner"
    assert desk.recorded == [(GATE.task_id, "model-owner", ruling.reason)]


def test_one_approval_of_two_is_recorded_and_the_gate_waits_on() -> None:
    desk = AnsweringDesk(then=GateVerdict(state=GateState.WAITING, reasons=("1 of 2 approvals",)))
    ruling = rule_on(ALONE, (GATE,), "officer", desk)
    assert (ruling.goes_on, ruling.decided) == (False, True)
    assert "1 of 2 approvals" in ruling.reason
    assert desk.recorded == []


@pytest.mark.parametrize("state", [NewState.SKIPPED, NewState.DELETED])
def test_a_gate_is_neither_skipped_nor_deleted(state: NewState) -> None:
    desk = AnsweringDesk()
    ruling = rule_on(MarkRequest((replace(MARK, new_state=state),), is_single=True), (GATE,), "officer", desk)
    assert not ruling.goes_on
    assert desk.taken == []


@pytest.mark.parametrize("state", [None, "scheduled", "queued", "running", "failed", "upstream_failed"])
def test_a_gate_that_is_not_waiting_is_not_decided_by_a_mark(state: str | None) -> None:
    desk = AnsweringDesk()
    ruling = rule_on(ALONE, (replace(GATE, state=state),), "officer", desk)
    assert not ruling.goes_on
    assert desk.taken == []


@pytest.mark.parametrize(
    ("state", "now", "goes_on"),
    [
        (NewState.SUCCESS, APPROVED, True),
        (NewState.FAILED, APPROVED, False),
        (NewState.SUCCESS, REJECTED, False),
        (NewState.FAILED, REJECTED, True),
    ],
)
def test_a_decided_gate_may_be_marked_as_it_was_decided_and_not_otherwise(
    state: NewState, now: GateVerdict, goes_on: bool
) -> None:
    desk = AnsweringDesk(now=now)
    ruling = rule_on(MarkRequest((replace(MARK, new_state=state),), is_single=True), (GATE,), "officer", desk)
    assert ruling.goes_on is goes_on
    assert desk.taken == []
    assert goes_on or "governance-officer" in ruling.reason


@pytest.mark.parametrize(
    "request_",
    [
        MarkRequest((replace(MARK, downstream=True),), is_single=True),
        MarkRequest((replace(MARK, past=True),), is_single=True),
        MarkRequest((replace(MARK, name="before", downstream=True),), is_single=True),
        MarkRequest((MARK,), is_single=False),
        MarkRequest((replace(MARK, scope=Scope.TASK_GROUP, name="governance_approval"),), is_single=False),
        MarkRequest((replace(MARK, scope=Scope.DAG_RUN, name=""),), is_single=False),
        MarkRequest((replace(MARK, new_state=NewState.DELETED),), is_single=False),
    ],
    ids=["downstream", "past", "from a task before", "bulk", "task group", "DAG run", "deletion"],
)
def test_any_other_mark_over_an_undecided_gate_is_refused_with_what_to_do(request_: MarkRequest) -> None:
    desk = AnsweringDesk()
    ruling = rule_on(request_, (GATE,), "officer", desk)
    assert not ruling.goes_on
    assert desk.taken == []
    assert "model-governance approve loans governance" in ruling.reason
    assert desk.recorded == [(GATE.task_id, "officer", ruling.reason)]
    assert rule_on(request_, (GATE,), "officer", AnsweringDesk(now=APPROVED)).goes_on


def test_a_run_may_be_given_up() -> None:
    mark = replace(MARK, scope=Scope.DAG_RUN, name="", new_state=NewState.FAILED)
    assert rule_on(MarkRequest((mark,), is_single=False), (GATE,), "officer", AnsweringDesk()).goes_on
