"""Calls made over and over go without the rest of a client's call, and come to the same; on the real servers."""

from __future__ import annotations

import http.client
import itertools
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import urlsplit

import boto3
import botocore.client
import botocore.session
import pytest
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from model_governance.domain.ledger import Authority, EntryKind
from model_governance.errors import AccessRefused, RecordConflict, ServiceUnavailable
from model_governance.hooks.artifacts import Artifacts
from model_governance.hooks.aws import Clients, EnvironmentClients, client_settings
from model_governance.hooks.installation import Installation
from model_governance.hooks.short_call import LARGEST_BYTES, short_call
from model_governance.hooks.signer import Signer
from stack.credentials import Credentials
from stack.settings import Settings

ClientsOf = Callable[[str], Clients]
NAMES = (f"use-cases/short-call/{number}.json" for number in itertools.count())


@dataclass
class Sent:
    """A request as it was sent on.

    Attributes:
        operation: Its method, or the action that it asks for.
        headers: Names in lower case.
        body: Its body.
    """

    operation: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Between:
    """A listener that passes requests on to a server, and keeps what was sent.

    Attributes:
        url: Where it listens.
        sent: Every request.
        saying: What is answered instead, with status 200; empty to hand on the server's answer.
        losing: How many answers are lost from here on: the request arrives, and the connection ends.
    """

    server_url: str
    url: str = ""
    sent: list[Sent] = field(default_factory=list)
    losing: int = 0
    saying: bytes = b""


@contextmanager
def between(server_url: str) -> Iterator[Between]:
    there = Between(server_url)

    class Handler(BaseHTTPRequestHandler):
        protocol_version: ClassVar[str] = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if there.saying:
                self.send_response(200)
                self.send_header("Content-Length", str(len(there.saying)))
                self.end_headers()
                self.wfile.write(there.saying)
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            there.sent.append(Sent(headers.get("x-amz-target", self.command), headers, body))
            target = urlsplit(there.server_url)
            beyond = http.client.HTTPConnection(target.hostname or "", target.port)
            beyond.request(self.command, self.path, body, dict(self.headers.items()))
            answer = beyond.getresponse()
            content = answer.read()
            beyond.close()
            if there.losing:
                there.losing -= 1
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in {"content-length", "connection", "transfer-encoding"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_PUT = do_GET = do_POST

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        there.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield there
        finally:
            server.shutdown()
            thread.join()


def client(settings: Settings, service: str, url: str, principal: str = "pipeline") -> Any:
    """A new client: nothing is known of how its calls are sent."""
    key = Credentials(settings.secrets).key(principal)
    session = boto3.Session(key.access_key_id, key.secret_access_key, region_name=settings.region)
    return session.client(service, endpoint_url=url, config=client_settings())


@pytest.fixture
def store(stack_settings: Settings, object_store: None) -> Artifacts:
    return Artifacts(client(stack_settings, "s3", stack_settings.s3_url), stack_settings.bucket)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls that go through clients."""
    made: list[str] = []
    real = botocore.client.BaseClient._make_api_call

    def call(self: Any, name: str, arguments: Mapping[str, Any]) -> Any:
        made.append(name)
        return real(self, name, arguments)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", call)
    return made


def test_only_the_first_put_of_a_bucket_goes_through_the_client(store: Artifacts, calls: list[str]) -> None:
    names = [next(NAMES) for _ in range(3)]
    for number, name in enumerate(names):
        store.put_new(name, b"%d" % number, "text/plain")
    assert calls == ["PutObject"]
    for number, name in enumerate(names):
        held = store.client.get_object(Bucket=store.bucket, Key=name)
        assert (held["Body"].read(), held["ContentType"]) == (b"%d" % number, "text/plain")


def test_a_short_put_is_sent_as_the_client_sends_it(stack_settings: Settings, store: Artifacts) -> None:
    with between(stack_settings.s3_url) as there:
        through = Artifacts(client(stack_settings, "s3", there.url), store.bucket)
        through.put_new(next(NAMES), b"the same")
        through.put_new(next(NAMES), b"the same")
    whole, short = there.sent
    assert short.body == whole.body
    same = {"content-type", "if-none-match", "x-amz-checksum-crc32", "x-amz-sdk-checksum-algorithm"}
    assert {name: short.headers.get(name) for name in same} == {name: whole.headers.get(name) for name in same}
    assert None not in {short.headers.get(name) for name in same}
    said = [re.sub(r"m/\S+ ", "", each.headers["user-agent"]) for each in there.sent]  # without botocore's statistics
    assert said[0] == said[1]
    assert "app/model-governance" in said[1]
    assert short.headers["x-amz-content-sha256"] == whole.headers["x-amz-content-sha256"]


@pytest.mark.parametrize("name", ["with a space.json", "a/../b.json", "./a.json", "ä.json", "a//b", "100%.json", "a+b"])
def test_a_key_that_a_url_writes_otherwise_goes_through_the_client(
    store: Artifacts, calls: list[str], name: str
) -> None:
    store.put_new(next(NAMES), b"learned")
    odd = f"use-cases/short-call/odd/{name}"
    try:
        store.put_new(odd, b"odd")
    except Exception as refused:
        assert "Short" not in type(refused).__name__
        assert calls == ["PutObject", "PutObject"]
    else:
        assert calls == ["PutObject", "PutObject"]
        assert store.get(odd) == b"odd"


def test_a_large_object_goes_through_the_client(store: Artifacts, calls: list[str]) -> None:
    store.put_new(next(NAMES), b"learned")
    store.put_new(next(NAMES), b"x" * LARGEST_BYTES)
    assert calls == ["PutObject"]
    store.put_new(next(NAMES), b"x" * (LARGEST_BYTES + 1))
    assert calls == ["PutObject", "PutObject"]


def test_a_taken_place_is_refused_in_the_clients_words(store: Artifacts) -> None:
    first, second = next(NAMES), next(NAMES)
    store.put_new(first, b"a")
    with pytest.raises(RecordConflict) as refused:
        store.put_new(first, b"b")
    store.put_new(second, b"a")
    assert f"PutObject s3://{store.bucket}/{first}" in str(refused.value)
    assert not refused.value.was_retried  # the store said plainly that it wrote nothing
    assert store.get(first) == b"a"


def test_who_may_not_write_is_refused_in_the_clients_words(stack_settings: Settings, store: Artifacts) -> None:
    consumer = Artifacts(client(stack_settings, "s3", stack_settings.s3_url, "consumer"), store.bucket)
    consumer.put_new("use-cases/short-call/ground-truth/2026/03/01/07/a.jsonl", b"learned")
    with pytest.raises(AccessRefused, match="not authorized to perform: s3:PutObject"):
        consumer.put_new("use-cases/short-call/capture/forged.jsonl", b"x")


def test_a_put_whose_answer_was_lost_is_its_own_conflict(stack_settings: Settings, store: Artifacts) -> None:
    with between(stack_settings.s3_url) as there:
        through = Artifacts(client(stack_settings, "s3", there.url), store.bucket)
        through.put_new(next(NAMES), b"learned")
        name, there.losing = next(NAMES), 1
        with pytest.raises(RecordConflict) as conflict:
            through.put_new(name, b"mine")
        assert conflict.value.was_retried
        assert through.get(name) == b"mine"


@pytest.mark.parametrize("losing", [1, 2])
def test_an_entry_whose_answers_were_lost_is_on_record_once(
    stack_settings: Settings, registry_server: None, installation_of: Callable[[str], Installation], losing: int
) -> None:
    known = installation_of("pipeline")
    name = f"short-call-{losing}"
    with between(stack_settings.s3_url) as there:
        store = Artifacts(client(stack_settings, "s3", there.url), stack_settings.bucket)
        ledger = type(known.ledger(name))(name, store, known.signers, known.public_keys)
        ledger.append(EntryKind.EVIDENCE, "arn", {"number": 1})
        there.losing = losing
        ledger.append(EntryKind.EVIDENCE, "arn", {"number": 2})
        ledger.append(EntryKind.EVIDENCE, "arn", {"number": 3})
    assert [entry.body["number"] for entry in installation_of("pipeline").ledger(name).verify()] == [1, 2, 3]


def test_a_store_out_of_reach_is_unavailable_and_one_that_comes_back_is_used(
    stack_settings: Settings, store: Artifacts
) -> None:
    with between(stack_settings.s3_url) as there:
        through = Artifacts(client(stack_settings, "s3", there.url), store.bucket)
        through.put_new(next(NAMES), b"learned")
        there.losing = 100
        with pytest.raises(ServiceUnavailable, match="PutObject"):
            through.put_new(next(NAMES), b"x")
        there.losing = 0
        name = next(NAMES)
        through.put_new(name, b"x")
        assert through.get(name) == b"x"


def test_an_error_in_an_answer_with_status_200_is_one(stack_settings: Settings, store: Artifacts) -> None:
    with between(stack_settings.s3_url) as there:
        through = Artifacts(client(stack_settings, "s3", there.url), store.bucket)
        through.put_new(next(NAMES), b"learned")
        there.saying = b"<Error><Code>InternalError</Code><Message>not written</Message></Error>"
        with pytest.raises(ServiceUnavailable, match="not written"):
            through.put_new(next(NAMES), b"x")


def test_credentials_that_cannot_be_renewed_are_refused_in_the_clients_words(
    stack_settings: Settings, store: Artifacts
) -> None:
    key = Credentials(stack_settings.secrets).key("pipeline")
    given = {"access_key": key.access_key_id, "secret_key": key.secret_access_key, "token": None}
    renewals = itertools.count()

    def renewed() -> dict[str, str | None]:
        if next(renewals) > 0:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "the role was revoked"}}, "AssumeRole")
        return {**given, "expiry_time": (datetime.now(UTC) + timedelta(seconds=2)).isoformat()}

    core = botocore.session.get_session()
    core._credentials = RefreshableCredentials.create_from_metadata(renewed(), renewed, "test")
    core._credentials._mandatory_refresh_timeout = core._credentials._advisory_refresh_timeout = 0
    session = boto3.Session(botocore_session=core, region_name=stack_settings.region)
    through = Artifacts(
        session.client("s3", endpoint_url=stack_settings.s3_url, config=client_settings()), store.bucket
    )
    through.put_new(next(NAMES), b"learned")
    time.sleep(2)
    with pytest.raises(AccessRefused, match="the role was revoked"):
        through.put_new(next(NAMES), b"x")


def test_only_the_first_signature_goes_through_the_client_and_all_hold(
    registry_server: None, installation_of: Callable[[str], Installation], stack_settings: Settings, calls: list[str]
) -> None:
    known = installation_of("pipeline")
    signer = Signer(client(stack_settings, "kms", stack_settings.sagemaker_url), known.signers[Authority.LEDGER].key_id)
    messages = [b"a", b"b" * 4096, bytes(range(256))]
    signatures = [signer.sign(message) for message in messages]
    assert calls == ["Sign"]
    assert all(map(known.public_keys[Authority.LEDGER].verify, messages, signatures))


def test_a_key_that_may_not_be_used_is_refused_in_the_clients_words(
    registry_server: None, installation_of: Callable[[str], Installation], stack_settings: Settings
) -> None:
    known = installation_of("pipeline")
    kms = client(stack_settings, "kms", stack_settings.sagemaker_url)
    assert Signer(kms, known.signers[Authority.LEDGER].key_id).sign(b"learned")
    with pytest.raises(AccessRefused, match="not authorized to perform: kms:Sign"):
        Signer(kms, known.signers[Authority.DECISIONS].key_id).sign(b"x")


def test_credentials_that_were_renewed_are_those_that_sign(stack_settings: Settings, store: Artifacts) -> None:
    """The credentials always end soon, so that each call renews them: they are one principal's, then another's."""
    secrets = Credentials(stack_settings.secrets)
    keys = itertools.cycle([secrets.key("pipeline"), secrets.key("admin")])

    def renewed() -> dict[str, str | None]:
        key, soon = next(keys), datetime.now(UTC) + timedelta(seconds=60)
        return {
            "access_key": key.access_key_id,
            "secret_key": key.secret_access_key,
            "token": None,
            "expiry_time": soon.isoformat(),
        }

    core = botocore.session.get_session()
    core._credentials = RefreshableCredentials.create_from_metadata(renewed(), renewed, "test")
    with between(stack_settings.s3_url) as there:
        session = boto3.Session(botocore_session=core, region_name=stack_settings.region)
        through = Artifacts(session.client("s3", endpoint_url=there.url, config=client_settings()), store.bucket)
        for _ in range(5):
            through.put_new(next(NAMES), b"x")
    signers = [request.headers["authorization"].partition("Credential=")[2].partition("/")[0] for request in there.sent]
    assert len(signers) == 5
    assert {secrets.key(name).access_key_id for name in ("pipeline", "admin")} == set(signers[1:])


def test_the_token_of_a_session_is_sent_and_signed(stack_settings: Settings, registry_server: None) -> None:
    """By the embedded server, which checks token and signature."""
    role = stack_settings.test_role_arn
    sts = client(stack_settings, "sts", stack_settings.sagemaker_url)
    given = sts.assume_role(RoleArn=role, RoleSessionName="short")["Credentials"]
    session = boto3.Session(
        given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region_name=stack_settings.region
    )
    registry = session.client("sagemaker", endpoint_url=stack_settings.sagemaker_url, config=client_settings())
    short = short_call(registry, "ListEndpoints")
    assert short is not None
    registry.list_endpoints()
    short.learn("")
    pattern = short.pattern("")
    assert pattern is not None
    assert (whole := short.send(pattern, b"{}")) is not None
    assert whole.status == 200
    assert (refused := short.send(pattern, b'{"MaxResults": 0}')) is not None
    assert refused.status == 400


def test_a_stubbed_client_is_left_alone(stack_settings: Settings) -> None:
    stubbed = client(stack_settings, "s3", stack_settings.s3_url)
    with Stubber(stubbed) as stub:
        for name in ("a.json", "b.json"):
            stub.add_response(
                "put_object",
                {},
                {"Bucket": "bucket", "Key": name, "Body": b"x", "ContentType": "application/json", "IfNoneMatch": "*"},
            )
        for name in ("a.json", "b.json"):
            Artifacts(stubbed, "bucket").put_new(name, b"x")
        stub.assert_no_pending_responses()


def test_threads_that_put_at_once_lose_nothing(store: Artifacts) -> None:
    names = [next(NAMES) for _ in range(40)]
    faults: list[BaseException] = []

    def put(part: list[str]) -> None:
        try:
            for name in part:
                store.put_new(name, name.encode())
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=put, args=(names[place::8],)) for place in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert all(store.get(name) == name.encode() for name in names)


def test_two_buckets_of_one_client_are_not_mixed_up(stack_settings: Settings, store: Artifacts) -> None:
    admin = EnvironmentClients(_session_of(stack_settings, "admin")).client("s3")
    here, there = Artifacts(admin, stack_settings.bucket), Artifacts(admin, stack_settings.landing_bucket)
    for _ in range(2):
        name = next(NAMES)
        here.put_new(name, b"here")
        there.put_new(name, b"there")
        assert (here.get(name), there.get(name)) == (b"here", b"there")


def _session_of(settings: Settings, principal: str) -> boto3.Session:
    key = Credentials(settings.secrets).key(principal)
    return boto3.Session(key.access_key_id, key.secret_access_key, region_name=settings.region)
