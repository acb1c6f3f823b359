"""Jobs and endpoints that end well end their tasks in the triggerer; everything else goes to a worker to be judged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from airflow.providers.amazon.aws.triggers.sagemaker import SageMakerTrigger
from airflow.triggers.base import TaskSuccessEvent, TriggerEvent

from model_governance.triggers.job import EndpointTrigger, JobTrigger

FIELDS = {"waiter_delay": 1, "waiter_max_attempts": 3, "aws_conn_id": "aws_default"}


class Client:
    """Describes one endpoint, or fails."""

    def __init__(self, found: dict[str, str] | Exception) -> None:
        self.found = found

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def describe_endpoint(self, EndpointName: str) -> dict[str, str]:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


class Hook:
    """Hands out that client."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def get_async_conn(self) -> Client:
        return self.client


def ends(trigger: JobTrigger, status: str, monkeypatch: pytest.MonkeyPatch) -> TriggerEvent:
    async def provider(self: SageMakerTrigger) -> AsyncIterator[TriggerEvent]:
        yield TriggerEvent({"status": status, "job_name": self.job_name})

    async def only() -> TriggerEvent:
        [event] = [event async for event in trigger.run()]
        return event

    monkeypatch.setattr(SageMakerTrigger, "run", provider)
    return asyncio.run(only())


def endpoint_trigger(found: dict[str, str] | Exception, monkeypatch: pytest.MonkeyPatch) -> EndpointTrigger:
    trigger = EndpointTrigger(job_name="loans", job_type="endpoint", endpoint_config="loans-v2-production", **FIELDS)
    monkeypatch.setattr(trigger, "hook", lambda: Hook(Client(found)))
    return trigger


def test_a_completed_job_ends_its_task_with_success(monkeypatch: pytest.MonkeyPatch) -> None:
    trigger = JobTrigger(job_name="loans-1", job_type="Training", **FIELDS)
    assert isinstance(ends(trigger, "success", monkeypatch), TaskSuccessEvent)


@pytest.mark.parametrize("status", ["failed", "stopped", "timeout", "error"])
def test_any_other_end_of_a_job_goes_to_a_worker(status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    event = ends(JobTrigger(job_name="loans-1", job_type="Transform", **FIELDS), status, monkeypatch)
    assert type(event) is TriggerEvent
    assert event.payload["status"] == status


def test_an_endpoint_in_service_as_wanted_ends_its_task_with_success(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"EndpointStatus": "InService", "EndpointConfigName": "loans-v2-production"}
    assert isinstance(ends(endpoint_trigger(found, monkeypatch), "success", monkeypatch), TaskSuccessEvent)


@pytest.mark.parametrize(
    "found",
    [
        {"EndpointStatus": "InService", "EndpointConfigName": "loans-v1-production"},
        {"EndpointStatus": "Failed", "EndpointConfigName": "loans-v2-production"},
        OSError("the registry is away"),
    ],
    ids=["rolled back", "failed since", "outage"],
)
def test_an_endpoint_that_is_not_as_wanted_or_cannot_be_asked_goes_to_a_worker(
    found: dict[str, str] | Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert type(ends(endpoint_trigger(found, monkeypatch), "success", monkeypatch)) is TriggerEvent


@pytest.mark.parametrize(
    "trigger",
    [
        JobTrigger(job_name="loans-1", job_type="Training", **FIELDS),
        EndpointTrigger(job_name="loans", job_type="endpoint", endpoint_config="loans-v2-production", **FIELDS),
    ],
    ids=["job", "endpoint"],
)
def test_a_trigger_is_made_again_from_its_own_fields(trigger: JobTrigger) -> None:
    path, fields = trigger.serialize()
    module, _, name = path.rpartition(".")
    made: Any = {"JobTrigger": JobTrigger, "EndpointTrigger": EndpointTrigger}[name](**fields)
    assert module == "model_governance.triggers.job"
    assert made.serialize() == (path, fields)
