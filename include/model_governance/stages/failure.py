"""Puts a failed task on record: in the candidate's life cycle, so that the registry shows it, and in the ledger."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from model_governance.domain.ledger import EntryKind
from model_governance.errors import GovernanceError
from model_governance.hooks.model_registry import IN_PRODUCTION, PRODUCTION_STAGE, TEST_STAGE, StageStatus
from model_governance.operators.run import Run, current_run

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)

_LONGEST_REASON = 4000
_LIFE_CYCLE_STAGES = {
    "data_quality": "DataQuality",
    "training": "Training",
    "bias_evaluation": "BiasEvaluation",
    "governance_approval": "GovernanceApproval",
    "test_deployment": TEST_STAGE,
    "production_approval": PRODUCTION_STAGE,
    "production_deployment": PRODUCTION_STAGE,
}


def record_failure(context: Context) -> None:
    """Airflow's ``on_failure_callback`` of every task but the waiting ones; never fails itself."""
    task_id = context["ti"].task_id
    reason = " ".join(str(context.get("exception") or "no reason given").split())[:_LONGEST_REASON]
    try:
        run = current_run(use_case_of_dag(context["dag"].dag_id), context)
        subject = _note_in_registry(run, task_id, reason)
        stage = task_id.partition(".")[0]
        body = {"run_id": run.run_id, "task_id": task_id, "stage": stage, "reason": reason}
        run.enter(EntryKind.FAILURE, subject, body)
    except GovernanceError as fault:
        log.error("the failure of %s is not on record: %s", task_id, fault)


def use_case_of_dag(dag_id: str) -> str:
    """The use case whose lifecycle a DAG is: ``model_lifecycle.<use case>``."""
    return dag_id.partition(".")[2]


def _note_in_registry(run: Run, task_id: str, reason: str) -> str:
    """Sets the candidate's life cycle to Failed and returns the failure's subject; a run may fail before it has one."""
    candidate = run.find_candidate()
    if candidate is None:
        card = run.installation.cards.find(run.name)
        return card.arn if card else run.name
    stage = _LIFE_CYCLE_STAGES.get(task_id.partition(".")[0], "Development")
    package = run.installation.registry.describe(candidate.model_package_arn)
    if not (package.stage == PRODUCTION_STAGE and package.stage_status in IN_PRODUCTION):
        run.installation.registry.set_life_cycle(
            candidate.model_package_arn, stage, StageStatus.FAILED, f"{task_id}: {reason}"
        )
    return candidate.model_package_arn
