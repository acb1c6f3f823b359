"""The embedded stack's people: acting as each of them, with the keys and password the stack made for that person."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

import boto3

from model_governance.cli.terminal import COMMAND_LINE
from model_governance.errors import RecordMissing
from model_governance.hooks.airflow_api import AirflowApi
from model_governance.hooks.aws import EnvironmentClients
from model_governance.hooks.installation import Installation
from model_governance.hooks.settings import Settings


class StackPerson:
    """One person of the embedded stack, signed in as himself on every channel.

    Args:
        name: The person's name, which is Airflow user and principal alike in the example.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.environment = _environment(name)

    def airflow(self) -> AirflowApi:
        """Airflow's API under this person's name."""
        password = _ask_stack("password", self.name).strip()
        return AirflowApi(Settings.from_environment(self.environment).airflow_url, self.name, password)

    def session(self) -> boto3.Session:
        """A boto3 session under this person's principal."""
        return boto3.Session(
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
            region_name=self.environment["AWS_DEFAULT_REGION"],
        )

    def installation(self) -> Installation:
        """The installation as this person reaches it."""
        os.environ.update({name: value for name, value in self.environment.items() if name.startswith("AWS_ENDPOINT")})
        clients = EnvironmentClients(self.session(), application=COMMAND_LINE)
        return Installation.load(clients, Settings.from_environment(self.environment))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs the command ``model-governance`` as this person and returns what it said."""
        command = [sys.executable, "-c", "from model_governance.cli import main; main()", *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, timeout=300)


def _environment(name: str) -> dict[str, str]:
    given = {k: v for k, v in os.environ.items() if not k.startswith("AWS_") or k == "AWS_CA_BUNDLE"}
    for line in _ask_stack("env", name).splitlines():
        word = line.removeprefix("export ")
        key, _, value = word.partition("=")
        if key.isidentifier():
            given[key] = "".join(shlex.split(value))
    return given


def _ask_stack(*arguments: str) -> str:
    command = [sys.executable, "-m", "stack", *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if answer.returncode != 0:
        said = (answer.stderr.strip() or answer.stdout.strip()).removeprefix("stack: ")
        raise RecordMissing(
            f"the embedded stack does not know {arguments[-1]}: {said}. Has it been started (make up)? Is "
            "MODEL_GOVERNANCE_HOME its folder?"
        )
    return answer.stdout
