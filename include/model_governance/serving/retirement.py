"""Retirement: a use case serves no more, its versions are archived, and all that was recorded of them is kept."""

from __future__ import annotations

from collections.abc import Sequence

from model_governance.decisions.publish import publish_head
from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import Entry, EntryKind, Proposal
from model_governance.domain.production import read_production
from model_governance.errors import AccessRefused, GateClosed, RecordMissing
from model_governance.hooks.installation import Installation
from model_governance.hooks.model_cards import CardStatus
from model_governance.hooks.model_package import ModelPackage
from model_governance.hooks.model_registry import PRODUCTION_STAGE, RETIRED_STAGE, ApprovalStatus, StageStatus
from model_governance.serving.orders import Order, refuse_unknown
from model_governance.serving.verification import retired_sentence
from model_governance.serving.version import production_endpoint, test_endpoint

_ARCHIVED = "Archived"


def retire(order: Order) -> Entry:
    """Takes a use case's endpoints down and archives its versions; what was decided before counts no longer.

    Out of service first, then on record, then archived; cut off half-way, it is finished by doing it again.

    Args:
        order: A retirement.

    Returns:
        The entry that says so.

    Raises:
        RecordMissing: There is no such use case.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    installation, name = order.installation, order.use_case
    ledger = installation.ledger(name)
    entries = ledger.entries()
    refuse_unknown(installation, name, entries)
    for environment, endpoint in (
        (Environment.PRODUCTION, production_endpoint(name)),
        (Environment.TEST, test_endpoint(name)),
    ):
        installation.endpoints_in(environment).delete(endpoint)
    versions = installation.registry.versions(name) if installation.registry.group_exists(name) else ()

    def propose(entries: Sequence[Entry]) -> Proposal | Entry:
        production = read_production(entries)
        if production.retirement is not None:
            return production.retirement
        serving = production.serving
        body = {
            **order.body,
            "stage": PRODUCTION_STAGE,
            "endpoints": [production_endpoint(name), test_endpoint(name)],
            "versions": sorted(each.version for each in versions),
            "served": serving.body.get("version") if serving else None,
        }
        return Proposal(EntryKind.RETIREMENT, name, body)

    entry = ledger.propose(propose)
    publish_head(installation, entry, on_card=False)
    for package in versions:
        archive_version(installation, package, order.sentence)
    _withdraw_use_case(installation, name)
    return entry


def archive_version(installation: Installation, package: ModelPackage, why: str) -> None:
    """Archives a version: its approval is taken back, its life cycle and card say so; nothing of it is deleted.

    An approval is taken back as far as the principal may: Rejected by a governance officer, pending by the pipeline.
    """
    registry, words = installation.registry, f"retired {why}"
    if package.approval_status == ApprovalStatus.APPROVED:
        try:
            registry.set_approval(package.arn, ApprovalStatus.REJECTED, words)
        except AccessRefused:
            registry.set_approval(package.arn, ApprovalStatus.PENDING, words)
    if package.stage != RETIRED_STAGE:
        registry.set_life_cycle(package.arn, RETIRED_STAGE, StageStatus.RETIRED, words)
    if package.card and package.card_status != _ARCHIVED:
        registry.set_card_status(package.arn, _ARCHIVED)


def _withdraw_use_case(installation: Installation, name: str) -> None:
    """Takes the use case's own approval back, so that its card does not go on saying that it has one."""
    try:
        card = installation.cards.describe(name)
    except RecordMissing:
        return
    if card.status == CardStatus.APPROVED:
        installation.cards.set_status(name, CardStatus.DRAFT)


def refuse_retired(installation: Installation, use_case: str, *, brings_back: bool) -> None:
    """Raises if a use case is retired, unless the run is to bring it back.

    Args:
        installation: Through which to read.
        use_case: The use case's name.
        brings_back: Whether whoever started the run has asked for a new approval.

    Raises:
        GateClosed: Says by whom, why, and how it comes back.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the ledger is read.
    """
    retirement = read_production(installation.ledger(use_case).entries()).retirement
    if retirement is not None and not brings_back:
        raise GateClosed(retired_sentence(retirement))
