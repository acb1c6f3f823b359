"""How soon an approved version is on its way to test: from governance's decision to the start of the deploying task."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import yaml
from tests.benchmarks.measure import Figure, at_most, percentile, say
from tests.running_stack import RunningStack, running_stack_with

_EXAMPLE = Path(__file__).resolve().parents[2] / "include" / "use_cases" / "loan-approval"
_VERSIONS = int(os.environ.get("BENCH_VERSIONS", "6"))
_PAUSE_SECONDS = 20
_PATIENCE_SECONDS = 900
_GOAL_SECONDS = 10.0
_COMMENT = "The differences by race and sex in the labels are known and reported; the use is decision support."


def run() -> list[Figure]:
    """Versions wait for governance and are approved by boto3, one after the other; nobody starts anything.

    BENCH_VERSIONS says how many; each trains its model first.
    """
    with tempfile.TemporaryDirectory() as folder:
        names = _copies(Path(folder))
        with running_stack_with(MODEL_GOVERNANCE_USE_CASES=folder) as stack, stack.airflow("admin") as airflow:
            _publish(stack)
            for name in names:
                _start(airflow, name)
            for name in names:
                _until_deferred(airflow, name, "use_case_approval.wait")
                stack.client("business-approver", "sagemaker").update_model_card(
                    ModelCardName=name, ModelCardStatus="Approved"
                )
            for name in names:
                _until_deferred(airflow, name, "governance_approval.wait")
            say(f"{len(names)} versions wait for governance; a decision every {_PAUSE_SECONDS} s")
            seconds = []
            for name in names:
                decided = _approve(stack, name)
                seconds.append((_started(airflow, name, "test_deployment.deploy") - decided).total_seconds())
                time.sleep(_PAUSE_SECONDS)
    told = f"governance's decision to the start of the deploying task, %s of {len(seconds)}"
    return [
        Figure(told % "p50", percentile(seconds, 0.5), "s"),
        at_most(told % "longest", max(seconds), "s", _GOAL_SECONDS),
    ]


def _copies(folder: Path) -> list[str]:
    """The example under several names, none with a schedule of its own."""
    names = [f"promoted-{number}" for number in range(1, _VERSIONS + 1)]
    for name in names:
        shutil.copytree(_EXAMPLE, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        file = folder / name / "use_case.yaml"
        declared = yaml.safe_load(file.read_text())
        file.write_text(yaml.safe_dump({**declared, "name": name, "schedule": None, "retrain_on": []}))
    return names


def _publish(stack: RunningStack) -> None:
    data = subprocess.run([sys.executable, str(_EXAMPLE / "data.py")], capture_output=True, check=True).stdout
    stack.client("data-scientist", "s3").put_object(Bucket="landing", Key="loan-approval/loanapp.csv", Body=data)


def _start(airflow: httpx.Client, name: str) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    path, body = f"/api/v2/dags/model_lifecycle.{name}/dagRuns", {"dag_run_id": "bench", "logical_date": None}
    while _asked(airflow, "POST", path, body).status_code not in (200, 409):
        if time.monotonic() > until:
            raise RuntimeError(f"{name} cannot be started")
        time.sleep(1)


def _asked(airflow: httpx.Client, method: str, path: str, body: dict[str, str | None] | None = None) -> httpx.Response:
    """What Airflow answers; 503 where it answers too late: how busy its API is, is not what is measured."""
    try:
        return airflow.request(method, path, json=body)
    except httpx.TimeoutException:
        return httpx.Response(503)


def _task(airflow: httpx.Client, name: str, task_id: str) -> dict[str, str]:
    answer = _asked(airflow, "GET", f"/api/v2/dags/model_lifecycle.{name}/dagRuns/bench/taskInstances/{task_id}")
    return dict(answer.json()) if answer.is_success else {"state": "", "start_date": ""}


def _until_deferred(airflow: httpx.Client, name: str, task_id: str) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while (state := _task(airflow, name, task_id)["state"]) != "deferred":
        if time.monotonic() > until or state in ("failed", "upstream_failed"):
            raise RuntimeError(f"{task_id} of {name} is {state or 'not there'}")
        time.sleep(1)


def _approve(stack: RunningStack, name: str) -> datetime:
    client = stack.client("governance-officer", "sagemaker")
    [version] = client.list_model_packages(ModelPackageGroupName=name)["ModelPackageSummaryList"]
    client.update_model_package(
        ModelPackageArn=version["ModelPackageArn"], ModelApprovalStatus="Approved", ApprovalDescription=_COMMENT
    )
    return datetime.now(UTC)


def _started(airflow: httpx.Client, name: str, task_id: str) -> datetime:
    until = time.monotonic() + 120
    while not (started := _task(airflow, name, task_id)["start_date"]):
        if time.monotonic() > until:
            raise RuntimeError(f"{task_id} of {name} has not started two minutes after the decision")
        time.sleep(0.2)
    return datetime.fromisoformat(started)
