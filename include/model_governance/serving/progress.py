"""Progress of a roll-out as the ledger holds it: a share that a canary held, and that a version serves.

Apart from ``rollout``, which decides what is due: an entry is made once, whoever comes again, and looks last at what is
on record by then.
"""

from __future__ import annotations

from collections.abc import Sequence

from model_governance.decisions.open import OpenGate
from model_governance.decisions.subject import MODEL_DIGEST
from model_governance.domain.ledger import Entry, EntryKind, Proposal
from model_governance.domain.production import Attempt, read_production
from model_governance.errors import GateClosed
from model_governance.hooks.model_registry import PRODUCTION_STAGE
from model_governance.serving.smoke import Smoke
from model_governance.serving.verification import refuse_unless_deployable
from model_governance.serving.version import CANARY, Version


def enter_step(version: Version, attempt: Attempt, percent: int, smoke: Smoke) -> None:
    """Enters that the canary has answered at a share, unless that is on record."""
    body = {
        "stage": PRODUCTION_STAGE,
        "step": "canary",
        "run_id": attempt.run_id,
        "version": version.number,
        "attempt": attempt.number,
        "variant": CANARY,
        "percent": percent,
        "smoke": smoke.document,
    }

    def propose(entries: Sequence[Entry]) -> Proposal | Entry:
        production = read_production(entries)
        refuse_unless_deployable(version, production)
        if production.attempt is None or production.attempt.entry != attempt.entry:
            raise GateClosed(f"the deployment of version {version.number} was ended by somebody else")
        return (
            production.attempt.last
            if production.attempt.percent == percent
            else Proposal(EntryKind.DEPLOYMENT_STEP, version.arn, body)
        )

    version.installation.ledger(version.name).propose(propose)


def enter_deployment(version: Version, opened: tuple[OpenGate, ...], smoke: Smoke) -> None:
    """Enters that the version serves, by whose authority; the last look at what is on record is part of it."""
    body = {
        "stage": PRODUCTION_STAGE,
        "run_id": version.candidate.run_id,
        "version": version.number,
        "endpoint": version.endpoint,
        "endpoint_config": version.config,
        "model_sha256": version.installation.registry.describe(version.arn).metadata.get(MODEL_DIGEST, ""),
        "authority": [
            {
                "gate": each.gate.value,
                "actor": decision.actor,
                "role": decision.role,
                "request_digest": each.request.digest,
            }
            for each in opened
            for decision in each.decisions
        ],
        "smoke": smoke.document,
    }

    def propose(entries: Sequence[Entry]) -> Proposal | Entry:
        production = read_production(entries)
        refuse_unless_deployable(version, production)
        if production.attempt is None and production.serving is not None and production.serving.subject == version.arn:
            return production.serving
        if production.attempt is None or production.attempt.run_id != version.candidate.run_id:
            raise GateClosed(f"the deployment of version {version.number} was ended by somebody else")
        return Proposal(EntryKind.DEPLOYMENT, version.arn, {**body, "attempt": production.attempt.number})

    version.installation.ledger(version.name).propose(propose)
