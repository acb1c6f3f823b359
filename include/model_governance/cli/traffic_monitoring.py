"""A phase of traffic as monitoring finds it: its window is assessed at once, and what came of it is told.

Apart from the sending, which a consumer does: a run of monitoring is started by a person of the use case.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from model_governance.cli.stack_people import StackPerson
from model_governance.cli.terminal import counted, say, say_indented
from model_governance.decisions.breach import monitoring_findings, retrainings, window_results
from model_governance.domain.due_windows import SETTLES
from model_governance.domain.ledger import Entry
from model_governance.domain.monitoring_record import WindowResult
from model_governance.domain.oversight import Finding
from model_governance.domain.traffic import SentPhase
from model_governance.errors import GateClosed, ServiceUnavailable
from model_governance.hooks.airflow_api import DAG_PREFIX, MONITORING_PREFIX, AirflowApi
from model_governance.hooks.installation import Installation

_POLL_SECONDS = 1.0
_RUN_SECONDS = 600
_ASSET_SECONDS = 180
_ENDED = ("success", "failed", "upstream_failed", "skipped")


@dataclass(frozen=True)
class Assessed:
    """What monitoring made of a phase.

    Attributes:
        results: Of its window, one for each version that served in it.
        opened: The findings that were opened.
        retraining: The run of the lifecycle that it has started; empty if none.
    """

    results: tuple[WindowResult, ...]
    opened: tuple[Finding, ...]
    retraining: str = ""


@dataclass(frozen=True)
class PhaseMonitoring:
    """Monitoring of a use case, started by a person for the window of each phase.

    Attributes:
        installation: As the person reaches it.
        airflow: Airflow, as the same person.
        use_case: The use case's name.
        paused: Waits that many seconds.
    """

    installation: Installation
    airflow: AirflowApi
    use_case: str
    paused: Callable[[float], None] = time.sleep

    @classmethod
    def of(cls, person: str, use_case: str) -> PhaseMonitoring:
        """Monitoring as a person of the embedded stack reaches it.

        Raises:
            RecordMissing: The stack does not know the person.
        """
        known = StackPerson(person)
        return cls(known.installation(), known.airflow(), use_case)

    @property
    def dag_id(self) -> str:
        """Monitoring's DAG."""
        return f"{MONITORING_PREFIX}{self.use_case}"

    def lifecycle_page(self, run_id: str) -> str:
        """Where Airflow shows a run of the lifecycle."""
        return self.airflow.run_page(f"{DAG_PREFIX}{self.use_case}", run_id)

    def assess(self, sent: SentPhase) -> Assessed:
        """Has the phase's window assessed, follows that, and tells what was found.

        Raises:
            GateClosed: The run failed or did not end, or the retraining that it asked for did not begin.
            RecordMissing, AccessRefused, ServiceUnavailable: As Airflow and the store answer.
        """
        self._wait_until_settled(sent.end)
        run_id = f"traffic__{sent.phase}__{sent.start:%Y-%m-%dT%H-%M}"
        window = {"window_start": f"{sent.start:%Y-%m-%dT%H:%M:%SZ}", "window_end": f"{sent.end:%Y-%m-%dT%H:%M:%SZ}"}
        before = len(self._entries())
        self.airflow.trigger(self.dag_id, run_id, {**window, "one_window": True})
        say(f"monitoring of that window is started: {self.airflow.run_page(self.dag_id, run_id)}")
        self._follow(run_id)
        entries = self._entries()
        results = tuple(result for result, _ in window_results(entries) if result.run_id == run_id)
        opened = tuple(e.finding for e in monitoring_findings(entries) if e.opening.sequence > before)
        for result in results:
            _tell_result(result)
        _tell_findings(opened)
        # By this run or another: one of the schedule, just before, may have looked at the same traffic.
        asked = [entry for _, entry in retrainings(entries) if entry.sequence > before]
        return Assessed(results, opened, self._retraining(asked[-1]) if asked else "")

    def _wait_until_settled(self, end: datetime) -> None:
        settled = end + SETTLES + timedelta(seconds=1)
        left = (settled - self.installation.now()).total_seconds()
        if left > 0:
            say(f"the last requests come into the store: monitoring looks at the window in {left:.0f} s")
            self.paused(left)

    def _follow(self, run_id: str) -> None:
        """Tells each task as it ends.

        Raises:
            GateClosed: The run failed, or did not end in time.
        """
        told: set[str] = set()
        until = time.monotonic() + _RUN_SECONDS
        while time.monotonic() < until:
            try:
                state = self.airflow.run_state(self.dag_id, run_id)
                for task in self.airflow.task_instances(self.dag_id, run_id):
                    ended = task.state in _ENDED and task.task_id != "outcome"
                    if ended and task.task_id not in told:
                        told.add(task.task_id)
                        say_indented(f"{task.task_id} {'done' if task.state == 'success' else task.state}")
            except ServiceUnavailable:
                state = "running"
            if state == "failed":
                raise GateClosed(f"monitoring's run failed: {self.airflow.run_page(self.dag_id, run_id)}")
            if state == "success":
                return
            self.paused(_POLL_SECONDS)
        raise GateClosed(f"monitoring's run did not end: {self.airflow.run_page(self.dag_id, run_id)}")

    def _retraining(self, asked: Entry) -> str:
        """The run that the asset's event starts.

        Raises:
            GateClosed: There is none.
        """
        dag_id = f"{DAG_PREFIX}{self.use_case}"
        until = time.monotonic() + _ASSET_SECONDS
        while time.monotonic() < until:
            runs = [each for each in self.airflow.runs_under_way(dag_id) if each.queued_at > asked.time]
            if runs:
                run_id = runs[-1].run_id
                named = ", ".join(asked.body["findings"])
                say(f"retraining asked for ({named}): {self.lifecycle_page(run_id)}")
                return run_id
            self.paused(_POLL_SECONDS)
        raise GateClosed(f"a retraining was asked for (entry {asked.sequence}), and Airflow started no run of {dag_id}")

    def _entries(self) -> tuple[Entry, ...]:
        return self.installation.ledger(self.use_case).entries()


def _tell_result(result: WindowResult) -> None:
    say(f"version {result.version}: {result.verdict}, {counted(result.rows, 'row')}", style="bold")
    say_indented(result.sentence)
    for note in result.breaches:
        say_indented(f"- {note.severity}: {note.sentence}")


def _tell_findings(opened: tuple[Finding, ...]) -> None:
    for finding in opened:
        say(f"{finding.id} is open: {finding.severity}, owner {finding.owner}, due {finding.due}")
