"""Aftermath: what is noted beside the ledger once a roll-back is entered, and what a run is told that comes again.

Apart from ``roll_back`` because the entry ends the attempt: whoever comes after a kill finds none, and only this to do.
"""

from __future__ import annotations

from model_governance.decisions.publish import publish_head
from model_governance.domain.ledger import Entry
from model_governance.domain.production import Production, read_production, version_of
from model_governance.errors import EvaluationRefused
from model_governance.hooks.installation import Installation
from model_governance.hooks.model_registry import PRODUCTION_STAGE, RETIRED_STAGE, StageStatus, stage_description
from model_governance.serving.version import Version


def note_roll_back(installation: Installation, use_case: str, entry: Entry) -> str:
    """Says in the life cycles which version gave way and which serves, and publishes the head; safe to repeat.

    Only what still is so is noted: a version that was asked for anew, or brought back, is left as it is.

    Args:
        installation: Through which to act.
        use_case: The use case's name.
        entry: The roll-back.

    Returns:
        What came of it, in a sentence.

    Raises:
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise; to be asked again then.
    """
    production = read_production(installation.ledger(use_case).entries())
    body = entry.body
    serving = production.served
    if serving is not None and serving.body.get("endpoint_config") == body.get("serves"):
        note_serving(installation, serving, f"version {version_of(entry)} was rolled back")
    withdrawn = production.deployment_of(int(body.get("withdrawn_version") or 0))
    if withdrawn is not None and production.serving is None:
        note_gave_way(installation, withdrawn.subject, f"withdrawn: {body.get('withdrawn')}")
    ended = production.given_way.get(str(body.get("run_id", "")))
    if ended is not None and ended.last == entry:
        words = f"rolled back in run {body.get('run_id')}: {body.get('reason')}"
        note_gave_way(installation, entry.subject, words)
    publish_head(installation, entry)
    if body.get("serves"):
        return f"Rolled back: {body.get('endpoint')} serves {body.get('serves')} again"
    return f"Rolled back: {body.get('endpoint')} is deleted, as {_why_nothing(production, entry)}"


def note_what_was_left(installation: Installation, use_case: str, production: Production) -> None:
    """Notes the newest roll-back if whoever entered it was killed before that; its version's life cycle tells.

    Raises:
        LedgerBroken, AccessRefused, ServiceUnavailable: As ``note_roll_back``.
    """
    newest = max(production.given_way.values(), key=lambda each: each.last.sequence, default=None)
    if newest is None:
        return
    package = installation.registry.find(newest.entry.subject)
    if package is not None and (package.stage, package.stage_status) == (PRODUCTION_STAGE, StageStatus.DEPLOYING):
        note_roll_back(installation, use_case, newest.last)


def note_serving(installation: Installation, deployment: Entry, why: str) -> None:
    """Says in a version's life cycle that it serves, unless it says so already."""
    package = installation.registry.describe(deployment.subject)
    if (package.stage, package.stage_status) != (PRODUCTION_STAGE, StageStatus.DEPLOYED):
        words = f"version {version_of(deployment)} serves from endpoint {deployment.body.get('endpoint')}: {why}"
        installation.registry.set_life_cycle(deployment.subject, PRODUCTION_STAGE, StageStatus.DEPLOYED, words)


def note_gave_way(installation: Installation, arn: str, words: str) -> None:
    """Says in a version's life cycle that it gave way, unless it says so already or has gone further since."""
    package = installation.registry.find(arn)
    if package is None or package.stage == RETIRED_STAGE or package.stage_status == StageStatus.SUPERSEDED:
        return
    said = (package.stage, package.stage_status, package.stage_description)
    if said != (PRODUCTION_STAGE, StageStatus.ROLLED_BACK, stage_description(words)):
        installation.registry.set_life_cycle(arn, PRODUCTION_STAGE, StageStatus.ROLLED_BACK, words)


def refuse_given_way(version: Version, production: Production, asked: str) -> None:
    """Raises for a run whose attempt was rolled back, until it is asked for anew; finishes noting that first.

    A worker killed right after a roll-back is tried again by Airflow: what gave way must not go to production once
    more because of that.

    Raises:
        EvaluationRefused: With the reason on record.
        LedgerBroken, AccessRefused, ServiceUnavailable: As ``note_roll_back``.
    """
    ended = production.given_way.get(version.candidate.run_id)
    if ended is None or ended.asked != asked:
        return
    said = note_roll_back(version.installation, version.name, ended.last)
    raise EvaluationRefused(
        f"{ended.given_up}. {said} (ledger entry {ended.last.sequence}). Clear this stage's deploy task to try it anew"
    )


def _why_nothing(production: Production, entry: Entry) -> str:
    body = entry.body
    if body.get("withdrawn"):
        return str(body["withdrawn"])
    is_first = all(each.sequence > entry.sequence for each in production.deployed)
    return "nothing was served before" if is_first else "nothing may serve now"
