"""The server's own life: started, ended, killed, started again; nothing that it acknowledged is ever lost."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from tests.sagemaker_server.running_server import RunningServer, make_installation, running_server


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RunningServer]:
    """A server of the test's own."""
    with running_server(tmp_path / "home") as running:
        yield running


def test_sigterm_ends_it_with_status_zero_and_all_is_there_after(own: RunningServer) -> None:
    sagemaker = own.client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="kept")
    token = own.client("sagemaker").create_model_package(ModelPackageGroupName="kept", ClientToken="t")
    assert own.stop() == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", own.port))
    own.start()
    again = own.client("sagemaker")
    assert (
        again.create_model_package(ModelPackageGroupName="kept", ClientToken="t")["ModelPackageArn"]
        == (token["ModelPackageArn"])
    )
    assert own.stop() == 0


class Writer(threading.Thread):
    """Creates versions until the server is gone; knows which were acknowledged."""

    def __init__(self, client: Any, group: str) -> None:
        super().__init__()
        self.client, self.group = client, group
        self.acknowledged: list[str] = []

    def run(self) -> None:
        try:
            while True:
                answer = self.client.create_model_package(ModelPackageGroupName=self.group)
                self.acknowledged.append(answer["ModelPackageArn"])
                self.client.update_model_package(
                    ModelPackageArn=answer["ModelPackageArn"], ModelApprovalStatus="Rejected"
                )
                self.acknowledged.append(f"{answer['ModelPackageArn']} Rejected")
        except (BotoCoreError, ClientError):
            return


def test_nothing_acknowledged_is_lost_when_it_is_killed(own: RunningServer) -> None:
    own.client("sagemaker").create_model_package_group(ModelPackageGroupName="g")
    acknowledged: list[str] = []
    dice = random.Random(20241114)
    for _ in range(5):
        writers = [Writer(own.client("sagemaker"), "g") for _ in range(4)]
        for writer in writers:
            writer.start()
        time.sleep(dice.uniform(0.3, 1.2))
        own.kill()
        for writer in writers:
            writer.join(60)
            acknowledged += writer.acknowledged
        own.start()
    sagemaker = own.client("sagemaker")
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName="g", PaginationConfig={"PageSize": 100}
    )
    status = {
        each["ModelPackageArn"]: each["ModelApprovalStatus"] for p in pages for each in p["ModelPackageSummaryList"]
    }
    assert len(acknowledged) > 20
    for said in acknowledged:
        arn, _, decided = said.partition(" ")
        assert status[arn] == (decided or status[arn])
    versions = sorted(int(arn.rpartition("/")[2]) for arn in status)
    assert versions == list(range(1, len(versions) + 1))
    events = 0
    for page in (
        own.client("cloudtrail")
        .get_paginator("lookup_events")
        .paginate(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateModelPackage"}])
    ):
        events += len(page["Events"])
    assert events == len(versions)


def start_fails(installation: RunningServer) -> str:
    """What it says when it does not start; one line and no traceback."""
    finished = subprocess.run(
        [sys.executable, "-m", "sagemaker_server"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", ""), **installation.environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 1
    assert "Traceback" not in finished.stderr
    return finished.stderr.strip().splitlines()[-1]


def test_host_that_others_can_reach_is_refused_unless_meant(tmp_path: Path) -> None:
    installation = make_installation(tmp_path / "home")
    wide = replace(installation, environment={**installation.environment, "SAGEMAKER_SERVER_HOST": "0.0.0.0"})  # noqa: S104
    assert "SAGEMAKER_SERVER_ALLOW_WIDER_THAN_LOOPBACK" in start_fails(wide)


def test_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = start_fails(make_installation(tmp_path / "home", SAGEMAKER_SERVER_PORT=str(port)))
    assert f"127.0.0.1:{port} cannot be listened on" in said


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("SAGEMAKER_SERVER_PORT", "many", "must be a whole number"),
        ("SAGEMAKER_SERVER_PRINCIPALS", "/nowhere/principals.json", "/nowhere/principals.json cannot be read"),
        ("SAGEMAKER_SERVER_LEDGER_KEY", "/nowhere/key.pem", "/nowhere/key.pem cannot be read"),
        ("SAGEMAKER_SERVER_DECISIONS_KEY", "/nowhere/key.pem", "/nowhere/key.pem cannot be read"),
    ],
)
def test_setting_that_is_wrong_is_named(tmp_path: Path, setting: str, value: str, said: str) -> None:
    assert said in start_fails(make_installation(tmp_path / "home", **{setting: value}))


def test_policy_that_is_not_understood_stops_the_start(tmp_path: Path) -> None:
    installation = make_installation(tmp_path / "home")
    (tmp_path / "home" / "policies" / "anyone.json").write_text('{"Statement": [{"Effect": "Perhaps"}]}')
    assert "anyone.json is not understood" in start_fails(installation)


def test_secrets_stay_out_of_the_log(own: RunningServer) -> None:
    own.client("sagemaker").list_model_cards()
    with pytest.raises(ClientError):
        own.client("sagemaker").describe_model_package(ModelPackageName="absent/1")
    own.stop()
    log = (own.home / "server.log").read_text()
    assert not [name for name, (key, secret) in own.keys.items() if secret in log or key in log]
