"""Turns a function of a run into a task: how refusals, outages and the run itself reach it is the same for all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow.sdk import BaseNotifier, get_current_context, task

from model_governance.operators.refusals import refusals_end_the_task
from model_governance.operators.run import Run, current_run

Stage = Callable[[Run], None]


def stage_task(function: Stage, on_success: BaseNotifier | None = None) -> Callable[[str], Any]:
    """A task that hands its run to the function.

    The task bears the function's name and documentation. It takes the use case's name; all else it finds for itself.

    Args:
        function: What the task does.
        on_success: Called once the task's success is on record, so that it delays nothing.
    """

    def with_its_run(use_case: str) -> None:
        with refusals_end_the_task():
            function(current_run(use_case, get_current_context()))

    with_its_run.__name__ = with_its_run.__qualname__ = function.__name__
    with_its_run.__module__ = function.__module__
    with_its_run.__doc__ = function.__doc__
    called = [on_success] if on_success else None
    return task(task_id=function.__name__, do_xcom_push=False, on_success_callback=called)(with_its_run)
