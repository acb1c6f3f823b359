"""A canary replaces what serves, and a person goes back to it by the form in Airflow; stop and resume by command."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from tests.lifecycle.conftest import CANARY, publish_data
from tests.lifecycle.following import ANSWER, Lifecycle
from tests.running_stack import RunningStack

from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import EntryKind
from model_governance.domain.production import read_production

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1800)]


def taken_to_production(stack: RunningStack, run_id: str, *, is_first: bool) -> Lifecycle:
    """A run whose gates people approve by marks."""
    lifecycle = Lifecycle(stack, CANARY, run_id).start()
    gates = {"governance_approval": "governance-officer", "production_approval": "production-approver"}
    for gate, person in {**({"use_case_approval": "business-approver"} if is_first else {}), **gates}.items():
        lifecycle.wait_for(f"{gate}.wait", "deferred")
        answer = lifecycle.mark(person, f"{gate}.wait", "success", ANSWER)
        assert answer.status_code == 200, answer.text
    assert lifecycle.wait_until_ended() == "success", lifecycle.states()
    return lifecycle


def production(lifecycle: Lifecycle) -> Any:
    return read_production(lifecycle.installation().ledger(CANARY).verify())


def control(lifecycle: Lifecycle, user: str, run_id: str, **form: Any) -> str:
    """Fills the form of production control, and follows the run to its end."""
    body = {"dag_run_id": run_id, "logical_date": None, "conf": {"use_case": CANARY, "reason": "it errs", **form}}
    answer = lifecycle.call(user, "POST", "/api/v2/dags/production_control/dagRuns", body)
    assert answer.status_code == 200, answer.text
    path = f"/api/v2/dags/production_control/dagRuns/{run_id}"
    until = time.monotonic() + 300
    while (state := lifecycle.call("admin", "GET", path).json()["state"]) not in ("success", "failed"):
        assert time.monotonic() < until
        time.sleep(0.5)
    return str(state)


def test_a_canary_takes_over_and_people_control_what_serves(stack: RunningStack) -> None:
    publish_data(stack)
    first = taken_to_production(stack, "first", is_first=True)
    second = taken_to_production(stack, "second", is_first=False)
    steps = [entry.body for entry in second.entries(EntryKind.DEPLOYMENT_STEP) if entry.body["run_id"] == "second"]
    assert [each.get("percent") for each in steps] == [None, 0, 20]
    assert production(second).served.body["version"] == 2

    assert control(second, "model-owner", "not-his", action="roll_back") == "failed"
    assert production(second).served.body["version"] == 2
    assert control(second, "production-approver", "back", action="roll_back") == "success"
    reverted = production(second)
    assert (reverted.served.body["version"], reverted.since.body["channel"]) == (1, "Airflow form")
    found = first.installation().endpoints_in(Environment.PRODUCTION).find(CANARY)
    assert found is not None and found.config == f"{CANARY}-v1-production"

    stopped = second.command("model-owner", "stop", CANARY, "--reason", "drill of the year", "--drill")
    assert stopped.returncode == 0, stopped.stderr
    print(json.dumps(stopped.stdout))
    [stop] = second.entries(EntryKind.STOP)
    assert stop.body["drill"] is True
    resumed = second.command("production-approver", "resume", CANARY, "--comment", "well done")
    assert resumed.returncode == 0, resumed.stderr
    assert production(second).served.body["version"] == 1
