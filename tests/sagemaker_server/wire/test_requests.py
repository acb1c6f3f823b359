"""What the wire says to requests that are not as AWS wants them."""

from __future__ import annotations

import http.client
import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.sagemaker_server.running_server import RunningServer
from tests.sagemaker_server.signed import Sent, Signer

CREATE = "SageMaker.CreateModelPackage"


def refused(server: RunningServer, body: bytes | dict[str, Any], target: str = CREATE) -> Sent:
    sent = Signer(server).send(target, body)
    assert sent.status == 400, sent.body
    return sent


def test_faults_are_joined_in_the_words_of_aws(server: RunningServer) -> None:
    sent = refused(
        server,
        {
            "ModelPackageGroupName": "-bad",
            "ModelApprovalStatus": "Maybe",
            "ModelLifeCycle": {"Stage": "Production"},
            "CustomerMetadataProperties": {"key": "x" * 257},
            "Tags": [{"Key": "k", "Value": "v"}, {"Key": "", "Value": "v"}],
        },
    )
    assert sent.code == "ValidationException"
    assert sent.message.startswith("5 validation errors detected: Value '-bad' at 'modelPackageGroupName' failed to ")
    for fault in (
        "Value 'Maybe' at 'modelApprovalStatus' failed to satisfy constraint: Member must satisfy enum value set: "
        "[Approved, Rejected, PendingManualApproval]",
        "Value null at 'modelLifeCycle.stageStatus' failed to satisfy constraint: Member must not be null",
        "at 'customerMetadataProperties' failed to satisfy constraint: Map value must satisfy constraint: [Member must "
        "have length less than or equal to 256, Member must have length greater than or equal to 1, ",
        "Value '' at 'tags.2.member.key' failed to satisfy constraint: Member must have length greater than or equal "
        "to 1",
    ):
        assert fault in sent.message


def test_one_fault_is_told_in_the_singular(server: RunningServer) -> None:
    sent = refused(server, {}, "SageMaker.DescribeModelPackage")
    assert sent.message == (
        "1 validation error detected: Value null at 'modelPackageName' failed to satisfy constraint: "
        "Member must not be null"
    )


def test_sensitive_value_is_not_repeated(server: RunningServer) -> None:
    sent = refused(server, {"ModelPackageGroupName": "g", "ModelCard": {"ModelCardContent": "secret" * 20_000}})
    assert "Value at 'modelCard.modelCardContent' failed to satisfy constraint" in sent.message
    assert "secret" not in sent.message


def test_pattern_must_fit_from_end_to_end(server: RunningServer) -> None:
    sent = refused(server, {"ModelPackageGroupName": "good-name\n"}, "SageMaker.CreateModelPackageGroup")
    assert "regular expression pattern" in sent.message


def test_list_and_number_keep_their_limits(server: RunningServer) -> None:
    sent = refused(server, {"MaxResults": 101}, "SageMaker.ListModelPackages")
    assert "Value '101' at 'maxResults'" in sent.message
    assert "Member must have value less than or equal to 100" in sent.message
    many = {"ResourceArn": "arn:aws:sagemaker:us-east-1:111122223333:x/y", "TagKeys": [f"k{n}" for n in range(51)]}
    assert "Member must have length less than or equal to 50" in refused(server, many, "SageMaker.DeleteTags").message


def test_unknown_and_null_members_are_passed_over(server: RunningServer, group: str) -> None:
    body = {"ModelPackageGroupName": group, "NoSuchMember": {"a": [1]}, "Domain": None, "Tags": None}
    assert Signer(server).send(CREATE, body).status == 200


def test_empty_structures_are_legal_and_kept(sagemaker: Any, group: str) -> None:
    arn = sagemaker.create_model_package(ModelPackageGroupName=group, ModelMetrics={"Bias": {}})["ModelPackageArn"]
    assert sagemaker.describe_model_package(ModelPackageName=arn)["ModelMetrics"] == {"Bias": {}}


def test_metadata_whose_published_pattern_is_odd_is_accepted(sagemaker: Any, group: str) -> None:
    metadata = {"run_id": "manual__2024-11-14T10:00:00+00:00", "path": "a/b=c@d"}
    arn = sagemaker.create_model_package(ModelPackageGroupName=group, CustomerMetadataProperties=metadata)[
        "ModelPackageArn"
    ]
    assert sagemaker.describe_model_package(ModelPackageName=arn)["CustomerMetadataProperties"] == metadata


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"text"',
        b"17",
        b"\xff\xfe",
        b'{"ModelPackageGroupName": NaN}',
        b'{"ModelPackageGroupName": 5}',
        b'{"ModelPackageGroupName": true}',
        b'{"ModelPackageGroupName": ["a"]}',
        b'{"Tags": {"Key": "a"}}',
        b'{"Tags": [5]}',
        b'{"CertifyForMarketplace": "yes"}',
        b'{"CustomerMetadataProperties": ["a"]}',
        b'{"Domain": "\\ud800"}',
        b'{"Domain": "a\\u0000b"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a": ' + b"9" * 100_000 + b"}",
    ],
)
def test_body_that_is_not_what_the_action_takes_is_a_serialization_exception(
    server: RunningServer, body: bytes
) -> None:
    assert refused(server, body).code == "SerializationException"


@pytest.mark.parametrize("value", ["1e400", "99999999999999999999", "1.5", '"1"', "-2147483649"])
def test_number_that_does_not_fit_is_refused(server: RunningServer, value: str) -> None:
    sent = refused(server, b'{"MaxResults": ' + value.encode() + b"}", "SageMaker.ListModelPackages")
    assert sent.code == "SerializationException"


@pytest.mark.parametrize("value", ["1e300", '"never"', '"2024-13-01"', "true", "[]"])
def test_time_that_is_none_is_refused(server: RunningServer, value: str) -> None:
    body = b'{"CreationTimeAfter": ' + value.encode() + b"}"
    assert refused(server, body, "SageMaker.ListModelPackages").code == "SerializationException"


def test_deeply_nested_expression_is_refused(server: RunningServer) -> None:
    depth = 5000
    body = b'{"Resource":"ModelPackage","SearchExpression":' + b'{"SubExpressions":[' * depth + b"]}" * depth + b"}"
    assert refused(server, body, "SageMaker.Search").code in {"SerializationException", "ValidationException"}


def test_body_beyond_the_limit_is_refused_whole(server: RunningServer) -> None:
    sent = Signer(server).send(CREATE, b'{"Domain": "' + b"x" * (5 * 1024 * 1024) + b'"}')
    assert (sent.status, sent.code) == (413, "RequestEntityTooLargeException")


def test_a_client_that_still_sends_when_it_is_refused_reads_why(server: RunningServer) -> None:
    """More than any socket's buffers hold: the refusal comes while most of the body is yet to be sent."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request("POST", "/", b"x" * (64 * 1024 * 1024))
        refusal = connection.getresponse()
        assert (refusal.status, b"RequestEntityTooLargeException" in refusal.read()) == (413, True)
        connection.request("GET", "/ping")
        assert connection.getresponse().read() == b"healthy"
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("SageMaker.NoSuchAction", "UnknownOperationException"),
        ("NoSuchService.Describe", "UnknownOperationException"),
        ("", "UnknownOperationException"),
        ("SageMaker.CreateNotebookInstance", "UnsupportedOperation"),
    ],
)
def test_action_that_is_not_there_is_named(server: RunningServer, target: str, code: str) -> None:
    assert refused(server, {}, target).code == code


def test_action_of_aws_that_is_not_here_says_what_is(sagemaker: Any) -> None:
    with pytest.raises(ClientError, match=r"UnsupportedOperation.*not in this server; there are: .*CreateModelPackage"):
        sagemaker.list_notebook_instances()


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("GET", "/nowhere"), ("POST", "/nowhere"), ("PUT", "/")])
def test_path_that_is_no_action_is_refused(server: RunningServer, method: str, path: str) -> None:
    sent = Signer(server).send(None, b"", method=method, path=path)
    assert (sent.status, sent.code) == (400, "UnknownOperationException")


def test_action_of_the_query_protocol_that_is_not_here_is_named(server: RunningServer) -> None:
    with pytest.raises(ClientError, match=r"UnsupportedOperation.*there are: AssumeRole, GetCallerIdentity"):
        server.client("sts").get_session_token()


def test_health_is_told_to_anyone_and_says_nothing_else(server: RunningServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", "/ping")
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (200, b"healthy")
    assert answer.getheader("server") is None
    connection.close()


def test_answer_bears_a_request_id(sagemaker: Any) -> None:
    assert len(sagemaker.list_model_cards()["ResponseMetadata"]["RequestId"]) == 36


def test_times_are_told_as_numbers_to_the_millisecond(server: RunningServer, group: str) -> None:
    sent = Signer(server).send("SageMaker.DescribeModelPackageGroup", {"ModelPackageGroupName": group})
    time = json.loads(sent.body)["CreationTime"]
    assert isinstance(time, float)
    assert round(time, 3) == time


def test_clients_of_other_regions_are_told_of_their_region(server: RunningServer) -> None:
    key, secret = server.keys["anyone"]
    client = boto3.client(
        "sagemaker",
        region_name="eu-west-1",
        endpoint_url=server.url,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    )
    with pytest.raises(ClientError, match=r"us-east-1/sagemaker, not eu-west-1/sagemaker"):
        client.list_model_cards()
