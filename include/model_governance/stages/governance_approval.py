"""Governance approval: the evidence that the risk tier requires, then people of the governance role."""

from __future__ import annotations

from airflow.sdk import task_group

from model_governance.domain.decision import Gate
from model_governance.stages.gate import gate_tasks


@task_group(tooltip="The evidence is complete, and a governance officer approves the version.")
def governance_approval(use_case: str) -> None:
    """The second gate: ``ModelApprovalStatus``."""
    gate_tasks(Gate.GOVERNANCE, use_case)
