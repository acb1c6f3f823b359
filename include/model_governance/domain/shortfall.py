"""What stands between a request and its gate, item by item: evidence that is absent, misses a limit, or is barred."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from model_governance.domain.evidence import Evidence, EvidenceKind, EvidenceVerdict
from model_governance.domain.oversight import Finding, GrantedException, Oversight
from model_governance.domain.policy import GateRule, Policy
from model_governance.domain.request import GateRequest


class MissingItem(BaseModel):
    """One thing that stands between a request and its gate.

    Attributes:
        what: The evidence, or the metric of it that misses its limit.
        reason: Why it does not count, with the numbers.
        owner: Who can supply it: a part in the use case or a role.
        how: What to do.
    """

    model_config = ConfigDict(frozen=True)

    what: str
    reason: str
    owner: str
    how: str

    @property
    def sentence(self) -> str:
        """The item in one line."""
        return f"{self.what}: {self.reason} (owner: {self.owner}; {self.how})"


HOW = {
    EvidenceKind.DATA_QUALITY: "mend the data set and run the lifecycle again",
    EvidenceKind.PRE_TRAINING_BIAS: "run the data quality stage again",
    EvidenceKind.MODEL_QUALITY: "improve the model and run the lifecycle again",
    EvidenceKind.POST_TRAINING_BIAS: "mitigate the bias and run the lifecycle again",
    EvidenceKind.EXPLAINABILITY: "have the model explained: clear bias_evaluation, or run the lifecycle again",
    EvidenceKind.TEST_VALIDATION: "mend what the validation of the test endpoint names and run it again",
}
"""How each kind of evidence is supplied."""

_SHORT = (EvidenceVerdict.FAIL, EvidenceVerdict.NOT_ASSESSABLE)


def missing_evidence(
    rule: GateRule, evidence: Sequence[Evidence], exceptions: Sequence[GrantedException] = ()
) -> tuple[MissingItem, ...]:
    """What the rule requires and neither evidence nor an exception gives, item by item; empty when nothing is missing.

    A warning does not count as missing: the approver answers it in the comment.

    Args:
        rule: The gate's rule.
        evidence: What there is.
        exceptions: Those that count, as ``valid_exceptions`` has found them.
    """
    found = {piece.kind: piece for piece in evidence}
    items: list[MissingItem] = []
    for kind in rule.evidence:
        piece = found.get(kind)
        if piece is None:
            items.append(
                MissingItem(what=kind.value, reason="there is no such evidence", owner="author", how=HOW[kind])
            )
        elif piece.verdict in _SHORT:
            items.extend(_short_of_limits(piece))
    return tuple(item for item in items if not any(each.covers(item.what) for each in exceptions))


def valid_exceptions(
    policy: Policy, request: GateRequest, oversight: Oversight, now: datetime
) -> tuple[GrantedException, ...]:
    """The exceptions that count now: not expired, granted in a role that the policy names, by nobody who is barred."""
    barred = request.barred(policy.rule(request.tier, request.gate))
    return tuple(
        each
        for each in oversight.exceptions
        if each.is_valid(now) and each.role in policy.exceptions.roles and each.granted_by not in barred
    )


def blocking_findings(policy: Policy, oversight: Oversight, now: datetime) -> tuple[Finding, ...]:
    """The open findings that are grave enough to hold a gate."""
    closed = {each.id for each in oversight.closures if each.role in policy.findings.close_roles and each.time <= now}
    return tuple(
        finding
        for finding in oversight.findings
        if finding.severity in policy.findings.blocking and finding.id not in closed and finding.time <= now
    )


def shortfall(policy: Policy, request: GateRequest, oversight: Oversight, now: datetime) -> tuple[MissingItem, ...]:
    """Everything that is missing beside decisions: evidence, and findings that somebody has to close."""
    rule = policy.rule(request.tier, request.gate)
    evidence = missing_evidence(rule, request.evidence, valid_exceptions(policy, request, oversight, now))
    expired = [each for each in oversight.exceptions if each.time <= now and not each.is_valid(now)]
    findings = tuple(_of_finding(policy, each) for each in blocking_findings(policy, oversight, now))
    return (*(_with_exceptions(policy, item, expired) for item in evidence), *findings)


def _with_exceptions(policy: Policy, item: MissingItem, expired: Sequence[GrantedException]) -> MissingItem:
    """The item, with the exception that could stand in for it and the one that did until it expired."""
    if policy.exceptions.roles:
        by = " or ".join(policy.exceptions.roles)
        item = item.model_copy(update={"how": f"{item.how}, or have an exception granted by a {by}"})
    gone = next((each for each in reversed(expired) if each.covers(item.what)), None)
    if gone is None:
        return item
    return item.model_copy(update={"reason": f"{item.reason}; its exception expired at {gone.expires:%Y-%m-%d %H:%M}"})


def _of_finding(policy: Policy, finding: Finding) -> MissingItem:
    closers = " or ".join(policy.findings.close_roles) or "somebody whom the policy names: it names nobody"
    return MissingItem(
        what=finding.id,
        reason=f"{finding.severity} finding is open, due {finding.due}: {finding.title}",
        owner=finding.owner,
        how=f"mend it and have it closed by {closers}",
    )


def _short_of_limits(piece: Evidence) -> list[MissingItem]:
    short = [m for m in piece.measurements if m.verdict in _SHORT]
    if not short:
        return [
            MissingItem(what=piece.kind.value, reason=f"verdict {piece.verdict}", owner="author", how=HOW[piece.kind])
        ]
    return [
        MissingItem(what=f"{piece.kind.value}.{m.name}", reason=m.sentence, owner="author", how=HOW[piece.kind])
        for m in short
    ]
