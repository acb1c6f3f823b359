"""What serves although its authority has run out: approvals past their time, exceptions expired, findings open.

Apart from ``open``, which keeps such a version from being deployed: here are those that were deployed before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from model_governance.decisions.evaluation import evaluate_record
from model_governance.decisions.in_force import files_in_force
from model_governance.decisions.record import read_record, since_clean_up
from model_governance.domain.decision import Gate
from model_governance.domain.ledger import Entry, EntryKind
from model_governance.hooks.installation import Installation
from model_governance.hooks.model_registry import PRODUCTION_STAGE, StageStatus

_FLAG = "model-governance:approval"


@dataclass(frozen=True)
class ExpiredApproval:
    """A version in production whose gates are no longer open.

    Attributes:
        use_case: The use case.
        version: The version that serves.
        subject: Its ARN.
        endpoint: The endpoint that serves it.
        reasons: Why, by gate.
        owner: Id of the use case's owner, who is to be told.
        email: Where; empty for nowhere.
    """

    use_case: str
    version: int
    subject: str
    endpoint: str
    reasons: dict[Gate, str]
    owner: str
    email: str

    @property
    def sentence(self) -> str:
        """All of it in one line."""
        why = "; ".join(f"{gate} gate: {reason}" for gate, reason in self.reasons.items())
        served = f"endpoint {self.endpoint} serves version {self.version} of {self.use_case}"
        return f"{served} without standing approval: {why}"


def expired_approvals(installation: Installation) -> tuple[ExpiredApproval, ...]:
    """Every use case whose version in production would not be let through now, by its records and the time alone.

    Raises:
        PolicyNotEntered, LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    found = (_expired(installation, name) for name in installation.use_cases.valid)
    return tuple(each for each in found if each is not None)


def flag_expired(installation: Installation) -> tuple[ExpiredApproval, ...]:
    """Flags the endpoints of ``expired_approvals`` with a tag, and their versions in the life cycle; safe to repeat.

    Returns:
        What was found, for the caller to tell the owners.

    Raises:
        PolicyNotEntered, LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    found = expired_approvals(installation)
    for each in found:
        if installation.endpoints.find(each.endpoint) is not None:
            installation.endpoints.set_tag(each.endpoint, _FLAG, f"expired: {' and '.join(each.reasons)} gate")
        package = installation.registry.describe(each.subject)
        if package.stage_status == StageStatus.DEPLOYED and package.stage_description != each.sentence:
            installation.registry.set_life_cycle(each.subject, PRODUCTION_STAGE, StageStatus.DEPLOYED, each.sentence)
    return found


def _expired(installation: Installation, use_case: str) -> ExpiredApproval | None:
    entries = installation.ledger(use_case).entries()
    deployed = _last_deployment(entries)
    if deployed is None:
        return None
    policy, people = files_in_force(installation)
    reasons = {}
    for gate in (Gate.GOVERNANCE, Gate.PRODUCTION):
        record = read_record(entries, gate, deployed.subject)
        verdict = evaluate_record(installation, record, policy, None)
        if not verdict.is_open:
            reasons[gate] = "; ".join(verdict.reasons)
    if not reasons:
        return None
    owner = installation.use_case(use_case).owner
    person = people.by_id(owner)
    return ExpiredApproval(
        use_case=use_case,
        version=int(deployed.body["version"]),
        subject=deployed.subject,
        endpoint=str(deployed.body["endpoint"]),
        reasons=reasons,
        owner=owner,
        email=person.email if person else "",
    )


def _last_deployment(entries: Sequence[Entry]) -> Entry | None:
    for entry in reversed(since_clean_up(entries)):
        if entry.kind is EntryKind.DEPLOYMENT and entry.body.get("stage") == PRODUCTION_STAGE:
            return entry
    return None
