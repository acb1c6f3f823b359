"""A real server in a process of its own, on a port the system chose, with principals made for the test run."""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.credentials import Credentials
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

ACCOUNT = "111122223333"
TEST_ACCOUNT, PRODUCTION_ACCOUNT = "222233334444", "333344445555"
REGION = "us-east-1"
POLICIES = Path(__file__).parents[2] / "include" / "policies" / "iam"
STARTS_WITHIN = 60.0
"""Seconds until a server must say that it listens, on a machine however busy."""

EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
ANYTHING = "anything"
"""A role in each account but the first, which may do everything there, and which the first account's users may take."""


@dataclass
class RunningServer:
    """A server that runs.

    Attributes:
        home: Its state; a server started again on it finds all of it.
        keys: Access key id and secret of each principal.
        environment: Its settings.
    """

    home: Path
    keys: Mapping[str, tuple[str, str]]
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] = field(init=False)
    port: int = field(init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def credentials(self, principal: str) -> Credentials:
        return Credentials(*self.keys[principal])

    def client(self, service: str, principal: str = "anyone", **config: Any) -> Any:
        """A boto3 client of the server, signed in as the principal; ``anyone`` may do everything."""
        key, secret = self.keys[principal]
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(**{"retries": {"total_max_attempts": 1}, "max_pool_connections": 50, **config}),
        )

    def assume(self, role_arn: str, principal: str = "anyone", name: str = "test", **request: Any) -> dict[str, Any]:
        """Temporary credentials of a role, as AssumeRole answers them."""
        sts = self.client("sts", principal)
        given: dict[str, Any] = sts.assume_role(RoleArn=role_arn, RoleSessionName=name, **request)["Credentials"]
        return given

    def client_with(self, service: str, given: Mapping[str, Any], **config: Any) -> Any:
        """A boto3 client that signs with temporary credentials."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
            config=Config(**{"retries": {"total_max_attempts": 1}, **config}),
        )

    def client_in(
        self, account: str, service: str = "sagemaker", role: str = ANYTHING, principal: str = "anyone"
    ) -> Any:
        """A boto3 client of a session of a role in an account; by default of one that may do everything there."""
        return self.client_with(service, self.assume(f"arn:aws:iam::{account}:role/{role}", principal, principal))

    def start(self) -> None:
        log = self.home / "server.log"
        offset = log.stat().st_size if log.exists() else 0
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sagemaker_server"],
                env={**_inherited(), **self.environment},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        until = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < until and self.process.poll() is None:
            said = log.read_bytes()[offset:].decode()
            found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", said)
            if found and "startup complete" in said:
                self.port = int(found[1])
                return
            time.sleep(0.05)
        self.kill()
        raise RuntimeError(f"the server does not start: {log.read_text()}")

    def stop(self) -> int:
        """End it as an operator would; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        finally:
            self.kill()

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)


def _inherited() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "PYTHONPATH": str(Path(__file__).parents[2] / "include")}


def make_installation(home: Path, policies: Mapping[str, Any] | None = None, **settings: str) -> RunningServer:
    """The files of an installation, with a server that is not started yet.

    Args:
        home: An empty folder.
        policies: The principals' policy documents; those of the project by default. ``anyone`` is always added.
        settings: Further settings, such as ``SAGEMAKER_SERVER_DATABASE_URL``.
    """
    home.mkdir(parents=True, exist_ok=True)
    documents = dict(policies or {file.stem: json.loads(file.read_text()) for file in sorted(POLICIES.glob("*.json"))})
    documents["anyone"] = EVERYTHING
    folder = home / "policies"
    folder.mkdir()
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document))
    keys = {name: (f"AKIA{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30)) for name in documents}
    principals = {name: {"access_key_id": key, "secret_access_key": secret} for name, (key, secret) in keys.items()}
    session_key = base64.b64encode(secrets.token_bytes(32)).decode()
    document = {"account": ACCOUNT, "principals": principals, "session_key": session_key}
    (home / "principals.json").write_text(json.dumps(document))
    shutil.copytree(POLICIES / "roles", folder / "roles")
    for account in (TEST_ACCOUNT, PRODUCTION_ACCOUNT):
        write_role(folder, account, ANYTHING, trusted=[f"arn:aws:iam::{ACCOUNT}:root"])
    for name in ("ledger", "decisions", "oversight", "operations"):
        private = Ed25519PrivateKey.generate()
        (home / f"{name}.pem").write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    environment = {
        "SAGEMAKER_SERVER_HOME": str(home),
        "SAGEMAKER_SERVER_POLICIES": str(folder),
        "SAGEMAKER_SERVER_PRINCIPALS": str(home / "principals.json"),
        "SAGEMAKER_SERVER_LEDGER_KEY": str(home / "ledger.pem"),
        "SAGEMAKER_SERVER_DECISIONS_KEY": str(home / "decisions.pem"),
        "SAGEMAKER_SERVER_OVERSIGHT_KEY": str(home / "oversight.pem"),
        "SAGEMAKER_SERVER_OPERATIONS_KEY": str(home / "operations.pem"),
        "SAGEMAKER_SERVER_PORT": "0",
        "AWS_DEFAULT_REGION": REGION,
        **settings,
    }
    return RunningServer(home, keys, environment)


def write_role(policies: Path, account: str, name: str, trusted: list[str], **changes: Any) -> None:
    """A role that may do everything, as a file of an installation's policies."""
    trust = {"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}
    role = {
        "MaxSessionDuration": 7200,
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        "PermissionPolicy": EVERYTHING,
        **changes,
    }
    folder = policies / "roles" / account
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(role))


@contextmanager
def running_server(home: Path, policies: Mapping[str, Any] | None = None, **settings: str) -> Iterator[RunningServer]:
    """A server that runs while the block does."""
    server = make_installation(home, policies, **settings)
    server.start()
    try:
        yield server
    finally:
        server.kill()
