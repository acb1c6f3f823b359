"""Who gets in, with boto3's own signatures and with false ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from tests.sagemaker_server.running_server import RunningServer
from tests.sagemaker_server.signed import Draft, Signer

LIST = "SageMaker.ListModelPackageGroups"


def draft(server: RunningServer) -> Draft:
    return Signer(server).draft(LIST, {"MaxResults": 1})


def test_signed_request_is_answered(server: RunningServer) -> None:
    assert draft(server).send().status == 200


def test_same_request_sent_again_within_its_time_is_answered_as_at_aws(server: RunningServer) -> None:
    request = draft(server)
    assert [request.send().status, request.send().status] == [200, 200]


def test_unsigned_request_is_refused(server: RunningServer) -> None:
    request = draft(server)
    del request.headers["Authorization"]
    sent = request.send()
    assert (sent.status, sent.code) == (403, "MissingAuthenticationTokenException")


@pytest.mark.parametrize("service", ["sagemaker", "sts", "kms", "cloudtrail", "sagemaker-runtime"])
def test_wrong_secret_is_refused_by_every_service(server: RunningServer, service: str) -> None:
    key, _ = server.keys["anyone"]
    client = boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=server.url,
        aws_access_key_id=key,
        aws_secret_access_key="not-the-secret",
    )
    calls: dict[str, Any] = {
        "sagemaker": lambda: client.list_model_cards(MaxResults=1),
        "sts": lambda: client.get_caller_identity(**{}),
        "kms": lambda: client.get_public_key(KeyId="alias/model-governance-ledger"),
        "cloudtrail": lambda: client.lookup_events(MaxResults=1),
        "sagemaker-runtime": lambda: client.invoke_endpoint(EndpointName="any", Body=b"1"),
    }
    with pytest.raises(ClientError) as caught:
        calls[service]()
    expected = "SignatureDoesNotMatch" if service == "sts" else "InvalidSignatureException"
    assert caught.value.response["Error"]["Code"] == expected
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_unknown_key_is_refused(server: RunningServer) -> None:
    signer = Signer(server, credentials=Credentials("AKIANOBODY", "secret"))
    sent = signer.send(LIST, {})
    assert (sent.status, sent.code) == (403, "UnrecognizedClientException")
    assert sent.message == "The security token included in the request is invalid."


def test_tampered_body_is_refused(server: RunningServer) -> None:
    request = draft(server)
    request.body = b'{"MaxResults": 2}'
    assert request.send().code == "InvalidSignatureException"


def test_body_is_checked_against_the_hash_that_was_signed(server: RunningServer) -> None:
    request = Signer(server, extra={"X-Amz-Content-SHA256": "0" * 64}).draft(LIST, {})
    sent = request.send()
    assert (sent.code, "x-amz-content-sha256" in sent.message) == ("InvalidSignatureException", True)
    unsigned = Signer(server, extra={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}).send(LIST, {})
    assert unsigned.code == "InvalidSignatureException"


@pytest.mark.parametrize(
    ("header", "value"), [("X-Amz-Target", "SageMaker.ListModelCards"), ("Host", "elsewhere:1"), ("Content-Type", "x")]
)
def test_tampered_header_is_refused(server: RunningServer, header: str, value: str) -> None:
    request = draft(server)
    request.headers[header] = value
    assert request.send().code == "InvalidSignatureException"


def test_tampered_path_and_query_are_refused(server: RunningServer) -> None:
    request = draft(server)
    request.path = "/?more=1"
    assert request.send().code == "InvalidSignatureException"


def test_header_that_says_what_is_asked_must_be_signed(server: RunningServer) -> None:
    request = Signer(server).draft(None, {})
    request.headers["X-Amz-Target"] = LIST
    sent = request.send()
    assert (sent.status, sent.code) == (403, "IncompleteSignatureException")
    assert "x-amz-target" in sent.message


@pytest.mark.parametrize("minutes", [-16, 16, -600])
def test_signature_of_another_time_is_refused(server: RunningServer, minutes: int) -> None:
    signer = Signer(server, at=datetime.now(UTC) + timedelta(minutes=minutes))
    sent = signer.send(LIST, {})
    assert (sent.status, sent.code) == (403, "InvalidSignatureException")
    assert ("expired" in sent.message) == (minutes < 0)


@pytest.mark.parametrize("minutes", [-14, 14])
def test_clock_may_be_off_by_less_than_fifteen_minutes(server: RunningServer, minutes: int) -> None:
    assert Signer(server, at=datetime.now(UTC) + timedelta(minutes=minutes)).send(LIST, {}).status == 200


def test_new_date_on_an_old_signature_is_refused(server: RunningServer) -> None:
    request = Signer(server, at=datetime.now(UTC) - timedelta(hours=1)).draft(LIST, {})
    request.headers["X-Amz-Date"] = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    assert request.send().code == "InvalidSignatureException"


@pytest.mark.parametrize(("region", "service"), [("eu-west-1", "sagemaker"), ("us-east-1", "s3"), ("us-east-1", "kms")])
def test_signature_for_another_place_is_refused(server: RunningServer, region: str, service: str) -> None:
    sent = Signer(server, region=region, service=service).send(LIST, {})
    assert (sent.status, sent.code) == (403, "InvalidSignatureException")
    assert "scoped to a valid region and service" in sent.message


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Basic dXNlcjpwYXNz",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=host, Signature=zz",
        "AWS4-HMAC-SHA256 Credential=" + "a" * 5000,
        "AWS4-ECDSA-P256-SHA256 Credential=a/20240101/sagemaker/aws4_request, SignedHeaders=host, Signature=00",
    ],
)
def test_authorization_that_is_no_signature_is_refused(server: RunningServer, authorization: str) -> None:
    request = draft(server)
    request.headers["Authorization"] = authorization
    sent = request.send()
    assert (sent.status, sent.code) == (403, "IncompleteSignatureException")


def test_every_principal_learns_who_it_is_and_no_more(server: RunningServer) -> None:
    for name in server.keys:
        identity = server.client("sts", name).get_caller_identity()
        assert identity["Arn"] == f"arn:aws:iam::111122223333:user/{name}"
        assert identity["Account"] == "111122223333"
