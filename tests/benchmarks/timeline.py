"""When a DAG run was at work and when it was not: its tasks' own code, jobs and people, against its whole span."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from tests.benchmarks.stopwatch import FILE
from tests.running_stack import RunningStack

from stack.environment import person_environment

Interval = tuple[float, float]
"""Begin and end, seconds since the epoch."""


@dataclass(frozen=True)
class Timeline:
    """One DAG run.

    Attributes:
        tasks: How many tasks it has.
        span: From the run's start to its end.
        code: When the tasks' own code ran in a worker.
        jobs: When jobs and endpoints were under way.
        people: When people were asked and had not decided.
    """

    tasks: int
    span: Interval
    code: tuple[Interval, ...]
    jobs: tuple[Interval, ...] = ()
    people: tuple[Interval, ...] = ()

    @property
    def seconds(self) -> float:
        """The run's wall time."""
        return self.span[1] - self.span[0]

    @property
    def overhead(self) -> float:
        """Seconds in which nothing of the run was at work: scheduling, processes, DAG files, handing over."""
        return self.seconds - covered([*self.code, *self.jobs, *self.people], self.span)

    @property
    def overhead_a_task(self) -> float:
        """Seconds of overhead for each task."""
        return self.overhead / self.tasks


def covered(intervals: Iterable[Interval], span: Interval) -> float:
    """Seconds of the span that at least one of the intervals covers."""
    total, reached = 0.0, span[0]
    for began, ended in sorted(intervals):
        begin, end = max(began, reached), min(ended, span[1])
        if end > begin:
            total += end - begin
            reached = end
    return total


def timeline(stack: RunningStack, airflow: httpx.Client, dag_id: str, run_id: str, use_case: str = "") -> Timeline:
    """The timeline of a run that has ended; with its jobs and decisions where it is a use case's."""
    path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}"
    run = airflow.get(path).raise_for_status().json()
    tasks = airflow.get(f"{path}/taskInstances", params={"limit": 200}).raise_for_status().json()["task_instances"]
    span = (_seconds(run["start_date"]), _seconds(run["end_date"]))
    code = _code(stack, dag_id, span)
    if not use_case:
        return Timeline(len(tasks), span, code)
    return Timeline(len(tasks), span, code, _jobs(stack, use_case), _people(stack, use_case, tasks))


def _code(stack: RunningStack, dag_id: str, span: Interval) -> tuple[Interval, ...]:
    lines = [json.loads(line) for line in (stack.home / "airflow" / FILE).read_text().splitlines()]
    mine = [(line["began"], line["ended"]) for line in lines if line["dag_id"] == dag_id]
    return tuple(each for each in mine if span[0] <= each[0] <= span[1])


def _jobs(stack: RunningStack, use_case: str) -> tuple[Interval, ...]:
    """From each job's and endpoint's creation to its end, by the server's own record."""
    client = stack.client("data-scientist", "sagemaker")
    trained = client.list_training_jobs(NameContains=use_case)["TrainingJobSummaries"]
    transformed = client.list_transform_jobs(NameContains=use_case)["TransformJobSummaries"]
    settings = person_environment("data-scientist", stack.settings)
    roles = [settings[f"MODEL_GOVERNANCE_{environment}_ROLE_ARN"] for environment in ("TEST", "PRODUCTION")]
    there = [stack.client_as("data-scientist", role, "sagemaker") for role in roles]
    served = [each for account in there for each in account.list_endpoints(NameContains=use_case)["Endpoints"]]
    return (
        *((job["CreationTime"].timestamp(), job["TrainingEndTime"].timestamp()) for job in trained),
        *((job["CreationTime"].timestamp(), job["TransformEndTime"].timestamp()) for job in transformed),
        *((each["CreationTime"].timestamp(), each["LastModifiedTime"].timestamp()) for each in served),
    )


def _people(stack: RunningStack, use_case: str, tasks: list[dict[str, Any]]) -> tuple[Interval, ...]:
    """From the moment a gate waits to the moment its decision was entered."""
    waiting = {
        task["task_id"].removesuffix("_approval.wait"): _seconds(task["start_date"])
        for task in tasks
        if task["task_id"].endswith("_approval.wait")
    }
    store, bucket = stack.client("data-scientist", "s3"), stack.settings.bucket
    listed = store.list_objects_v2(Bucket=bucket, Prefix=f"ledger/{use_case}/")["Contents"]
    entries = [json.loads(store.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()) for each in listed]
    return tuple(
        (waiting[entry["body"]["gate"]], _seconds(entry["time"])) for entry in entries if entry["kind"] == "decision"
    )


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


def local_settings(stack_home: Path) -> Path:
    """Has the stack of that folder, not yet started, note the times of its tasks' code."""
    folder = stack_home / "airflow" / "config"
    folder.mkdir(parents=True)
    (folder / "airflow_local_settings.py").write_text(Path(__file__).with_name("stopwatch.py").read_text())
    return folder
