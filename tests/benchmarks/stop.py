"""How long the kill switch takes: from the start of ``model-governance stop`` as a process until requests are refused.

A real endpoint in the account of production, asked by another process's client all the while; the person's environment
is the one that ``python -m stack env`` prints. The last drill is made while the bucket is away.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from tests.benchmarks.measure import Figure, at_most, percentile, say
from tests.sagemaker_server.workshop import ServerAndStore, archive, server_and_store_in

from stack.environment import person_environment

_USE_CASE = "loan-approval"
_DRILLS = int(os.environ.get("BENCH_STOPS", "5"))
_LONGEST_SECONDS = 5.0
_IMAGE = "registry.example/sagemaker-scikit-learn:1.4-2-cpu-py3"
_SCRIPT = """
def model_fn(model_dir):
    return None

def transform_fn(model, body, content_type, accept):
    return "0.5\\n", "text/csv"
"""


def run() -> list[Figure]:
    """Seconds of every drill, and of a stop whose ledger cannot be reached."""
    with tempfile.TemporaryDirectory() as folder:
        server = server_and_store_in(Path(folder))
        try:
            production = _Production(server)
            production.make()
            say(f"an endpoint serves; {_DRILLS} drills, each a process of its own")
            drills = [production.stopped("--drill") for _ in range(_DRILLS) if production.serve()]
            if any(status for _, _, status, _ in drills):
                raise RuntimeError(f"a drill failed: {drills}")
            production.serve()
            server.end("s3", signal.SIGKILL)
            away, _, status, words = production.stopped()
            if not status or "IS OUT OF SERVICE, BUT THAT IS NOT ON RECORD" not in words:
                raise RuntimeError(f"a stop without its bucket ended with {status} and said {words!r}")
            say(words.strip())
        finally:
            server.end("sagemaker")
            server.end("s3")
    refused, ended = [each for each, *_ in drills], [each for _, each, *_ in drills]
    return [
        Figure(f"command to the first refusal, p50 of {len(drills)}", percentile(refused, 0.5), "s"),
        at_most(f"command to the first refusal, longest of {len(drills)}", max(refused), "s", _LONGEST_SECONDS),
        Figure(f"command to its end, with the entry made, p50 of {len(drills)}", percentile(ended, 0.5), "s"),
        at_most("command to the first refusal, the bucket away", away, "s", _LONGEST_SECONDS),
    ]


class _Production:
    """The account of production, as the pipeline acts there."""

    def __init__(self, server: ServerAndStore) -> None:
        self._server, self._settings = server, server.settings
        role = self._settings.production_role_arn
        told = server.client("sts", "pipeline").assume_role(RoleArn=role, RoleSessionName="bench")["Credentials"]
        self._keys = {
            "aws_access_key_id": told["AccessKeyId"],
            "aws_secret_access_key": told["SecretAccessKey"],
            "aws_session_token": told["SessionToken"],
        }
        self._sagemaker, self._runtime = self._client("sagemaker"), self._client("sagemaker-runtime")

    def _client(self, service: str) -> Any:
        url, once = self._settings.sagemaker_url, Config(retries={"max_attempts": 0})
        make: Any = boto3.client
        return make(service, endpoint_url=url, region_name="us-east-1", config=once, **self._keys)

    def make(self) -> None:
        """The model and its configuration."""
        key = f"use-cases/{_USE_CASE}/bench/model.tar.gz"
        body = archive({"code/inference.py": _SCRIPT})
        self._server.client("s3").put_object(Bucket=self._settings.bucket, Key=key, Body=body)
        account = self._settings.production_role_arn.split(":")[4]
        container = {
            "Image": _IMAGE,
            "ModelDataUrl": f"s3://{self._settings.bucket}/{key}",
            "Environment": {"SAGEMAKER_PROGRAM": "inference.py"},
        }
        role = f"arn:aws:iam::{account}:role/model-governance-execution"
        self._sagemaker.create_model(ModelName="bench", PrimaryContainer=container, ExecutionRoleArn=role)
        variant = {"VariantName": "AllTraffic", "ModelName": "bench", "InstanceType": "ml.m5.large"}
        variants = [{**variant, "InitialInstanceCount": 1}]
        self._sagemaker.create_endpoint_config(EndpointConfigName="bench", ProductionVariants=variants)

    def stopped(self, *options: str) -> tuple[float, float, int, str]:
        """A stop: seconds until the first refusal, until the command ended, its status, and what it said of faults."""
        environment = {**os.environ, **person_environment("model-owner", self._settings)}
        program = str(Path(sys.executable).with_name("model-governance"))
        with tempfile.TemporaryFile("w+") as words:
            began = time.perf_counter()
            process = subprocess.Popen(
                [program, "stop", _USE_CASE, "--reason", "a drill of the bench", *options],
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=words,
            )
            while self._answers() and process.poll() is None:
                time.sleep(0.01)
            refused = time.perf_counter() - began
            status = process.wait(timeout=120)
            ended = time.perf_counter() - began
            words.seek(0)
            said = words.read()
        if self._answers():
            raise RuntimeError(f"the endpoint answers although it was stopped ({status}): {said}")
        return refused, ended, status, said

    def serve(self) -> bool:
        """Has the endpoint serve; True once it does."""
        self._sagemaker.create_endpoint(EndpointName=_USE_CASE, EndpointConfigName="bench")
        until = time.monotonic() + 120
        while not self._answers():
            if time.monotonic() > until:
                raise RuntimeError(str(self._sagemaker.describe_endpoint(EndpointName=_USE_CASE)))
            time.sleep(0.2)
        return True

    def _answers(self) -> bool:
        try:
            self._runtime.invoke_endpoint(EndpointName=_USE_CASE, ContentType="text/csv", Body=b"1\n")
        except ClientError:
            return False
        return True
