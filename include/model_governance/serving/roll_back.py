"""Roll-back: a deployment that did not hold gives way to what served before, on record; by itself, not by a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import Entry, EntryKind, Proposal
from model_governance.domain.production import Attempt, Production, read_production, version_of
from model_governance.errors import ArtifactChanged, GateClosed, RecordMissing
from model_governance.hooks.endpoints import Endpoint, Endpoints
from model_governance.hooks.installation import Installation
from model_governance.hooks.model_registry import PRODUCTION_STAGE
from model_governance.serving.aftermath import note_roll_back, note_what_was_left
from model_governance.serving.verification import stop_mark, verify_version
from model_governance.serving.version import (
    ALL_TRAFFIC,
    CANARY,
    Version,
    canary_weights,
    is_own,
    production_endpoint,
)

LONGEST_REASON = 1000
_PATIENCE_SECONDS_IN_ROLL_BACK = 300.0


def roll_back(installation: Installation, use_case: str, attempt: Attempt, reason: str) -> str:
    """Has the endpoint serve what served before an attempt, or nothing; on record, and says which. Safe to repeat.

    Args:
        installation: Through which to act.
        use_case: The use case's name.
        attempt: What is given up.
        reason: Why.

    Returns:
        What serves now, in a sentence; empty while the endpoint is being changed: it must be asked again then.

    Raises:
        LedgerBroken, AccessRefused, ServiceUnavailable, RequestRefused: As the hooks raise; to be asked again then.
    """
    reason = _give_up(installation, use_case, attempt, reason)
    production = read_production(installation.ledger(use_case).entries())
    endpoints = installation.endpoints_in(Environment.PRODUCTION)
    endpoint = production_endpoint(use_case)
    may_serve = not (production.stop or production.retirement or stop_mark(installation, production))
    before = _before(installation, production, attempt) if may_serve else None
    withdrawn = _changed_bytes(installation, endpoints.find(endpoint), before)
    given_way, before = before, None if withdrawn else before
    if not _give_back(endpoints, endpoint, before):
        return ""
    config = str(before.body["endpoint_config"]) if before else ""
    body = {
        "stage": PRODUCTION_STAGE,
        "run_id": attempt.run_id,
        "version": attempt.version,
        "attempt": attempt.number,
        "endpoint": endpoint,
        "endpoint_config": attempt.entry.body.get("endpoint_config", ""),
        "serves": config,
        "reason": reason,
        **({"withdrawn": withdrawn, "withdrawn_version": version_of(given_way)} if withdrawn and given_way else {}),
    }
    return note_roll_back(installation, use_case, _enter(installation, use_case, attempt, body))


def _before(installation: Installation, production: Production, attempt: Attempt) -> Entry | None:
    """What serves in the place of an attempt; for a version that was on record already, the one before it, if it may.

    Raises:
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    served = production.served
    if served is None or served.subject != attempt.entry.subject:
        return served
    others = (each for each in reversed(production.before) if version_of(each) not in production.taken_back)
    other = next(others, None)
    if other is None:
        return None
    try:
        verify_version(Version.deployed_by(installation, other))
    except (GateClosed, ArtifactChanged):
        return None
    return other


def _changed_bytes(installation: Installation, found: Endpoint | None, before: Entry | None) -> str:
    """Why what served before cannot: the store no longer holds the bytes that were deployed; empty where it can.

    While its instances run on, as they were, nothing is loaded and nothing asked.

    Raises:
        AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    if before is None or (found is not None and found.config == before.body.get("endpoint_config")):
        return ""
    deployed = before.body.get("model_sha256", "")
    try:
        holds = installation.artifacts.digest(installation.registry.describe(before.subject).model_data_url)
    except RecordMissing:
        holds = "none"
    if holds == deployed:
        return ""
    return f"the model of version {version_of(before)} in the store has sha256 {holds}, deployed was {deployed}"


def end_what_may_not_serve(installation: Installation, use_case: str, unchanged_seconds: float = 0.0) -> str | None:
    """Deletes the endpoint of a use case that is stopped or retired by its ledger: somebody made it who had not seen.

    Args:
        installation: Through which to act.
        use_case: The use case's name.
        unchanged_seconds: Leave an endpoint alone that was changed since: somebody may be about to enter why.

    Returns:
        What was deleted, in a sentence; empty if nothing was; None while it is being changed and must be asked again.

    Raises:
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    production = read_production(installation.ledger(use_case).entries())
    ended_by = production.stop or production.retirement
    if ended_by is None:
        return ""
    endpoints, name = installation.endpoints_in(Environment.PRODUCTION), production_endpoint(use_case)
    found = endpoints.find(name)
    if found is None or found.status == "Deleting" or not is_own(endpoints, found, use_case):
        return ""
    if found.is_changing:
        return None
    if found.has_changed_since(installation.now() - timedelta(seconds=unchanged_seconds)):
        return ""
    endpoints.delete(name)
    return (
        f"Endpoint {name} ({found.config}) is deleted: {use_case} may not serve since its {ended_by.kind.value} "
        f"(ledger entry {ended_by.sequence})"
    )


def _give_back(endpoints: Endpoints, name: str, before: Entry | None) -> bool:
    """Gives the traffic back to what served before; False while the endpoint cannot be changed."""
    found = endpoints.find(name)
    if before is None:
        if found is not None and found.status != "Deleting" and is_own(endpoints, found, name):
            endpoints.delete(name)
        return True
    config = str(before.body["endpoint_config"])
    if found is None:
        endpoints.create(name, config, {"model-governance:use-case": before.use_case})
        return True
    if found.status == "Failed":
        endpoints.delete(name)
        return False
    if found.is_changing:
        return False
    if found.config != config:
        take_from_canary(endpoints, found)
        if endpoints.describe(name).is_changing:  # the old version has all of the traffic meanwhile
            return False
        endpoints.update(name, config)
    return True


def take_from_canary(endpoints: Endpoints, found: Endpoint) -> None:
    """Takes its share of the traffic from a canary, which is quicker than going over to another configuration."""
    if found.weights.get(CANARY) and ALL_TRAFFIC in found.weights:
        endpoints.shift(found.name, canary_weights(0))


def _give_up(installation: Installation, use_case: str, attempt: Attempt, reason: str) -> str:
    """Enters that the attempt is given up, before anything is undone: who comes after a kill undoes the rest.

    Returns:
        Why, as it was entered first.
    """
    body = {
        "stage": PRODUCTION_STAGE,
        "step": "give_up",
        "run_id": attempt.run_id,
        "version": attempt.version,
        "attempt": attempt.number,
        "reason": reason[:LONGEST_REASON],
    }

    def propose(entries: Sequence[Entry]) -> Proposal | Entry:
        now = read_production(entries).attempt
        if now is None or now.entry != attempt.entry:
            return attempt.last
        return now.last if now.given_up else Proposal(EntryKind.DEPLOYMENT_STEP, attempt.entry.subject, body)

    entered = installation.ledger(use_case).propose(propose)
    return str(entered.body.get("reason") or body["reason"])


def _enter(installation: Installation, use_case: str, attempt: Attempt, body: dict[str, object]) -> Entry:
    """The entry that ends the attempt: appended now, or there already."""

    def propose(entries: Sequence[Entry]) -> Proposal | Entry:
        for entry in reversed(entries):
            same = entry.kind is EntryKind.ROLL_BACK and entry.body.get("run_id") == attempt.run_id
            if same and entry.body.get("attempt") == attempt.number:
                return entry
        return Proposal(EntryKind.ROLL_BACK, attempt.entry.subject, dict(body))

    return installation.ledger(use_case).propose(propose)


def settle_abandoned(installation: Installation, use_case: str) -> str:
    """Rolls back a deployment that nobody goes on with; says what came of it, empty where there was none.

    A roll-back whose worker was killed before it was noted in the life cycles is noted now.

    Raises:
        LedgerBroken, AccessRefused, ServiceUnavailable, RequestRefused: As ``roll_back``.
    """
    production = read_production(installation.ledger(use_case).entries())
    attempt = production.attempt
    if attempt is None:
        note_what_was_left(installation, use_case, production)
        return ""
    age = (installation.now() - attempt.last.time).total_seconds()
    if not abandoned(production, age):
        return ""
    return (
        roll_back(installation, use_case, attempt, f"nobody went on with it for {age:.0f} s") or "is being rolled back"
    )


def abandoned(production: Production, age_seconds: float) -> bool:
    """Whether nobody goes on with the deployment that is under way.

    One that is given up is waited for less: its traffic is on the way back, and whoever comes by sees it through.
    """
    attempt = production.attempt
    if attempt is None:
        return False
    patience = float(attempt.entry.body.get("patience_seconds", 3600))
    return age_seconds > (min(patience, _PATIENCE_SECONDS_IN_ROLL_BACK) if attempt.given_up else patience)
