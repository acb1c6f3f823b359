"""A guarded object store of its own for the tests: the real guard, the real ministack, on a free port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

from stack.credentials import Credentials, make_credentials
from stack.environments import make_object_store_environment
from stack.settings import Settings


@dataclass
class Store:
    """A running object store."""

    settings: Settings
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return self.settings.s3_url

    def client(self, principal: str, **changes: Any) -> Any:
        key = Credentials(self.settings.secrets).key(principal)
        arguments = {
            "endpoint_url": self.url,
            "region_name": "us-east-1",
            "aws_access_key_id": key.access_key_id,
            "aws_secret_access_key": key.secret_access_key,
            "config": Config(retries={"max_attempts": 1}),
        }
        return boto3.client("s3", **{**arguments, **changes})


def start_store(settings: Settings) -> Store:
    command = [sys.executable, "-m", "stack.launch", "s3", "python", "-m", "stack.s3"]
    process = subprocess.Popen(
        command,
        env={**os.environ, **settings.exported, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        stderr=(settings.home / "s3.log").open("ab"),
    )
    deadline = time.monotonic() + 60
    while True:
        try:
            httpx.get(settings.s3_url, trust_env=False)
            return Store(settings, process)
        except httpx.HTTPError:
            assert process.poll() is None and time.monotonic() < deadline, (settings.home / "s3.log").read_text()
            time.sleep(0.1)


def stop_store(store: Store, how: int = signal.SIGTERM) -> None:
    store.process.send_signal(how)
    store.process.wait(timeout=20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def store_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("s3")
    settings = Settings.from_environment(
        {"MODEL_GOVERNANCE_HOME": str(home), "MODEL_GOVERNANCE_S3_PORT": str(free_port())}
    )
    make_credentials(settings)
    make_object_store_environment(settings, print)
    return settings


@pytest.fixture(scope="session")
def store(store_settings: Settings) -> Iterator[Store]:
    running = start_store(store_settings)
    try:
        admin = running.client("admin")
        for bucket in ("model-governance", "landing"):
            admin.create_bucket(Bucket=bucket)
        yield running
    finally:
        stop_store(running)
