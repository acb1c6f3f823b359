"""Reversion: a person has an earlier version serve again, or ends a deployment that is under way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from model_governance.decisions.publish import publish_head
from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import Entry, EntryKind, Proposal
from model_governance.domain.production import Production, read_production, version_of
from model_governance.errors import DecisionRefused, GateClosed, GovernanceError
from model_governance.hooks.installation import Installation
from model_governance.hooks.model_registry import PRODUCTION_STAGE
from model_governance.serving.aftermath import note_gave_way, note_serving
from model_governance.serving.orders import Order, carried_out_before, refuse_unknown
from model_governance.serving.roll_back import end_what_may_not_serve, take_from_canary
from model_governance.serving.service import serve, smoke_of
from model_governance.serving.verification import (
    refuse_marked_stopped,
    refuse_stopped,
    retired_sentence,
    verify_version,
)
from model_governance.serving.version import Version, production_endpoint

_REPEATED_WITHIN = timedelta(hours=1)


def have_earlier_version_serve(order: Order, to_version: int | None = None) -> Entry:
    """Goes back to a version that was deployed before and may serve still; safe to repeat.

    Args:
        order: A roll-back.
        to_version: Which version; by default the last before that nobody took back, or, while another is being
            deployed, the one that serves.

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
    made = _made_before(order, entries, production, to_version)
    if made is not None:
        return _finished(order.installation, production, made)
    target = deployment_to_go_back_to(order, production, to_version)
    version = Version.deployed_by(order.installation, target)
    refuse_marked_stopped(version, production)
    verify_version(version)
    given_up = production.attempt.entry if production.attempt else production.serving
    body = {
        **order.body,
        "stage": PRODUCTION_STAGE,
        "version": version.number,
        "from_version": version_of(given_up) if given_up else None,
        "endpoint": version.endpoint,
        "endpoint_config": version.config,
    }

    def propose(entries: Sequence[Entry]) -> Proposal | Entry:
        made = carried_out_before(order, entries)
        if made is not None:
            return made
        now = read_production(entries)
        _refuse_standing(order, now)
        if now.attempt is None and now.served is not None and now.served.subject == version.arn and now.since:
            return now.since
        return Proposal(EntryKind.REVERSION, version.arn, body)

    ends_attempt = production.attempt is not None and target == production.serving
    if ends_attempt:  # on record first, so that the run that deploys does not go on meanwhile
        ledger.propose(propose)
    serve(version)
    try:
        verify_version(version)
        body |= {} if ends_attempt else smoke_of(version)
        entry = ledger.propose(propose)
    except GovernanceError:
        end_what_may_not_serve(order.installation, order.use_case)
        raise
    if entry.kind is EntryKind.REVERSION:
        _note(order.installation, entry)
    else:  # it serves already
        note_serving(order.installation, target, f"rolled back to {order.sentence}")
    return entry


def _made_before(
    order: Order, entries: Sequence[Entry], production: Production, to_version: int | None
) -> Entry | None:
    """The entry of this order, if it was made before and its maker was killed; None where the order is a new one.

    An order that bears no id is taken for the one on record if it names the version that this brought back, or names
    none and repeats its words within an hour, or comes while it is not finished.
    """
    if (made := carried_out_before(order, entries)) is not None:
        return made
    since = production.since
    if production.stop or production.attempt or since is None or since.kind is not EntryKind.REVERSION:
        return None
    if to_version == version_of(since):
        return since
    if to_version is not None or order.order_id:
        return None
    is_repeated = all(since.body.get(key) == order.body[key] for key in ("actor", "channel", "reason"))
    if is_repeated and order.installation.now() - since.time < _REPEATED_WITHIN:
        return since
    found = order.installation.endpoints_in(Environment.PRODUCTION).find(production_endpoint(order.use_case))
    serves = found is not None and found.config == since.body.get("endpoint_config")
    return None if serves else since


def _finished(installation: Installation, production: Production, made: Entry) -> Entry:
    """Brings a reversion that is on record to its end, unless something else has been done since.

    Raises:
        GateClosed, ArtifactChanged: It may not serve any more; a canary beside it has lost its share all the same.
        GovernanceError: As ``serve`` and the hooks raise.
    """
    if production.stop or production.attempt or production.since != made or production.serving is None:
        return made
    version = Version.deployed_by(installation, production.serving)
    found = version.endpoints.find(version.endpoint)
    if found is not None and not found.is_changing:
        take_from_canary(version.endpoints, found)
    refuse_marked_stopped(version, production)
    verify_version(version)
    serve(version)
    _note(installation, made)
    return made


def settle_reversion(installation: Installation, use_case: str) -> str:
    """Brings a reversion to its end that nobody has finished for an hour; says so, empty where there was none.

    Raises:
        GateClosed, ArtifactChanged: What it brings back may not serve any more; a canary has lost its share.
        GovernanceError: As ``serve`` and the hooks raise.
    """
    production = read_production(installation.ledger(use_case).entries())
    since = production.since
    if since is None or since.kind is not EntryKind.REVERSION or installation.now() - since.time < _REPEATED_WITHIN:
        return ""
    found = installation.endpoints_in(Environment.PRODUCTION).find(production_endpoint(use_case))
    if found is None or found.is_changing or found.config == since.body.get("endpoint_config"):
        return ""
    if production.stop or production.attempt:
        return ""
    _finished(installation, production, since)
    return f"version {version_of(since)} serves, as entry {since.sequence} says: whoever had it so had not finished"


def deployment_to_go_back_to(order: Order, production: Production, to_version: int | None) -> Entry:
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
        before = [each for each in production.before if version_of(each) not in production.taken_back]
        if not before:
            raise DecisionRefused(
                f"{name} cannot be rolled back: no other version has served that nobody took back (deployed: {known}); "
                "name one with --to-version"
            )
        return before[-1]
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


def _note(installation: Installation, made: Entry) -> None:
    """Says in the life cycles which version gave way and which serves again, and publishes the head."""
    body, entries = made.body, installation.ledger(made.use_case).entries_with(made)
    by = f"by {body.get('actor')} as {body.get('role')} ({body.get('channel')}): {body.get('reason')}"
    gave_way = _deployment_of(entries[: made.sequence - 1], body.get("from_version"))
    if gave_way is not None and gave_way.subject != made.subject:
        note_gave_way(installation, gave_way.subject, f"rolled back to version {body.get('version')} {by}")
    production = read_production(entries)
    if production.since == made and production.serving is not None and production.stop is None:
        note_serving(installation, production.serving, f"rolled back to {by}")
    publish_head(installation, made, on_card=False)


def _deployment_of(entries: Sequence[Entry], number: object) -> Entry | None:
    """The newest entry of a version's deployment, done or under way."""
    kinds = (EntryKind.DEPLOYMENT, EntryKind.DEPLOYMENT_STEP)
    of_production = (
        each for each in reversed(entries) if each.kind in kinds and each.body.get("stage") == PRODUCTION_STAGE
    )
    return next((each for each in of_production if each.body.get("version") == number), None)
