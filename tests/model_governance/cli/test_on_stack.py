"""The demonstration and the clean-up on a whole stack, as a newcomer and the example's approvers go through them.

One story, in order: a run waits and is left by Ctrl-C, everything is taken down (killed half-way at first), the next
run is rejected, and the one after it reaches production by people who do what they are told to.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from tests.lifecycle.following import PersonsClients
from tests.model_governance.cli.following import PROJECT, Following, machine
from tests.running_stack import RunningStack

from model_governance.cli.leavings import Leavings
from model_governance.decisions.record import since_clean_up
from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import Entry, EntryKind
from model_governance.hooks.aws import EnvironmentClients
from model_governance.hooks.installation import Installation
from model_governance.hooks.settings import Settings

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1200)]

USE_CASE = "loan-approval"
COMMAND = str(Path(sys.executable).with_name("model-governance"))
MAKE = ["make", "--no-print-directory", "-o", ".venv/.ready"]
COMMENT = "The difference by race in the labels is known; the model ranks and does not decide."

Follow = Callable[..., Following]


@pytest.fixture
def follow(running_stack: RunningStack) -> Iterator[Follow]:
    started: list[Following] = []

    def follow(*command: str) -> Following:
        started.append(Following(running_stack, command))
        return started[-1]

    yield follow
    for each in started:
        each.kill()


def known(stack: RunningStack, person: str = "data-scientist") -> Installation:
    """The installation as a person reaches it, read afresh."""

    class Clients(EnvironmentClients):
        def client(self, service: str) -> object:  # type: ignore[override]
            return stack.client(person, service)

        def within(self, environment: Environment, role_arn: str) -> PersonsClients:
            return PersonsClients(stack, person, role_arn)

    return Installation.load(Clients(), Settings.from_environment(stack.environment_of(person)))


def entries(stack: RunningStack) -> tuple[Entry, ...]:
    return known(stack).ledger(USE_CASE).verify()


def in_a_new_terminal(command: str) -> subprocess.CompletedProcess[str]:
    """Runs what was shown, copied into a terminal that knows nothing."""
    return subprocess.run(
        ["bash", "-c", command], cwd=PROJECT, env=machine(), capture_output=True, text=True, check=False, timeout=120
    )


def shown_command(demo: Following) -> str:
    """The command that the next notice shows to an approver."""
    demo.next_line("or as ")
    return demo.next_line("(eval ").replace("why you approve", COMMENT)


def test_left_by_ctrl_c_the_lifecycle_goes_on_and_it_says_how_to_go_on(
    running_stack: RunningStack, follow: Follow
) -> None:
    demo = follow(COMMAND, "demo")
    demo.next_line("or as ")
    demo.interrupt()
    assert demo.ended() == 130
    *_, where, how = demo.lines
    assert where.startswith(f"no longer followed; the lifecycle goes on by itself: {running_stack.airflow_url}/dags/")
    assert "make demo follows it again" in how and "make down stops it" in how
    assert "Traceback" not in demo.said
    again = follow(COMMAND, "demo")
    assert "is under way already; following it" in again.next_line("run ")
    again.next_line("or as ")
    again.interrupt()
    assert again.ended() == 130


def test_a_clean_up_killed_half_way_is_finished_by_doing_it_again(running_stack: RunningStack) -> None:
    before = entries(running_stack)
    assert not Leavings.of(known(running_stack), USE_CASE).is_empty
    environment = running_stack.environment_of("caretaker")
    killed = subprocess.Popen([COMMAND, "clean-up", USE_CASE, "--yes"], env=environment, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while entries(running_stack)[-1].kind is not EntryKind.CLEAN_UP:
        assert killed.poll() is None and time.monotonic() < deadline
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    done = subprocess.run(
        [*MAKE, "clean-up", f"USE_CASE={USE_CASE}", "YES=1"],
        cwd=PROJECT,
        env=machine(running_stack),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert Leavings.of(known(running_stack), USE_CASE).is_empty
    after = entries(running_stack)
    assert after[: len(before)] == before
    assert {entry.kind for entry in after[len(before) :]} == {EntryKind.CLEAN_UP}
    verified = subprocess.run(
        [COMMAND, "ledger", "verify", USE_CASE], env=environment, capture_output=True, text=True, check=False
    )
    assert verified.returncode == 0, verified.stderr


def test_a_run_that_is_rejected_ends_the_demonstration_with_the_reason_in_one_line(
    running_stack: RunningStack, follow: Follow
) -> None:
    demo = follow(COMMAND, "demo")
    assert "is started" in demo.next_line("run ")  # what was under way before the clean-up is not followed
    command = shown_command(demo)
    assert f" approve {USE_CASE} use_case " in command
    rejected = in_a_new_terminal(command.replace(" approve ", " reject "))
    assert rejected.returncode == 0, rejected.stderr
    assert demo.ended() == 1
    assert demo.lines[-1] == (
        f"refused: the run ended failed: use_case_approval.wait: rejected by business-approver as use_case_approver: "
        f"{COMMENT}"
    )


def test_approvers_who_do_what_they_are_told_take_the_example_to_production(
    running_stack: RunningStack, follow: Follow
) -> None:
    demo = follow(*MAKE, "demo")
    assert "already running" in demo.next_line("The stack is")
    for gate in ("use_case", "governance"):
        command = shown_command(demo)
        assert f" approve {USE_CASE} {gate} " in command
        approved = in_a_new_terminal(command)
        assert approved.returncode == 0, approved.stderr
    told = demo.next_line("in Airflow, as production-approver")
    page = demo.next_line("http://")
    mark_as_told(running_stack, told.partition("(password: ")[2].removesuffix("):"), page)
    assert demo.ended() == 0, demo.said
    assert "answers an application it never saw" in demo.said
    assert "probability of approve = 1: 0." in demo.said
    seen = in_a_new_terminal(demo.lines[-1].strip())
    assert (seen.returncode, seen.stdout[:5]) == (0, "#1   ")
    decided = [e.body for e in since_clean_up(entries(running_stack)) if e.kind is EntryKind.DECISION]
    assert [(body["gate"], body["verdict"], body["actor"], body["channel"]) for body in decided] == [
        ("use_case", "reject", "business-approver", "command line"),
        ("use_case", "approve", "business-approver", "command line"),
        ("governance", "approve", "governance-officer", "command line"),
        ("production", "approve", "production-approver", "task-instance mark"),
    ]


def mark_as_told(stack: RunningStack, password_command: str, page: str) -> None:
    """Signs in with the password that the notice's command prints, and marks the task of the notice's page."""
    password = in_a_new_terminal(password_command).stdout.strip()
    token = httpx.post(
        f"{stack.airflow_url}/auth/token",
        json={"username": "production-approver", "password": password},
        trust_env=False,
        timeout=60,
    ).json()["access_token"]
    run, _, task = page.removeprefix(stack.airflow_url).partition("/tasks/")
    path = f"/api/v2{run.replace('/runs/', '/dagRuns/')}/taskInstances/{task}"
    answer = httpx.patch(
        f"{stack.airflow_url}{path}",
        json={"new_state": "success", "note": COMMENT},
        headers={"Authorization": f"Bearer {token}"},
        trust_env=False,
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
