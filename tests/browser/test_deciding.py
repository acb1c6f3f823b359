"""A gate in Airflow's own pages: started, refused with a reason that can be read, and approved with a note."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.running_stack import RunningStack

from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import EntryKind
from model_governance.hooks.installation import Installation
from model_governance.hooks.settings import Settings

if TYPE_CHECKING:
    from tests.browser.airflow_pages import AirflowPages

pytestmark = [pytest.mark.browser, pytest.mark.stack, pytest.mark.timeout(600)]

USE_CASE = "loan-approval"
DAG = f"model_lifecycle.{USE_CASE}"
DATA = Path(__file__).parents[2] / "include" / "use_cases" / USE_CASE / "data.py"
REASON = "A new quarter, asked for in the browser"
NOTE = "Purpose and owner are clear; the difference in the labels is known, and the model does not decide."
APPROVERS = {
    "use_case_approval.wait": ("use_case", "business-approver"),
    "governance_approval.wait": ("governance", "governance-officer"),
}

AsPerson = Callable[[str], "AirflowPages"]


@dataclass(frozen=True)
class Waiting:
    """A run that waits at a gate.

    Attributes:
        stack: Where.
        run_id: The run.
        task_id: The task that waits.
    """

    stack: RunningStack
    run_id: str
    task_id: str

    @property
    def gate(self) -> str:
        return APPROVERS[self.task_id][0]

    @property
    def approver(self) -> str:
        return APPROVERS[self.task_id][1]

    def state(self) -> str | None:
        return states(self.stack, self.run_id)[self.task_id]

    def known(self) -> Installation:
        """Registry and ledger, read afresh."""
        settings = Settings.from_environment(self.stack.environment_of("data-scientist"))
        return Installation.load(AsDataScientist(self.stack), settings)

    def decisions(self) -> list[dict[str, Any]]:
        entries = self.known().ledger(USE_CASE).verify()
        return [entry.body for entry in entries if entry.kind is EntryKind.DECISION]

    def status(self) -> str:
        """What the registry says of the gate."""
        known = self.known()
        if self.gate == "use_case":
            return known.cards.describe(USE_CASE).status
        return known.registry.versions(USE_CASE)[0].approval_status


@dataclass(frozen=True)
class AsDataScientist:
    stack: RunningStack

    def client(self, service: str) -> Any:
        return self.stack.client("data-scientist", service)

    def within(self, environment: Environment, role_arn: str) -> AsDataScientist:
        return self


def states(stack: RunningStack, run_id: str) -> dict[str, str | None]:
    with stack.airflow("admin") as client:
        answer = client.get(f"/api/v2/dags/{DAG}/dagRuns/{run_id}/taskInstances", params={"limit": 100}).json()
    return {each["task_id"]: each["state"] for each in answer["task_instances"]}


def until_airflow_has_read_the_dag(stack: RunningStack) -> None:
    deadline = time.monotonic() + 180
    with stack.airflow("admin") as client:
        while client.get(f"/api/v2/dags/{DAG}").status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.5)


@pytest.fixture(scope="module")
def waiting(running_stack: RunningStack, as_person: AsPerson) -> Waiting:
    """A run that the data scientist has started by the form, at the first gate that is not open yet."""
    data = subprocess.run([sys.executable, str(DATA)], capture_output=True, check=True, timeout=120).stdout
    running_stack.client("data-scientist", "s3").put_object(Bucket="landing", Key=f"{USE_CASE}/loanapp.csv", Body=data)
    until_airflow_has_read_the_dag(running_stack)
    run_id = as_person("data-scientist").start_run(DAG, REASON)
    deadline = time.monotonic() + 300
    while True:
        now = states(running_stack, run_id)
        for task_id in APPROVERS:
            if now[task_id] == "deferred":
                return Waiting(running_stack, run_id, task_id)
        assert time.monotonic() < deadline and "failed" not in now.values(), now
        time.sleep(0.5)


def test_a_run_started_by_the_form_is_on_record_with_its_reason(waiting: Waiting) -> None:
    declared = [e.body for e in waiting.known().ledger(USE_CASE).entries() if e.kind is EntryKind.USE_CASE]
    assert (declared[-1]["run_id"], declared[-1]["reason"]) == (waiting.run_id, REASON)
    with waiting.stack.airflow("admin") as client:
        run = client.get(f"/api/v2/dags/{DAG}/dagRuns/{waiting.run_id}").json()
    assert run["triggering_user_name"] == "data-scientist"


@pytest.mark.parametrize(("person", "part"), [("model-owner", "owner"), ("data-scientist", "author")])
def test_owner_and_author_read_in_the_page_why_they_may_not_approve(
    waiting: Waiting, as_person: AsPerson, person: str, part: str
) -> None:
    decided = waiting.decisions()
    pages = as_person(person)
    pages.open_task(DAG, waiting.run_id, waiting.task_id)
    assert pages.mark("Success", "It is good.") == 403
    pages.answer.wait_for()
    pages.picture(f"refused-{person}")
    said = pages.answer.inner_text()
    assert f"{person} may not decide the {waiting.gate} gate of {USE_CASE}" in said
    assert f"{person} is its {part}" in said
    assert waiting.approver in said
    assert pages.answer_can_be_read()
    pages.answer.get_by_role("button", name="Close").click()
    assert pages.answer.count() == 0
    pages.confirm_again()
    pages.answer.wait_for()
    pages.do_something_else()
    pages.answer_goes()
    assert waiting.state() == "deferred"
    assert waiting.decisions() == decided
    assert waiting.status() in ("PendingReview", "PendingManualApproval")


def test_whoever_may_approves_with_a_note_and_the_run_goes_on(waiting: Waiting, as_person: AsPerson) -> None:
    decided = len(waiting.decisions())
    pages = as_person(waiting.approver)
    pages.open_task(DAG, waiting.run_id, waiting.task_id)
    pages.picture("waiting")
    assert pages.mark("Success", NOTE) == 200
    pages.page.get_by_role("dialog").wait_for(state="hidden")
    pages.page.reload()  # Airflow answers before it has committed: what the page asked for at once may lack the note
    pages.page.get_by_text(NOTE).wait_for()
    pages.picture("approved")
    assert pages.answer.count() == 0
    assert waiting.state() == "success"
    [decision] = waiting.decisions()[decided:]
    assert {name: decision[name] for name in ("gate", "verdict", "actor", "comment", "channel")} == {
        "gate": waiting.gate,
        "verdict": "approve",
        "actor": waiting.approver,
        "comment": NOTE,
        "channel": "task-instance mark",
    }
    assert waiting.status() == "Approved"
