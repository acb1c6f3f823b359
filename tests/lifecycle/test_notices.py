"""People are told of a gate by the request that opened it, and by the watch once it has waited; in a real Airflow."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from tests.lifecycle.conftest import REMINDED_AFTER_SECONDS, UNWANTED
from tests.lifecycle.following import Lifecycle
from tests.running_stack import RunningStack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1200)]

WATCH = "/api/v2/dags/governance_watch/dagRuns"
PATIENCE_SECONDS = 240


@pytest.fixture
def waiting(lifecycles: dict[str, Lifecycle]) -> Lifecycle:
    """A lifecycle that waits at its first gate, until another test ends it."""
    lifecycles[UNWANTED].wait_for("use_case_approval.wait", "deferred")
    return lifecycles[UNWANTED]


def look(stack: RunningStack, run_id: str) -> str:
    """Has the watch look now, and gives what its first task logged."""
    with stack.airflow("admin") as client:
        answer = client.post(WATCH, json={"dag_run_id": run_id, "logical_date": None})
        assert answer.status_code == 200, answer.text
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (state := client.get(f"{WATCH}/{run_id}").json()["state"]) not in ("success", "failed"):
            assert time.monotonic() < deadline, state
            time.sleep(0.5)
        said = json.dumps(client.get(f"{WATCH}/{run_id}/taskInstances/tell_deciders/logs/1").json())
        assert state == "success", said
        return said


def records(lifecycle: Lifecycle) -> dict[str, Any]:
    """What is recorded about notices of the use case, by kind."""
    artifacts = lifecycle.installation().artifacts
    keys = [key for key in artifacts.list(f"notifications/{lifecycle.use_case}/") if key.endswith("/sent.json")]
    return {key.split("/")[3]: json.loads(artifacts.get(key)) for key in keys}


def until_told(lifecycle: Lifecycle) -> str:
    """The log of the request, once it tells of the gate; that comes after the task's success."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while "waits for a decision" not in (said := lifecycle.log("use_case_approval.request")):
        assert time.monotonic() < deadline, said
        time.sleep(0.5)
    return said


def test_the_opening_of_a_gate_is_told_in_the_log_of_its_request(waiting: Lifecycle) -> None:
    said = until_told(waiting)
    assert f"Use-case gate of {UNWANTED} waits for a decision | for: business-approver;" in said
    assert f"model-governance approve {UNWANTED} use_case" in said
    assert records(waiting)["opened"]["addressees"] == ["business-approver"]


def test_the_watch_reminds_once_of_a_gate_that_still_waits(waiting: Lifecycle, stack: RunningStack) -> None:
    until_told(waiting)
    time.sleep(REMINDED_AFTER_SECONDS)
    logs = [look(stack, f"look-{number}") for number in (1, 2)]
    reminders = re.findall(f"Reminder: use-case gate of {UNWANTED} still waits for a decision", "".join(logs))
    assert len(reminders) <= 1  # a tick by the clock may have been first
    assert "Airflow does not say" not in "".join(logs)
    assert records(waiting)["reminder"]["addressees"] == ["business-approver"]
    assert waiting.states()["use_case_approval.wait"] == "deferred"
