"""The shortest way to an open gate: which steps, by whom; apart from the gate, which only says how it stands now.

Where there is a choice (evidence or an exception, the standing request or a new one, these approvers or those) the
fewest steps are taken, and of equally many those that keep what has been decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import product

from model_governance.domain.approvals import Tally
from model_governance.domain.assignment import Want, first_assignment
from model_governance.domain.decision import Decision, Gate
from model_governance.domain.gate import GateState, Observed, able_people, changes_since, evaluate_gate, gate_tally
from model_governance.domain.oversight import NO_OVERSIGHT, Oversight
from model_governance.domain.people import People, Person
from model_governance.domain.policy import GateRule, Policy
from model_governance.domain.request import GateRequest
from model_governance.domain.shortfall import MissingItem, blocking_findings, missing_evidence, valid_exceptions


class StepKind(StrEnum):
    """What can be done about a gate that is closed."""

    EVIDENCE = "evidence"
    EXCEPTION = "exception"
    FINDING = "finding"
    REQUEST = "request"
    APPROVAL = "approval"


@dataclass(frozen=True)
class Step:
    """One step to an open gate.

    Attributes:
        gate: Which gate.
        kind: What is done.
        what: The evidence, the item of an exception, the finding, the gate's name, or the approver's id.
        item: The step for a person to read: why, whose it is, how it is done.
    """

    gate: Gate
    kind: StepKind
    what: str
    item: MissingItem


@dataclass(frozen=True)
class Situation:
    """How a gate stands, with all that it is judged by.

    Attributes:
        draft: The request as it would be asked now, with the evidence there is.
        standing: The request that stands; None where nobody asked.
        decisions: Every decision on the subject, of any gate; of this gate those on the standing request.
        observed: What is there now.
        oversight: Exceptions, findings and supersession.
    """

    draft: GateRequest
    standing: GateRequest | None
    decisions: tuple[Decision, ...]
    observed: Observed
    oversight: Oversight = NO_OVERSIGHT

    @property
    def gate(self) -> Gate:
        """The gate."""
        return self.draft.gate


@dataclass(frozen=True)
class Way:
    """One way to open a gate, before it is said who approves.

    Attributes:
        situation: Of the gate.
        steps: What comes before the approvals.
        approvals: What counts already on this way.
    """

    situation: Situation
    steps: tuple[Step, ...]
    approvals: Tally

    @property
    def length(self) -> int:
        """How many steps it takes, approvals included."""
        return len(self.steps) + self.approvals.people_needed


def shortest_way(
    policy: Policy, situations: Sequence[Situation], people: People, now: datetime
) -> tuple[Step, ...] | None:
    """The fewest steps that open all of the gates, in order; None where no steps can, as with nobody left to approve.

    Args:
        policy: In force.
        situations: Of the gates on the way, in their order.
        people: In force.
        now: The time, aware.
    """
    ways = [_ways(policy, situation, people, now) for situation in situations]
    for chosen in sorted(product(*ways), key=lambda each: sum(way.length for way in each)):
        approvers = first_assignment([_want(policy, way, chosen, people) for way in chosen])
        if approvers is not None:
            return tuple(
                step
                for way, persons in zip(chosen, approvers, strict=True)
                for step in (*way.steps, *_approval_steps(policy, way, persons, people))
            )
    return None


def _ways(policy: Policy, situation: Situation, people: People, now: datetime) -> list[Way]:
    """The ways to open one gate: by the request that stands, and by a new one."""
    rule = policy.rule(situation.draft.tier, situation.gate)
    standing = situation.standing
    verdict = evaluate_gate(policy, standing, situation.decisions, now, situation.observed, situation.oversight)
    nothing_counts = Tally(rule, ())
    if verdict.is_open and standing is not None:
        return [Way(situation, (), gate_tally(rule, standing, situation.decisions, now))]
    if verdict.state is GateState.SUPERSEDED:
        return []
    findings = _finding_steps(policy, situation, people, now)
    ways = []
    is_rejected = verdict.state is GateState.REJECTED
    is_stale = standing is None or verdict.has_lapsed or bool(changes_since(standing, situation.observed))
    if standing is not None and not is_rejected and not is_stale:
        exceptions = _exception_steps(policy, replace(situation, draft=standing), people, now)
        if findings is not None and exceptions is not None:
            counted = gate_tally(rule, standing, situation.decisions, now)
            ways.append(Way(situation, (*findings, *exceptions), counted))
    evidence = _evidence_steps(policy, situation, now)
    if is_rejected and not is_stale and not evidence and standing == situation.draft:
        # The same again is not asked twice: what an exception stood in for would have to be brought.
        bare = situation.oversight.model_copy(update={"exceptions": ()})
        evidence = _evidence_steps(policy, replace(situation, oversight=bare), now)[:1]
    if findings is not None and (is_stale or evidence or standing != situation.draft):
        request = _request_step(situation, verdict.reasons)
        ways.append(Way(situation, (*findings, *evidence, request), nothing_counts))
    return ways


def _finding_steps(policy: Policy, situation: Situation, people: People, now: datetime) -> tuple[Step, ...] | None:
    """A closure of each grave finding; None where somebody is missing who may."""
    steps = []
    for finding in blocking_findings(policy, situation.oversight, now):
        closers = [
            each.id
            for role in policy.findings.close_roles
            for each in people.in_role(role)
            if each.id not in (finding.owner, situation.draft.owner, situation.draft.author)
        ]
        if not closers:
            return None
        how = f"mend it, and have {' or '.join(dict.fromkeys(closers))} run: model-governance finding close"
        reason = f"{finding.severity} finding is open, due {finding.due}: {finding.title}"
        item = MissingItem(what=finding.id, reason=reason, owner=finding.owner, how=how)
        steps.append(Step(situation.gate, StepKind.FINDING, finding.id, item))
    return tuple(steps)


def _missing_by_kind(policy: Policy, situation: Situation, now: datetime) -> dict[str, list[MissingItem]]:
    request = situation.draft
    rule = policy.rule(request.tier, request.gate)
    exceptions = valid_exceptions(policy, request, situation.oversight, now)
    found: dict[str, list[MissingItem]] = {}
    for item in missing_evidence(rule, request.evidence, exceptions):
        found.setdefault(item.what.partition(".")[0], []).append(item)
    return found


def _granters(policy: Policy, request: GateRequest, people: People) -> list[str]:
    barred = request.barred(policy.rule(request.tier, request.gate)) | {request.owner, request.author}
    able = [each.id for role in policy.exceptions.roles for each in people.in_role(role)]
    return [each for each in dict.fromkeys(able) if each not in barred]


def _exception_steps(policy: Policy, situation: Situation, people: People, now: datetime) -> tuple[Step, ...] | None:
    """An exception for each kind of evidence that is short; None where nobody may grant one."""
    missing = _missing_by_kind(policy, situation, now)
    granters = _granters(policy, situation.draft, people)
    if missing and not granters:
        return None
    steps = []
    for kind, items in missing.items():
        names = {item.what for item in items}
        what = names.pop() if len(names) == 1 else kind
        how = "have an exception granted: model-governance except; or bring evidence, which asks for all approvals anew"
        reason = "; ".join(item.reason for item in items)
        item = MissingItem(what=what, reason=reason, owner=" or ".join(granters), how=how)
        steps.append(Step(situation.gate, StepKind.EXCEPTION, what, item))
    return tuple(steps)


def _evidence_steps(policy: Policy, situation: Situation, now: datetime) -> tuple[Step, ...]:
    steps = []
    for kind, items in _missing_by_kind(policy, situation, now).items():
        names = {item.what for item in items}
        reason = "; ".join(item.reason for item in items)
        what = names.pop() if len(names) == 1 else kind
        item = items[0].model_copy(update={"what": what, "reason": reason})
        if policy.exceptions.roles:
            by = " or ".join(policy.exceptions.roles)
            item = item.model_copy(update={"how": f"{item.how}, or have an exception granted by a {by}"})
        steps.append(Step(situation.gate, StepKind.EVIDENCE, kind, item))
    return tuple(steps)


def _request_step(situation: Situation, reasons: Sequence[str]) -> Step:
    how = "run the lifecycle to its gate, or clear its request task"
    said = next(iter(reasons), "the gate has not been requested")
    item = MissingItem(what=f"{situation.gate} request", reason=said, owner="pipeline", how=how)
    return Step(situation.gate, StepKind.REQUEST, situation.gate.value, item)


def _want(policy: Policy, way: Way, ways: Sequence[Way], people: People) -> Want:
    """Whom a way still wants, beside those whom the other gates want."""
    gate, rule, counted = way.situation.gate, _rule(policy, way), way.approvals
    apart = {
        other.situation.gate
        for other in ways
        if other.situation.gate in rule.differs_from or gate in _rule(policy, other).differs_from
    }
    return Want(
        gate=gate,
        people=counted.people_needed,
        groups=counted.groups_needed,
        able=tuple(_able(policy, way, people)),
        has=counted.groups,
        apart=frozenset(apart - {gate}),
    )


def _able(policy: Policy, way: Way, people: People) -> list[Person]:
    have = {each.actor for each in way.approvals.approvals}
    able = able_people(policy, way.situation.draft, way.situation.decisions, people)
    return [each for each in able if each.id not in have]


def _rule(policy: Policy, way: Way) -> GateRule:
    return policy.rule(way.situation.draft.tier, way.situation.gate)


def _approval_steps(policy: Policy, way: Way, persons: Sequence[Person], people: People) -> Iterator[Step]:
    rule, gate = _rule(policy, way), way.situation.gate
    others = [each.id for each in _able(policy, way, people) if each not in persons]
    for place, person in enumerate(persons, rule.approvals - len(persons) + 1):
        how = f"model-governance approve {way.situation.draft.use_case} {gate}"
        if others:
            how += f"; or by {', '.join(others)} in this one's place"
        reason = f"approval {place} of {rule.approvals}, from {rule.distinct_groups} distinct group(s)"
        item = MissingItem(what=f"{gate} approval", reason=reason, owner=f"{person.id} ({person.group})", how=how)
        yield Step(gate, StepKind.APPROVAL, person.id, item)
