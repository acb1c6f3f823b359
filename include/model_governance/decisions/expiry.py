"""What serves although its authority has run out: approvals past their time, exceptions expired, findings open.

Apart from ``open``, which keeps such a version from being deployed: here are those that were deployed before.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from model_governance.decisions.evaluation import evaluate_record
from model_governance.decisions.in_force import files_in_force
from model_governance.decisions.record import GateRecord, read_record, since_clean_up
from model_governance.domain.decision import Gate
from model_governance.domain.deployment import Environment
from model_governance.domain.gate import GateVerdict
from model_governance.domain.ledger import Entry, EntryKind
from model_governance.domain.notice import reasons_without_data
from model_governance.domain.policy import Policy
from model_governance.domain.production import read_production
from model_governance.domain.request import GateRequest
from model_governance.errors import RecordMissing, UseCaseInvalid
from model_governance.hooks.installation import Installation
from model_governance.hooks.model_registry import PRODUCTION_STAGE, StageStatus, stage_description

log = logging.getLogger(__name__)

_FLAG = "model-governance:approval"
_EXPIRED = "expired"
_WITHOUT = "without standing approval"


@dataclass(frozen=True)
class ExpiredApproval:
    """A version in production whose gates are no longer open.

    Attributes:
        use_case: The use case.
        version: The version that serves.
        subject: Its ARN.
        endpoint: The endpoint that serves it.
        reasons: Why, by gate.
        told: The same as its owner is told it, without what the records quote of a data set.
        owner: Id of the use case's owner, who is to be told.
        email: Where; empty for nowhere.
        sequence: The ledger's entry that holds the deployment.
    """

    use_case: str
    version: int
    subject: str
    endpoint: str
    reasons: dict[Gate, str]
    told: dict[Gate, str]
    owner: str
    email: str
    sequence: int

    @property
    def sentence(self) -> str:
        """All of it in one line."""
        why = "; ".join(f"{gate} gate: {reason}" for gate, reason in self.reasons.items())
        served = f"endpoint {self.endpoint} serves version {self.version} of {self.use_case}"
        return f"{served} {_WITHOUT}: {why}"


def expired_approvals(installation: Installation) -> tuple[ExpiredApproval, ...]:
    """Every use case whose version in production would not be let through now, by its records and the time alone.

    Also of a use case whose folder does not validate any more: its version serves all the same.

    Raises:
        PolicyNotEntered, LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    declared = installation.use_cases
    found = (expired_approval(installation, name) for name in (*declared.valid, *declared.faults))
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
        flag(installation, each)
    return found


def flag(installation: Installation, expired: ExpiredApproval) -> None:
    """Flags one endpoint with a tag, and its version in the life cycle; what is flagged already is left alone.

    A version that somebody has deleted has no life cycle to say it in: then the endpoint's tag does.

    Raises:
        AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    _tag(installation, expired.endpoint, f"{_EXPIRED}: {' and '.join(expired.reasons)} gate")
    package = installation.registry.find(expired.subject)
    if package is None:
        log.error("version %s serves, but is not in the registry any more", expired.subject)
        return
    if package.stage_status == StageStatus.DEPLOYED and package.stage_description != stage_description(
        expired.sentence
    ):
        installation.registry.set_life_cycle(expired.subject, PRODUCTION_STAGE, StageStatus.DEPLOYED, expired.sentence)


def take_flag_back(installation: Installation, use_case: str) -> bool:
    """Takes the flag from what serves with standing approval again, and says whether there was one.

    To be asked only about a use case that ``expired_approval`` finds nothing for.

    Raises:
        LedgerBroken, RecordMissing, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    deployed = read_production(installation.ledger(use_case).entries()).served
    endpoint = str(deployed.body["endpoint"]) if deployed else ""
    endpoints = installation.endpoints_in(Environment.PRODUCTION)
    if deployed is None or endpoints.find(endpoint) is None:
        return False
    if not endpoints.tag(endpoint, _FLAG).startswith(_EXPIRED):
        return False
    package = installation.registry.describe(deployed.subject)
    if package.stage_status == StageStatus.DEPLOYED and _WITHOUT in package.stage_description:
        words = f"serves from endpoint {endpoint}"
        installation.registry.set_life_cycle(deployed.subject, PRODUCTION_STAGE, StageStatus.DEPLOYED, words)
    _tag(installation, endpoint, "standing")
    return True


def expired_approval(installation: Installation, use_case: str) -> ExpiredApproval | None:
    """The version of a use case that serves and would not be let through now; None if there is none.

    Raises:
        PolicyNotEntered, LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    entries = installation.ledger(use_case).entries()
    deployed = read_production(entries).served
    if deployed is None:
        return None
    policy, people = files_in_force(installation)
    records = {gate: read_record(entries, gate, deployed.subject) for gate in (Gate.GOVERNANCE, Gate.PRODUCTION)}
    request = records[Gate.PRODUCTION].request
    verdicts = {Gate.USE_CASE: _of_use_case(installation, entries, policy, request)}
    verdicts |= {gate: evaluate_record(installation, record, policy, None) for gate, record in records.items()}
    closed = {gate: verdict for gate, verdict in verdicts.items() if not verdict.is_open}
    if not closed:
        return None
    owner = _owner(installation, use_case, request)
    person = people.by_id(owner)
    return ExpiredApproval(
        use_case=use_case,
        version=int(deployed.body["version"]),
        subject=deployed.subject,
        endpoint=str(deployed.body["endpoint"]),
        reasons={gate: "; ".join(verdict.reasons) for gate, verdict in closed.items()},
        told={gate: reasons_without_data(verdict) for gate, verdict in closed.items()},
        owner=owner,
        email=person.email if person else "",
        sequence=deployed.sequence,
    )


def _of_use_case(
    installation: Installation, entries: Sequence[Entry], policy: Policy, served: GateRequest | None
) -> GateVerdict:
    """How the use case's gate stands for what serves: by its own declaration's request, or the newest if that is open.

    A new declaration that waits, or was rejected, takes nothing from what serves by the one before. The card itself is
    not asked: it may be gone, or in another state for the new declaration's sake.

    Args:
        installation: Its clock counts.
        entries: Every verified entry of the use case.
        policy: In force.
        served: The production request of the version that serves; None where there is none.
    """
    asked = [
        entry
        for entry in since_clean_up(entries)
        if entry.kind is EntryKind.REQUEST and entry.body.get("gate") == Gate.USE_CASE
    ]
    card = asked[-1].subject if asked else ""
    own = served.use_case_digest if served else ""
    others = {entry.sequence for entry in asked if entry.body.get("use_case_digest") != own}
    newest = read_record(entries, Gate.USE_CASE, card)
    as_served = read_record([entry for entry in entries if entry.sequence not in others], Gate.USE_CASE, card)
    judged: list[GateRecord] = [as_served, newest] if as_served.request else [newest]
    verdicts = [evaluate_record(installation, record, policy, None) for record in judged]
    return next((verdict for verdict in verdicts if verdict.is_open), verdicts[0])


def _owner(installation: Installation, use_case: str, request: GateRequest | None) -> str:
    """Id of the owner: as declared now, or, where that is broken or gone, as when production was asked for."""
    try:
        return installation.use_case(use_case).owner
    except (RecordMissing, UseCaseInvalid):
        return request.owner if request else ""


def _tag(installation: Installation, endpoint: str, value: str) -> None:
    endpoints = installation.endpoints_in(Environment.PRODUCTION)
    if endpoints.find(endpoint) is not None and endpoints.tag(endpoint, _FLAG) != value:
        endpoints.set_tag(endpoint, _FLAG, value)
