"""The guard and sessions of roles: the SageMaker server begins them, and the guard knows them by the same key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.stack.s3.conftest import Store
from tests.stack.s3.test_guard import refusal

from sagemaker_server.signature import Principals
from stack.credentials import PRINCIPALS

BUCKET = "model-governance"
CAPTURED = "use-cases/loan-approval/capture/loan-approval/AllTraffic/2026/03/01/12/00-00-000-a.jsonl"
DEPLOYMENT = "arn:aws:iam::333344445555:role/model-governance-deployment"


def session(store: Store, role: str = DEPLOYMENT, began: datetime | None = None, **changes: str) -> Any:
    """An S3 client of a session of a role, begun as the SageMaker server begins one."""
    settings = store.settings
    roles = Principals.load(settings.secrets / PRINCIPALS, settings.policies / "iam").roles
    issued = roles.begin(roles.by_arn[role], "pipeline", 900, began or datetime.now(UTC))
    given = {
        "aws_access_key_id": issued.principal.access_key_id,
        "aws_secret_access_key": issued.principal.secret_access_key,
        "aws_session_token": issued.token,
    }
    return store.client("pipeline", **{**given, **changes})


@pytest.fixture
def captured(store: Store) -> str:
    store.client("runtime").put_object(Bucket=BUCKET, Key=CAPTURED, Body=b"{}")
    return CAPTURED


def test_a_deployment_role_reads_and_lists_what_its_endpoints_captured(store: Store, captured: str) -> None:
    client = session(store)
    assert client.get_object(Bucket=BUCKET, Key=captured)["Body"].read() == b"{}"
    listed = client.list_objects_v2(Bucket=BUCKET, Prefix="use-cases/loan-approval/capture/")["Contents"]
    assert [entry["Key"] for entry in listed] == [captured]


def test_it_reaches_nothing_else_in_the_bucket(store: Store, captured: str) -> None:
    client = session(store)
    for call, asked in (
        (client.list_objects_v2, {}),
        (client.list_objects_v2, {"Prefix": "ledger/"}),
        (client.get_object, {"Key": "ledger/loan-approval/000000000001.json"}),
        (client.put_object, {"Key": captured, "Body": b"other"}),
        (client.delete_object, {"Key": captured}),
    ):
        assert refusal(call, Bucket=BUCKET, **asked) == "AccessDenied"


def test_a_session_that_has_ended_reaches_nothing(store: Store, captured: str) -> None:
    client = session(store, began=datetime.now(UTC) - timedelta(seconds=901))
    assert refusal(client.get_object, Bucket=BUCKET, Key=captured) == "ExpiredToken"


def test_a_token_that_is_not_its_own_reaches_nothing(store: Store, captured: str) -> None:
    client = session(store, aws_session_token="not-a-token")
    assert refusal(client.get_object, Bucket=BUCKET, Key=captured) == "InvalidAccessKeyId"
    client = session(store, aws_secret_access_key="not-its-secret")
    assert refusal(client.get_object, Bucket=BUCKET, Key=captured) == "SignatureDoesNotMatch"


def test_a_role_without_rights_in_the_bucket_reaches_nothing(store: Store, captured: str) -> None:
    client = session(store, "arn:aws:iam::333344445555:role/model-governance-consumer")
    assert refusal(client.get_object, Bucket=BUCKET, Key=captured) == "AccessDenied"
