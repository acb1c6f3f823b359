"""Takes a candidate to production by ``serving.rollout``; a class because it waits, and holds no worker meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk import BaseOperator

from model_governance.domain.deployment import Environment
from model_governance.hooks.aws import connection_of
from model_governance.operators.refusals import refusals_end_the_task
from model_governance.operators.run import current_run, job_poll_seconds
from model_governance.serving.rollout import EndpointWait, Wait, advance
from model_governance.serving.version import Version
from model_governance.triggers.job import EndpointTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context

_LONGEST_SECONDS = 3600


class RolloutOperator(BaseOperator):
    """Deploys the run's candidate to production, step by step; what was done before is found, and gone on with.

    Args:
        use_case: The use case's name.
    """

    template_fields = ()

    def __init__(self, *, use_case: str, **kwargs: Any) -> None:
        super().__init__(do_xcom_push=False, **kwargs)
        self.use_case = use_case

    def execute(self, context: Context) -> None:
        """Makes the change that is due, and waits in the triggerer for what comes of it."""
        self._go_on(context, "")

    def go_on(self, context: Context, event: dict[str, Any] | None = None, awaited: str = "") -> None:
        """Goes on after a wait, whatever the trigger saw: everything is read again.

        Args:
            context: Airflow's.
            event: The trigger's.
            awaited: The configuration that the endpoint was waited for.
        """
        self._go_on(context, awaited)

    def _go_on(self, context: Context, awaited: str) -> None:
        """Asks as often as Airflow retries for the same thing: only who clears the task raises its number of tries."""
        with refusals_end_the_task():
            run = current_run(self.use_case, context)
            version = Version.of_run(run.installation, run.name, run.run_id)
            wait = advance(version, awaited, asked=f"up to try {context['ti'].max_tries + 1}")
            if wait is not None:
                self._wait(wait)

    def _wait(self, wait: Wait) -> None:
        """Defers: for an endpoint, or for a time."""
        if isinstance(wait, EndpointWait):
            delay = job_poll_seconds()
            trigger = EndpointTrigger(
                endpoint_config="",  # as no endpoint is wanted, the trigger ends nothing by itself
                job_name=wait.endpoint,
                job_type="endpoint",
                waiter_delay=delay,
                waiter_max_attempts=_LONGEST_SECONDS // delay,
                aws_conn_id=connection_of(Environment.PRODUCTION),
            )
            self.defer(trigger=trigger, method_name="go_on", kwargs={"awaited": wait.config})
        self.log.info("%s: goes on at %s", wait.why, wait.until)
        self.defer(trigger=DateTimeTrigger(moment=wait.until), method_name="go_on")
