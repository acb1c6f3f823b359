"""What is loaded ahead of tasks: all that a task loads to begin with, and nothing that a fork would break."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from model_governance.listeners import starting

PROJECT = Path(__file__).parents[3]

FORKED_TASK = """
import json, os, sys
import airflow.sdk.execution_time.task_runner
from model_governance.listeners.starting import load_ahead

load_ahead()
threads, before = len(os.listdir("/proc/self/task")), set(sys.modules)
sys.path.insert(0, "dags")
import model_lifecycle
from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

AwsBaseHook("aws_test", client_type="sagemaker").get_conn()
print(json.dumps({"threads": threads, "before": sorted(before), "new": sorted(set(sys.modules) - before)}))
"""


@pytest.fixture(scope="module")
def forked_task(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process that has loaded ahead holds, and what it loads when a task of a lifecycle begins."""
    if not Path("/proc/self/task").is_dir():
        pytest.skip("threads are counted in /proc")
    environment = {
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")),
        "AIRFLOW_CONN_AWS_TEST": json.dumps({"conn_type": "aws", "extra": {"region_name": "us-east-1"}}),
        "AIRFLOW__AWS__SESSION_FACTORY": "model_governance.hooks.aws_session.SharedDataSessionFactory",
        "PATH": "/usr/bin:/bin",
    }
    done = subprocess.run(
        [sys.executable, "-c", FORKED_TASK], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_a_task_finds_everything_loaded_that_it_begins_with(forked_task: dict[str, Any]) -> None:
    heavy = {"boto3", "botocore", "s3transfer", "requests", "pydantic", "yaml", "cryptography", "model_governance"}
    assert {name for name in forked_task["new"] if name.partition(".")[0] in heavy} == set()


def test_nothing_is_loaded_ahead_that_starts_threads(forked_task: dict[str, Any]) -> None:
    assert forked_task["threads"] == 1
    assert {"numpy", "pandas", "great_expectations"}.isdisjoint(forked_task["before"])


def test_only_components_load_ahead_and_not_each_task(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.jobs.job import Job

    loads: list[str] = []
    monkeypatch.setattr(starting, "load_ahead", lambda: loads.append("loaded"))
    starting.on_starting(SimpleNamespace())
    assert loads == []
    starting.on_starting(Job.__new__(Job))
    assert loads == ["loaded"]
