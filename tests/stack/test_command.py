"""``python -m stack`` as a user runs it: what it says, and that nothing is left when it has ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.running_stack import RunningStack, stack_folder

from stack import lifecycle
from stack.processes import processes_of
from stack.settings import Settings


def command(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stack", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )


@pytest.fixture
def folder() -> Iterator[dict[str, str]]:
    with stack_folder() as environment:
        try:
            yield environment
        finally:
            lifecycle.down(Settings.from_environment(environment))


def test_down_and_status_without_a_stack_say_so_in_a_line(folder: dict[str, str]) -> None:
    assert command(folder, "down").stdout == "The stack was not running.\n"
    status = command(folder, "status")
    assert (status.returncode, status.stderr) == (1, "stack: the stack is not running: make up starts it\n")


def test_up_bound_wider_than_loopback_is_refused_in_a_line(folder: dict[str, str]) -> None:
    refused = command({**folder, "MODEL_GOVERNANCE_HOST": "0.0.0.0"}, "up")  # noqa: S104
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert not Path(folder["MODEL_GOVERNANCE_HOME"], "secrets").exists()


def test_a_missing_tool_is_named_in_a_line(folder: dict[str, str], tmp_path: Path) -> None:
    bare = {**folder, "MODEL_GOVERNANCE_ENVIRONMENTS": str(tmp_path), "PATH": "/nowhere"}
    refused = command(bare, "up")
    assert refused.returncode == 1
    assert refused.stderr == (
        "stack: uv is not on the path and not in .environments/uv: run make setup, which installs it\n"
    )


@pytest.mark.stack
def test_up_while_running_says_so_in_a_line(running_stack: RunningStack) -> None:
    again = command(running_stack.environment, "up")
    assert again.returncode == 0
    assert again.stdout == f"The stack is already running: {running_stack.airflow_url} (make status, make down).\n"


@pytest.mark.stack
def test_status_and_env_find_a_running_stack_by_its_folder_alone(running_stack: RunningStack) -> None:
    only = {"MODEL_GOVERNANCE_HOME": str(running_stack.home)}
    status, env = command(only, "status"), command(only, "env", "governance-officer")
    assert status.returncode == 0, status.stdout
    assert f"export AWS_ENDPOINT_URL_S3={running_stack.settings.s3_url}\n" in env.stdout


@pytest.mark.stack
def test_a_start_after_everything_was_killed_finds_all_state(running_stack: RunningStack) -> None:
    running_stack.client("pipeline", "s3").put_object(Bucket="model-governance", Key="use-cases/kept", Body=b"kept")
    with running_stack.airflow("admin") as client:
        made = client.post("/api/v2/variables", json={"key": "kept", "value": "kept"})
        assert made.status_code in {201, 409}
    for process in processes_of(running_stack.home):
        process.kill()
    again = command(running_stack.environment, "up")
    assert again.returncode == 0, again.stdout + again.stderr
    with running_stack.airflow("admin") as client:
        assert client.get("/api/v2/variables/kept").json()["value"] == "kept"
    kept = running_stack.client("pipeline", "s3").get_object(Bucket="model-governance", Key="use-cases/kept")
    assert kept["Body"].read() == b"kept"


@pytest.mark.stack
def test_an_interrupted_start_and_down_leave_nothing_behind(running_stack: RunningStack) -> None:
    environment, home = running_stack.environment, running_stack.home
    assert command(environment, "down").stdout == "The stack is down.\n"
    assert processes_of(home) == []
    process = subprocess.Popen(
        [sys.executable, "-m", "stack", "up"], env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True
    )
    try:
        deadline = time.monotonic() + 120
        while len(processes_of(home)) < 9:  # supervisor, its seven programs and a child of theirs
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)
        assert process.returncode == 130
        assert processes_of(home) == []
    finally:
        assert command(environment, "up").returncode == 0
