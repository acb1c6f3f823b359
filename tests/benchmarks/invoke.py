"""What a request to an endpoint costs over calling its model in process, and what data capture adds to that.

Two endpoints of one model, one of which captures, asked in turns. A signed request over a connection kept open, signed
before the clock starts, is what the endpoint costs: server and wire. The same through boto3 shows what the caller's own
client adds; it is no cost of the endpoint.
"""

from __future__ import annotations

import http.client
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.benchmarks.children import ROOT, run_child
from tests.benchmarks.measure import Figure, at_most, percentile, say
from tests.sagemaker_server.capturing import capture_config, wait_for_lines
from tests.sagemaker_server.workshop import ANYONE, XGBOOST, Workshop, archive, server_and_store_in

from sagemaker_server.runtime.images import interpreter, resolve
from stack.credentials import Credentials as Secrets

_SCRIPT = ROOT / "include" / "use_cases" / "loan-approval" / "inference.py"
_WARM_UP = 200
_REQUESTS = int(os.environ.get("BENCH_INVOCATIONS", "2000"))
_BY_BOTO3 = 500
_LONGEST_OVERHEAD_MS = 3.0
_MOST_BY_CAPTURE = 1.10


def run() -> list[Figure]:
    """Milliseconds of an invocation at one client, what of it is overhead, and how much capture adds."""
    with tempfile.TemporaryDirectory() as folder:
        home, model = Path(folder) / "stack", Path(folder) / "model"
        home.mkdir()
        model.mkdir()
        server = server_and_store_in(home)
        try:
            python = interpreter(resolve(XGBOOST), server.settings.environments)
            in_process = run_child("invoke_child", str(_SCRIPT), str(model), python=str(python))
            workshop = Workshop(server, "bench")
            _deploy(workshop, model)
            say(f"two endpoints serve; {_REQUESTS} requests to each, in turns")
            return _figures(workshop, in_process)
        finally:
            server.end("sagemaker")
            server.end("s3")


def _figures(workshop: Workshop, in_process: dict[str, Any]) -> list[Figure]:
    without, with_capture = _in_turns(
        [_bare_request(workshop, name, in_process["row"]) for name in ("plain", "captured")], _REQUESTS
    )
    wait_for_lines(workshop, _WARM_UP + _REQUESTS)
    (by_boto3,) = _in_turns([_boto3_request(workshop, in_process["row"])], _BY_BOTO3)
    predict, functions = in_process["predict_fn"] * 1000, in_process["functions"] * 1000
    plain, captured = (percentile(times, 0.5) * 1000 for times in (without, with_capture))
    return [
        Figure("predict_fn in process, p50", predict, "ms"),
        Figure("input_fn, predict_fn and output_fn in process, p50", functions, "ms"),
        Figure("endpoint without capture: signed HTTP request, p50", plain, "ms"),
        Figure("endpoint without capture: signed HTTP request, p99", percentile(without, 0.99) * 1000, "ms"),
        at_most("endpoint's overhead over predict_fn, p50", plain - predict, "ms", _LONGEST_OVERHEAD_MS),
        Figure("endpoint's overhead over all three functions, p50", plain - functions, "ms"),
        Figure("endpoint with capture: signed HTTP request, p50", captured, "ms"),
        Figure("endpoint with capture: signed HTTP request, p99", percentile(with_capture, 0.99) * 1000, "ms"),
        at_most("a request with capture beside one without, p50", captured / plain, "ratio", _MOST_BY_CAPTURE),
        Figure("endpoint without capture: through boto3, p50", percentile(by_boto3, 0.5) * 1000, "ms"),
    ]


def _in_turns(requests: list[Callable[[], None]], times: int) -> list[list[float]]:
    """Seconds of each request, one after the other, so that a machine whose speed drifts decides nothing."""
    taken: list[list[float]] = [[] for _ in requests]
    for number in range(-_WARM_UP, times):
        order = list(enumerate(requests))
        for place, request in order if number % 2 else reversed(order):
            began = time.perf_counter()
            request()
            if number >= 0:
                taken[place].append(time.perf_counter() - began)
    return taken


def _deploy(workshop: Workshop, folder: Path) -> None:
    files: dict[str, str | bytes] = {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}
    url = workshop.put("model.tar.gz", archive({**files, "code/inference.py": _SCRIPT.read_text()}))
    container = {"Image": XGBOOST, "ModelDataUrl": url, "Environment": {"SAGEMAKER_PROGRAM": "inference.py"}}
    workshop.sagemaker.create_model(ModelName="model", PrimaryContainer=container)
    workshop.config("model", "plain")
    workshop.config("model", "captured", DataCaptureConfig=capture_config(workshop))
    for name in ("plain", "captured"):
        workshop.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        described = workshop.settled(name)
        if described["EndpointStatus"] != "InService":
            raise RuntimeError(f"endpoint {name}: {described.get('FailureReason')}")


def _bare_request(workshop: Workshop, endpoint: str, row: str) -> Callable[[], None]:
    """A request signed once, over a connection of its own that stays open."""
    url = f"{workshop.server.settings.sagemaker_url}/endpoints/{endpoint}/invocations"
    headers = {"Content-Type": "text/csv", "Accept": "text/csv"}
    call = AWSRequest("POST", url, data=row, headers=headers)
    key = Secrets(workshop.server.settings.secrets).key(ANYONE)
    SigV4Auth(Credentials(key.access_key_id, key.secret_access_key), "sagemaker", "us-east-1").add_auth(call)
    signed = dict(call.headers)
    connection = http.client.HTTPConnection("127.0.0.1", workshop.server.settings.sagemaker_port, timeout=60)

    def request() -> None:
        connection.request("POST", f"/endpoints/{endpoint}/invocations", row, signed)
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{answer.status}: {said[:300]!r}")

    return request


def _boto3_request(workshop: Workshop, row: str) -> Callable[[], None]:
    def request() -> None:
        workshop.runtime.invoke_endpoint(EndpointName="plain", Body=row, ContentType="text/csv", Accept="text/csv")[
            "Body"
        ].read()

    return request
