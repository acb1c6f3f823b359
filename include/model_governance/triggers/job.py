"""Waits in the triggerer for a job or an endpoint of SageMaker, and ends a task that went well there, without a worker.

The provider's trigger hands every outcome to a worker, which takes as long to start as many a task takes to run. Here
only what a worker must judge, a failure or another configuration than the one wanted, still goes to one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from airflow.providers.amazon.aws.triggers.sagemaker import SageMakerTrigger
from airflow.triggers.base import TaskSuccessEvent, TriggerEvent


class JobTrigger(SageMakerTrigger):
    """Ends its task with success once the job has completed; any other end resumes the task in a worker."""

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Waits as the provider's trigger does."""
        async for event in super().run():
            succeeded = event.payload["status"] == "success" and await self.is_as_wanted()
            yield TaskSuccessEvent() if succeeded else event

    async def is_as_wanted(self) -> bool:
        """Whether what has completed is what the task wanted; a job always is, as its name follows from the run."""
        return True


class EndpointTrigger(JobTrigger):
    """Ends its task with success once the endpoint is in service with the wanted configuration.

    Args:
        endpoint_config: The configuration's name.
        arguments: Those of the provider's trigger.
    """

    def __init__(self, *, endpoint_config: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.endpoint_config = endpoint_config

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class path and fields, from which the triggerer makes it again."""
        path, fields = super().serialize()
        return path, {**fields, "endpoint_config": self.endpoint_config}

    async def is_as_wanted(self) -> bool:
        """Whether the endpoint serves by that configuration, asked afresh; a worker asks again if that fails."""
        try:
            async with await self.hook().get_async_conn() as client:  # type: ignore[no-untyped-call]
                found = await client.describe_endpoint(EndpointName=self.job_name)
        except Exception as fault:
            self.log.warning("endpoint %s cannot be described now: %s", self.job_name, fault)
            return False
        return (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", self.endpoint_config)
