"""Production deployment: the gates are opened again, the version is served, asked, and put on record."""

from __future__ import annotations

import logging

from airflow.sdk import chain, task_group

from model_governance.decisions.open import open_gate
from model_governance.decisions.publish import publish_head
from model_governance.decisions.record import since_clean_up
from model_governance.decisions.subject import MODEL_DIGEST
from model_governance.decisions.supersede import supersede_older
from model_governance.domain.decision import Gate
from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import Authority, EntryKind
from model_governance.domain.model_card import with_custom_details
from model_governance.errors import EvaluationRefused, RequestRefused
from model_governance.hooks.model_registry import StageStatus
from model_governance.operators.endpoint import EndpointOperator, config_name, endpoint_name, note_stage
from model_governance.operators.run import Run
from model_governance.stages.task import stage_task

log = logging.getLogger(__name__)

_PRODUCTION = Environment.PRODUCTION
_SMOKE_ROWS = 5
_LONGEST_REASON = 1000


@task_group(tooltip="The version is served in production, asked, and on record.")
def production_deployment(use_case: str) -> None:
    """From an approval for production to a model that serves."""
    chain(
        EndpointOperator(task_id="deploy", use_case=use_case, environment=_PRODUCTION),
        smoke_test(use_case),
        record(use_case),
    )


@stage_task
def smoke_test(run: Run) -> None:
    """Ask the production endpoint for a few held-out rows; roll back unless it says what the batch transform said."""
    from model_governance.stages.served_model import compare_with_transform

    endpoint, tolerance = endpoint_name(run, _PRODUCTION), run.use_case.deployment.parity_tolerance
    try:
        parity = compare_with_transform(run, _PRODUCTION, _SMOKE_ROWS)
        if parity.largest_difference > tolerance:
            raise EvaluationRefused(
                f"endpoint {endpoint} answers {parity.rows} held-out rows up to {parity.largest_difference} "
                f"differently from the batch transform; allowed is {tolerance}"
            )
    except (EvaluationRefused, RequestRefused) as refusal:
        raise EvaluationRefused(f"{refusal}. {roll_back(run, str(refusal))}") from refusal
    log.info("%d rows answered, largest difference %g", parity.rows, parity.largest_difference)


def roll_back(run: Run, reason: str) -> str:
    """Has the production endpoint serve what it served before this run, or nothing; on record, and says which.

    Args:
        run: The run whose version is not to serve.
        reason: Why.

    Raises:
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise; the task tries again then, and finds the
            endpoint as it is.
    """
    endpoint = endpoint_name(run, _PRODUCTION)
    entries = since_clean_up(run.installation.ledger(run.name).entries())
    served = [entry.body for entry in entries if entry.kind is EntryKind.DEPLOYMENT]
    before = [body["endpoint_config"] for body in served if body.get("run_id") != run.run_id]
    if before:
        run.installation.endpoints_in(_PRODUCTION).update(endpoint, before[-1])
    else:
        run.installation.endpoints_in(_PRODUCTION).delete(endpoint)
    body = {
        "stage": _PRODUCTION.value,
        "run_id": run.run_id,
        "version": run.candidate.version,
        "endpoint": endpoint,
        "endpoint_config": config_name(run, _PRODUCTION),
        "serves": before[-1] if before else "",
        "reason": reason[:_LONGEST_REASON],
    }
    publish_head(run.installation, run.enter(EntryKind.ROLL_BACK, run.candidate.model_package_arn, body))
    if before:
        return f"Rolled back: {endpoint} serves {before[-1]} again"
    return f"Rolled back: {endpoint} is deleted, as nothing was served before"


@stage_task
def record(run: Run) -> None:
    """Put the deployment on record: what serves, by whose authority, in registry, ledger, lineage and card."""
    from model_governance.stages.served_model import refuse_other_version

    refuse_other_version(run, _PRODUCTION)
    package = run.package()
    opened = [
        open_gate(run.installation, gate, run.name, run_id=run.run_id) for gate in (Gate.GOVERNANCE, Gate.PRODUCTION)
    ]
    authority = [
        {"gate": each.gate.value, "actor": decision.actor, "role": decision.role, "request_digest": each.request.digest}
        for each in opened
        for decision in each.decisions
    ]
    body = {
        "stage": _PRODUCTION.value,
        "run_id": run.run_id,
        "version": package.version,
        "endpoint": endpoint_name(run, _PRODUCTION),
        "endpoint_config": config_name(run, _PRODUCTION),
        "model_sha256": package.metadata.get(MODEL_DIGEST, ""),
        "authority": authority,
    }
    entry = run.enter(EntryKind.DEPLOYMENT, package.arn, body)
    supersede_older(run.installation, run.name, package.version)
    note_stage(run, _PRODUCTION, StageStatus.DEPLOYED, f"serves from endpoint {endpoint_name(run, _PRODUCTION)}")
    changed = with_custom_details(
        dict(package.card), {"deployment": f"{endpoint_name(run, _PRODUCTION)} ({config_name(run, _PRODUCTION)})"}
    )
    if changed != package.card:
        run.installation.registry.set_card(package.arn, changed)
    publish_head(run.installation, entry)
    run.installation.ledger(run.name).seal(Authority.LEDGER)
    _note_in_lineage(run, package.arn, package.model_data_url)


def _note_in_lineage(run: Run, package_arn: str, model: str) -> None:
    lineage = run.installation.lineage
    action = lineage.action(
        f"{run.job_name}-deployment",
        "ModelDeployment",
        run.installation.endpoints_in(_PRODUCTION).describe(endpoint_name(run, _PRODUCTION)).arn,
        properties={"model_package": package_arn, "endpoint_config": config_name(run, _PRODUCTION)},
    )
    lineage.associate(lineage.artifact(f"{run.job_name}-model", "Model", model), action, "ContributedTo")
