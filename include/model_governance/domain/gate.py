"""Whether a gate is open: one pure function over what was asked, what was decided and what is observed now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from model_governance.domain.decision import Decision, DecisionVerdict, Gate
from model_governance.domain.policy import GateRule, MissingItem, Policy, missing_evidence
from model_governance.domain.request import GateRequest


class GateState(StrEnum):
    """How a gate stands."""

    OPEN = "open"
    WAITING = "waiting"
    REJECTED = "rejected"
    BLOCKED = "blocked"


class Observed(BaseModel):
    """What the registry and the store say now, read afresh by whoever wants to pass the gate.

    Attributes:
        card_digest: Digest of the card sections that people decide on.
        artifact_sha256: Sha256 of the model's bytes; None where the gate has no artifact.
        policy_digest: Digest of the policy in force.
    """

    model_config = ConfigDict(frozen=True)

    card_digest: str
    artifact_sha256: str | None
    policy_digest: str


class GateVerdict(BaseModel):
    """How a gate stands and why; ``reasons`` is empty only for an open gate."""

    model_config = ConfigDict(frozen=True)

    state: GateState
    reasons: tuple[str, ...] = ()
    missing: tuple[MissingItem, ...] = ()
    decided_by: tuple[Decision, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether what stands behind the gate may go on."""
        return self.state is GateState.OPEN


def evaluate_gate(
    policy: Policy,
    request: GateRequest | None,
    decisions: Sequence[Decision],
    now: datetime,
    observed: Observed | None = None,
) -> GateVerdict:
    """How a gate stands, from nothing but the arguments, so that any past verdict can be had again.

    Args:
        policy: The policy in force when the gate was requested.
        request: What was asked; None where nobody asked, which leaves the gate blocked.
        decisions: Every decision on the request's subject, of any gate, in the ledger's order.
        now: The time to judge at, aware; a decision made after it does not count.
        observed: The state of things now; None to judge the records alone, as a replay does.

    Returns:
        REJECTED if a countable decision rejects; OPEN if enough distinct people approve; WAITING if more are needed;
        BLOCKED if evidence is missing or what was decided on is no longer what is there.
    """
    if request is None:
        return GateVerdict(state=GateState.BLOCKED, reasons=("the gate has not been requested",))
    rule = policy.rule(request.tier, request.gate)
    missing = missing_evidence(rule, request.evidence)
    counted = _countable(rule, request, decisions, now)
    reasons = [item.sentence for item in missing] + _changes(request, observed)
    rejections = [decision for decision in counted if decision.verdict is DecisionVerdict.REJECT]
    if rejections:
        last = rejections[0]
        said = f"rejected by {last.actor} as {last.role}: {last.comment or 'no comment'}"
        return GateVerdict(state=GateState.REJECTED, reasons=(said, *reasons), missing=missing, decided_by=(last,))
    if reasons:
        return GateVerdict(state=GateState.BLOCKED, reasons=tuple(reasons), missing=missing)
    approvals = _one_each(counted)
    if len(approvals) < rule.approvals:
        waits = f"{len(approvals)} of {rule.approvals} approvals; who may decide: {', '.join(rule.roles)}"
        return GateVerdict(state=GateState.WAITING, reasons=(waits,), decided_by=approvals)
    return GateVerdict(state=GateState.OPEN, decided_by=approvals)


def _countable(
    rule: GateRule, request: GateRequest, decisions: Sequence[Decision], now: datetime
) -> tuple[Decision, ...]:
    """The decisions that answer this request and were made by someone who may."""
    barred = request.barred(rule) | deciders_elsewhere(rule, request, decisions)
    return tuple(
        decision
        for decision in decisions
        if decision.gate is request.gate
        and decision.subject == request.subject
        and decision.request_digest == request.digest
        and decision.time <= now
        and decision.role in rule.roles
        and decision.actor not in barred
        and (not request.approvers or decision.actor in request.approvers)
        and not (decision.verdict is DecisionVerdict.APPROVE and request.warnings and not decision.comment.strip())
    )


def deciders_elsewhere(rule: GateRule, request: GateRequest, decisions: Sequence[Decision]) -> set[str]:
    """Ids of who decided a gate of this subject whose decider must be another person than this one's."""
    return {
        decision.actor
        for decision in decisions
        if decision.subject == request.subject
        and decision.gate is not request.gate
        and decision.gate in rule.differs_from
    }


def _one_each(decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
    first_of: dict[str, Decision] = {}
    for decision in decisions:
        first_of.setdefault(decision.actor, decision)
    return tuple(first_of.values())


def _changes(request: GateRequest, observed: Observed | None) -> list[str]:
    if observed is None:
        return []
    compared = (
        ("the card sections that people decide on", request.card_digest, observed.card_digest),
        ("the model artifact", request.artifact_sha256, observed.artifact_sha256),
        ("the policy", request.policy_digest, observed.policy_digest),
    )
    return [
        f"{what} changed since the request: {_short(then)} then, {_short(now)} now; request the gate again"
        for what, then, now in compared
        if then != now
    ]


def _short(value: str | None) -> str:
    return value[:12] if value else "none"


__all__ = ["Gate", "GateState", "GateVerdict", "Observed", "evaluate_gate"]
