"""A whole governed run beside the bare work of one plain script, and its overhead a task beside empty tasks.

A run's overhead is the time in which none of its work is under way: no code of its tasks, no job or endpoint, no person
who has been asked. An empty chain's is nearly its whole time. Both are measured in one stack by the same means; the
chain is run before and after the lifecycle, and so is the bare work, so that a machine whose speed drifts decides less.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
from tests.benchmarks.measure import Figure, at_most, say
from tests.benchmarks.timeline import Timeline, covered, local_settings, timeline
from tests.running_stack import RunningStack, stack_folder, started_stack

from stack.processes import processes_of

_PROJECT = Path(__file__).resolve().parents[2]
_USE_CASE = "loan-approval"
_DAG = f"model_lifecycle.{_USE_CASE}"
_CHAIN = "empty_chain"
_CHAIN_FILE = """
from airflow.sdk import DAG, chain, task

with DAG(dag_id={dag_id!r}, schedule=None):
    @task
    def nothing():
        pass

    chain(*(nothing.override(task_id=f"task_{{number:02d}}")() for number in range({tasks})))
"""
_PATIENCE_SECONDS = 300


def run() -> list[Figure]:
    """Wall times of a lifecycle, of the bare work and of an empty chain; overhead a task of both chains; memory."""
    bares, empties = [_bare_seconds()], []
    with _stack() as stack, stack.airflow("admin") as airflow:
        empties.append(_run_chain(stack, airflow, "before"))
        began = time.perf_counter()
        _take_to_production(stack)
        demonstration = time.perf_counter() - began
        governed = timeline(stack, airflow, _DAG, _newest_run(airflow), _USE_CASE)
        memory = _memory(stack)
        empties.append(_run_chain(stack, airflow, "after"))
        bares.append(_bare_seconds())
    return _figures(governed, empties, statistics.mean(bares), demonstration, memory)


def _figures(
    governed: Timeline, empties: list[Timeline], bare: float, demonstration: float, memory: float
) -> list[Figure]:
    tasks = governed.tasks
    chain = statistics.mean(each.seconds for each in empties)
    empty = statistics.mean(each.overhead_a_task for each in empties)
    return [
        Figure("lifecycle with automatic approvals: wall time of the command", demonstration, "s"),
        Figure(f"lifecycle, start to end of its run ({tasks} tasks)", governed.seconds, "s"),
        Figure("  of it in the tasks' own code", covered(governed.code, governed.span), "s"),
        Figure("  of it in jobs and endpoints being made", covered(governed.jobs, governed.span), "s"),
        Figure("  of it until the automatic approvers had decided", covered(governed.people, governed.span), "s"),
        Figure("  of it in none of these: overhead", governed.overhead, "s"),
        Figure("the bare work by one plain script: wall time", bare, "s"),
        Figure("lifecycle beside the bare work", governed.seconds / bare, "times"),
        Figure(f"chain of {empties[0].tasks} empty tasks: start to end", chain, "s"),
        Figure("lifecycle: overhead a task", governed.overhead_a_task, "s"),
        Figure("empty chain: overhead a task", empty, "s"),
        at_most("lifecycle: overhead a task beside the empty chain", governed.overhead_a_task / empty, "times", 1.5),
        Figure("lifecycle beyond the bare work beside the empty chain", (governed.seconds - bare) / chain, "times"),
        Figure("memory of the stack with two endpoints in service", memory, "MB"),
    ]


@contextmanager
def _stack() -> Iterator[RunningStack]:
    """A stack that reads the project's DAGs and an empty chain of as many tasks, and notes when tasks' code runs."""
    with tempfile.TemporaryDirectory() as folder, stack_folder() as environment:
        dags = Path(folder) / "dags"
        shutil.copytree(_PROJECT / "dags", dags, ignore=shutil.ignore_patterns("__pycache__"))
        local_settings(Path(environment["MODEL_GOVERNANCE_HOME"]))
        with started_stack({**environment, "MODEL_GOVERNANCE_DAGS": str(dags)}) as stack:
            with stack.airflow("admin") as airflow:
                tasks = _until(lambda: _task_count(airflow), "Airflow reads the lifecycle")
                (dags / "empty_chain.py").write_text(_CHAIN_FILE.format(dag_id=_CHAIN, tasks=tasks))
                say(f"the lifecycle has {tasks} tasks; waiting for Airflow to read a chain of as many")
                _until(lambda: airflow.get(f"/api/v2/dags/{_CHAIN}").is_success, "Airflow reads the chain")
            yield stack


def _task_count(airflow: httpx.Client) -> int:
    answer = airflow.get(f"/api/v2/dags/{_DAG}/tasks")
    return int(answer.json()["total_entries"]) if answer.is_success else 0


def _take_to_production(stack: RunningStack) -> None:
    say("a lifecycle with automatic approvals")
    command = [sys.executable, "-c", "from model_governance.cli import main; main()", "demo", "--approve", "auto"]
    done = subprocess.run(
        command, env=stack.environment_of("data-scientist"), text=True, capture_output=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"the lifecycle did not reach production: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def _run_chain(stack: RunningStack, airflow: httpx.Client, run_id: str) -> Timeline:
    say(f"the chain of empty tasks, {run_id}")
    path = f"/api/v2/dags/{_CHAIN}/dagRuns"
    airflow.post(path, json={"dag_run_id": run_id, "logical_date": None}).raise_for_status()
    _until(lambda: airflow.get(f"{path}/{run_id}").json()["state"] == "success", "the chain of empty tasks ends")
    return timeline(stack, airflow, _CHAIN, run_id)


def _newest_run(airflow: httpx.Client) -> str:
    runs = airflow.get(f"/api/v2/dags/{_DAG}/dagRuns", params={"order_by": "-start_date", "limit": 1}).json()
    return str(runs["dag_runs"][0]["dag_run_id"])


def _bare_seconds() -> float:
    """The same freezing, validating, training, predicting and measuring, by one script without any governance."""
    say("the bare work by one plain script")
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.benchmarks.bare_script", folder]
        subprocess.run(command, cwd=_PROJECT, check=True, capture_output=True)
    return time.perf_counter() - began


def _memory(stack: RunningStack) -> float:
    """Megabytes of all the stack's processes, what several share counted once."""
    parts = [
        process.memory_full_info() for process in processes_of(stack.home) if process.status() != psutil.STATUS_ZOMBIE
    ]
    return sum(getattr(part, "pss", part.uss) for part in parts) / 1e6


def _until(ask: Callable[[], int], what: str) -> int:
    """The answer, asked for until it is neither 0 nor False."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {_PATIENCE_SECONDS} seconds: {what}")
        time.sleep(0.5)
    return answer
