"""Traffic to a production endpoint of the real server, under the consumer's principal, and what it leaves behind."""

from __future__ import annotations

import csv
import json
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from tests.model_governance.cli.conftest import Command
from tests.model_governance.decisions.conftest import Case
from tests.sagemaker_server.workshop import XGBOOST, archive, wait_until

from model_governance.cli.traffic_sending import send_phases
from model_governance.domain.candidate import split_prefix
from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import EntryKind
from model_governance.domain.traffic import Phase
from model_governance.errors import AccessRefused
from model_governance.hooks.aws import EnvironmentClients
from model_governance.hooks.endpoints import Endpoints
from model_governance.hooks.installation import Installation
from model_governance.hooks.settings import Settings as InstallationSettings
from stack.environment import person_environment
from stack.settings import Settings

ANSWERS = """
def model_fn(d): return 1
def transform_fn(model, body, content_type, accept):
    if float(body) > 1000:
        raise ValueError("no such x")
    return "0.5", accept
"""
SHIFT = {"column": "x", "add": 100}
EXECUTION_ROLE = "arn:aws:iam::333344445555:role/model-governance-execution"


@pytest.fixture
def serving(case: Case, stack_settings: Settings) -> Case:
    """The case with a version in production: held-out rows 0 to 9, an endpoint that captures, and the ledger's word."""
    case.edit_declaration(traffic={"rows": 8, "seed": 1, "shift": [SHIFT]})
    pipeline, declared = case.pipeline, case.pipeline.use_case(case.name)
    prefix = split_prefix(declared, "d" * 64)
    pipeline.artifacts.put_new(f"{prefix}holdout.csv", b"".join(b"%d\n" % x for x in range(10)))
    labels = b"y,white\n" + b"".join(b"%d,%d\n" % (x % 2, x > 4) for x in range(10))
    pipeline.artifacts.put_new(f"{prefix}holdout_labels.csv", labels)
    candidate = {"run_id": case.run_id, "data_sha256": "d" * 64}
    pipeline.ledger(case.name).append(EntryKind.CANDIDATE, "arn:version", candidate)
    body = {"stage": "Production", "run_id": case.run_id, "version": 1, "authority": []}
    pipeline.ledger(case.name).append(EntryKind.DEPLOYMENT, "arn:version", body)
    _deploy(case, in_production("pipeline", stack_settings).client)
    return case


def in_production(principal: str, settings: Settings) -> Endpoints:
    """Endpoints of the production account, as the principal reaches them."""
    return installation_of(principal, settings).endpoints_in(Environment.PRODUCTION)


def installation_of(principal: str, settings: Settings) -> Installation:
    """The installation as the principal reaches it by the environment of its own."""
    told = person_environment(principal, settings)
    session = boto3.Session(told["AWS_ACCESS_KEY_ID"], told["AWS_SECRET_ACCESS_KEY"], region_name=settings.region)
    return Installation.load(EnvironmentClients(session), InstallationSettings.from_environment(told))


def _deploy(case: Case, sagemaker: Any) -> None:
    key = f"use-cases/{case.name}/model.tar.gz"
    case.pipeline.artifacts.put_new(key, archive({"code/inference.py": ANSWERS}))
    container = {
        "Image": XGBOOST,
        "ModelDataUrl": case.pipeline.artifacts.uri(key),
        "Environment": {"SAGEMAKER_PROGRAM": "inference.py"},
    }
    sagemaker.create_model(ModelName=case.name, ExecutionRoleArn=EXECUTION_ROLE, PrimaryContainer=container)
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": case.name,
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": case.pipeline.artifacts.uri(f"use-cases/{case.name}/capture"),
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
    }
    sagemaker.create_endpoint_config(
        EndpointConfigName=case.name, ProductionVariants=[variant], DataCaptureConfig=capture
    )
    sagemaker.create_endpoint(EndpointName=case.name, EndpointConfigName=case.name)
    wait_until(
        lambda: sagemaker.describe_endpoint(EndpointName=case.name)["EndpointStatus"] == "InService", "it serves"
    )


def lines_under(case: Case, folder: str) -> list[dict[str, Any]]:
    keys = case.pipeline.artifacts.list(f"use-cases/{case.name}/{folder}/")
    return [json.loads(line) for key in keys for line in case.pipeline.artifacts.get(key).splitlines()]


def captured(case: Case, count: int) -> dict[str, float]:
    """What was asked, by the request's id, once that many are in the store."""
    wait_until(lambda: len(lines_under(case, "capture")) >= count, f"{count} requests are captured")
    return {
        line["eventMetadata"]["inferenceId"]: float(line["captureData"]["endpointInput"]["data"])
        for line in lines_under(case, "capture")
    }


def truths(case: Case) -> dict[str, list[str]]:
    return {
        line["eventMetadata"]["eventId"]: next(csv.reader([line["groundTruthData"]["data"]]))
        for line in lines_under(case, "ground-truth")
    }


def test_traffic_is_sent_as_it_was_and_drifted_with_what_came_true(
    serving: Case, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused: list[float] = []
    real = time.sleep
    monkeypatch.setattr("model_governance.cli.traffic._pause", lambda s: (paused.append(s), real(s))[0])
    said = command("consumer", "traffic", serving.name)
    assert (said.status, said.err) == (0, "")
    assert re.findall(r"^(\S+): 8 rows sent .*: 8 answered, 0 refused$", said.out, re.MULTILINE) == [
        "as-it-was",
        "drifted",
    ]
    windows = [
        [datetime.fromisoformat(time) for time in found]
        for found in re.findall(r"window (\S+) to (\S+)$", said.out, re.MULTILINE)
    ]
    assert windows[0][0] < windows[0][1] <= windows[1][0] < windows[1][1]
    assert all(start.second == 0 for start, _ in windows)
    asked, came_true = captured(serving, 16), truths(serving)
    assert set(asked) == set(came_true)
    assert sorted(x >= 100 for x in asked.values()) == [False] * 8 + [True] * 8
    for name, x in asked.items():
        row = int(x) % 100
        assert came_true[name] == [str(row % 2), str(int(row > 4))]


@pytest.mark.parametrize("before_the_minute", [0.001, 0.2, 30.0])
def test_no_answer_is_in_two_windows_whenever_a_phase_ends(
    serving: Case, stack_settings: Settings, before_the_minute: float
) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).replace(minute=38, second=0, microsecond=0)
    ahead = tomorrow - timedelta(seconds=before_the_minute) - datetime.now(UTC)
    waited = []

    def now() -> datetime:
        return datetime.now(UTC) + ahead + timedelta(seconds=sum(waited))

    consumer = replace(installation_of("consumer", stack_settings), now=now)
    declared = serving.pipeline.use_case(serving.name)
    assert declared.traffic is not None
    first, second = send_phases(
        consumer,
        declared,
        declared.traffic,
        (Phase.AS_IT_WAS, Phase.DRIFTED),
        lambda rows, _: rows,
        paused=waited.append,
    )
    assert first.start < first.end <= second.start < second.end
    assert sum(waited) <= 120


def test_one_phase_without_what_came_true_and_with_refused_rows(serving: Case, command: Command) -> None:
    serving.edit_declaration(traffic={"rows": 3, "shift": [{"column": "x", "multiply": 600}]})
    said = command(
        "consumer", "traffic", serving.name, "--phase", "drifted", "--rows", "10", "--seed", "4", "--no-ground-truth"
    )
    assert "drifted: 10 rows sent" in said.out and "2 answered, 8 refused" in said.out
    assert "ValueError: no such x" in " ".join(said.out.split())
    assert truths(serving) == {}
    assert sorted(captured(serving, 2).values()) == [0, 600]


def test_what_cannot_be_sent_is_refused_in_a_line(case: Case, command: Command) -> None:
    assert "nothing serves in production" in command("consumer", "traffic", case.name).refusal
    assert "declares no shift" in command("consumer", "traffic", case.name, "--phase", "drifted").refusal
    assert "no-such-case" in command("consumer", "traffic", "no-such-case").refusal


def test_consumer_may_ask_production_and_say_what_came_true_and_nothing_else(
    serving: Case, stack_settings: Settings
) -> None:
    consumer, production = serving.principal("consumer"), in_production("consumer", stack_settings)
    assert production.invoke(serving.name, "1") == "0.5"
    consumer.artifacts.put_new(f"use-cases/{serving.name}/ground-truth/2026/03/01/07/n.jsonl", b"")
    for refused in (
        lambda: consumer.endpoints.invoke(f"{serving.name}-test", "1"),
        lambda: production.delete(serving.name),
        lambda: production.update(serving.name, serving.name),
        lambda: consumer.artifacts.put_new(f"use-cases/{serving.name}/capture/forged.jsonl", b""),
        lambda: consumer.artifacts.get(f"use-cases/{serving.name}/model.tar.gz"),
    ):
        with pytest.raises(AccessRefused):
            refused()
