"""Airflow's local settings while a benchmark runs: note when the code of each task begins and ends, of whatever DAG.

Airflow imports it as ``airflow_local_settings`` and calls ``task_policy`` for every task of every DAG that it reads, so
that a lifecycle's tasks and empty ones are measured by the same means. It must import nothing of the project.
"""

from __future__ import annotations

import functools
import json
import os
import time
from pathlib import Path
from typing import Any

FILE = "stopwatch.jsonl"
"""In AIRFLOW_HOME: a line for each time that a task's code ran."""


def task_policy(task: Any) -> None:
    """Wraps what a worker calls of a task: to execute it, and to resume it after it was deferred."""
    for name in ("execute", "execute_complete"):
        method = getattr(task, name, None)
        if method is not None and not hasattr(method, "is_timed"):
            setattr(task, name, _timed(method, task.dag_id, task.task_id))


def _timed(method: Any, dag_id: str, task_id: str) -> Any:
    @functools.wraps(method)
    def timed(*arguments: Any, **named: Any) -> Any:
        began = time.time()
        try:
            return method(*arguments, **named)
        finally:
            line = json.dumps({"dag_id": dag_id, "task_id": task_id, "began": began, "ended": time.time()})
            with (Path(os.environ["AIRFLOW_HOME"]) / FILE).open("a", encoding="utf-8") as file:
                file.write(line + "\n")

    timed.is_timed = True  # type: ignore[attr-defined]
    return timed
