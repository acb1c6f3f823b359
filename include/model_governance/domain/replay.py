"""A past decision judged again from what it was made on: the same pure functions, the texts and entries of its time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from model_governance.domain.decision import Decision, DecisionVerdict
from model_governance.domain.eligibility import deciding_role
from model_governance.domain.evidence import Evidence
from model_governance.domain.gate import GateState, evaluate_gate
from model_governance.domain.oversight import Oversight
from model_governance.domain.people import People
from model_governance.domain.policy import Policy
from model_governance.domain.request import GateRequest
from model_governance.domain.risk import assess_risk
from model_governance.domain.use_case import UseCase
from model_governance.errors import DecisionRefused


@dataclass(frozen=True)
class Circumstances:
    """What a decision was made on, as ledger and store hold it.

    Attributes:
        request: The request that stood.
        before: The decisions on the subject made before this one.
        evidence: Every piece of evidence on the subject recorded before the request.
        policy: The text of the request's policy digest.
        people: The text of the decision's people digest.
        oversight: The exceptions, findings and supersession on record before the decision.
        use_case: The declaration of the request's digest; None where none is on record.
        recorded: When the ledger took the decision.
    """

    request: GateRequest
    before: Sequence[Decision]
    evidence: Sequence[Evidence]
    policy: Policy
    people: People
    oversight: Oversight
    use_case: UseCase | None
    recorded: datetime


def differences(decision: Decision, then: Circumstances) -> tuple[str, ...]:
    """What would come out otherwise if the decision were made again on the same; empty when nothing would."""
    return (
        *_bindings(decision, then),
        *_person(decision, then),
        *_evidence(then),
        *_gate(decision, then),
    )


def _bindings(decision: Decision, then: Circumstances) -> Iterator[str]:
    """The digests in the decision against what they are digests of."""
    request = then.request
    compared = [
        ("request", decision.request_digest, request.digest),
        ("evidence", decision.evidence_digest, request.evidence_digest),
        ("card", decision.card_digest, request.card_digest),
    ]
    if decision.verdict is DecisionVerdict.APPROVE:  # a rejection counts under whatever policy is in force by then
        compared.append(("policy", decision.policy_digest, request.policy_digest))
    for what, said, found in compared:
        if said != found:
            yield f"the decision is on {what} {said[:12]}, the request's is {found[:12]}"
    if decision.subject != request.subject or decision.gate is not request.gate:
        yield "the decision is on another gate or subject than the request"


def _person(decision: Decision, then: Circumstances) -> Iterator[str]:
    """Whether the actor might decide, and in which role."""
    person = then.people.by_id(decision.actor)
    if person is None:
        yield f"{decision.actor} was not in the people file"
        return
    try:
        role = deciding_role(then.policy.rule(then.request.tier, then.request.gate), then.request, then.before, person)
    except DecisionRefused as refused:
        yield str(refused)
    else:
        if role != decision.role:
            yield f"{decision.actor} decided as {decision.role}; by the files of the time it would be as {role}"


def _evidence(then: Circumstances) -> Iterator[str]:
    """The request's snapshot against the entries, and its tier against the declaration."""
    for piece in then.request.evidence:
        if piece not in then.evidence:
            yield f"the request's {piece.kind.value} ({piece.sha256[:12]}) was not on record before it"
    if then.use_case is None:
        return
    tier = assess_risk(then.use_case.risk, then.policy.risk).tier
    if tier is not then.request.tier:
        yield f"the request is of tier {then.request.tier}; by policy and declaration of the time it is {tier}"


def _gate(decision: Decision, then: Circumstances) -> Iterator[str]:
    """The gate before the decision, which must have waited, and after it, which must show it."""
    before = evaluate_gate(then.policy, then.request, then.before, then.recorded, None, then.oversight)
    approves = decision.verdict is DecisionVerdict.APPROVE
    if before.state is GateState.BLOCKED and approves:
        yield f"the gate was blocked before it: {'; '.join(before.reasons)}"
    if before.state in (GateState.OPEN, GateState.REJECTED):
        yield f"the gate was {before.state.value} before it"
    after = evaluate_gate(then.policy, then.request, (*then.before, decision), then.recorded, None, then.oversight)
    if decision not in after.decided_by:
        yield f"the decision does not count: the gate is {after.state.value} after it ({'; '.join(after.reasons)})"
