"""The real object store and the real registry, each on a free port, for the tests of what talks to them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import boto3
import httpx
import pytest

from model_governance.domain.deployment import Environment
from model_governance.hooks.aws import EnvironmentClients
from model_governance.hooks.installation import Installation
from model_governance.hooks.settings import Settings as InstallationSettings
from model_governance.hooks.short_call import ShortCall
from stack.credentials import (
    DECISIONS_PUBLIC_KEY,
    LEDGER_PUBLIC_KEY,
    OPERATIONS_PUBLIC_KEY,
    OVERSIGHT_PUBLIC_KEY,
    Credentials,
    make_credentials,
)
from stack.environments import make_object_store_environment
from stack.roles import role_of
from stack.settings import Settings

SERVICES = ("SAGEMAKER", "SAGEMAKER_RUNTIME", "STS", "KMS", "CLOUDTRAIL")

ClientsOf = Callable[[str], EnvironmentClients]
InstallationOf = Callable[[str], Installation]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(settings: Settings, program: str, module: str, url: str) -> subprocess.Popen[bytes]:
    log = settings.home / f"{program}.log"
    process = subprocess.Popen(
        [sys.executable, "-m", "stack.launch", program, "python", "-m", module],
        env={**os.environ, **settings.exported, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        stdout=log.open("ab"),
        stderr=subprocess.STDOUT,
    )
    deadline = time.monotonic() + 60
    while True:
        try:
            httpx.get(url, trust_env=False)
            return process
        except httpx.HTTPError:
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)


def stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def stack_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings.from_environment(
        {
            "MODEL_GOVERNANCE_HOME": str(tmp_path_factory.mktemp("stack")),
            "MODEL_GOVERNANCE_S3_PORT": str(free_port()),
            "MODEL_GOVERNANCE_SAGEMAKER_PORT": str(free_port()),
        }
    )
    make_credentials(settings)
    make_object_store_environment(settings, print)
    return settings


@pytest.fixture(scope="session")
def aws_environment(stack_settings: Settings) -> Iterator[None]:
    endpoints = {f"AWS_ENDPOINT_URL_{name}": stack_settings.sagemaker_url for name in SERVICES}
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_DEFAULT_REGION", stack_settings.region)
        patch.setenv("AWS_ENDPOINT_URL_S3", stack_settings.s3_url)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        for name, url in endpoints.items():
            patch.setenv(name, url)
        yield


@pytest.fixture(scope="session")
def object_store(stack_settings: Settings, aws_environment: None) -> Iterator[None]:
    process = start(stack_settings, "s3", "stack.s3", stack_settings.s3_url)
    try:
        store = named_clients(stack_settings, "admin").client("s3")
        for bucket in (stack_settings.bucket, stack_settings.landing_bucket):
            store.create_bucket(Bucket=bucket)
        yield
    finally:
        stop(process)


@pytest.fixture(scope="session")
def registry_server(stack_settings: Settings, object_store: None) -> Iterator[None]:
    process = start(stack_settings, "sagemaker", "sagemaker_server", f"{stack_settings.sagemaker_url}/ping")
    try:
        yield
    finally:
        stop(process)


@pytest.fixture(scope="session")
def installation_of(stack_settings: Settings, registry_server: None, clients_of: ClientsOf) -> InstallationOf:
    """An installation under a principal of its own, with its own caches, as a process of its own would have."""
    settings = replace(
        InstallationSettings.from_environment({}),
        ledger_public_key=Credentials(stack_settings.secrets).path(LEDGER_PUBLIC_KEY),
        decisions_public_key=Credentials(stack_settings.secrets).path(DECISIONS_PUBLIC_KEY),
        oversight_public_key=Credentials(stack_settings.secrets).path(OVERSIGHT_PUBLIC_KEY),
        operations_public_key=Credentials(stack_settings.secrets).path(OPERATIONS_PUBLIC_KEY),
    )

    deployment = {
        Environment.TEST: stack_settings.test_role_arn,
        Environment.PRODUCTION: stack_settings.production_role_arn,
    }

    def installation(principal: str) -> Installation:
        roles = {each: role_of(principal, role_arn, stack_settings) for each, role_arn in deployment.items()}
        return Installation.load(clients_of(principal), replace(settings, roles=roles))

    return installation


@pytest.fixture(scope="session")
def clients_of(stack_settings: Settings, aws_environment: None) -> ClientsOf:
    """Clients under a principal; made once each, which takes longer than most tests."""
    return cache(lambda principal: named_clients(stack_settings, principal))


@pytest.fixture
def every_call_by_its_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """No call is a short one, so that what stands between client and call sees them all."""
    monkeypatch.setattr(ShortCall, "pattern", lambda self, place: None)


def named_clients(settings: Settings, principal: str) -> EnvironmentClients:
    key = Credentials(settings.secrets).key(principal)
    session = boto3.Session(
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
        region_name=settings.region,
    )
    return EnvironmentClients(session)
