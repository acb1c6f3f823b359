"""The whole stack, started for real: who can sign in, what each process knows, what happens when a part is killed."""

from __future__ import annotations

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from tests.running_stack import RunningStack

from stack import supervision
from stack.credentials import PRINCIPALS
from stack.environment import MARK
from stack.health import faults
from stack.processes import processes_of

pytestmark = pytest.mark.stack


def until_healthy(stack: RunningStack) -> None:
    deadline = time.monotonic() + 120
    while found := faults(stack.settings, supervision.parts(stack.settings)):
        assert time.monotonic() < deadline, found
        time.sleep(0.3)


def test_every_part_is_healthy_and_the_buckets_are_there(running_stack: RunningStack) -> None:
    assert faults(running_stack.settings, supervision.parts(running_stack.settings)) == {}
    buckets = running_stack.client("admin", "s3").list_buckets()["Buckets"]
    assert {bucket["Name"] for bucket in buckets} >= {"model-governance", "landing"}


@pytest.mark.parametrize("user", ["admin", "governance-officer", "model-owner"])
def test_a_person_signs_in_to_airflow(running_stack: RunningStack, user: str) -> None:
    with running_stack.airflow(user) as client:
        assert client.get("/api/v2/dags").status_code == 200


def test_nothing_listens_beyond_loopback(running_stack: RunningStack) -> None:
    listening = {
        connection.laddr.ip
        for process in psutil.process_iter()
        if _belongs(process, running_stack)
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def test_only_the_parts_that_decide_hold_the_decision_services_key(running_stack: RunningStack) -> None:
    key = running_stack.environment_of("decision-service")["AWS_SECRET_ACCESS_KEY"]
    holders = {part.name for part in supervision.parts(running_stack.settings) if key in _environment(part.pid)}
    assert holders == {"airflow-api-server", "airflow-triggerer"}


def test_airflow_knows_neither_the_ledgers_key_nor_the_others_keys(running_stack: RunningStack) -> None:
    for part in supervision.parts(running_stack.settings):
        if part.name.startswith("airflow"):
            text = _environment(part.pid)
            assert "ledger-key.pem" not in text
            assert "decisions-key.pem" not in text
            assert PRINCIPALS not in text
            for person in ("admin", "governance-officer", "production-approver", "runtime"):
                assert running_stack.environment_of(person)["AWS_SECRET_ACCESS_KEY"] not in text


def test_what_a_task_may_ask_airflow_for_holds_no_key_that_decides(running_stack: RunningStack) -> None:
    pid = next(part.pid for part in supervision.parts(running_stack.settings) if part.name == "airflow-api-server")
    key = running_stack.environment_of("decision-service")["AWS_SECRET_ACCESS_KEY"]
    assert key not in "".join(
        value for name, value in psutil.Process(pid).environ().items() if name.startswith("AIRFLOW")
    )


def test_parts_that_are_killed_come_back_by_themselves(running_stack: RunningStack) -> None:
    before = {part.name: part.pid for part in supervision.parts(running_stack.settings)}
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while any(part.pid in {0, before[part.name]} for part in supervision.parts(running_stack.settings)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    until_healthy(running_stack)
    parents = {process.pid for process in processes_of(running_stack.home)}
    orphans = [process for process in processes_of(running_stack.home) if process.ppid() not in parents]
    assert [process.name() for process in orphans if "supervisord" not in " ".join(process.cmdline())] == []


def _environment(pid: int) -> str:
    return "\n".join(f"{name}={value}" for name, value in psutil.Process(pid).environ().items())


def _belongs(process: psutil.Process, stack: RunningStack) -> bool:
    try:
        return process.environ().get(MARK) == str(stack.home)
    except psutil.Error:
        return False


def test_the_shipped_policy_is_entered_by_its_owner_at_the_first_start(running_stack: RunningStack) -> None:
    store = running_stack.client("admin", "s3")
    held = store.list_objects_v2(Bucket=running_stack.settings.bucket, Prefix="ledger/policies/")["Contents"]
    entries = [
        json.loads(store.get_object(Bucket=running_stack.settings.bucket, Key=each["Key"])["Body"].read())
        for each in held
    ]
    assert [(each["body"]["file"], each["body"]["principal"]) for each in entries[:2]] == [
        ("policy", "policy-owner"),
        ("people", "policy-owner"),
    ]


def test_many_changes_at_once_are_all_taken(running_stack: RunningStack) -> None:
    """Airflow's server notes who asks in the event loop that the request before needs to commit: it must not wait."""
    path = "/api/v2/dags/governance_watch"

    def change(number: int) -> int:
        with running_stack.airflow("admin") as client:
            return int(client.patch(path, json={"is_paused": number % 2 == 0}).status_code)

    with ThreadPoolExecutor(12) as people:
        answers = list(people.map(change, range(120)))
    assert change(1) == 200
    assert answers == [200] * len(answers)
