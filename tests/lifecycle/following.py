"""A lifecycle on a running stack: started, followed, marked and read back, as people and programs do it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.running_stack import RunningStack

from model_governance.domain.canonical import sha256_hex
from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import Entry, EntryKind
from model_governance.hooks.installation import Installation
from model_governance.hooks.settings import Settings

PATIENCE_SECONDS = 420
ENDED = ("success", "failed", "upstream_failed", "skipped")
ANSWER = "The differences by race and sex in the labels are known and reported; the use is decision support."


@dataclass(frozen=True)
class PersonsClients:
    """Clients of a running stack, signed in as one person."""

    stack: RunningStack
    person: str
    role_arn: str = ""

    def client(self, service: str) -> Any:
        return self.stack.client_as(self.person, self.role_arn, service)

    def within(self, environment: Environment, role_arn: str) -> PersonsClients:
        return PersonsClients(self.stack, self.person, role_arn)


@dataclass(frozen=True)
class Lifecycle:
    """One run of one use case's lifecycle.

    Attributes:
        stack: Where it runs.
        use_case: The use case's name.
        run_id: The DAG run.
    """

    stack: RunningStack
    use_case: str
    run_id: str = "test-run"

    @property
    def dag_id(self) -> str:
        return f"model_lifecycle.{self.use_case}"

    @property
    def path(self) -> str:
        return f"/api/v2/dags/{self.dag_id}/dagRuns/{self.run_id}"

    def call(self, user: str, method: str, path: str, body: Any = None) -> Any:
        with self.stack.airflow(user) as client:
            return client.request(method, path, json=body)

    def start(self, user: str = "data-scientist", **parameters: Any) -> Lifecycle:
        body = {"dag_run_id": self.run_id, "logical_date": None, "conf": parameters}
        path = f"/api/v2/dags/{self.dag_id}/dagRuns"
        self._until("Airflow knows the DAG", lambda: self.call("admin", "GET", path).status_code == 200)
        answer = self.call(user, "POST", path, body)
        assert answer.status_code == 200, answer.text
        return self

    def states(self) -> dict[str, str | None]:
        answer = self.call("admin", "GET", f"{self.path}/taskInstances?limit=100").json()
        return {each["task_id"]: each["state"] for each in answer["task_instances"]}

    def run_state(self) -> str:
        return str(self.call("admin", "GET", self.path).json()["state"])

    def wait_for(self, task_id: str, *states: str) -> str:
        """Waits until the task is in one of the states; a run that ends otherwise fails the test at once."""

        def reached() -> str | None:
            state = self.states().get(task_id)
            if state in states:
                return state
            assert self.run_state() not in ("success", "failed"), f"{self.use_case}: {self.states()}"
            return None

        return str(self._until(f"{task_id} is {' or '.join(states)}", reached))

    def wait_until_ended(self) -> str:
        def ended() -> str | None:
            state = self.run_state()
            return state if state in ("success", "failed") else None

        return str(self._until("the run has ended", ended))

    def mark(self, user: str, task_id: str, state: str, note: str = "", **relatives: bool) -> Any:
        body = {"new_state": state, "note": note, **relatives}
        return self.call(user, "PATCH", f"{self.path}/taskInstances/{task_id}", body)

    def clear(self, *task_ids: str) -> None:
        body = {"dry_run": False, "dag_run_id": self.run_id, "only_failed": False, "reset_dag_runs": True}
        if task_ids:
            body |= {"task_ids": list(task_ids), "include_downstream": True}
        answer = self.call("admin", "POST", f"/api/v2/dags/{self.dag_id}/clearTaskInstances", body)
        assert answer.status_code == 200, answer.text

    def log(self, task_id: str, attempt: int = 1) -> str:
        """The task's log as Airflow's pages show it, errors and all."""
        answer = self.call("admin", "GET", f"{self.path}/taskInstances/{task_id}/logs/{attempt}")
        return json.dumps(answer.json(), ensure_ascii=False)

    def attempts(self, task_id: str) -> int:
        return int(self.call("admin", "GET", f"{self.path}/taskInstances/{task_id}").json()["try_number"])

    def command(self, person: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """``model-governance`` under a person's own principal."""
        program = Path(sys.executable).with_name("model-governance")
        environment = self.stack.environment_of(person)
        return subprocess.run(
            [str(program), *arguments], env=environment, capture_output=True, text=True, check=False, timeout=120
        )

    # What is on record.

    def installation(self, person: str = "data-scientist") -> Installation:
        """Under a person's principal, with caches of its own."""
        settings = Settings.from_environment(self.stack.environment_of(person))
        return Installation.load(PersonsClients(self.stack, person), settings)

    def entries(self, kind: EntryKind) -> list[Entry]:
        """This run's entries of a kind, from a ledger verified from its first entry."""
        entries = self.installation().ledger(self.use_case).verify()
        return [entry for entry in entries if entry.kind is kind]

    def decisions(self) -> list[tuple[str, str, str, str]]:
        """Gate, verdict, actor and channel of each decision, in order."""
        return [
            (body["gate"], body["verdict"], body["actor"], body["channel"])
            for body in (entry.body for entry in self.entries(EntryKind.DECISION))
        ]

    def package(self) -> Any:
        [package] = self.installation().registry.versions(self.use_case)
        return self.installation().registry.describe(package.arn)

    def leavings(self) -> dict[str, Any]:
        """Everything that the use case has made, down to the bytes: what a task that runs again must not change."""
        client = self.stack.client("admin", "sagemaker")
        known = self.installation("admin")
        names = {
            "jobs": [job["TrainingJobName"] for job in client.list_training_jobs()["TrainingJobSummaries"]],
            "transforms": [job["TransformJobName"] for job in client.list_transform_jobs()["TransformJobSummaries"]],
            "models": [model["ModelName"] for model in client.list_models()["Models"]],
        }
        for environment in Environment:
            there = known.endpoints_in(environment).client
            configs, endpoints = there.list_endpoint_configs()["EndpointConfigs"], there.list_endpoints()["Endpoints"]
            names[f"{environment} models"] = [model["ModelName"] for model in there.list_models()["Models"]]
            names[f"{environment} configs"] = [config["EndpointConfigName"] for config in configs]
            names[f"{environment} endpoints"] = [endpoint["EndpointName"] for endpoint in endpoints]
        own = {kind: sorted(name for name in found if name.startswith(self.use_case)) for kind, found in names.items()}
        keys = [*known.artifacts.list(f"use-cases/{self.use_case}/"), *known.artifacts.list(f"ledger/{self.use_case}/")]
        return {
            **own,
            "versions": [package.arn for package in known.registry.versions(self.use_case)],
            "objects": {key: sha256_hex(known.artifacts.get(key)) for key in keys},
        }

    def wait_until_captured(self, inference_id: str) -> None:
        """Waits until the request that its caller named so lies in the store as captured traffic."""
        artifacts, held = self.installation("admin").artifacts, f'"{inference_id}"'.encode()
        prefix = f"use-cases/{self.use_case}/capture/"
        self._until(
            f"{inference_id} is captured", lambda: any(held in artifacts.get(key) for key in artifacts.list(prefix))
        )

    def _until(self, what: str, reached: Any) -> Any:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            found = reached()
            if found:
                return found
            assert time.monotonic() < deadline, f"{self.use_case}: not within {PATIENCE_SECONDS} s: {what}"
            time.sleep(0.5)
