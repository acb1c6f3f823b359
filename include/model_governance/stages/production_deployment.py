"""Production deployment: the version is taken to production step by step, asked at each, and put on record."""

from __future__ import annotations

import logging

from airflow.sdk import chain, task_group

from model_governance.operators.rollout import RolloutOperator
from model_governance.operators.run import Run
from model_governance.serving.records import note_deployment
from model_governance.serving.verification import verify_version
from model_governance.serving.version import Version
from model_governance.stages.task import stage_task

log = logging.getLogger(__name__)


@task_group(tooltip="The version goes to production by steps, is asked at each, and is on record.")
def production_deployment(use_case: str) -> None:
    """From an approval for production to a model that serves."""
    chain(RolloutOperator(task_id="deploy", use_case=use_case), record(use_case))


@stage_task
def record(run: Run) -> None:
    """Put the deployment on record beside the ledger: registry, card, lineage; both gates are opened once more."""
    version = Version.of_run(run.installation, run.name, run.run_id)
    verify_version(version)
    entry = note_deployment(version)
    log.info("version %d serves, by entry %d of the ledger", version.number, entry.sequence)
