"""Signatures asked for on kept connections are those that botocore's own way brings, and so are the refusals."""

from __future__ import annotations

import base64
import json
import multiprocessing
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.sagemaker_server.running_server import RunningServer, running_server

from model_governance.errors import AccessRefused, ServiceUnavailable
from model_governance.hooks.aws import EnvironmentClients
from model_governance.hooks.kept_connection import KeptConnections, keep_connections
from model_governance.hooks.signer import Signer

LEDGER = "alias/model-governance-ledger"
ALGORITHM = "ED25519_SHA_512"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("server") / "home") as server:
        yield server


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that were asked for on kept connections, and that were answered there."""
    answered: list[str] = []
    call = KeptConnections.__call__

    def told(self: KeptConnections, **given: Any) -> Any:
        found = call(self, **given)
        answered.append("kept" if found is not None else "botocore")
        return found

    monkeypatch.setattr(KeptConnections, "__call__", told)
    return answered


def signer_of(server: RunningServer, principal: str = "pipeline", key_id: str = LEDGER) -> Signer:
    client = server.client("kms", principal)
    keep_connections(client)
    return Signer(client, key_id)


def test_a_signature_is_the_one_that_botocores_own_way_brings(server: RunningServer, sent: list[str]) -> None:
    client = server.client("kms", "pipeline")
    request = {"KeyId": LEDGER, "Message": b"an entry", "MessageType": "RAW", "SigningAlgorithm": ALGORITHM}
    theirs = client.sign(**request)
    keep_connections(client)
    ours = client.sign(**request)
    assert sent == ["kept"]
    for answer in (theirs, ours):
        assert answer.pop("ResponseMetadata")["HTTPStatusCode"] == 200
    assert ours == theirs


def test_a_session_of_a_role_signs_with_its_token(server: RunningServer, sent: list[str]) -> None:
    client = server.client_with("kms", server.assume("arn:aws:iam::222233334444:role/anything"))
    keep_connections(client)
    with pytest.raises(ClientError) as raised:  # its account has no such key: it was known who asked
        client.sign(KeyId=LEDGER, Message=b"m", SigningAlgorithm=ALGORITHM)
    assert raised.value.response["Error"]["Code"] == "NotFoundException"
    assert sent == ["botocore"]


def test_who_may_not_sign_is_refused_in_the_same_words(server: RunningServer) -> None:
    with pytest.raises(AccessRefused) as ours:
        signer_of(server, "data-scientist").sign(b"m")
    with pytest.raises(AccessRefused) as theirs:
        Signer(server.client("kms", "data-scientist"), LEDGER).sign(b"m")
    assert str(ours.value) == str(theirs.value)
    assert "kms:Sign" in str(ours.value)


def test_a_server_that_came_back_is_asked_again(tmp_path: Path, sent: list[str]) -> None:
    with running_server(tmp_path / "home") as server:
        signer = signer_of(server)
        before = signer.sign(b"m")
        port = server.port
        server.stop()
        server.environment = {**server.environment, "SAGEMAKER_SERVER_PORT": str(port)}
        server.start()
        assert [signer.sign(b"m"), signer.sign(b"m")] == [before, before]
    assert sent == ["kept", "botocore", "kept"]


def test_a_server_that_is_away_is_told_as_ever(tmp_path: Path) -> None:
    with running_server(tmp_path / "home") as server:
        signer = signer_of(server)
        signer.sign(b"m")
        server.stop()
        with pytest.raises(ServiceUnavailable):
            signer.sign(b"m")


def test_threads_get_each_their_own_signature(server: RunningServer, sent: list[str]) -> None:
    signer = signer_of(server)
    messages = [str(number).encode() for number in range(200)]
    wanted = [signer.sign(message) for message in messages]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(signer.sign, messages)) == wanted
    assert set(sent) == {"kept"}


def test_a_forked_process_does_not_share_the_connection(server: RunningServer) -> None:
    signer = signer_of(server)
    wanted = [signer.sign(str(number).encode()) for number in range(100)]
    fork = multiprocessing.get_context("fork")
    child = fork.Process(target=_sign_and_compare, args=(signer, wanted))
    child.start()
    _sign_and_compare(signer, wanted)
    child.join(60)
    assert child.exitcode == 0


def _sign_and_compare(signer: Signer, wanted: list[bytes]) -> None:
    if [signer.sign(str(number).encode()) for number in range(len(wanted))] != wanted:
        raise SystemExit(1)


@contextmanager
def answering(*answers: Callable[[], tuple[int, bytes]]) -> Iterator[tuple[str, list[int]]]:
    """A server that answers as given, the last for ever; its address, and the statuses that it has sent."""
    statuses: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            status, body = answers[min(len(statuses), len(answers) - 1)]()
            statuses.append(status)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}", statuses
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


def plain() -> tuple[int, bytes]:
    return 200, json.dumps({"KeyId": "k", "Signature": base64.b64encode(b"s" * 64).decode()}).encode()


@pytest.mark.parametrize(
    "first",
    [
        (503, b'{"__type": "KMSInternalException", "message": "later"}'),
        (200, b"no JSON"),
        (200, b"[]"),
        (200, b'{"KeyId": "k"}'),
        (200, b'{"Signature": "%%"}'),
        (200, b'{"Signature": 1}'),
        (200, b" " * 70_000),
    ],
)
def test_what_is_no_plain_answer_is_asked_for_again_by_botocore(
    first: tuple[int, bytes], monkeypatch: pytest.MonkeyPatch, sent: list[str]
) -> None:
    with answering(lambda: first, plain) as (url, statuses):
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", url)
        client = EnvironmentClients(boto3.Session("AKIA", "secret", region_name="us-east-1")).client("kms")
        assert [Signer(client, "k").sign(b"m") for _ in range(2)] == [b"s" * 64] * 2
    assert sent == ["botocore", "kept"]
    assert statuses == [first[0], 200, 200]


@pytest.mark.parametrize(
    ("url", "proxies"),
    [
        ("https://kms.us-east-1.amazonaws.com", {}),
        ("http://kms.example:8601", {"http_proxy": "http://127.0.0.1:9"}),
    ],
)
def test_https_and_proxies_are_left_to_botocore(
    url: str, proxies: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in proxies.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("kms", "us-east-1", endpoint_url=url, aws_access_key_id="a", aws_secret_access_key="s")
    registered: list[str] = []
    monkeypatch.setattr(client.meta.events, "register", lambda event, handler: registered.append(event))
    keep_connections(client)
    assert registered == []


def test_other_services_are_left_as_they_are(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    client = server.client("sagemaker")
    registered: list[str] = []
    monkeypatch.setattr(client.meta.events, "register", lambda event, handler: registered.append(event))
    keep_connections(client)
    assert registered == []
