"""What is wrong with a policy file that can be read: promises left out, and rules that could never be met or enforced.

Apart from the policy's own validators because those also read the policies of past decisions, which must replay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from model_governance.domain.decision import Gate
from model_governance.domain.evidence import EvidenceKind
from model_governance.domain.oversight import Severity
from model_governance.domain.people import label_fault
from model_governance.domain.use_case import PersonId

if TYPE_CHECKING:
    from model_governance.domain.policy import GateRule, Policy
    from model_governance.domain.risk import RiskFormula

_PERSON: TypeAdapter[str] = TypeAdapter(PersonId)
_MOST_APPROVALS = 100
_LONGEST_NAME = 200
_NEVER = ("owner", "author", "trainer")

_EVIDENCE: Mapping[Gate, tuple[EvidenceKind, ...]] = {
    Gate.USE_CASE: (),
    Gate.GOVERNANCE: tuple(kind for kind in EvidenceKind if kind is not EvidenceKind.TEST_VALIDATION),
    Gate.PRODUCTION: tuple(EvidenceKind),
}
"""What can be there when a gate is requested: nothing before a version, no validation before it is deployed to test."""

_OTHERS: Mapping[Gate, tuple[Gate, ...]] = {
    Gate.USE_CASE: (),
    Gate.GOVERNANCE: (Gate.PRODUCTION,),
    Gate.PRODUCTION: (Gate.GOVERNANCE,),
}
"""The gates of the same subject, whose deciders can be told apart: a use case's is its card, the others' a version."""


def policy_faults(policy: Policy) -> Iterator[str]:
    """Each fault with its field and reason; none for a policy that can be kept."""
    yield from _names(policy)
    yield from _thresholds(policy.risk)
    for tier, rules in policy.gates.items():
        for gate, rule in rules.items():
            yield from (f"gates.{tier}.{gate}.{fault}" for fault in _rule(gate, rule))
    if Severity.HIGH not in policy.findings.blocking:
        yield "findings.blocking: must name high: an open finding of high severity holds every gate"
    stop = policy.operations.stop
    if not stop.roles and not stop.parts:
        yield "operations.stop: must name a role or the part owner: a kill switch that nobody may use is none"


def _names(policy: Policy) -> Iterator[str]:
    """The policy's own name, its owner's, and those of the roles outside the gates."""
    name = policy.name
    if not name or name != name.strip() or not name.isprintable() or len(name) > _LONGEST_NAME:
        yield f"name: {name[:_LONGEST_NAME]!r} must be one line of 1 to {_LONGEST_NAME} characters, no space around it"
    try:
        _PERSON.validate_python(policy.owner)
    except ValidationError:
        yield f"owner: {policy.owner!r} cannot be the id of a person: lower-case letters, digits and single '-'"
    named = {
        "exceptions.roles": policy.exceptions.roles,
        "findings.open_roles": policy.findings.open_roles,
        "findings.close_roles": policy.findings.close_roles,
        **{f"operations.{each}.roles": rule.roles for each, rule in policy.operations},
    }
    for field, roles in named.items():
        yield from _labels(field, roles)


def _labels(field: str, roles: tuple[str, ...]) -> Iterator[str]:
    yield from (f"{field}.{index}: {fault}" for index, role in enumerate(roles) if (fault := label_fault(role)))


def _thresholds(risk: RiskFormula) -> Iterator[str]:
    highest = sum(max(answers.values()) for answers in risk.points.values())
    for field in ("medium_from", "high_from"):
        threshold = getattr(risk, field)
        if threshold > highest:
            yield f"risk.{field}: {threshold} is more than any answers can sum up to ({highest})"


def _rule(gate: Gate, rule: GateRule) -> Iterator[str]:
    """What is wrong with a gate's rule, each by its field in the rule."""
    yield from _labels("roles", rule.roles)
    if rule.approvals > _MOST_APPROVALS:
        yield f"approvals: {rule.approvals} is more than {_MOST_APPROVALS}"
    absent = [part for part in _NEVER if part not in rule.never_decide]
    if absent:
        yield f"never_decide: must name {', '.join(absent)}: owner, author and trainer of a model never decide on it"
    repeated = [kind for kind in EvidenceKind if rule.evidence.count(kind) > 1]
    if repeated:
        yield f"evidence: {', '.join(repeated)} stands there more than once"
    for kind in dict.fromkeys(rule.evidence):
        if kind not in _EVIDENCE[gate]:
            may = ", ".join(_EVIDENCE[gate]) or "nothing"
            yield f"evidence: {kind} is never there when the {gate} gate is requested; here may stand: {may}"
    for other in dict.fromkeys(rule.differs_from):
        if other not in _OTHERS[gate]:
            may = ", ".join(_OTHERS[gate]) or "nothing"
            yield f"differs_from: {other} {_why_not(gate, other)}; here may stand: {may}"


def _why_not(gate: Gate, other: Gate) -> str:
    if other is gate:
        return "is the gate itself"
    return "is decided on another subject (a use case's card, not a version), and would not be enforced"
