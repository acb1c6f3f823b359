"""What is to be done about a request that would end a gate's waiting task: let through, refuse, or decide by it.

Apart from the middleware, which knows ASGI and users, so that the rules can be read, and tested, in one place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from model_governance.domain.decision import DecisionVerdict
from model_governance.domain.gate import GateState, GateVerdict
from model_governance.errors import DecisionRefused
from model_governance.web.mark_requests import Mark, MarkRequest, NewState, Scope
from model_governance.web.waiting_gates import WaitingGate

_DECIDED = (GateState.OPEN, GateState.REJECTED)
_VERDICTS = {NewState.SUCCESS: DecisionVerdict.APPROVE, NewState.FAILED: DecisionVerdict.REJECT}
_AGREES = {NewState.SUCCESS: GateState.OPEN, NewState.FAILED: GateState.REJECTED}


class Desk(Protocol):
    """Where gates stand and decisions are handed in."""

    def standing(self, gate: WaitingGate) -> GateVerdict:
        """How the gate stands by what is on record."""

    def decide(self, gate: WaitingGate, verdict: DecisionVerdict, username: str, comment: str) -> GateVerdict:
        """Hands in a decision by the person behind an Airflow user, and says how the gate stands then.

        Raises:
            DecisionRefused: With the reason.
        """

    def refused(self, gate: WaitingGate, mark: Mark, username: str, reason: str) -> None:
        """Puts on record that a mark was refused; never raises."""


@dataclass(frozen=True)
class Ruling:
    """What is to be done.

    Attributes:
        goes_on: Whether Airflow's own route is to run.
        reason: Why not, or what was recorded; empty when nothing is to be told.
        decided: Whether a decision was recorded by this request.
    """

    goes_on: bool
    reason: str = ""
    decided: bool = False


GOES_ON = Ruling(goes_on=True)


def rule_on(request: MarkRequest, gates: tuple[WaitingGate, ...], username: str, desk: Desk) -> Ruling:
    """Rules on a request, and has a refusal put on record.

    Args:
        request: What it asks for.
        gates: The gates whose waiting task it would end.
        username: The Airflow user who asks, already known to be allowed to mark task instances.
        desk: Where gates stand and decisions are handed in.
    """
    ruling = _rule_on(request, gates, username, desk)
    if not ruling.goes_on and not ruling.decided:
        for gate in gates:
            desk.refused(gate, request.marks[0], username, ruling.reason)
    return ruling


def _rule_on(request: MarkRequest, gates: tuple[WaitingGate, ...], username: str, desk: Desk) -> Ruling:
    if _marks_one_gate_alone(request, gates):
        return _rule_on_one(request.marks[0], gates[0], username, desk)
    if all(mark.scope is Scope.DAG_RUN and mark.new_state is NewState.FAILED for mark in request.marks):
        return GOES_ON
    undecided = [gate for gate in gates if desk.standing(gate).state not in _DECIDED]
    if not undecided:
        return GOES_ON
    named = "; ".join(f"{gate.task_id} in run {gate.run_id}" for gate in undecided)
    return Ruling(
        goes_on=False,
        reason=f"This would also mark a gate that nobody has decided ({named}). A gate is decided by marking its "
        "waiting task alone, without upstream, downstream, past or future, by someone who may; or on the command line: "
        f"model-governance approve {undecided[0].use_case} {undecided[0].gate}. "
        "To give up, mark the DAG run failed.",
    )


def _marks_one_gate_alone(request: MarkRequest, gates: tuple[WaitingGate, ...]) -> bool:
    mark = request.marks[0]
    return (
        request.is_single
        and len(gates) == 1
        and not mark.takes_relatives_along
        and (gates[0].task_id, gates[0].run_id) == (mark.name, mark.run_id)
    )


def _rule_on_one(mark: Mark, gate: WaitingGate, username: str, desk: Desk) -> Ruling:
    if mark.new_state not in _VERDICTS:
        return Ruling(
            goes_on=False,
            reason=f"A gate cannot be {mark.new_state}: mark {gate.task_id} success to approve or failed to reject.",
        )
    standing = desk.standing(gate)
    if standing.state in _DECIDED:
        return _rule_on_decided(mark, gate, standing)
    if not gate.is_waiting:
        return Ruling(
            goes_on=False,
            reason=f"{gate.task_id} is not waiting for a decision (state {gate.state or 'none'}): "
            "a gate is decided while its task is deferred. Wait until it is, or clear it.",
        )
    try:
        standing = desk.decide(gate, _VERDICTS[mark.new_state], username, mark.note)
    except DecisionRefused as refusal:
        return Ruling(goes_on=False, reason=str(refusal))
    if standing.state in _DECIDED:
        return Ruling(goes_on=True, decided=True)
    told = "; ".join(standing.reasons)
    return Ruling(goes_on=False, decided=True, reason=f"Your decision is recorded; the gate waits on: {told}")


def _rule_on_decided(mark: Mark, gate: WaitingGate, standing: GateVerdict) -> Ruling:
    """A mark that says what was decided may be made; one that says otherwise may not."""
    if standing.state is _AGREES[mark.new_state]:
        return GOES_ON
    by = ", ".join(decision.actor for decision in standing.decided_by)
    outcome = "approved" if standing.state is GateState.OPEN else "rejected"
    return Ruling(
        goes_on=False,
        reason=f"The {gate.gate} gate of {gate.use_case} has been {outcome} by {by}: a decision is made once. "
        "Start a new run to ask again.",
    )
