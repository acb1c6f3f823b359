"""Whether a gate is open: one pure function over what was asked, what was decided and what is observed now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from model_governance.domain.approvals import Tally, holds_until, lapse, revalidation_due, tally
from model_governance.domain.decision import Decision, DecisionVerdict, Gate
from model_governance.domain.oversight import NO_OVERSIGHT, Oversight
from model_governance.domain.people import People, Person
from model_governance.domain.policy import GateRule, Policy
from model_governance.domain.request import GateRequest
from model_governance.domain.shortfall import MissingItem, shortfall


class GateState(StrEnum):
    """How a gate stands."""

    OPEN = "open"
    WAITING = "waiting"
    REJECTED = "rejected"
    BLOCKED = "blocked"
    SUPERSEDED = "superseded"


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
    """How a gate stands and why.

    Attributes:
        state: How.
        reasons: Why; empty only for an open gate.
        missing: Evidence and open findings that stand in the way.
        decided_by: The decisions that count.
        has_lapsed: Whether it was open once and is closed since by time alone: it can be requested again as it is.
        holds_until: From when an open gate closes by itself; None for never.
        revalidation_due: From when what it let through must be approved anew; None for never.
    """

    model_config = ConfigDict(frozen=True)

    state: GateState
    reasons: tuple[str, ...] = ()
    missing: tuple[MissingItem, ...] = ()
    decided_by: tuple[Decision, ...] = ()
    has_lapsed: bool = False
    holds_until: datetime | None = None
    revalidation_due: datetime | None = None

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
    oversight: Oversight = NO_OVERSIGHT,
    people: People | None = None,
) -> GateVerdict:
    """How a gate stands, from nothing but the arguments, so that any past verdict can be had again.

    Args:
        policy: The policy in force when the gate was requested.
        request: What was asked; None where nobody asked, which leaves the gate blocked.
        decisions: Every decision on the request's subject, of any gate, in the ledger's order.
        now: The time to judge at, aware; a decision made after it does not count.
        observed: The state of things now; None to judge the records alone, as a replay does.
        oversight: Exceptions, findings and supersession on record.
        people: Who there is, to name those who may still decide; changes the words and never the state.

    Returns:
        REJECTED if a countable decision rejects; OPEN if enough distinct people of enough groups approve and their
        approvals hold; WAITING if more are needed; SUPERSEDED if a newer version took the version's place; BLOCKED if
        evidence is missing, a grave finding is open, what was decided on is no longer there, or time ran out.
    """
    if request is None:
        return GateVerdict(state=GateState.BLOCKED, reasons=("the gate has not been requested",))
    if oversight.superseded_by is not None:
        return GateVerdict(state=GateState.SUPERSEDED, reasons=(_superseded(request, oversight.superseded_by),))
    rule = policy.rule(request.tier, request.gate)
    missing = shortfall(policy, request, oversight, now)
    counted = _countable(rule, request, decisions, now)
    reasons = [item.sentence for item in missing] + changes_since(request, observed)
    rejections = [decision for decision in counted if decision.verdict is DecisionVerdict.REJECT]
    if rejections:
        last = rejections[0]
        said = f"rejected by {last.actor} as {last.role}: {last.comment or 'no comment'}"
        return GateVerdict(state=GateState.REJECTED, reasons=(said, *reasons), missing=missing, decided_by=(last,))
    lapsed = lapse(rule, counted, now)
    if reasons or lapsed:
        told = (*reasons, lapsed) if lapsed else tuple(reasons)
        return GateVerdict(state=GateState.BLOCKED, reasons=told, missing=missing, has_lapsed=bool(lapsed))
    approvals = tally(rule, counted, now)
    if not approvals.is_complete:
        waits = _waits(approvals, request, eligible(policy, request, decisions, people, now) if people else ())
        return GateVerdict(state=GateState.WAITING, reasons=(waits,), decided_by=approvals.approvals)
    return GateVerdict(
        state=GateState.OPEN,
        decided_by=approvals.approvals,
        holds_until=holds_until(approvals),
        revalidation_due=revalidation_due(rule, counted, now),
    )


def eligible(
    policy: Policy, request: GateRequest, decisions: Sequence[Decision], people: People, now: datetime
) -> tuple[Person, ...]:
    """The people whose approval would bring the request nearer to its gate."""
    rule = policy.rule(request.tier, request.gate)
    counted = gate_tally(rule, request, decisions, now)
    have = {each.actor for each in counted.approvals}
    spare = rule.approvals - len(have) > counted.groups_needed
    return tuple(
        person
        for person in able_people(policy, request, decisions, people)
        if person.id not in have and (spare or person.group not in counted.groups)
    )


def able_people(
    policy: Policy, request: GateRequest, decisions: Sequence[Decision], people: People
) -> tuple[Person, ...]:
    """The people who may decide a request: in a role for it, barred by no part in the use case or other decision."""
    rule = policy.rule(request.tier, request.gate)
    barred = request.barred(rule) | deciders_elsewhere(rule, request, decisions)
    barred |= deciders_opposite(policy, request, decisions)
    return tuple(
        person
        for person in people.people
        if set(person.roles) & set(rule.roles)
        and person.id not in barred
        and (not request.approvers or person.id in request.approvers)
    )


def gate_tally(rule: GateRule, request: GateRequest, decisions: Sequence[Decision], now: datetime) -> Tally:
    """The approvals of a request that count now."""
    counted = _countable(rule, request, decisions, now)
    return tally(rule, [each for each in counted if each.verdict is DecisionVerdict.APPROVE], now)


def _waits(counted: Tally, request: GateRequest, able: Sequence[Person]) -> str:
    """What a waiting gate tells: how far it is, who may decide, and what the next approval must bring."""
    rule = counted.rule
    parts = [f"{counted.sentence}; who may decide: {', '.join(rule.roles)}"]
    if able:
        parts[0] += f" ({', '.join(person.id for person in able)})"
    elif request.approvers:
        parts[0] += f" (of {', '.join(request.approvers)})"
    if rule.distinct_groups > 1:
        parts.append(f"from {rule.distinct_groups} distinct groups")
    if counted.approvals:
        parts.append("approved by " + ", ".join(f"{each.actor} ({each.group})" for each in counted.approvals))
    return "; ".join(parts)


def _superseded(request: GateRequest, version: int) -> str:
    return f"version {request.version} was superseded by version {version}, which has reached production"


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


def deciders_opposite(policy: Policy, request: GateRequest, decisions: Sequence[Decision]) -> set[str]:
    """Ids of who decided a gate of this subject whose own rule wants another person than this one's decider.

    They may not decide this one any more: what they decided there would no longer count. Such decisions were once
    allowed, and those on record count, so that a past verdict can be had again.
    """
    rules = policy.gates[request.tier]
    return {
        decision.actor
        for decision in decisions
        if decision.subject == request.subject
        and decision.gate is not request.gate
        and request.gate in rules[decision.gate].differs_from
    }


def changes_since(request: GateRequest, observed: Observed | None) -> list[str]:
    """What is no longer what was asked about, one sentence each; empty where nothing is observed."""
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
