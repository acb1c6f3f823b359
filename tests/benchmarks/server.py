"""Calls a second of the embedded server beside a bare one-route Starlette and SQLAlchemy server, in turns."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.benchmarks.measure import Figure, at_least, free_port, median_ratio

_PROJECT = Path(__file__).resolve().parents[2]
_KEY = Credentials("AKIABENCHMARK", "benchmark-secret-of-this-run-only")
_CONNECTIONS = 4
_SECONDS = 3.0
_ROUNDS = 5

Load = Callable[[int], tuple[str, dict[str, str]]]


def run() -> list[Figure]:
    """Reads and writes a second of both, and their ratios."""
    with tempfile.TemporaryDirectory() as folder, _ours(Path(folder)) as ours, _bare(Path(folder)) as bare:
        _make_group(ours)
        figures = []
        loads = (
            ("read", _signed_read(ours), _bare_body({"read": "1"})),
            ("write", _signed_write(ours), _bare_body({"write": "name"})),
        )
        for kind, our_load, bare_load in loads:
            mine, theirs = [], []
            for _ in range(_ROUNDS):
                mine.append(_calls_a_second(ours, our_load))
                theirs.append(_calls_a_second(bare, bare_load))
            figures += [
                Figure(f"server: {kind}s a second (median of {_ROUNDS})", sorted(mine)[_ROUNDS // 2], "calls/s"),
                Figure(f"bare one-route server: {kind}s a second", sorted(theirs)[_ROUNDS // 2], "calls/s"),
                at_least(f"server: {kind}s beside the bare server", median_ratio(mine, theirs), "ratio", 0.35),
            ]
        return figures


def _calls_a_second(port: int, load: Load) -> float:
    """Answers a second over a few connections kept open; an answer other than 200 ends the benchmark."""
    counts = [0] * _CONNECTIONS
    faults: list[str] = []
    until = time.perf_counter() + _SECONDS

    def call(place: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        number = place
        while time.perf_counter() < until and not faults:
            body, headers = load(number)
            connection.request("POST", "/", body, headers)
            answer = connection.getresponse()
            said = answer.read()
            if answer.status != http.HTTPStatus.OK:
                faults.append(f"{answer.status}: {said[:300]!r}")
            counts[place] += 1
            number += _CONNECTIONS
        connection.close()

    began = time.perf_counter()
    threads = [threading.Thread(target=call, args=(place,)) for place in range(_CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise RuntimeError(f"the server refused the load: {faults[0]}")
    return sum(counts) / (time.perf_counter() - began)


def _signed(port: int, action: str, request: dict[str, object]) -> tuple[str, dict[str, str]]:
    body = json.dumps(request)
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"SageMaker.{action}"}
    call = AWSRequest("POST", f"http://127.0.0.1:{port}/", data=body, headers=headers)
    SigV4Auth(_KEY, "sagemaker", "us-east-1").add_auth(call)
    return body, dict(call.headers)


def _signed_read(port: int) -> Load:
    signed = _signed(port, "DescribeModelPackageGroup", {"ModelPackageGroupName": "bench"})
    return lambda _: signed


def _signed_write(port: int) -> Load:
    """Signed before the clock starts: what the client's signing costs is not the server's."""
    run = time.time_ns()
    made = [
        _signed(port, "CreateArtifact", {"Source": {"SourceUri": f"s3://b/{run}/{i}"}, "ArtifactType": "DataSet"})
        for i in range(20_000)
    ]
    shared = iter(range(len(made)))
    return lambda _: made[next(shared)]


def _bare_body(request: dict[str, str]) -> Load:
    body = json.dumps(request)
    return lambda _: (body, {"Content-Type": "application/json"})


def _make_group(port: int) -> None:
    client = boto3.client(
        "sagemaker",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id=_KEY.access_key,
        aws_secret_access_key=_KEY.secret_key,
    )
    client.create_model_package_group(ModelPackageGroupName="bench")


@contextmanager
def _ours(folder: Path) -> Iterator[int]:
    port = free_port()
    policies = folder / "policies"
    policies.mkdir()
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    (policies / "bench.json").write_text(json.dumps(allow))
    key = {"access_key_id": _KEY.access_key, "secret_access_key": _KEY.secret_key}
    principals = folder / "principals.json"
    runtime = {"access_key_id": "AKIARUNTIME", "secret_access_key": "another-secret-of-this-run-only"}
    principals.write_text(json.dumps({"account": "111122223333", "principals": {"bench": key, "runtime": runtime}}))
    environment = os.environ | {
        "SAGEMAKER_SERVER_HOME": str(folder / "server"),
        "SAGEMAKER_SERVER_PRINCIPALS": str(principals),
        "SAGEMAKER_SERVER_POLICIES": str(policies),
        "SAGEMAKER_SERVER_PORT": str(port),
    }
    with _running([sys.executable, "-m", "sagemaker_server"], port, environment):
        yield port


@contextmanager
def _bare(folder: Path) -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "tests.benchmarks.bare_server", str(folder / "bare.sqlite"), str(port)]
    with _running(command, port, dict(os.environ)):
        yield port


@contextmanager
def _running(command: list[str], port: int, environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(command, env=environment, cwd=_PROJECT, stdout=subprocess.DEVNULL)
    try:
        _wait_until_answering(process, port)
        yield
    finally:
        process.terminate()
        process.wait(30)


def _wait_until_answering(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", "/ping")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{process.args!r} does not answer on port {port}")
