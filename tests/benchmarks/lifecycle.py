"""A whole governed run beside the bare work of one plain script, and its overhead a task beside empty tasks."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
from tests.benchmarks.measure import Figure, at_most
from tests.running_stack import RunningStack, running_stack_with

_PROJECT = Path(__file__).resolve().parents[2]
_DAG = "model_lifecycle.loan-approval"
_CHAIN = "empty_chain"
_CHAIN_FILE = """
from airflow.sdk import DAG, chain, task

with DAG(dag_id={dag_id!r}, schedule=None):
    @task
    def nothing():
        pass

    chain(*(nothing.override(task_id=f"task_{{number:02d}}")() for number in range({tasks})))
"""


def run() -> list[Figure]:
    """Wall times of a lifecycle, of the bare work and of an empty chain; overhead a task of both chains."""
    with tempfile.TemporaryDirectory() as folder:
        dags = Path(folder) / "dags"
        shutil.copytree(_PROJECT / "dags", dags, ignore=shutil.ignore_patterns("__pycache__"))
        tasks = 25
        (dags / "empty_chain.py").write_text(_CHAIN_FILE.format(dag_id=_CHAIN, tasks=tasks))
        with running_stack_with(MODEL_GOVERNANCE_DAGS=str(dags)) as stack, stack.airflow("admin") as airflow:
            began = time.perf_counter()
            _take_to_production(stack)
            demo_seconds = time.perf_counter() - began
            governed = _tasks_of(airflow, _DAG, _newest_run(airflow, _DAG))
            _run_chain(airflow)
            empty = _tasks_of(airflow, _CHAIN, "bench")
        bare = _bare_seconds()
    ours, theirs = _overhead(governed), _overhead(empty)
    return [
        Figure("lifecycle with automatic approvals: wall time of the command", demo_seconds, "s"),
        Figure(f"lifecycle, first task's start to last task's end ({len(governed)} tasks)", _span(governed), "s"),
        Figure("the bare work by one plain script: wall time", bare, "s"),
        Figure("lifecycle beside the bare work", _span(governed) / bare, "ratio"),
        Figure(f"chain of {len(empty)} empty tasks: start to end", _span(empty), "s"),
        Figure("lifecycle: time outside its tasks, a task", ours, "s"),
        Figure("empty chain: time outside its tasks, a task", theirs, "s"),
        at_most("lifecycle: overhead a task beside the empty chain", ours / theirs, "ratio", 1.5),
    ]


def _take_to_production(stack: RunningStack) -> None:
    command = [sys.executable, "-c", "from model_governance.cli import main; main()", "demo", "--approve", "auto"]
    done = subprocess.run(
        command, env=stack.environment_of("data-scientist"), text=True, capture_output=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"the lifecycle did not reach production: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def _run_chain(airflow: httpx.Client) -> None:
    airflow.post(
        f"/api/v2/dags/{_CHAIN}/dagRuns", json={"dag_run_id": "bench", "logical_date": None}
    ).raise_for_status()
    until = time.monotonic() + 300
    while time.monotonic() < until:
        if airflow.get(f"/api/v2/dags/{_CHAIN}/dagRuns/bench").json()["state"] == "success":
            return
        time.sleep(0.5)
    raise RuntimeError("the chain of empty tasks did not end")


def _newest_run(airflow: httpx.Client, dag_id: str) -> str:
    runs = airflow.get(f"/api/v2/dags/{dag_id}/dagRuns", params={"order_by": "-start_date", "limit": 1}).json()
    return str(runs["dag_runs"][0]["dag_run_id"])


def _tasks_of(airflow: httpx.Client, dag_id: str, run_id: str) -> list[tuple[datetime, datetime]]:
    """Start and end of each task, in order of their start."""
    answer: dict[str, Any] = airflow.get(
        f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances", params={"limit": 100}
    ).json()
    return sorted(
        (datetime.fromisoformat(each["start_date"]), datetime.fromisoformat(each["end_date"]))
        for each in answer["task_instances"]
    )


def _span(tasks: Sequence[tuple[datetime, datetime]]) -> float:
    return (max(end for _, end in tasks) - tasks[0][0]).total_seconds()


def _overhead(tasks: Sequence[tuple[datetime, datetime]]) -> float:
    """Seconds between one task's end and the next one's start, on average."""
    gaps = [(after[0] - before[1]).total_seconds() for before, after in pairwise(tasks)]
    return sum(gaps) / len(gaps)


def _bare_seconds() -> float:
    """The same freezing, validating, training, predicting and measuring, by one script without any governance."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.benchmarks.bare_script", folder]
        subprocess.run(command, cwd=_PROJECT, check=True, capture_output=True)
    return time.perf_counter() - began
