"""Any number of gates that truly wait: use cases with a card, a ledger and a request, and a run that waits for each.

Apart from ``waiting``, which measures them. Each is made by the process's own functions, as a lifecycle's first task
makes it; only the rest of the lifecycle is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from tests.running_stack import RunningStack

from model_governance.decisions.request import request_approval
from model_governance.domain.decision import Gate
from model_governance.domain.deployment import Environment
from model_governance.hooks.installation import Installation
from model_governance.hooks.settings import Settings
from model_governance.operators.run import Run
from model_governance.stages.use_case_approval import declare_use_case

DAG = "waiting"
TASK = "wait"
DAG_FILE = f"""
from airflow.sdk import DAG

from model_governance.sensors.approval import ApprovalSensor

with DAG(dag_id="{DAG}", schedule=None, max_active_runs=100_000, max_active_tasks=100_000):
    ApprovalSensor(task_id="{TASK}", use_case="{{{{ run_id }}}}", gate="use_case")
"""
"""A run is named after the use case that it waits for."""

_EXAMPLE = Path(__file__).resolve().parents[2] / "include" / "use_cases" / "loan-approval"
_AT_ONCE = 4
_APPROVED = "approved by "


@dataclass(frozen=True)
class PersonsClients:
    """Clients of a running stack, signed in as one principal."""

    stack: RunningStack
    person: str

    def client(self, service: str) -> Any:
        """A boto3 client of the service."""
        return self.stack.client(self.person, service)

    def within(self, environment: Environment, role_arn: str) -> PersonsClients:
        """These: nothing is deployed here."""
        return self


def names(count: int) -> list[str]:
    """That many names of use cases."""
    return [f"waiter-{number:05d}" for number in range(count)]


def write_use_cases(folder: Path, count: int) -> None:
    """The example's declaration under that many names; the programs beside it are needed, but never run."""
    declaration = (_EXAMPLE / "use_case.yaml").read_text()
    for name in names(count):
        (folder / name).mkdir(parents=True)
        (folder / name / "use_case.yaml").write_text(declaration.replace("loan-approval", name))
        for program in ("train.py", "inference.py"):
            (folder / name / program).touch()


def request(stack: RunningStack, wanted: Sequence[str]) -> None:
    """Declares each use case and requests its approval, as ``pipeline``."""
    settings = Settings.from_environment(stack.environment_of("pipeline"))

    def ask(part: Sequence[str]) -> None:
        installation = Installation.load(PersonsClients(stack, "pipeline"), settings)
        for name in part:
            run = Run(installation, installation.use_case(name), run_id=name, started_by="", parameters={})
            declare_use_case(run)
            request_approval(installation, Gate.USE_CASE, name, run_id=name)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(ask, [wanted[place::_AT_ONCE] for place in range(_AT_ONCE)]))


def start(airflow: httpx.Client, wanted: Sequence[str]) -> None:
    """Starts a run that waits for each."""
    path = f"/api/v2/dags/{DAG}/dagRuns"
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        bodies = [{"dag_run_id": name, "logical_date": None} for name in wanted]
        for answer in pool.map(lambda body: airflow.post(path, json=body), bodies):
            answer.raise_for_status()


def count_in_state(airflow: httpx.Client, *states: str) -> int:
    """How many of the waiting tasks are in one of the states."""
    path = f"/api/v2/dags/{DAG}/dagRuns/~/taskInstances"
    answer = airflow.get(path, params={"state": list(states), "limit": 1})
    return int(answer.raise_for_status().json()["total_entries"])


def ends(airflow: httpx.Client, wanted: Sequence[str]) -> dict[str, tuple[str, str]]:
    """State and end of the waiting task of each run that has ended."""
    ended = {}
    for name in wanted:
        task = airflow.get(f"/api/v2/dags/{DAG}/dagRuns/{name}/taskInstances/{TASK}").raise_for_status().json()
        if task["end_date"]:
            ended[name] = (task["state"], task["end_date"])
    return ended


def found(stack: RunningStack) -> dict[str, str]:
    """When the trigger of each run that was approved had found that out, by its own line in a log.

    Under load Airflow writes the last lines of some triggers not into the task's log but into the triggerer's.
    """
    times: dict[str, str] = {}
    logs = stack.home / "logs"
    for file in logs.glob(f"tasks/dag_id={DAG}/**/*.trigger.*.log"):
        for line in map(json.loads, file.read_text().splitlines()):
            if line["event"].startswith(_APPROVED):
                times[line["run_id"]] = line["timestamp"]
    for text in (logs / "airflow-triggerer.log").read_text().splitlines():
        if f"] {_APPROVED}" in text and (run := re.search(r" run_id=(\S+)", text)):
            times[run[1]] = text.partition(" ")[0]
    return times
