"""The waiting task of a gate; apart from its trigger, because DAG files load it and must load nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator
from airflow.sdk.exceptions import AirflowFailException
from airflow.triggers.base import StartTriggerArgs

if TYPE_CHECKING:
    from airflow.sdk import Context

TRIGGER = "model_governance.triggers.approval.ApprovalTrigger"


class ApprovalSensor(BaseSensorOperator):
    """Waits until a gate is decided: success for approved, failed for rejected.

    It is started and ended by its trigger, without a worker, and never retried: a rejection is an answer, not a fault.
    Marking it in Airflow's UI is one of the ways to decide; the plugin's middleware sees to that.

    Args:
        use_case: The use case's name.
        gate: The gate: ``use_case``, ``governance`` or ``production``.
        run_id: The DAG run whose candidate the gate is about; the run's own by default.
    """

    template_fields = ("use_case", "gate", "run_id")
    ui_color = "#fde9c9"
    start_from_trigger = True

    def __init__(self, *, use_case: str, gate: str, run_id: str = "{{ run_id }}", **kwargs: Any) -> None:
        # A rejection is on record already, and no failure of the task's.
        super().__init__(**{**kwargs, "retries": 0, "on_failure_callback": None})
        self.use_case = use_case
        self.gate = gate
        self.run_id = run_id
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls=TRIGGER,
            trigger_kwargs={"use_case": use_case, "gate": gate, "run_id": run_id},
            next_method="execute_complete",
        )

    def execute(self, context: Context) -> None:
        """Defers at once; reached only where Airflow runs the task outside its scheduler, as ``dag.test()`` does."""
        from model_governance.triggers.approval import ApprovalTrigger

        trigger = ApprovalTrigger(use_case=self.use_case, gate=self.gate, run_id=self.run_id)
        self.defer(trigger=trigger, method_name="execute_complete")

    def execute_complete(self, context: Context, event: object = None) -> None:
        """Ends the task outside a scheduler; closed unless the trigger said that the gate is open.

        Raises:
            AirflowFailException: The gate was rejected.
        """
        if event != "success":
            raise AirflowFailException(f"the {self.gate} gate of {self.use_case} is not open; the log says why")
