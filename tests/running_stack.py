"""A whole stack for tests: on free ports, its state in a short-named temporary folder, gone when the tests are done."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
from botocore.config import Config

from stack import lifecycle
from stack.credentials import Credentials
from stack.environment import person_environment
from stack.processes import processes_of
from stack.settings import Settings

_PATIENCE_SECONDS = 120
"""For an answer of Airflow's API: a writer of its SQLite file may wait a minute for the others."""


@dataclass(frozen=True)
class RunningStack:
    """A stack that runs.

    Attributes:
        settings: Its settings: ports, addresses, folders.
        environment: The variables those were read from, for commands that are to find this stack.
    """

    settings: Settings
    environment: dict[str, str]

    @property
    def home(self) -> Path:
        return self.settings.home

    @property
    def airflow_url(self) -> str:
        return self.settings.airflow_url

    def password(self, user: str) -> str:
        """A user's password for Airflow."""
        return Credentials(self.settings.secrets).password(user)

    def environment_of(self, person: str) -> dict[str, str]:
        """The variables with which a command acts as that principal on this stack, and the machine's own."""
        machine = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {**machine, **self.environment, **person_environment(person, self.settings)}

    def client(self, person: str, service: str) -> Any:
        """A boto3 client signed in as that principal."""
        values = person_environment(person, self.settings)
        return boto3.client(
            service,
            endpoint_url=values[f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}"],
            region_name=self.settings.region,
            aws_access_key_id=values["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=values["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"max_attempts": 2}),
        )

    def client_as(self, person: str, role_arn: str, service: str) -> Any:
        """A boto3 client of a session of a role that the principal takes on; the principal's own without a role."""
        if not role_arn:
            return self.client(person, service)
        given = self.client(person, "sts").assume_role(RoleArn=role_arn, RoleSessionName=person)["Credentials"]
        values = person_environment(person, self.settings)
        return boto3.client(
            service,
            endpoint_url=values[f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}"],
            region_name=self.settings.region,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
            config=Config(retries={"max_attempts": 2}),
        )

    def airflow(self, user: str) -> httpx.Client:
        """An HTTP client of Airflow's API with that user's token; close it, or use it in ``with``."""
        answer = httpx.post(
            f"{self.airflow_url}/auth/token",
            json={"username": user, "password": self.password(user)},
            trust_env=False,
            timeout=_PATIENCE_SECONDS,
        )
        answer.raise_for_status()
        token = answer.json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.airflow_url, headers=headers, trust_env=False, timeout=_PATIENCE_SECONDS)


@contextmanager
def running_stack_with(**changes: str) -> Iterator[RunningStack]:
    """Start a stack, its environment changed by what is given; stop it, and check that no process is left."""
    with stack_folder() as folder, started_stack({**folder, **changes}) as stack:
        yield stack


@contextmanager
def started_stack(environment: dict[str, str]) -> Iterator[RunningStack]:
    """Start the stack that this environment describes; stop it, and check that no process is left."""
    settings = Settings.from_environment(environment)
    try:
        lifecycle.up(settings, environment, print)
        yield RunningStack(settings, environment)
    finally:
        lifecycle.down(settings)
        assert processes_of(settings.home) == []


@contextmanager
def stack_folder() -> Iterator[dict[str, str]]:
    """The environment of a stack that has not been started: a folder of its own and free ports."""
    home = Path(tempfile.mkdtemp(prefix="mg-"))  # short: Unix sockets lie in it
    names = [f"MODEL_GOVERNANCE_{part}_PORT" for part in ("AIRFLOW", "SAGEMAKER", "S3", "LOG", "STUBS")]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    try:
        yield {"MODEL_GOVERNANCE_HOME": str(home), **{name: str(port) for name, port in ports.items()}}
    finally:
        shutil.rmtree(home, ignore_errors=True)


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on, all different."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
