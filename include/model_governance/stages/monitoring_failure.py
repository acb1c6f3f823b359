"""Puts a failed task of a monitoring run on record in the ledger; apart from a candidate's, whose life cycle it is not.

A run of the lifecycle may bear the same id: what is noted here must never be noted on its candidate.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from model_governance.domain.ledger import EntryKind, Proposal
from model_governance.errors import GovernanceError
from model_governance.hooks.aws import PIPELINE_CONNECTION, AirflowClients
from model_governance.hooks.installation import Installation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from model_governance.domain.ledger import Entry

log = logging.getLogger(__name__)

_LONGEST_REASON = 4000


def record_monitoring_failure(context: Context) -> None:
    """Airflow's ``on_failure_callback`` of monitoring's tasks; never fails itself."""
    task_id, dag_id = context["ti"].task_id, context["dag"].dag_id
    reason = " ".join(str(context.get("exception") or "no reason given").split())[:_LONGEST_REASON]
    use_case = dag_id.partition(".")[2]
    try:
        enter_failure(
            Installation.load(AirflowClients(PIPELINE_CONNECTION)), use_case, context["run_id"], task_id, reason
        )
    except GovernanceError as fault:
        log.error("the failure of %s is not on record: %s", task_id, fault)


def enter_failure(installation: Installation, use_case: str, run_id: str, task_id: str, reason: str) -> None:
    """Enters a failure, unless the same is there."""
    body = {"run_id": f"monitoring/{run_id}", "task_id": task_id, "stage": "monitoring", "reason": reason}

    def propose(entries: Sequence[Entry]) -> Proposal | Entry:
        same = (each for each in entries if each.kind is EntryKind.FAILURE and each.body == body)
        return next(same, Proposal(EntryKind.FAILURE, use_case, body))

    installation.ledger(use_case).propose(propose)
