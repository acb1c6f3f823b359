"""``model-governance demo``: the example's whole lifecycle, followed in the terminal, from published data to an answer.

The people of the example act here only by the channels that everybody has: a mark over Airflow's API, this command
line, boto3; each signed in as himself.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from model_governance.cli.approvers import APPROVERS, Approver, gate_panel
from model_governance.cli.live_view import RunView
from model_governance.cli.stack_people import StackPerson
from model_governance.cli.terminal import console
from model_governance.domain.candidate import split_prefix
from model_governance.domain.decision import Gate
from model_governance.domain.ledger import EntryKind
from model_governance.domain.request import GateRequest
from model_governance.errors import GateClosed, RecordMissing, ServiceUnavailable
from model_governance.hooks.airflow_api import DAG_PREFIX, AirflowApi, TaskInstance
from model_governance.hooks.aws import calling
from model_governance.hooks.installation import Installation

_POLL_SECONDS = 1.0
_DAG_SECONDS = 180
_OUTAGE_SECONDS = 120


class Approve(StrEnum):
    """Who decides at the gates."""

    ASK = "ask"
    AUTO = "auto"


def demo(
    approve: Annotated[
        Approve, typer.Option(help="auto: the example's own approvers decide, each by another channel.")
    ] = Approve.ASK,
    use_case: Annotated[str, typer.Option(help="The use case to take through its lifecycle.")] = "loan-approval",
    minutes: Annotated[int, typer.Option(min=1, help="How long the whole may take with automatic approvals.")] = 30,
) -> None:
    """Take the example through its lifecycle and follow it; ends with the production endpoint's answer."""
    scientist = StackPerson("data-scientist")
    airflow = scientist.airflow()
    run_id = f"demo__{datetime.now(UTC):%Y-%m-%dT%H-%M-%S}"
    run = _Run(scientist.installation(), airflow, use_case, run_id)
    publish(run.installation, use_case)
    _wait_for_dag(airflow, run.dag_id)
    airflow.trigger(run.dag_id, run_id)
    console.print(f"run {run_id} of {run.dag_id}: {airflow.url}/dags/{run.dag_id}/runs/{run_id}", soft_wrap=True)
    deadline = time.monotonic() + minutes * 60 if approve is Approve.AUTO else None
    state = run.follow(approve, deadline)
    if state != "success":
        raise GateClosed(f"the run ended {state}: {run.why_it_failed()}")
    _ask_production(run)


def publish(installation: Installation, use_case: str) -> None:
    """Publishes the use case's data set to its source in the landing bucket, as a data engineer does.

    The folder's ``data.py`` writes it; a folder without one brings its data by other ways, and nothing is published.

    Raises:
        RecordMissing: ``data.py`` did not write the data.
        AccessRefused, ServiceUnavailable: As the store answers.
    """
    script = installation.configuration.folder(use_case) / "data.py"
    source = installation.use_case(use_case).data.source
    if not script.is_file() or not source.startswith("s3://"):
        return
    made = subprocess.run([sys.executable, str(script)], capture_output=True, check=False, timeout=120)
    if made.returncode != 0 or not made.stdout:
        said = made.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise RecordMissing(f"{script} wrote no data: {' '.join(said) or f'exit status {made.returncode}'}")
    bucket, _, key = source.removeprefix("s3://").partition("/")
    with calling("s3", f"PutObject {source}"):
        installation.clients.client("s3").put_object(Bucket=bucket, Key=key, Body=made.stdout)
    console.print(f"published {len(made.stdout):,} bytes to {source}", highlight=False)


@dataclass
class _Run:
    """The run that is followed, and which of its gates were announced and decided."""

    installation: Installation
    airflow: AirflowApi
    use_case: str
    run_id: str
    announced: set[Gate] = field(default_factory=set)
    decided: set[Gate] = field(default_factory=set)
    tasks: tuple[TaskInstance, ...] = ()

    @property
    def dag_id(self) -> str:
        return f"{DAG_PREFIX}{self.use_case}"

    def follow(self, approve: Approve, deadline: float | None) -> str:
        """Shows the run until it ends, deciding at its gates where asked to; returns its last state."""
        view = RunView(console, f"{self.dag_id} · {self.run_id}")
        view.start()
        last_answer = time.monotonic()
        try:
            while True:
                if deadline and time.monotonic() > deadline:
                    raise GateClosed("the run did not end in the time given (--minutes); it goes on in Airflow")
                try:
                    state = self.airflow.run_state(self.dag_id, self.run_id)
                    self.tasks = self.airflow.task_instances(self.dag_id, self.run_id)
                    view.show(self.tasks)
                    self._attend_gates(approve)
                    last_answer = time.monotonic()
                except ServiceUnavailable:
                    if time.monotonic() - last_answer > _OUTAGE_SECONDS:
                        raise
                    state = "running"
                if state in ("success", "failed"):
                    return state
                time.sleep(_POLL_SECONDS)
        finally:
            view.stop()

    def why_it_failed(self) -> str:
        """The failed tasks, and what the ledger says of the failure."""
        failed = ", ".join(task.task_id for task in self.tasks if task.state == "failed")
        entries = self.installation.ledger(self.use_case).entries()
        reasons = [
            str(entry.body.get("reason", ""))
            for entry in entries
            if entry.kind is EntryKind.FAILURE and entry.body.get("run_id") == self.run_id
        ]
        return f"{failed or 'no task failed'}: {reasons[-1] if reasons else 'see the task log in Airflow'}"

    def _attend_gates(self, approve: Approve) -> None:
        for gate, approver in APPROVERS.items():
            waiting = next((task for task in self.tasks if task.task_id == approver.task_id), None)
            if waiting is None or waiting.state != "deferred" or gate in self.decided:
                continue
            request = self._request(gate)
            if request is None:
                continue
            if gate not in self.announced:
                self.announced.add(gate)
                page = self.airflow.task_page(self.dag_id, self.run_id, approver.task_id)
                console.print(gate_panel(request, self.installation, page, approver))
            if approve is Approve.AUTO:
                self.decided.add(gate)
                self._decide(gate, approver, request)

    def _decide(self, gate: Gate, approver: Approver, request: GateRequest) -> None:
        person = StackPerson(approver.person)
        said = approver.approve(person, self.dag_id, self.run_id, request)
        console.print(f"{gate}: approved by {person.name} by {approver.channel}. {said}", highlight=False)

    def _request(self, gate: Gate) -> GateRequest | None:
        """The newest request of this gate that this run asks, or that its use case waits for."""
        for entry in reversed(self.installation.ledger(self.use_case).entries()):
            if entry.kind is EntryKind.REQUEST and entry.body["gate"] == gate:
                request = GateRequest.model_validate(entry.body)
                if gate is Gate.USE_CASE or request.run_id == self.run_id:
                    return request
        return None


def _wait_for_dag(airflow: AirflowApi, dag_id: str) -> None:
    until = time.monotonic() + _DAG_SECONDS
    while not airflow.dag_is_known(dag_id):
        if time.monotonic() > until:
            faults = "; ".join(airflow.import_errors().values()) or "no import error is shown"
            raise RecordMissing(f"Airflow has not read {dag_id} within {_DAG_SECONDS} seconds: {faults}")
        time.sleep(_POLL_SECONDS)


def _ask_production(run: _Run) -> None:
    """Sends a held-out application to the production endpoint and shows what it answers."""
    candidate = next(
        entry.body
        for entry in run.installation.ledger(run.use_case).entries()
        if entry.kind is EntryKind.CANDIDATE and entry.body["run_id"] == run.run_id
    )
    declared = run.installation.use_case(run.use_case)
    held_out = run.installation.artifacts.get(f"{split_prefix(declared, candidate['data_sha256'])}holdout.csv")
    application = held_out.decode().splitlines()[0]
    answer = run.installation.endpoints.invoke(run.use_case, application + "\n").strip()
    console.print(
        f"production endpoint {run.use_case} (version {candidate['version']}) answers an application it never saw:\n"
        f"  application  {application}\n  probability of the positive outcome  {answer}",
        highlight=False,
        soft_wrap=True,
    )
