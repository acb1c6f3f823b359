"""The run that the demonstration follows: its gates are announced, and decided where that was asked for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import dropwhile

from model_governance.cli.approvers import APPROVERS, Approver
from model_governance.cli.gate_notice import tell
from model_governance.cli.live_view import RunView
from model_governance.cli.stack_people import StackPerson
from model_governance.cli.terminal import console, say
from model_governance.decisions.record import since_clean_up
from model_governance.decisions.subject import Standing, read_subject
from model_governance.domain.decision import DecisionVerdict, Gate
from model_governance.domain.ledger import Entry, EntryKind
from model_governance.domain.request import GateRequest
from model_governance.errors import GateClosed, ServiceUnavailable
from model_governance.hooks.airflow_api import DAG_PREFIX, AirflowApi, TaskInstance
from model_governance.hooks.installation import Installation

_POLL_SECONDS = 1.0
_OUTAGE_SECONDS = 120


class Approve(StrEnum):
    """Who decides at the gates."""

    ASK = "ask"
    AUTO = "auto"


@dataclass
class DemoRun:
    """The run that is followed, and which of its gates were announced and decided.

    Attributes:
        installation: As a person of the stack reaches it.
        airflow: Airflow, as the same person.
        use_case: Whose lifecycle.
        run_id: The DAG run.
        announced: Gates that people were told of.
        decided: Gates that were decided from here.
        tasks: The run's tasks as last seen.
    """

    installation: Installation
    airflow: AirflowApi
    use_case: str
    run_id: str
    announced: set[Gate] = field(default_factory=set)
    decided: set[Gate] = field(default_factory=set)
    tasks: tuple[TaskInstance, ...] = ()

    @property
    def dag_id(self) -> str:
        """The lifecycle's DAG."""
        return f"{DAG_PREFIX}{self.use_case}"

    @property
    def page(self) -> str:
        """Where Airflow shows the run."""
        return self.airflow.run_page(self.dag_id, self.run_id)

    def follow(self, approve: Approve, deadline: float | None) -> str:
        """Shows the run until it ends, deciding at its gates where asked to; returns its last state.

        Raises:
            GateClosed: It did not end in time.
            ServiceUnavailable: Airflow or the registry does not answer for minutes.
        """
        view = RunView(console, f"{self.dag_id} · {self.run_id}")
        view.start()
        last_answer = time.monotonic()
        try:
            while True:
                if deadline and time.monotonic() > deadline:
                    raise GateClosed(f"the run did not end in the time given (--minutes); it goes on: {self.page}")
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
        """The failed task, and what the ledger says of it: a failure on record, or a decision against the candidate."""
        failed = ", ".join(task.task_id for task in self.tasks if task.state == "failed")
        reasons = [reason for entry in self._own_entries() if (reason := self._reason(entry))]
        return f"{failed or 'no task failed'}: {reasons[-1] if reasons else f'see its log in Airflow, {self.page}'}"

    def _reason(self, entry: Entry) -> str:
        body = entry.body
        if entry.kind is EntryKind.FAILURE and body.get("run_id") == self.run_id:
            return str(body.get("reason", ""))
        rejects = entry.kind is EntryKind.DECISION and body.get("verdict") == DecisionVerdict.REJECT
        if rejects and entry.subject in self._subjects():
            return f"rejected by {body['actor']} as {body['role']}: {body.get('comment') or 'no comment'}"
        return ""

    def _subjects(self) -> set[str]:
        """ARNs that this run's gates are about."""
        kinds = (EntryKind.USE_CASE, EntryKind.CANDIDATE)
        return {e.subject for e in self._own_entries() if e.kind in kinds and e.body.get("run_id") == self.run_id}

    def _own_entries(self) -> Iterator[Entry]:
        """The entries since the run has begun."""
        return dropwhile(lambda entry: entry.body.get("run_id") != self.run_id, self._entries())

    def _entries(self) -> Iterator[Entry]:
        yield from since_clean_up(self.installation.ledger(self.use_case).entries())

    def _attend_gates(self, approve: Approve) -> None:
        for gate, approver in APPROVERS.items():
            waiting = next((task for task in self.tasks if task.task_id == approver.task_id), None)
            if waiting is None or waiting.state != "deferred" or gate in self.decided:
                continue
            request = self._request(gate)
            if request is None or not self._waits_for_people(request):
                continue
            if gate not in self.announced:
                self.announced.add(gate)
                tell(request, self.installation, self.airflow.task_page(self.dag_id, self.run_id, approver.task_id))
            if approve is Approve.AUTO:
                self.decided.add(gate)
                self._decide(gate, approver, request)

    def _decide(self, gate: Gate, approver: Approver, request: GateRequest) -> None:
        person = StackPerson(approver.person)
        said = approver.approve(person, self.dag_id, self.run_id, request)
        say(f"{gate} gate: approved by {person.name} by {approver.channel}: {said}")

    def _waits_for_people(self, request: GateRequest) -> bool:
        """Whether the registry says so: the gate of a use case that is approved ends by itself a moment later."""
        subject = read_subject(self.installation, request.gate, self.use_case, request.subject)
        return subject.standing is Standing.PENDING

    def _request(self, gate: Gate) -> GateRequest | None:
        """The newest request of this gate that this run asks, or that its use case waits for."""
        for entry in reversed(list(self._entries())):
            if entry.kind is EntryKind.REQUEST and entry.body["gate"] == gate:
                request = GateRequest.model_validate(entry.body)
                if gate is Gate.USE_CASE or request.run_id == self.run_id:
                    return request
        return None
