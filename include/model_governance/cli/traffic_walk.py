"""What a person sees after drifted traffic: retraining, its gates, the finding that holds one, and the replacement.

Apart from monitoring, which ends where a retraining was asked for.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from model_governance.cli.demo import publish
from model_governance.cli.demo_run import Approve, DemoRun
from model_governance.cli.gate_notice import program, stack_command
from model_governance.cli.stack_people import StackPerson
from model_governance.cli.terminal import say, say_indented
from model_governance.cli.traffic_monitoring import PhaseMonitoring
from model_governance.decisions.record import read_oversight
from model_governance.domain.decision import Gate
from model_governance.domain.ledger import EntryKind
from model_governance.domain.oversight import Finding
from model_governance.domain.served import served_at
from model_governance.domain.shortfall import blocking_findings
from model_governance.domain.traffic import Traffic, drifted_data
from model_governance.domain.use_case import UseCase
from model_governance.errors import DecisionRefused, GateClosed

_MOST_REPAIRS = 6
_POLL_SECONDS = 2.0
_STAGE = "_approval."


def publish_drifted(watching: PhaseMonitoring, declared: UseCase, traffic: Traffic) -> None:
    """Publishes the data set as it is since the shift, which stands in for the new data that a company would have.

    Raises:
        RecordMissing, UseCaseInvalid, AccessRefused, ServiceUnavailable: As the data and the store answer.
    """
    say("the applications have changed and not only the requests: the data engineer publishes the data as it is since,")
    say("the same rows after the declared shift with what came true, for whatever is trained next to learn from")
    if not publish(
        watching.installation, declared.name, lambda data: drifted_data(data, traffic, declared.data.separator)
    ):
        say_indented(
            f"{declared.name} brings its data by other ways: nothing is published, and what is trained next will "
            "know of the drift only if its source does"
        )


@dataclass
class Retraining:
    """A run that monitoring has started, followed to its end.

    Attributes:
        watching: Whose run.
        declared: The use case.
        run: As the demonstration follows it.
        approve: Who decides.
        deadline: Until when, by ``time.monotonic``; None without one.
    """

    watching: PhaseMonitoring
    declared: UseCase
    run: DemoRun
    approve: Approve
    deadline: float | None

    @classmethod
    def of(
        cls, watching: PhaseMonitoring, declared: UseCase, run_id: str, approve: Approve, deadline: float | None
    ) -> Retraining:
        """The run of that name."""
        run = DemoRun(watching.installation, watching.airflow, declared.name, run_id)
        return cls(watching, declared, run, approve, deadline)

    def follow(self) -> None:
        """Follows the run until its version has replaced the one that served; tells both.

        Raises:
            GateClosed: It failed for something else than findings, or did not end in time.
        """
        before = self._serving()
        for _ in range(_MOST_REPAIRS):
            state = self.run.follow(self.approve, self.deadline)
            if state == "success":
                say(
                    f"version {self._serving()} has replaced version {before} at production endpoint "
                    f"{self.declared.name}",
                    style="bold green",
                )
                return
            say(f"the run ended {state}: {self.run.why_it_failed()}")
            holding = self._holding()
            if not holding:
                break
            self._close(holding)
            self._go_on()
        raise GateClosed(f"version {before} still serves: {self.run.why_it_failed()}")

    def _serving(self) -> str:
        served = served_at(self.run.installation.ledger(self.declared.name).entries(), self.run.installation.now())
        return str(served.deployment.body["version"]) if served else "none"

    def _failed(self) -> tuple[str, ...]:
        return tuple(task.task_id for task in self.run.tasks if task.state == "failed")

    def _holding(self) -> tuple[tuple[Finding, int], ...]:
        """The findings that hold the gate at which the run has failed, each with the version that waits there."""
        gates = [Gate(task.partition(_STAGE)[0]) for task in self._failed() if _STAGE in task]
        known = self.run.installation
        entries = known.ledger(self.declared.name).entries()
        own = [e for e in entries if e.kind is EntryKind.CANDIDATE and e.body["run_id"] == self.run.run_id]
        if not gates or not own:
            return ()
        version = int(own[-1].body["version"])
        oversight = read_oversight(entries, own[-1].subject, version, gates[0])
        return tuple((each, version) for each in blocking_findings(known.policy, oversight, known.now()))

    def _close(self, holding: tuple[tuple[Finding, int], ...]) -> None:
        for finding, version in holding:
            able = closers(finding, self.declared, self.run)
            comment = answer_to(finding, version)
            say(f"the gate is held by {finding.id} ({finding.severity}, version {finding.version}): {finding.title}")
            say_indented(f"it may be closed by {', '.join(able) or 'nobody'}, if the new version answers it")
            if self.approve is Approve.ASK:
                for person in able[:1]:
                    say(f"  {_closing_command(finding, self.declared.name, person)}")
                continue
            if not able:
                raise DecisionRefused(f"nobody may close {finding.id}: see findings.close_roles of the policy")
            said = StackPerson(able[0]).run("finding", "close", self.declared.name, finding.id, "--comment", comment)
            if said.returncode != 0:
                raise DecisionRefused(f"{finding.id} was not closed: {(said.stderr or said.stdout).strip()}")
            say(f"{able[0]} on the command line: {said.stdout.strip()}")
            say_indented(f"comment: {comment}")

    def _go_on(self) -> None:
        """Has the failed task done again; or waits until somebody does."""
        failed, run = self._failed(), self.run
        if self.approve is Approve.AUTO:
            run.airflow.clear(run.dag_id, run.run_id, failed)
            say(f"{', '.join(failed)} cleared in Airflow by {run.airflow.username}: the run goes on")
        else:
            say(f"then clear {', '.join(failed)} in Airflow, with what comes after it; the run goes on from there:")
            say(f"  {run.page}")
        while run.airflow.run_state(run.dag_id, run.run_id) == "failed":
            if self.deadline and time.monotonic() > self.deadline:
                raise GateClosed(f"the run did not go on in the time given (--minutes): {run.page}")
            time.sleep(_POLL_SECONDS)


def closers(finding: Finding, declared: UseCase, run: DemoRun) -> list[str]:
    """Ids of the people who may close a finding: in the policy's roles, and no part in the use case or the finding."""
    known = run.installation
    holders = [person.id for role in known.policy.findings.close_roles for person in known.people.in_role(role)]
    barred = {finding.owner, declared.owner, declared.author}
    return [person for person in dict.fromkeys(holders) if person not in barred]


def answer_to(finding: Finding, version: int) -> str:
    """The comment with which the demonstration closes a finding."""
    if finding.window:
        return (
            f"Version {version} was trained on data published since and answers it; its evidence was looked at for the "
            "demonstration, and monitoring goes on."
        )
    return f"Version {version} was reviewed in full for the demonstration: data, quality and bias, by its evidence."


def _closing_command(finding: Finding, use_case: str, person: str) -> str:
    close = f"{program('model-governance')} finding close {use_case} {finding.id}"
    return f'(eval "$({stack_command("env", person)})" && {close} --comment "how it was answered")'
