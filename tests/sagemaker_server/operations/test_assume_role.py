"""Being a role for a while: who is let, for how long, and what a session's credentials are worth afterwards."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from tests.sagemaker_server.running_server import (
    ACCOUNT,
    PRODUCTION_ACCOUNT,
    TEST_ACCOUNT,
    RunningServer,
    make_installation,
    write_role,
)

DEPLOYMENT = f"arn:aws:iam::{TEST_ACCOUNT}:role/model-governance-deployment"
OPERATOR = f"arn:aws:iam::{PRODUCTION_ACCOUNT}:role/model-governance-operator"
READER = f"arn:aws:iam::{PRODUCTION_ACCOUNT}:role/model-governance-reader"
CONSUMER = f"arn:aws:iam::{PRODUCTION_ACCOUNT}:role/model-governance-consumer"
ANYTHING = f"arn:aws:iam::{TEST_ACCOUNT}:role/anything"
OPERATORS = {"production-approver", "governance-officer", "model-owner", "policy-owner"}


def code_of(refusal: Any) -> str:
    return str(refusal.value.response["Error"]["Code"])


@pytest.mark.parametrize("principal", ["pipeline", "admin", "data-scientist", "decision-service", "caretaker"])
def test_the_deployment_role_is_the_pipelines(server: RunningServer, principal: str) -> None:
    if principal == "pipeline":
        assert server.assume(DEPLOYMENT, principal)["AccessKeyId"].startswith("ASIA")
        return
    with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole on resource: arn:aws:iam") as told:
        server.assume(DEPLOYMENT, principal)
    assert code_of(told) == "AccessDenied"


@pytest.mark.parametrize("principal", [*sorted(OPERATORS), "pipeline", "data-scientist", "business-approver", "anyone"])
def test_who_answers_for_a_model_may_operate_it_under_his_own_name(server: RunningServer, principal: str) -> None:
    if principal in OPERATORS:
        assert server.assume(OPERATOR, principal, principal)
    with pytest.raises(ClientError, match="AccessDenied"):
        server.assume(OPERATOR, principal, "somebody-else")
    if principal not in OPERATORS:
        with pytest.raises(ClientError, match="AccessDenied"):
            server.assume(OPERATOR, principal, principal)


def test_the_trust_of_an_account_needs_the_callers_own_policy_too(server: RunningServer) -> None:
    assert server.assume(READER, "data-scientist")
    with pytest.raises(ClientError, match="no identity-based policy allows the sts:AssumeRole action"):
        server.assume(READER, "decision-service")


def test_who_one_is_says_the_role_and_the_sessions_name(server: RunningServer) -> None:
    given = server.assume(DEPLOYMENT, "pipeline", "loan-approval")
    identity = server.client_with("sts", given).get_caller_identity()
    assert identity["Account"] == TEST_ACCOUNT
    assert identity["Arn"] == f"arn:aws:sts::{TEST_ACCOUNT}:assumed-role/model-governance-deployment/loan-approval"
    role_id, _, name = identity["UserId"].partition(":")
    assert (role_id[:4], name) == ("AROA", "loan-approval")


def test_a_deployment_role_deploys_and_does_nothing_else(server: RunningServer) -> None:
    sagemaker = server.client_with("sagemaker", server.assume(DEPLOYMENT, "pipeline"))
    assert sagemaker.list_endpoints()["Endpoints"] is not None
    for call in (
        lambda: sagemaker.create_model_package_group(ModelPackageGroupName="mine"),
        lambda: sagemaker.create_model_card(ModelCardName="mine", Content="{}", ModelCardStatus="Draft"),
        lambda: sagemaker.create_model(
            ModelName="mine", ExecutionRoleArn=f"arn:aws:iam::{TEST_ACCOUNT}:role/admin", PrimaryContainer={}
        ),
    ):
        with pytest.raises(ClientError, match="AccessDeniedException"):
            call()


def test_the_pipeline_serves_nothing_in_the_registrys_account(server: RunningServer) -> None:
    sagemaker = server.client("sagemaker", "pipeline")
    variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    for call in (
        lambda: sagemaker.create_endpoint_config(EndpointConfigName="mine", ProductionVariants=[variant]),
        lambda: sagemaker.create_endpoint(EndpointName="mine", EndpointConfigName="mine"),
        lambda: sagemaker.update_endpoint(EndpointName="mine", EndpointConfigName="mine"),
        lambda: sagemaker.delete_endpoint(EndpointName="mine"),
    ):
        with pytest.raises(ClientError, match="AccessDeniedException"):
            call()


def test_a_consumer_calls_and_does_not_look(server: RunningServer) -> None:
    given = server.assume(CONSUMER, "data-scientist")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        server.client_with("sagemaker", given).list_endpoints()
    with pytest.raises(ClientError, match="Endpoint nothing of account 333344445555 not found"):
        server.client_with("sagemaker-runtime", given).invoke_endpoint(EndpointName="nothing", Body=b"1")


@pytest.mark.parametrize("seconds", [900, 3600, 7200])
def test_a_session_lasts_as_long_as_was_asked(server: RunningServer, seconds: int) -> None:
    given = server.assume(ANYTHING, DurationSeconds=seconds)
    wanted = datetime.now(UTC) + timedelta(seconds=seconds)
    assert abs(given["Expiration"] - wanted) < timedelta(minutes=1)


def test_a_session_lasts_no_longer_than_its_role_allows(server: RunningServer) -> None:
    with pytest.raises(ClientError, match="exceeds the MaxSessionDuration set for this role") as told:
        server.assume(ANYTHING, DurationSeconds=7201)
    assert code_of(told) == "ValidationError"
    with pytest.raises(ParamValidationError):
        server.assume(ANYTHING, DurationSeconds=899)
    with pytest.raises(ClientError, match="less than or equal to 43200"):
        server.assume(ANYTHING, DurationSeconds=43201)


def test_a_session_is_trusted_as_its_role_and_not_as_the_user_who_began_it(server: RunningServer) -> None:
    first = server.client_with("sts", server.assume(ANYTHING))
    with pytest.raises(ClientError, match="no resource-based policy allows"):
        first.assume_role(RoleArn=f"arn:aws:iam::{PRODUCTION_ACCOUNT}:role/anything", RoleSessionName="second")


def test_a_session_begins_another_for_an_hour_at_most(tmp_path: Path) -> None:
    server = make_installation(tmp_path / "home")
    second = f"arn:aws:iam::{PRODUCTION_ACCOUNT}:role/second"
    write_role(tmp_path / "home" / "policies", PRODUCTION_ACCOUNT, "second", [ANYTHING])
    server.start()
    sts = server.client_with("sts", server.assume(ANYTHING))
    assert sts.assume_role(RoleArn=second, RoleSessionName="chained", DurationSeconds=3600)
    with pytest.raises(ClientError, match="1 hour session limit for roles assumed by role chaining"):
        sts.assume_role(RoleArn=second, RoleSessionName="chained", DurationSeconds=3601)
    server.stop()


@pytest.mark.parametrize(
    "asked",
    [
        {"Policy": json.dumps({"Version": "2012-10-17", "Statement": []})},
        {"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]},
        {"Tags": [{"Key": "team", "Value": "a"}]},
        {"SourceIdentity": "someone"},
    ],
)
def test_what_would_narrow_a_session_and_is_not_here_is_refused(server: RunningServer, asked: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match=f"{next(iter(asked))} cannot be honoured"):
        server.assume(ANYTHING, **asked)


def test_a_role_that_is_not_there_is_not_told_from_one_that_is_not_yours(server: RunningServer) -> None:
    for arn in (
        f"arn:aws:iam::{TEST_ACCOUNT}:role/nothing",
        f"arn:aws:iam::{ACCOUNT}:role/x",
        "arn:aws:iam::9:role/xy",
    ):
        with pytest.raises(ClientError, match="is not authorized to perform: sts:AssumeRole"):
            server.assume(arn)


def forged(token: str, **changes: Any) -> str:
    text, _, mac = token.partition(".")
    claim = {**json.loads(base64.urlsafe_b64decode(text)), **changes}
    return f"{base64.urlsafe_b64encode(json.dumps(claim).encode()).decode()}.{mac}"


def test_a_token_that_was_tampered_with_is_nobodys(server: RunningServer) -> None:
    given, other = server.assume(ANYTHING), server.assume(ANYTHING)
    for token in (
        forged(given["SessionToken"], ends=9_999_999_999),
        forged(given["SessionToken"], role=f"arn:aws:iam::{PRODUCTION_ACCOUNT}:role/anything"),
        forged(given["SessionToken"], name="another"),
        given["SessionToken"][:-2],
        given["SessionToken"].partition(".")[0],
        other["SessionToken"],
        "x",
        "." * 40,
    ):
        with pytest.raises(ClientError, match="security token included in the request is invalid") as told:
            server.client_with("sts", {**given, "SessionToken": token}).get_caller_identity()
        assert code_of(told) == "InvalidClientTokenId"


def test_neither_half_of_a_session_signs_alone(server: RunningServer) -> None:
    given, other = server.assume(ANYTHING), server.assume(ANYTHING)
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        server.client_with("sts", {**given, "SecretAccessKey": other["SecretAccessKey"]}).get_caller_identity()
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        server.client_with("sts", {**given, "SessionToken": None}).get_caller_identity()
    key, secret = server.keys["anyone"]
    mixed = {"AccessKeyId": key, "SecretAccessKey": secret, "SessionToken": given["SessionToken"]}
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        server.client_with("sts", mixed).get_caller_identity()


def test_a_session_outlives_the_server_and_ends_with_its_role_or_its_key(tmp_path: Path) -> None:
    server = make_installation(tmp_path / "home")
    write_role(tmp_path / "home" / "policies", TEST_ACCOUNT, "passing", [f"arn:aws:iam::{ACCOUNT}:user/anyone"])
    server.start()
    passing = server.assume(f"arn:aws:iam::{TEST_ACCOUNT}:role/passing")
    staying = server.assume(ANYTHING)
    server.kill()
    (tmp_path / "home" / "policies" / "roles" / TEST_ACCOUNT / "passing.json").unlink()
    server.start()
    assert server.client_with("sts", staying).get_caller_identity()["Account"] == TEST_ACCOUNT
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        server.client_with("sts", passing).get_caller_identity()
    server.kill()
    file = tmp_path / "home" / "principals.json"
    document = json.loads(file.read_text())
    file.write_text(json.dumps({**document, "session_key": base64.b64encode(bytes(32)).decode()}))
    server.start()
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        server.client_with("sts", staying).get_caller_identity()
    server.kill()
    del document["session_key"]
    file.write_text(json.dumps(document))
    server.start()
    with pytest.raises(ClientError, match="has no session_key"):
        server.assume(ANYTHING)
    server.stop()


def test_an_assumed_role_is_on_record_in_both_accounts_without_its_secrets(server: RunningServer) -> None:
    given = server.assume(ANYTHING, "anyone", "on-record")
    asked = {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "AssumeRole"}]}
    for trail in (server.client("cloudtrail"), server.client_with("cloudtrail", given)):
        texts = [event["CloudTrailEvent"] for event in trail.lookup_events(**asked)["Events"]]
        [text] = [text for text in texts if '"on-record"' in text]
        assert given["AccessKeyId"] in text
        assert given["SecretAccessKey"] not in text
        assert given["SessionToken"] not in text
        assert json.loads(text)["userIdentity"]["arn"] == f"arn:aws:iam::{ACCOUNT}:user/anyone"
