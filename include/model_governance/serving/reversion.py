"""Reversion: a person has an earlier version serve again, or ends a deployment that is under way."""

from __future__ import annotations

from collections.abc import Sequence

from model_governance.decisions.publish import publish_head
from model_governance.domain.ledger import Entry, EntryKind, Proposal
from model_governance.domain.production import Production, read_production, version_of
from model_governance.errors import DecisionRefused, GateClosed, RecordMissing
from model_governance.hooks.model_registry import PRODUCTION_STAGE, StageStatus
from model_governance.serving.orders import Order, refuse_unknown
from model_governance.serving.roll_back import note_serving
from model_governance.serving.service import serve, smoke_of
from model_governance.serving.verification import (
    refuse_marked_stopped,
    refuse_stopped,
    retired_sentence,
    verify_version,
)
from model_governance.serving.version import Version


def have_earlier_version_serve(order: Order, to_version: int | None = None) -> Entry:
    """Goes back to a version that was deployed before and may serve still; safe to repeat.

    Args:
        order: A roll-back.
        to_version: Which version; by default the one that served before, or, while another is being deployed, the one
            that serves.

    Returns:
        The entry that says so.

    Raises:
        DecisionRefused: There is no such version to go back to.
        GateClosed, ArtifactChanged: It may not serve any more: approval, exception, finding, policy or bytes; or
            production is stopped or retired.
        EvaluationRefused: It does not start; what serves goes on.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    ledger = order.installation.ledger(order.use_case)
    entries = ledger.entries()
    refuse_unknown(order.installation, order.use_case, entries)
    production = read_production(entries)
    target = _target(order, production, to_version)
    version = Version.deployed_by(order.installation, target)
    refuse_marked_stopped(version, production)
    verify_version(version)
    given_up = production.attempt.entry if production.attempt else production.serving
    serve(version)
    verify_version(version)
    body = {
        **order.body,
        "stage": PRODUCTION_STAGE,
        "version": version.number,
        "from_version": version_of(given_up) if given_up else None,
        "endpoint": version.endpoint,
        "endpoint_config": version.config,
        **smoke_of(version),
    }

    def propose(entries: Sequence[Entry]) -> Proposal | Entry:
        now = read_production(entries)
        _refuse_standing(order, now)
        if now.attempt is None and now.served is not None and now.served.subject == version.arn and now.since:
            return now.since
        return Proposal(EntryKind.REVERSION, version.arn, body)

    entry = ledger.propose(propose)
    _note(order, given_up, target, version)
    publish_head(order.installation, entry, on_card=False)
    return entry


def _target(order: Order, production: Production, to_version: int | None) -> Entry:
    """The deployment to go back to.

    Raises:
        DecisionRefused: There is none, or it serves already.
        GateClosed: Production is stopped or retired.
    """
    _refuse_standing(order, production)
    name = order.use_case
    known = ", ".join(str(version_of(each)) for each in production.deployed) or "none"
    if to_version is None:
        if production.attempt is not None and production.serving is not None:
            return production.serving
        if not production.before:
            raise DecisionRefused(f"{name} cannot be rolled back: no other version has served (deployed: {known})")
        return production.before[-1]
    found = production.deployment_of(to_version)
    if found is None:
        raise DecisionRefused(
            f"{name} cannot be rolled back to version {to_version}: it was never deployed to production (deployed: "
            f"{known}); a version gets there by its gates"
        )
    return found


def _refuse_standing(order: Order, production: Production) -> None:
    refuse_stopped(order.use_case, production)
    if production.retirement is not None:
        raise GateClosed(retired_sentence(production.retirement))


def _note(order: Order, given_up: Entry | None, target: Entry, version: Version) -> None:
    """Says in the life cycles which version gave way and which serves again."""
    registry = order.installation.registry
    if given_up is not None and given_up.subject != version.arn:
        try:
            words = f"rolled back to version {version.number} {order.sentence}"
            registry.set_life_cycle(given_up.subject, PRODUCTION_STAGE, StageStatus.ROLLED_BACK, words)
        except RecordMissing:  # a version that somebody deleted
            pass
    note_serving(order.installation, target, f"rolled back to {order.sentence}")
