"""Which waiting gates a mark would end, asked of Airflow's own database and its own dry run; apart, as it blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from model_governance.domain.decision import Gate
from model_governance.web.mark_requests import Mark, NewState, Scope

SENSOR_MODULE = "model_governance.sensors.approval"
SENSOR_TYPE = "ApprovalSensor"


@dataclass(frozen=True)
class WaitingGate:
    """A gate's waiting task in one DAG run.

    Attributes:
        gate: The gate it waits at.
        use_case: The use case.
        dag_id, run_id, task_id, map_index: The task instance.
        state: Its state in Airflow; None before it is scheduled.
    """

    gate: Gate
    use_case: str
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    state: str | None

    @property
    def is_waiting(self) -> bool:
        """Whether its trigger is waiting for a decision now."""
        return self.state == "deferred"


def gates_ended_by(marks: Iterable[Mark], dag_bag: Any) -> tuple[WaitingGate, ...]:
    """The gates' waiting tasks that the marks would end or take away, each once.

    Blocks on Airflow's database: call it in a thread.

    Args:
        marks: What a request asks for.
        dag_bag: The web server's DAGs (``app.state.dag_bag``).
    """
    from airflow.utils.session import create_session

    with create_session() as session:
        found = {gate: None for mark in marks for gate in _gates_of(mark, dag_bag, session)}
        session.rollback()
    return tuple(found)


def _gates_of(mark: Mark, dag_bag: Any, session: Any) -> Iterator[WaitingGate]:
    dag = dag_bag.get_latest_version_of_dag(mark.dag_id, session=session)
    if dag is None:
        return
    sensors = {task.task_id: task for task in dag.tasks if is_approval_sensor(task)}
    if not sensors or (mark.name in dag.task_dict and mark.name not in sensors and not mark.takes_relatives_along):
        return
    for instance in _instances(mark, dag, session):
        if instance.task_id in sensors:
            sensor = sensors[instance.task_id]
            state = None if instance.state is None else str(instance.state)
            yield WaitingGate(
                gate=Gate(sensor.gate),
                use_case=sensor.use_case,
                dag_id=instance.dag_id,
                run_id=instance.run_id,
                task_id=instance.task_id,
                map_index=instance.map_index,
                state=state,
            )


def is_approval_sensor(task: Any) -> bool:
    """Whether a serialised task is a gate's waiting task."""
    return task.task_type == SENSOR_TYPE and getattr(task, "_task_module", "") == SENSOR_MODULE


def _instances(mark: Mark, dag: Any, session: Any) -> list[Any]:
    """The task instances that Airflow would touch; its dry run is the judge, so that no path is forgotten."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.state import State, TaskInstanceState
    from sqlalchemy import select

    instances = select(TaskInstance).where(TaskInstance.dag_id == mark.dag_id, TaskInstance.run_id == mark.run_id)
    if mark.scope is Scope.DAG_RUN:
        return [ti for ti in session.scalars(instances) if ti.state not in State.finished]
    if session.scalar(select(DagRun.id).where(DagRun.dag_id == mark.dag_id, DagRun.run_id == mark.run_id)) is None:
        return []
    if mark.new_state is NewState.DELETED:
        return list(session.scalars(instances.where(TaskInstance.task_id == mark.name)))
    relatives = {
        "run_id": mark.run_id,
        "state": TaskInstanceState(mark.new_state.value),
        "upstream": mark.upstream,
        "downstream": mark.downstream,
        "future": mark.future,
        "past": mark.past,
        "commit": False,
        "session": session,
    }
    touched = ()
    if mark.scope is Scope.TASK_GROUP and mark.name in dag.task_group_dict:
        touched = dag.set_task_group_state(group_id=mark.name, **relatives)
    elif mark.scope is Scope.TASK_INSTANCE and mark.name in dag.task_dict:
        map_indexes = None if mark.map_index is None else [mark.map_index]
        touched = dag.set_task_instance_state(task_id=mark.name, map_indexes=map_indexes, **relatives)
    return list(touched or ())
