"""Failures of AWS's services leave the hooks as this package's errors, and never as botocore's."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from model_governance.errors import (
    AccessRefused,
    GovernanceError,
    RecordConflict,
    RecordMissing,
    RequestRefused,
    ServiceUnavailable,
)
from model_governance.hooks.aws import AirflowClients, EnvironmentClients, calling, client_settings


def answer(code: str, message: str, status: int = 400, retries: int = 0) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status, "RetryAttempts": retries},
        },
        "UpdateModelPackage",
    )


@pytest.mark.parametrize(
    ("code", "message", "status", "error"),
    [
        ("AccessDeniedException", "User: arn:x is not authorized to perform: sagemaker:X", 400, AccessRefused),
        ("AccessDenied", "no", 403, AccessRefused),
        ("UnrecognizedClientException", "The security token included in the request is invalid.", 403, AccessRefused),
        ("SignatureDoesNotMatch", "no", 403, AccessRefused),
        ("ThrottlingException", "Rate exceeded", 400, ServiceUnavailable),
        ("Whatever", "we are down", 503, ServiceUnavailable),
        ("ResourceNotFound", "Unable to describe Resource", 400, RecordMissing),
        ("NoSuchKey", "The specified key does not exist.", 404, RecordMissing),
        ("ValidationException", "ModelPackage arn:x does not exist.", 400, RecordMissing),
        ("ValidationException", "Could not find endpoint x", 400, RecordMissing),
        ("ValidationException", "Model Package Group already exists: arn:x", 400, RecordConflict),
        ("ConflictException", "changed meanwhile", 400, RecordConflict),
        ("PreconditionFailed", "At least one of the pre-conditions", 412, RecordConflict),
        ("ConditionalRequestConflict", "another", 409, RecordConflict),
        ("ValidationException", "1 validation error detected: Value 'x'", 400, RequestRefused),
    ],
)
def test_an_answer_becomes_the_error_a_caller_can_act_on(
    code: str, message: str, status: int, error: type[GovernanceError]
) -> None:
    with pytest.raises(error, match="UpdateModelPackage arn:x") as raised:
        with calling("sagemaker", "UpdateModelPackage arn:x"):
            raise answer(code, message, status)
    assert type(raised.value) is error
    assert message in str(raised.value)


def test_a_conflict_tells_whether_the_request_was_sent_again() -> None:
    with pytest.raises(RecordConflict) as first:
        with calling("s3", "PutObject"):
            raise answer("PreconditionFailed", "x", 412)
    with pytest.raises(RecordConflict) as again:
        with calling("s3", "PutObject"):
            raise answer("PreconditionFailed", "x", 412, retries=1)
    assert (first.value.was_retried, again.value.was_retried) == (False, True)


def test_a_service_that_nobody_listens_for_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", f"http://127.0.0.1:{closed.getsockname()[1]}")
        session = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1")
        with pytest.raises(ServiceUnavailable, match="sagemaker could not be reached for ListModelPackages"):
            with calling("sagemaker", "ListModelPackages"):
                EnvironmentClients(session).client("sagemaker").list_model_packages()


def test_a_caller_without_credentials_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(AccessRefused, match="credentials"):
        with calling("sagemaker", "ListModelPackages"):
            EnvironmentClients(boto3.Session(region_name="us-east-1")).client("sagemaker").list_model_packages()


def test_a_profile_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody-here")
    with pytest.raises(AccessRefused, match="nobody-here"):
        EnvironmentClients().client("sagemaker")


def test_clients_are_made_once_and_bear_the_application_in_their_user_agent() -> None:
    session = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1")
    clients = EnvironmentClients(session, "model-governance-cli")
    client = clients.client("s3")
    assert clients.client("s3") is client
    assert "app/model-governance-cli" in client.meta.config.user_agent
    assert client_settings().connect_timeout <= 5


@pytest.fixture
def airflow_connections(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    connection = {
        "conn_type": "aws",
        "login": "AKIAEXAMPLE",
        "password": "not-a-secret",
        "extra": {
            "region_name": "eu-central-1",
            "service_config": {"sagemaker-runtime": {"endpoint_url": "http://127.0.0.1:9"}},
        },
    }
    monkeypatch.setenv("AIRFLOW_CONN_AWS_TEST", json.dumps(connection))
    return monkeypatch


def test_an_airflow_connection_says_who_asks_and_where(airflow_connections: pytest.MonkeyPatch) -> None:
    clients = AirflowClients("aws_test")
    runtime = clients.client("sagemaker-runtime")
    assert runtime.meta.endpoint_url == "http://127.0.0.1:9"
    assert runtime.meta.region_name == "eu-central-1"
    assert runtime.meta.config.connect_timeout <= 5
    assert "app/model-governance" in runtime.meta.config.user_agent
    assert clients.client("sagemaker-runtime") is runtime


def test_a_connection_that_is_not_there_is_an_access_refused(airflow_connections: pytest.MonkeyPatch) -> None:
    with pytest.raises(AccessRefused, match="no Airflow connection 'aws_nowhere'"):
        AirflowClients("aws_nowhere").client("sagemaker")
