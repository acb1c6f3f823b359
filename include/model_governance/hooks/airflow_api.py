"""Airflow's public REST API, as one signed-in person: start a run, follow it, mark a waiting task."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from model_governance.errors import AccessRefused, RecordMissing, RequestRefused, ServiceUnavailable

DAG_PREFIX = "model_lifecycle."
MONITORING_PREFIX = "model_monitoring."


class TaskInstance(BaseModel):
    """A task of a run, as far as a follower needs it; ``state`` is None before it is scheduled."""

    model_config = ConfigDict(frozen=True)

    task_id: str
    state: str | None = None
    try_number: int = 0
    start_date: str | None = None
    end_date: str | None = None
    duration: float | None = None
    note: str | None = None


class DagRun(BaseModel):
    """A run, as far as a follower needs it."""

    model_config = ConfigDict(frozen=True)

    run_id: str = Field(validation_alias="dag_run_id")
    queued_at: AwareDatetime


class AirflowApi:
    """Airflow's API under one person's name.

    Args:
        url: Airflow's address, such as ``http://127.0.0.1:8080``.
        username: Who signs in.
        password: Their password; it is sent once, for a token.
        timeout: Seconds to wait for an answer.
    """

    def __init__(self, url: str, username: str, password: str, timeout: float = 30.0) -> None:
        self.url = url.rstrip("/")
        self.username = username
        self._password = password
        self._client = httpx.Client(base_url=self.url, timeout=timeout, trust_env=False)
        self._token: str | None = None

    def trigger(self, dag_id: str, run_id: str, conf: dict[str, Any] | None = None) -> None:
        """Start a run; a run of that name that is there already is left as it is.

        Raises:
            RecordMissing: There is no such DAG.
            RequestRefused: Airflow does not accept the run.
        """
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf or {}}
        self._call("POST", f"/api/v2/dags/{quote(dag_id)}/dagRuns", body, accepted=(200, 409))

    def dag_is_known(self, dag_id: str) -> bool:
        """Whether Airflow has read the DAG."""
        try:
            self._call("GET", f"/api/v2/dags/{quote(dag_id)}")
        except RecordMissing:
            return False
        return True

    def import_errors(self) -> dict[str, str]:
        """What Airflow could not read: file name to error."""
        answer = self._call("GET", "/api/v2/importErrors")
        return {each["filename"]: each["stack_trace"] for each in answer["import_errors"]}

    def runs_under_way(self, dag_id: str) -> tuple[DagRun, ...]:
        """Runs of a DAG that are queued or running, a waiting gate included; newest first."""
        path = f"/api/v2/dags/{quote(dag_id)}/dagRuns?state=running&state=queued&limit=100"
        answer = self._call("GET", path)
        runs = [DagRun.model_validate(each) for each in answer["dag_runs"]]
        return tuple(sorted(runs, key=lambda run: run.queued_at, reverse=True))

    def run_state(self, dag_id: str, run_id: str) -> str:
        """State of a run: queued, running, success or failed."""
        return str(self._call("GET", f"{self._run(dag_id, run_id)}")["state"])

    def task_instances(self, dag_id: str, run_id: str) -> tuple[TaskInstance, ...]:
        """Every task of a run."""
        answer = self._call("GET", f"{self._run(dag_id, run_id)}/taskInstances?limit=100")
        return tuple(TaskInstance.model_validate(each) for each in answer["task_instances"])

    def mark(self, dag_id: str, run_id: str, task_id: str, state: str, note: str) -> None:
        """Mark a task instance, as the button in the UI does.

        Args:
            dag_id: The DAG.
            run_id: The run.
            task_id: The task, its group included.
            state: success or failed.
            note: The comment.

        Raises:
            AccessRefused: The person may not; the reason is in the message.
        """
        path = f"{self._run(dag_id, run_id)}/taskInstances/{quote(task_id)}"
        self._call("PATCH", path, {"new_state": state, "note": note})

    def clear(self, dag_id: str, run_id: str, task_ids: tuple[str, ...]) -> None:
        """Have tasks of a run done again, and what comes after them, as the button in the UI does.

        Raises:
            AccessRefused: The person may not.
            RecordMissing, RequestRefused: There is no such run, or it cannot be cleared.
        """
        body = {
            "dry_run": False,
            "dag_run_id": run_id,
            "task_ids": list(task_ids),
            "include_downstream": True,
            "only_failed": False,
            "reset_dag_runs": True,
        }
        self._call("POST", f"/api/v2/dags/{quote(dag_id)}/clearTaskInstances", body)

    def run_page(self, dag_id: str, run_id: str) -> str:
        """Where the run is shown in the UI."""
        return f"{self.url}/dags/{quote(dag_id)}/runs/{quote(run_id)}"

    def task_page(self, dag_id: str, run_id: str, task_id: str) -> str:
        """Where the task is shown, and can be marked, in the UI."""
        return f"{self.run_page(dag_id, run_id)}/tasks/{quote(task_id)}"

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    @staticmethod
    def _run(dag_id: str, run_id: str) -> str:
        return f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}"

    def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None, accepted: tuple[int, ...] = (200,)
    ) -> dict[str, Any]:
        response = self._send(method, path, body)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            self._token = None
            response = self._send(method, path, body)
        if response.status_code in accepted:
            return dict(response.json())
        said = _reason(response)
        if response.status_code in (401, 403):
            raise AccessRefused(f"Airflow refused {self.username}: {said}")
        if response.status_code == httpx.codes.NOT_FOUND:
            raise RecordMissing(f"Airflow: {said}")
        if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise ServiceUnavailable(f"Airflow answered {response.status_code}: {said}")
        raise RequestRefused(f"Airflow refused {method} {path}: {said}")

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> httpx.Response:
        try:
            if self._token is None:
                self._token = self._sign_in()
            headers = {"Authorization": f"Bearer {self._token}"}
            return self._client.request(method, path, json=body, headers=headers)
        except httpx.HTTPError as fault:
            raise ServiceUnavailable(f"Airflow at {self.url} does not answer ({type(fault).__name__})") from None

    def _sign_in(self) -> str:
        answer = self._client.post("/auth/token", json={"username": self.username, "password": self._password})
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise ServiceUnavailable(f"Airflow at {self.url} answered {answer.status_code} to a sign-in")
        if answer.status_code != httpx.codes.CREATED:
            raise AccessRefused(f"Airflow does not let {self.username} sign in: {_reason(answer)}")
        return str(answer.json()["access_token"])


def _reason(response: httpx.Response) -> str:
    try:
        detail = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return f"status {response.status_code}"
    return detail if isinstance(detail, str) else str(detail)
