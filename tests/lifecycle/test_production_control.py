"""A canary replaces what serves, and a person goes back to it by the form in Airflow; stop and resume by command."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.lifecycle.conftest import CANARY, publish_data
from tests.lifecycle.following import ANSWER, Lifecycle
from tests.running_stack import RunningStack

from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import EntryKind
from model_governance.domain.production import read_production
from stack.environment import Program, environment_of, machine_environment

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


CONTROL = "/api/v2/dags/production_control/dagRuns"


def trigger(lifecycle: Lifecycle, user: str, run_id: str, **form: Any) -> Any:
    """Fills the form of production control."""
    body = {"dag_run_id": run_id, "logical_date": None, "conf": {"use_case": CANARY, "reason": "it errs", **form}}
    return lifecycle.call(user, "POST", CONTROL, body)


def control(lifecycle: Lifecycle, user: str, run_id: str, **form: Any) -> str:
    """The same, and follows the run to its end."""
    answer = trigger(lifecycle, user, run_id, **form)
    assert answer.status_code == 200, answer.text
    return followed(lifecycle, run_id)


def begun_on_the_command_line(lifecycle: Lifecycle, posing_as: str, run_id: str, **form: Any) -> str:
    """A run by whoever may write Airflow's database, who gives the machine's user any name he likes."""
    environment = {
        **machine_environment(),
        **environment_of(Program.SCHEDULER, lifecycle.stack.settings),
        **dict.fromkeys(("LOGNAME", "USER", "LNAME", "USERNAME"), posing_as),
    }
    conf = json.dumps({"use_case": CANARY, "reason": "it errs", **form})
    program = str(Path(sys.executable).with_name("airflow"))
    command = [program, "dags", "trigger", "production_control", "--run-id", run_id, "--conf", conf]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr
    assert lifecycle.call("admin", "GET", f"{CONTROL}/{run_id}").json()["triggering_user_name"] == posing_as
    return followed(lifecycle, run_id)


def logged(lifecycle: Lifecycle, run_id: str) -> str:
    answer = lifecycle.call("admin", "GET", f"{CONTROL}/{run_id}/taskInstances/carry_out/logs/1")
    return json.dumps(answer.json())


def followed(lifecycle: Lifecycle, run_id: str) -> str:
    until = time.monotonic() + 300
    while (state := lifecycle.call("admin", "GET", f"{CONTROL}/{run_id}").json()["state"]) not in ("success", "failed"):
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

    refused = trigger(second, "model-owner", "not-his", action="roll_back")
    assert (refused.status_code, "the policy names production_approver" in refused.text) == (403, True)
    assert second.call("admin", "GET", f"{CONTROL}/not-his").status_code == 404
    assert begun_on_the_command_line(second, "production-approver", "posing", action="roll_back") == "failed"
    assert "no order of run production_control/posing is on record" in logged(second, "posing")
    assert production(second).served.body["version"] == 2
    assert control(second, "production-approver", "back", action="roll_back") == "success"
    reverted = production(second)
    assert (reverted.served.body["version"], reverted.since.body["channel"]) == (1, "Airflow form")
    [order] = second.entries(EntryKind.ORDER)
    assert (order.body["actor"], reverted.since.body["order"]) == ("production-approver", order.sequence)
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
