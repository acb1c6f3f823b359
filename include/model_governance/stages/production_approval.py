"""Production approval: a second gate with other roles, on the evidence of the test deployment as well."""

from __future__ import annotations

from airflow.sdk import task_group

from model_governance.domain.decision import Gate
from model_governance.stages.gate import gate_tasks


@task_group(tooltip="Another person approves the version for production.")
def production_approval(use_case: str) -> None:
    """The third gate: ``ModelLifeCycle`` Stage Production."""
    gate_tasks(Gate.PRODUCTION, use_case)
