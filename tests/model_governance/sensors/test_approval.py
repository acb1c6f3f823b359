"""The waiting task of a gate as Airflow's scheduler and triggerer see it."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
from airflow.serialization.serialized_objects import DagSerialization

from model_governance.sensors.approval import TRIGGER, ApprovalSensor
from model_governance.triggers.approval import ApprovalTrigger
from model_governance.web.waiting_gates import is_approval_sensor


def sensor_in_a_dag(**arguments: Any) -> tuple[DAG, ApprovalSensor]:
    with DAG("model_lifecycle.loans", schedule=None) as dag:
        sensor = ApprovalSensor(task_id="wait", use_case="loans", gate="governance", **arguments)
    return dag, sensor


def test_it_starts_from_its_trigger_with_the_run_as_a_template() -> None:
    _, sensor = sensor_in_a_dag()
    assert sensor.start_from_trigger
    assert sensor.start_trigger_args.trigger_cls == TRIGGER
    assert sensor.start_trigger_args.trigger_kwargs == {
        "use_case": "loans",
        "gate": "governance",
        "run_id": "{{ run_id }}",
    }
    assert set(sensor.start_trigger_args.trigger_kwargs) == set(sensor.template_fields)


def test_the_trigger_has_an_attribute_for_each_template() -> None:
    _, sensor = sensor_in_a_dag()
    trigger = ApprovalTrigger(**sensor.start_trigger_args.trigger_kwargs)
    assert all(getattr(trigger, name) for name in sensor.template_fields)
    assert f"{ApprovalTrigger.__module__}.{ApprovalTrigger.__qualname__}" == TRIGGER


def test_it_is_never_retried_and_a_rejection_is_no_failure_of_the_task() -> None:
    _, sensor = sensor_in_a_dag(retries=5, on_failure_callback=print)
    assert sensor.retries == 0
    assert not sensor.on_failure_callback


def test_the_middleware_knows_it_after_serialisation() -> None:
    dag, _ = sensor_in_a_dag()
    task = DagSerialization.from_dict(DagSerialization.to_dict(dag)).get_task("wait")
    assert is_approval_sensor(task)
    assert (task.use_case, task.gate) == ("loans", "governance")


def test_outside_a_scheduler_it_defers_to_the_same_trigger_and_fails_closed() -> None:
    _, sensor = sensor_in_a_dag()
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute({})  # type: ignore[typeddict-item]
    assert isinstance(deferred.value.trigger, ApprovalTrigger)
    sensor.execute_complete({}, event="success")  # type: ignore[typeddict-item]
    for event in ("failed", None, {"status": "success"}):
        with pytest.raises(AirflowFailException):
            sensor.execute_complete({}, event=event)  # type: ignore[typeddict-item]
