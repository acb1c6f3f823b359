"""How soon a waiting gate ends after a decision: from the registry's answer to the end of the waiting task."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
from tests.benchmarks.measure import Figure, at_most, percentile, say
from tests.running_stack import RunningStack, running_stack_with

_PROJECT = Path(__file__).resolve().parents[2]
_GATES = 20
_PAUSE_SECONDS = 1.5
_PATIENCE_SECONDS = 300


def run() -> list[Figure]:
    """Twenty use cases wait at their first gate; half are approved, half rejected, by boto3, one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        names = _copies(Path(folder))
        with running_stack_with(MODEL_GOVERNANCE_USE_CASES=folder) as stack, stack.airflow("admin") as airflow:
            _start(airflow, names)
            _wait_until_all_wait(airflow, names)
            say(f"{len(names)} gates wait; a decision every {_PAUSE_SECONDS:g} s")
            decided = _decide(stack, names)
            ends = {name: _end_of_wait(airflow, name) for name in names}
            recorded = {name: _recorded(stack, name) for name in names}
    seconds = [(ends[name] - decided[name]).total_seconds() for name in names]
    to_ledger = [(recorded[name] - decided[name]).total_seconds() for name in names]
    return [
        Figure(f"decision to its entry in the ledger, p50 of {len(seconds)}", percentile(to_ledger, 0.5), "s"),
        Figure(f"decision to the end of the waiting task, p50 of {len(seconds)}", percentile(seconds, 0.5), "s"),
        at_most(f"decision to the end of the waiting task, p95 of {len(seconds)}", percentile(seconds, 0.95), "s", 2.0),
        Figure("decision to the end of the waiting task, longest", max(seconds), "s"),
    ]


def _copies(folder: Path) -> list[str]:
    """The example under many names, none with data to go on with."""
    example = _PROJECT / "include" / "use_cases" / "loan-approval"
    names = [f"bench-{number:02d}" for number in range(_GATES)]
    for name in names:
        shutil.copytree(example, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        declaration = folder / name / "use_case.yaml"
        declaration.write_text(declaration.read_text().replace("loan-approval", name))
    return names


def _start(airflow: httpx.Client, names: list[str]) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    for name in names:
        body = {"dag_run_id": "bench", "logical_date": None}
        while (answer := airflow.post(f"/api/v2/dags/model_lifecycle.{name}/dagRuns", json=body)).is_error:
            if time.monotonic() > until:
                raise RuntimeError(f"{name} cannot be started: {answer.text}")
            time.sleep(1)


def _wait_until_all_wait(airflow: httpx.Client, names: list[str]) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    waiting: set[str] = set()
    while waiting != set(names):
        for name in set(names) - waiting:
            if _waiting_task(airflow, name)["state"] == "deferred":
                waiting.add(name)
        if time.monotonic() > until:
            raise RuntimeError(f"only {len(waiting)} of {len(names)} gates wait after {_PATIENCE_SECONDS} seconds")
        time.sleep(0.5)
    time.sleep(3)


def _decide(stack: RunningStack, names: list[str]) -> dict[str, datetime]:
    approver = stack.client("business-approver", "sagemaker")
    decided = {}
    for place, name in enumerate(names):
        approver.update_model_card(ModelCardName=name, ModelCardStatus="Approved" if place % 2 else "Draft")
        decided[name] = datetime.now(UTC)
        time.sleep(_PAUSE_SECONDS)
    return decided


def _end_of_wait(airflow: httpx.Client, name: str) -> datetime:
    until = time.monotonic() + 60
    while not (ended := _waiting_task(airflow, name)["end_date"]):
        if time.monotonic() > until:
            raise RuntimeError(f"the gate of {name} still waits a minute after its decision")
        time.sleep(0.5)
    return datetime.fromisoformat(ended)


def _recorded(stack: RunningStack, name: str) -> datetime:
    """When the decision was entered in the ledger."""
    store, bucket = stack.client("data-scientist", "s3"), stack.settings.bucket
    listed = store.list_objects_v2(Bucket=bucket, Prefix=f"ledger/{name}/")["Contents"]
    entries = [json.loads(store.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()) for each in listed]
    return next(datetime.fromisoformat(entry["time"]) for entry in entries if entry["kind"] == "decision")


def _waiting_task(airflow: httpx.Client, name: str) -> dict[str, str]:
    path = f"/api/v2/dags/model_lifecycle.{name}/dagRuns/bench/taskInstances/use_case_approval.wait"
    answer = airflow.get(path)
    return dict(answer.json()) if answer.is_success else {"state": "", "end_date": ""}
