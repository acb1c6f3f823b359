"""Verification: a version is read again, all of it, before anything changes in production and before the last step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from model_governance.decisions.open import OpenGate, open_gate
from model_governance.decisions.subject import MODEL_DIGEST
from model_governance.domain.decision import Gate
from model_governance.domain.ledger import Entry
from model_governance.domain.production import Production, version_of
from model_governance.errors import ArtifactChanged, GateClosed, RecordMissing
from model_governance.hooks.installation import Installation
from model_governance.hooks.model_registry import PRODUCTION_STAGE, StageStatus
from model_governance.serving.version import Version

_GATES = (Gate.GOVERNANCE, Gate.PRODUCTION)


def verify_version(version: Version) -> tuple[OpenGate, ...]:
    """Raises unless a version may serve now, by everything that is on record and in the stores.

    Both gates are opened again, and the use case's with them: decisions, their expiry, the policy in force, open
    findings, the card, every report. The model's bytes are held against what was decided on and what training noted.

    Returns:
        The governance and the production gate, open.

    Raises:
        GateClosed: With every reason found.
        ArtifactChanged: The bytes, the request and the registry do not agree; each digest is named.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    opened = tuple(open_gate(version.installation, gate, version.name, subject=version.arn) for gate in _GATES)
    package = version.installation.registry.describe(version.arn)
    noted = package.metadata.get(MODEL_DIGEST, "")
    try:
        found = version.installation.artifacts.digest(package.model_data_url) if package.model_data_url else "none"
    except RecordMissing:
        found = "none"
    decided = {gate.gate.value: gate.request.artifact_sha256 for gate in opened}
    if not noted or {found, *decided.values()} != {noted}:
        said = ", ".join(f"the {gate} gate was decided on {digest}" for gate, digest in decided.items())
        raise ArtifactChanged(
            f"version {version.number} of {version.name} does not serve: {package.model_data_url or 'its model'} holds "
            f"sha256 {found}; training noted {noted or 'none'}, {said}. Start a new run."
        )
    return opened


def refuse_unless_deployable(version: Version, production: Production) -> None:
    """Raises if what is on record of production forbids that a run deploys this version.

    Raises:
        GateClosed: Stopped, retired, overtaken by a later version, or taken out of production by a person.
    """
    name, number = version.name, version.number
    refuse_stopped(name, production)
    if production.retirement is not None:
        raise GateClosed(f"version {number} of {name} is not deployed: {retired_sentence(production.retirement)}")
    if number in production.taken_back:
        by = production.taken_back[number]
        raise GateClosed(
            f"version {number} of {name} is not deployed: {by.body.get('actor')} had version {version_of(by)} serve "
            f"instead (ledger entry {by.sequence}: {by.body.get('reason')}). Start a new run, or bring it back with: "
            f"model-governance roll-back {name} --to-version {number}"
        )
    later = _later(production.deployed, number)
    if later is not None and not _is(production.serving, version):
        raise GateClosed(
            f"version {number} of {name} is not deployed to production: version {version_of(later)} has been since "
            f"(ledger entry {later.sequence}). Start a new run to go back to an earlier model."
        )


def refuse_stopped(use_case: str, production: Production) -> None:
    """Raises while a stop stands.

    Raises:
        GateClosed: Says who stopped it, and how the stop is lifted.
    """
    if production.stop is None:
        return
    body = production.stop.body
    what = "for a drill" if body.get("drill") else f"by {body.get('actor')}"
    when = f"{production.stop.time:%Y-%m-%d %H:%M} UTC"
    raise GateClosed(
        f"nothing of {use_case} is deployed: it was stopped {what} at {when} (ledger entry "
        f"{production.stop.sequence}: {body.get('reason')}). Somebody authorised lifts that with: "
        f"model-governance resume {use_case} --comment ..."
    )


def stop_mark(installation: Installation, production: Production) -> str | None:
    """What the registry says of a stop that the ledger may not have heard of yet: the bucket was away when it was made.

    Returns:
        The life cycle's words on the version that serves or is being deployed; None where it says nothing of a stop.

    Raises:
        AccessRefused, ServiceUnavailable: As the registry answers.
    """
    deployments = (production.serving, production.attempt.entry if production.attempt else None)
    for entry in (each for each in deployments if each is not None):
        package = installation.registry.describe(entry.subject)
        if (package.stage, package.stage_status) == (PRODUCTION_STAGE, StageStatus.STOPPED):
            return package.stage_description or "stopped"
    return None


def is_marked_by(said: str, stop: Entry) -> bool:
    """Whether the registry's words are of the stop that an entry holds, by the second at which it was made."""
    try:
        at = datetime.fromisoformat(str(stop.body.get("out_of_service_at")))
    except ValueError:
        return False
    return f"{at:%Y-%m-%d %H:%M:%S}" in said


def refuse_marked_stopped(version: Version, production: Production) -> None:
    """Raises while the registry says that production was stopped, be it that the ledger does not.

    Raises:
        GateClosed: With the registry's words.
        AccessRefused, ServiceUnavailable: As the registry answers.
    """
    said = stop_mark(version.installation, production)
    if said is not None:
        raise GateClosed(
            f"nothing of {version.name} is deployed: the registry says that it was stopped ({said}). Enter that with: "
            f"model-governance stop {version.name} --reason ...; lift it with: model-governance resume {version.name}"
        )


def retired_sentence(retirement: Entry) -> str:
    """That a use case is retired, by whom and why, and how it can come back."""
    body = retirement.body
    return (
        f"use case {retirement.use_case} was retired by {body.get('actor')} on {retirement.time:%Y-%m-%d} (ledger "
        f"entry {retirement.sequence}: {body.get('reason')}). It comes back by a new approval only: start a run of its "
        "lifecycle with 'Bring it back' ticked, which asks for one"
    )


def _is(deployment: Entry | None, version: Version) -> bool:
    return deployment is not None and deployment.subject == version.arn


def _later(deployed: Sequence[Entry], number: int) -> Entry | None:
    return next((each for each in reversed(deployed) if version_of(each) > number), None)
