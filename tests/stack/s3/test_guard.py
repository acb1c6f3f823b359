"""The guard with boto3 as its client: what must work works, and what must not get through does not."""

from __future__ import annotations

import http.client
import io
import signal
import threading
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from tests.running_stack import stack_folder
from tests.stack.s3.conftest import Store, start_store, stop_store

from stack.credentials import make_credentials
from stack.settings import Settings


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def test_an_object_is_put_read_listed_and_deleted(store: Store) -> None:
    client = store.client("pipeline")
    client.put_object(Bucket="model-governance", Key="use-cases/a b/ü+%.json", Body=b"{}", Metadata={"run": "1"})
    head = client.head_object(Bucket="model-governance", Key="use-cases/a b/ü+%.json")
    listed = client.list_objects_v2(Bucket="model-governance", Prefix="use-cases/a b/")["Contents"]
    assert client.get_object(Bucket="model-governance", Key="use-cases/a b/ü+%.json")["Body"].read() == b"{}"
    assert (head["ContentLength"], head["Metadata"]) == (2, {"run": "1"})
    assert [entry["Key"] for entry in listed] == ["use-cases/a b/ü+%.json"]
    client.delete_object(Bucket="model-governance", Key="use-cases/a b/ü+%.json")
    assert refusal(client.get_object, Bucket="model-governance", Key="use-cases/a b/ü+%.json") == "NoSuchKey"


def test_a_large_file_goes_up_in_parts_and_comes_back_whole(store: Store, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(bytes(range(256)) * 80_000)
    client = store.client("pipeline")
    client.upload_file(str(source), "model-governance", "use-cases/large")
    client.download_file("model-governance", "use-cases/large", str(target))
    assert target.read_bytes() == source.read_bytes()


def test_a_client_that_still_sends_when_it_is_refused_reads_why(store: Store) -> None:
    """More than any socket's buffers hold: the refusal could come while most of the body is yet to be sent."""
    connection = http.client.HTTPConnection("127.0.0.1", store.settings.s3_port, timeout=30)
    try:
        connection.request("PUT", "/model-governance/unsigned", b"x" * (64 * 1024 * 1024))
        answer = connection.getresponse()
        assert (answer.status, b"must be signed" in answer.read()) == (403, True)
    finally:
        connection.close()


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA256"])
def test_a_stream_is_uploaded_with_a_checksum(store: Store, algorithm: str) -> None:
    client = store.client("pipeline")
    body = io.BytesIO(b"streamed" * 1000)
    client.put_object(Bucket="model-governance", Key="use-cases/stream", Body=body, ChecksumAlgorithm=algorithm)
    client.upload_fileobj(io.BytesIO(b"more"), "model-governance", "use-cases/stream2")
    assert client.get_object(Bucket="model-governance", Key="use-cases/stream")["Body"].read() == b"streamed" * 1000
    assert client.get_object(Bucket="model-governance", Key="use-cases/stream2")["Body"].read() == b"more"


def test_a_conditional_put_is_won_by_one_of_many(store: Store) -> None:
    won: list[int] = []

    def put(number: int) -> None:
        client = store.client("pipeline")
        try:
            client.put_object(
                Bucket="model-governance", Key="ledger/race/000000000001.json", Body=b"%d" % number, IfNoneMatch="*"
            )
            won.append(number)
        except ClientError as fault:
            assert fault.response["Error"]["Code"] in {"PreconditionFailed", "ConditionalRequestConflict"}

    threads = [threading.Thread(target=put, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    body = store.client("pipeline").get_object(Bucket="model-governance", Key="ledger/race/000000000001.json")["Body"]
    assert [b"%d" % number for number in won] == [body.read()]


@pytest.mark.parametrize("path", ["/_ministack/reset", "/_ministack/health", "/_localstack/health", "/_aws/sqs"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_path_of_the_emulators_own_is_refused(store: Store, method: str, path: str) -> None:
    assert httpx.request(method, store.url + path, trust_env=False).status_code == 403


def test_a_signed_reset_is_refused_and_erases_nothing(store: Store) -> None:
    store.client("pipeline").put_object(Bucket="model-governance", Key="use-cases/kept", Body=b"kept")
    admin = store.client("admin", config=Config(inject_host_prefix=False))
    admin.meta.events.register("before-sign.s3.*", _ask_for_a_reset)
    assert refusal(admin.list_buckets) == "AccessDenied"
    body = store.client("pipeline").get_object(Bucket="model-governance", Key="use-cases/kept")["Body"].read()
    assert body == b"kept"


def _ask_for_a_reset(request: Any, **_: Any) -> None:
    request.method, request.url = "POST", request.url.rstrip("/") + "/_ministack/reset"


def test_the_unsigned_and_the_wrongly_signed_are_refused(store: Store) -> None:
    get = {"Bucket": "model-governance", "Key": "use-cases/large"}
    unsigned = store.client("pipeline", config=Config(signature_version=UNSIGNED))
    wrong_secret = store.client("pipeline", aws_secret_access_key="wrong")
    unknown = store.client("pipeline", aws_access_key_id="test", aws_secret_access_key="test")
    other_region = store.client("pipeline", region_name="eu-west-1")
    assert refusal(unsigned.get_object, **get) == "AccessDenied"
    assert refusal(wrong_secret.get_object, **get) == "SignatureDoesNotMatch"
    assert refusal(unknown.get_object, **get) == "InvalidAccessKeyId"
    assert refusal(other_region.get_object, **get) == "SignatureDoesNotMatch"


@pytest.mark.parametrize("secret", ["wrong", "test", None])
def test_a_presigned_address_is_refused_whoever_signed_it(store: Store, secret: str | None) -> None:
    changes = {"aws_secret_access_key": secret} if secret else {}
    client = store.client("pipeline", **changes)
    address = client.generate_presigned_url("get_object", {"Bucket": "model-governance", "Key": "use-cases/large"})
    assert httpx.get(address, trust_env=False).status_code == 403


def test_a_signature_for_another_service_is_refused(store: Store) -> None:
    key = store.client("admin")._request_signer._credentials
    client = boto3.client(
        "sqs",
        endpoint_url=store.url,
        region_name="us-east-1",
        aws_access_key_id=key.access_key,
        aws_secret_access_key=key.secret_key,
    )
    with pytest.raises((ClientError, ValueError)):
        client.list_queues()


def test_a_principal_does_only_what_his_document_allows(store: Store) -> None:
    approver = store.client("business-approver")
    put = {"Bucket": "model-governance", "Key": "use-cases/x", "Body": b""}
    assert refusal(approver.put_object, **put) == "AccessDenied"
    assert refusal(approver.create_bucket, Bucket="landing") == "AccessDenied"
    assert refusal(store.client("data-scientist").put_object, **put) == "AccessDenied"
    store.client("data-scientist").put_object(Bucket="landing", Key="loan/x.csv", Body=b"1")
    assert approver.get_object(Bucket="landing", Key="loan/x.csv")["Body"].read() == b"1"


def test_a_copy_needs_its_source_to_be_readable_and_its_target_writable(store: Store) -> None:
    store.client("data-scientist").put_object(Bucket="landing", Key="loan/y.csv", Body=b"2")
    source = {"Bucket": "landing", "Key": "loan/y.csv"}
    store.client("pipeline").copy_object(Bucket="model-governance", Key="use-cases/y.csv", CopySource=source)
    copied = store.client("pipeline").get_object(Bucket="model-governance", Key="use-cases/y.csv")["Body"].read()
    denied = store.client("data-scientist").copy_object
    assert copied == b"2"
    assert refusal(denied, Bucket="model-governance", Key="use-cases/z.csv", CopySource=source) == "AccessDenied"


def entry(store: Store, name: str) -> dict[str, str]:
    where = {"Bucket": "model-governance", "Key": f"ledger/{name}/000000000001.json"}
    store.client("pipeline").put_object(**where, Body=b"first", IfNoneMatch="*")
    return where


@pytest.mark.parametrize("principal", ["pipeline", "decision-service", "admin"])
def test_an_entry_of_a_ledger_is_neither_overwritten_nor_deleted(store: Store, principal: str) -> None:
    where = entry(store, principal)
    client = store.client(principal)
    assert refusal(client.put_object, **where, Body=b"second") == "AccessDenied"
    assert refusal(client.put_object, **where, Body=b"second", IfNoneMatch="*") in {
        "PreconditionFailed",
        "AccessDenied",
    }
    assert refusal(client.put_object, **where, Body=b"second", IfMatch="*") == "AccessDenied"
    assert refusal(client.delete_object, **where) == "AccessDenied"
    batch = {"Objects": [{"Key": "use-cases/none"}, {"Key": where["Key"]}]}
    assert refusal(client.delete_objects, Bucket=where["Bucket"], Delete=batch) == "AccessDenied"
    source = {"Bucket": "model-governance", "Key": "use-cases/large"}
    assert refusal(client.copy_object, **where, CopySource=source) == "AccessDenied"
    assert refusal(client.create_multipart_upload, **where) == "AccessDenied"
    assert client.get_object(**where)["Body"].read() == b"first"


def test_a_ledger_on_a_file_system_without_case_is_kept_too(store: Store) -> None:
    where = entry(store, "case") | {"Key": "Ledger/case/000000000001.json"}
    assert refusal(store.client("pipeline").put_object, **where, Body=b"second") == "AccessDenied"


def test_a_copy_hidden_in_the_query_is_refused(store: Store) -> None:
    where = entry(store, "hidden")
    client = store.client("pipeline")
    client.meta.events.register("before-sign.s3.PutObject", _hide_a_copy)
    assert refusal(client.put_object, **where, Body=b"", IfNoneMatch="*") == "AccessDenied"


def _hide_a_copy(request: Any, **_: Any) -> None:
    request.url += "?x-amz-copy-source=%2Fmodel-governance%2Fuse-cases%2Flarge"


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("put_bucket_policy", {"Policy": "{}"}),
        ("put_bucket_lifecycle_configuration", {"LifecycleConfiguration": {"Rules": []}}),
        ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Suspended"}}),
        ("put_object_tagging", {"Key": "use-cases/large", "Tagging": {"TagSet": []}}),
        ("put_object_acl", {"Key": "use-cases/large", "ACL": "public-read"}),
        ("delete_object", {"Key": "use-cases/large", "VersionId": "null"}),
    ],
)
def test_an_operation_that_is_not_named_is_refused(store: Store, call: str, arguments: dict[str, Any]) -> None:
    client = store.client("admin")
    assert refusal(getattr(client, call), Bucket="model-governance", **arguments) == "NotImplemented"


def test_a_bucket_that_is_not_the_installations_is_refused(store: Store) -> None:
    assert refusal(store.client("admin").create_bucket, Bucket="graphql") == "AccessDenied"


def test_no_answer_may_be_read_by_a_web_page(store: Store) -> None:
    answers: list[Any] = []
    client = store.client("admin")
    client.meta.events.register("after-call.s3.ListBuckets", lambda http_response, **_: answers.append(http_response))
    client.list_buckets()
    assert not [name for name in answers[0].headers if name.lower().startswith("access-control-")]


def test_objects_and_buckets_outlive_a_kill() -> None:
    with stack_folder() as environment:
        settings = Settings.from_environment(environment)
        make_credentials(settings)
        running = start_store(settings)
        running.client("admin").create_bucket(Bucket="model-governance")
        wheres = [{"Bucket": "model-governance", "Key": f"ledger/kill/{number:012}.json"} for number in range(20)]
        for where in wheres:
            running.client("pipeline").put_object(**where, Body=where["Key"].encode(), IfNoneMatch="*")
        stop_store(running, signal.SIGKILL)
        again = start_store(settings)
        try:
            for where in wheres:
                assert again.client("pipeline").get_object(**where)["Body"].read() == where["Key"].encode()
        finally:
            stop_store(again)
