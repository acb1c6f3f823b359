"""How a task waits for a job of SageMaker and ends by it; apart because training and transforms wait alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from model_governance.hooks.jobs import Job, is_an_outage
from model_governance.triggers.job import JobTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.triggers.base import BaseTrigger


class JobWait:
    """What an operator that runs a job has besides the provider's: found jobs, and a wait that a success ends itself.

    ``execute`` stays with each operator: Airflow guards the one that stands in an operator's own class.
    """

    job_type: str
    """``Training`` or ``Transform``, as the provider's trigger has it."""

    def defer(self, *, trigger: BaseTrigger, **arguments: Any) -> NoReturn:
        """Waits by the trigger that ends a completed job's task itself, in the place of the provider's."""
        waiting: Any = super()
        waiting.defer(trigger=JobTrigger(**trigger.serialize()[1]), **arguments)
        raise AssertionError("deferring does not return")

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> Any:
        """Ends the task by what the trigger saw, if that was no success.

        Raises:
            AirflowFailException: The job failed or was stopped.
            AirflowException: SageMaker failed; worth another try.
        """
        refuse_failed_job(f"{self.job_type.lower()} job", event)

    def wait_for(self, job: Job) -> NoReturn:
        """Waits for a job that an earlier try has started."""
        self.log.info("%s job %s runs already", self.job_type.lower(), job.name)  # type: ignore[attr-defined]
        trigger = JobTrigger(
            job_name=job.name,
            job_type=self.job_type,
            waiter_delay=self.check_interval,  # type: ignore[attr-defined]
            waiter_max_attempts=self.max_attempts,  # type: ignore[attr-defined]
            aws_conn_id=self.aws_conn_id,  # type: ignore[attr-defined]
        )
        self.defer(trigger=trigger, method_name="execute_complete")


def refuse_failed_job(what: str, event: dict[str, Any] | None) -> None:
    """Raises unless the event says that the job succeeded.

    Args:
        what: What to call the job.
        event: The provider's trigger's event.

    Raises:
        AirflowFailException: The job failed or was stopped: trying again would do the same.
        AirflowException: It was SageMaker's fault, or the wait was broken off; worth another try.
    """
    event = event or {"status": "error", "message": "the trigger ended without a word"}
    if event["status"] == "success":
        return
    reason = str(event.get("message") or event)
    said = f"{what} {event.get('job_name', '')} {event['status']}: {reason}"
    if event["status"] in ("failed", "stopped") and not is_an_outage(reason):
        raise AirflowFailException(said)
    raise AirflowException(said)
