"""What a gate stands before in the registry: a use case's card or a model package, read and set in its own words.

Apart because the three gates keep their status in three places: the card's status, the package's approval status and
its life cycle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from model_governance.decisions.record import candidate_of_run
from model_governance.domain.decision import Gate
from model_governance.domain.model_card import decided_digest
from model_governance.errors import RecordMissing
from model_governance.hooks.approvals import ApprovalRecord
from model_governance.hooks.installation import Installation
from model_governance.hooks.model_cards import CardStatus
from model_governance.hooks.model_registry import PRODUCTION_STAGE, ApprovalStatus, ModelPackage, StageStatus

MODEL_DIGEST = "model_sha256"
"""Key of ``CustomerMetadataProperties`` under which the training stage keeps the digest of the model's bytes."""


class Standing(StrEnum):
    """What a gate's status in the registry amounts to; ``BEYOND``: it is being, was or failed to be deployed."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    BEYOND = "beyond its decision"
    OTHER = "other"


_CARD = {
    CardStatus.PENDING: Standing.PENDING,
    CardStatus.APPROVED: Standing.APPROVED,
    CardStatus.DRAFT: Standing.REJECTED,
}
_APPROVAL = {
    ApprovalStatus.PENDING: Standing.PENDING,
    ApprovalStatus.APPROVED: Standing.APPROVED,
    ApprovalStatus.REJECTED: Standing.REJECTED,
}
_STAGE = {
    StageStatus.PENDING: Standing.PENDING,
    StageStatus.APPROVED: Standing.APPROVED,
    StageStatus.REJECTED: Standing.REJECTED,
    StageStatus.DEPLOYING: Standing.BEYOND,
    StageStatus.DEPLOYED: Standing.BEYOND,
    StageStatus.FAILED: Standing.BEYOND,
    StageStatus.REPLACED: Standing.BEYOND,
    StageStatus.ROLLED_BACK: Standing.BEYOND,
    StageStatus.STOPPED: Standing.BEYOND,
}
_TABLES: Mapping[Gate, Mapping[Any, Standing]] = {
    Gate.USE_CASE: _CARD,
    Gate.GOVERNANCE: _APPROVAL,
    Gate.PRODUCTION: _STAGE,
}


@dataclass(frozen=True)
class Subject:
    """A gate's subject, as the registry says it is now.

    Attributes:
        gate: The gate.
        use_case: The use case's name.
        arn: ARN of the card or model package.
        standing: What the status amounts to.
        status: The status in the registry's own words.
        card_digest: Digest of the card sections that people decide on.
        version: The package's version; None for a card.
        model_data_url: Where the model's bytes lie; empty before training and for a card.
        model_sha256: Their digest as the training stage noted it in the registry; empty where it did not.
        modified: When the registry last changed it.
    """

    gate: Gate
    use_case: str
    arn: str
    standing: Standing
    status: str
    card_digest: str
    version: int | None = None
    model_data_url: str = ""
    model_sha256: str = ""
    modified: datetime | None = None

    @property
    def account(self) -> str:
        """The AWS account that it is registered in."""
        return self.arn.split(":")[4]


def locate_subject(installation: Installation, gate: Gate, use_case: str, run_id: str) -> str:
    """ARN of a gate's subject: the use case's card, or the model package that the ledger says a run registered.

    Raises:
        RecordMissing: There is no card, or the run has registered no candidate.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    if gate is Gate.USE_CASE:
        return installation.cards.describe(use_case).arn
    candidate = candidate_of_run(installation.ledger(use_case).entries(), run_id)
    if candidate is None:
        raise RecordMissing(f"run {run_id!r} of {use_case} has no candidate in the ledger; it must be registered first")
    return candidate.model_package_arn


def read_subject(installation: Installation, gate: Gate, use_case: str, arn: str | None) -> Subject:
    """The subject as the registry says it is now.

    Args:
        installation: Through which to read.
        gate: The gate.
        use_case: The use case's name.
        arn: ARN of the card or model package; None for the card that there is.

    Raises:
        RecordMissing: There is no such card or model package, or it is another use case's.
        AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    if gate is Gate.USE_CASE:
        card = installation.cards.describe(use_case)
        if arn not in (None, card.arn):
            raise RecordMissing(f"{arn} is not the card of use case {use_case}, which is {card.arn}")
        standing = _of(_CARD, card.status)
        digest = decided_digest(dict(card.content))
        return Subject(gate, use_case, card.arn, standing, card.status, digest, modified=card.modified)
    if arn is None:
        raise RecordMissing(f"the {gate.value} gate of {use_case} stands before a version, and none was named")
    package = installation.registry.describe(arn)
    if package.group != use_case:
        raise RecordMissing(f"{arn} is a version of {package.group or 'no group'}, not of use case {use_case}")
    standing, status = _standing_of_package(gate, package)
    return Subject(
        gate=gate,
        use_case=use_case,
        arn=package.arn,
        standing=standing,
        status=status,
        card_digest=decided_digest(dict(package.card)),
        version=package.version,
        model_data_url=package.model_data_url,
        model_sha256=package.metadata.get(MODEL_DIGEST, ""),
        modified=package.modified,
    )


def artifact_sha256(installation: Installation, subject: Subject) -> str | None:
    """Sha256 of the model's bytes as they lie in the store now; None for a card, before training, or if they are gone.

    Raises:
        AccessRefused, ServiceUnavailable: As the store answers.
    """
    if not subject.model_data_url:
        return None
    try:
        return installation.artifacts.digest(subject.model_data_url)
    except RecordMissing:
        return None


def set_standing(installation: Installation, subject: Subject, standing: Standing, words: str) -> None:
    """Gives the subject the status that stands for pending, approved or rejected, with words where the gate has them.

    Raises:
        AccessRefused: The principal may not set this status.
        ServiceUnavailable, RequestRefused: As the registry answers.
    """
    if subject.gate is Gate.USE_CASE:
        # The words first: a crash between leaves a reason without its status, not a status without its reason.
        cards = installation.cards
        cards.set_rejection(subject.arn, words if standing is not Standing.APPROVED else "")
        cards.set_status(subject.use_case, _status_for(_CARD, standing))
    elif subject.gate is Gate.GOVERNANCE:
        installation.registry.set_approval(subject.arn, _status_for(_APPROVAL, standing), words)
    else:
        installation.registry.set_life_cycle(subject.arn, PRODUCTION_STAGE, _status_for(_STAGE, standing), words)


def answer(installation: Installation, subject: Subject, standing: Standing, comment: str) -> None:
    """Sets the status under a person's own principal, with the person's comment; adjudication makes a decision of it.

    Raises:
        AccessRefused: The person's principal may not set this status.
        ServiceUnavailable, RequestRefused: As the registry answers.
    """
    if subject.gate is Gate.USE_CASE:
        installation.cards.set_comment(subject.arn, comment)
        installation.cards.set_status(subject.use_case, _status_for(_CARD, standing))
    else:
        set_standing(installation, subject, standing, comment)


def explain_rejection(installation: Installation, subject: Subject, reason: str) -> None:
    """Says on a use case's card why it was rejected, where its status was set without a reason."""
    if subject.gate is Gate.USE_CASE and not installation.cards.rejection(subject.arn):
        installation.cards.set_rejection(subject.arn, reason)


def approval_trail(installation: Installation, subject: Subject) -> tuple[ApprovalRecord, ...]:
    """Who set the subject to which status of this gate, newest first; what is not on record yet is not there."""
    if subject.gate is Gate.USE_CASE:
        return installation.approvals.of_card_status(subject.arn)
    if subject.gate is Gate.GOVERNANCE:
        return installation.approvals.of_approval_status(subject.arn)
    return installation.approvals.of_life_cycle(subject.arn, PRODUCTION_STAGE)


def standing_of(gate: Gate, status: str) -> Standing:
    """What a status that was set at a gate amounts to."""
    return _of(_TABLES[gate], status)


def _standing_of_package(gate: Gate, package: ModelPackage) -> tuple[Standing, str]:
    if gate is Gate.GOVERNANCE:
        return _of(_APPROVAL, package.approval_status), package.approval_status
    if package.stage != PRODUCTION_STAGE:
        return Standing.OTHER, f"{package.stage} {package.stage_status}".strip()
    return _of(_STAGE, package.stage_status), package.stage_status


def _of(table: Mapping[Any, Standing], status: str) -> Standing:
    return {str(known): standing for known, standing in table.items()}.get(status, Standing.OTHER)


def _status_for(table: Mapping[Any, Standing], standing: Standing) -> Any:
    return next(status for status, known in table.items() if known is standing)
