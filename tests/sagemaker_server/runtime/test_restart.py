"""A server that is killed, and the next one: jobs are run again, endpoints serve again, nothing is left behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from botocore.exceptions import ClientError
from tests.sagemaker_server.running_postgres import postgres_is_there, running_postgres
from tests.sagemaker_server.workshop import ServerAndStore, Workshop, free_port, server_and_store_in, wait_until

from sagemaker_server.runtime.launching import MARK, mark_of

DATABASES = ["sqlite", *([pytest.param("postgres", marks=pytest.mark.postgres)] if postgres_is_there() else [])]
WAITS_FOR_A_FILE = """
import os, pathlib, subprocess, time
subprocess.Popen(["sleep", "600"], start_new_session=True)
print("attempt", flush=True)
while not pathlib.Path("{file}").exists(): time.sleep(0.05)
pathlib.Path(os.environ["SM_MODEL_DIR"], "model").write_text("made")
"""
TELLS_ITS_PROCESS = "import os\ndef model_fn(d): return 1\ndef transform_fn(*_): return '{version} ' + str(os.getpid())"
LOADS_SLOWLY = "import time; time.sleep(3)\n"


@pytest.fixture(params=DATABASES)
def own_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServerAndStore]:
    with ExitStack() as stack:
        more = {}
        if request.param == "postgres":
            more["MODEL_GOVERNANCE_REGISTRY_URL"] = stack.enter_context(running_postgres())
        server = server_and_store_in(tmp_path, **more)
        try:
            yield server
        finally:
            server.end("sagemaker")
            server.end("s3")
    assert left_of(server) == []


def left_of(server: ServerAndStore) -> list[int]:
    found = []
    for process in psutil.process_iter():
        try:
            if (
                process.environ().get(MARK, "").startswith(mark_of(server.home))
                and process.status() != psutil.STATUS_ZOMBIE
            ):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def asked(workshop: Workshop) -> str | None:
    try:
        return workshop.invoke("x")
    except ClientError:
        return None


def test_killed_server_is_followed_by_one_that_ends_the_job_and_serves_the_endpoint(
    own_server: ServerAndStore, tmp_path: Path
) -> None:
    workshop = Workshop(own_server, "restart")
    workshop.endpoint(TELLS_ITS_PROCESS.replace("{version}", "one"))
    before = workshop.invoke("x")
    go_on = tmp_path / "go-on"
    job = workshop.train(WAITS_FOR_A_FILE.replace("{file}", str(go_on)))
    wait_until(lambda: workshop.log_of(job).count(" attempt\n") == 1, "the job runs")
    waiting = [workshop.train(WAITS_FOR_A_FILE.replace("{file}", str(go_on)), f"waiting-{n}") for n in range(2)]

    own_server.kill_server()
    wait_until(lambda: left_of(own_server) == [], "the killed server's children are gone")
    own_server.start_server()

    assert workshop.job(job)["TrainingJobStatus"] == "InProgress"
    wait_until(lambda: workshop.log_of(job).count(" attempt\n") == 2, "the job runs again")
    go_on.touch()
    assert [workshop.trained(name)["TrainingJobStatus"] for name in (job, *waiting)] == ["Completed"] * 3
    after = wait_until(lambda: asked(workshop), "the endpoint answers")
    assert after.startswith("one ") and after != before


def test_orderly_end_keeps_jobs_for_the_next_server(own_server: ServerAndStore, tmp_path: Path) -> None:
    workshop = Workshop(own_server, "orderly")
    go_on = tmp_path / "go-on"
    job = workshop.train(WAITS_FOR_A_FILE.replace("{file}", str(go_on)))
    wait_until(lambda: " attempt\n" in workshop.log_of(job), "the job runs")
    own_server.end("sagemaker")
    assert left_of(own_server) == []
    go_on.touch()
    own_server.start_server()
    assert workshop.trained(job)["TrainingJobStatus"] == "Completed"


def test_update_that_was_interrupted_is_carried_through(own_server: ServerAndStore) -> None:
    workshop = Workshop(own_server, "interrupted")
    workshop.endpoint(TELLS_ITS_PROCESS.replace("{version}", "one"))
    second = workshop.config(workshop.model(LOADS_SLOWLY + TELLS_ITS_PROCESS.replace("{version}", "two"), "second"))
    workshop.sagemaker.update_endpoint(EndpointName=workshop.name, EndpointConfigName=second)
    own_server.kill_server()
    own_server.start_server()
    described = workshop.settled(workshop.name)
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", second)
    assert workshop.invoke("x").startswith("two ")


def test_deletion_that_was_interrupted_is_carried_through_and_a_changed_model_is_not_served(
    own_server: ServerAndStore,
) -> None:
    workshop = Workshop(own_server, "changed")
    workshop.endpoint(TELLS_ITS_PROCESS.replace("{version}", "one"))
    own_server.end("sagemaker")
    for kept in (own_server.home / "endpoints").rglob("model.tar.gz"):
        kept.write_bytes(b"another model")
    workshop.put(f"{workshop.name}/model.tar.gz", b"another model in the store too")
    own_server.start_server()
    wait_until(lambda: "has changed since it was deployed" in own_server.log(), "the change is found")
    with pytest.raises(ClientError, match="ServiceUnavailable"):
        workshop.invoke("x")
    workshop.sagemaker.delete_endpoint(EndpointName=workshop.name)
    own_server.kill_server()
    own_server.start_server()
    waiter = workshop.sagemaker.get_waiter("endpoint_deleted")
    waiter.wait(EndpointName=workshop.name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    assert not (own_server.home / "endpoints" / workshop.name).exists()


def test_second_server_with_the_same_home_does_not_start(own_server: ServerAndStore) -> None:
    port = free_port()
    settings = replace(own_server.settings, sagemaker_port=port, sagemaker_url=f"http://127.0.0.1:{port}")
    second = ServerAndStore(settings)
    try:
        with pytest.raises(AssertionError, match="another server runs with the home"):
            second.start_server()
    finally:
        second.end("sagemaker")
    assert own_server.client("sagemaker").list_endpoints()["Endpoints"] == []
