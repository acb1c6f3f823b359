"""The tasks of a gate, the same for all three: request it, wait for a decision, open it."""

from __future__ import annotations

from collections.abc import Callable

from airflow.sdk import chain

from model_governance.decisions.open import open_gate
from model_governance.decisions.request import request_approval
from model_governance.domain.decision import Gate
from model_governance.notifiers.gate import GateNotifier
from model_governance.operators.run import Run
from model_governance.sensors.approval import ApprovalSensor
from model_governance.stages.task import stage_task

Step = Callable[[Run], None]


def _nothing(run: Run) -> None:
    """No step."""


def gate_tasks(gate: Gate, use_case: str, *, before: Step = _nothing, behind: Step = _nothing) -> None:
    """Chains the gate's tasks ``request``, ``wait`` and ``open`` in the task group that is open.

    Args:
        gate: The gate.
        use_case: The use case's name.
        before: What must be on record before the gate can be requested.
        behind: What the open gate lets through at once.
    """

    def request(run: Run) -> None:
        """Ask for the gate: name what is missing, or set the registry to pending and enter the request."""
        before(run)
        request_approval(run.installation, gate, run.name, run_id=run.run_id)

    @stage_task
    def open(run: Run) -> None:
        """Open the gate: read everything again, and go on only if all of it agrees."""
        open_gate(run.installation, gate, run.name, run_id=run.run_id)
        behind(run)

    chain(
        stage_task(request, on_success=GateNotifier(use_case=use_case, gate=gate.value))(use_case),
        ApprovalSensor(
            task_id="wait",
            use_case=use_case,
            gate=gate.value,
            doc_md="Waits for a decision. Mark it success to approve or failed to reject, with a note as the comment.",
        ),
        open(use_case),
    )
