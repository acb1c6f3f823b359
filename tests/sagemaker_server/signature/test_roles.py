"""Sessions of roles without a server: their end, and files that must stop a start."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.sagemaker_server.running_server import EVERYTHING, write_role

from sagemaker_server.errors import ExpiredToken, ServerMisconfigured, UnrecognizedClientException
from sagemaker_server.signature.roles import Roles

KEY = base64.b64encode(bytes(range(32))).decode()
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ARN = "arn:aws:iam::222233334444:role/somebody"


@pytest.fixture
def roles(tmp_path: Path) -> Roles:
    write_role(tmp_path, "222233334444", "somebody", ["111122223333"])
    return Roles.load(tmp_path / "roles", KEY)


def test_a_session_ends_to_the_second(roles: Roles) -> None:
    issued = roles.begin(roles.by_arn[ARN], "me", 900, NOW)
    key = issued.principal.access_key_id
    assert roles.session(key, issued.token, NOW + timedelta(seconds=899)) == issued.principal
    with pytest.raises(ExpiredToken):
        roles.session(key, issued.token, NOW + timedelta(seconds=900))


def test_another_installations_token_is_nobodys(roles: Roles, tmp_path: Path) -> None:
    issued = roles.begin(roles.by_arn[ARN], "me", 900, NOW)
    others = Roles.load(tmp_path / "roles", base64.b64encode(bytes(32)).decode())
    for other in (others, Roles.load(tmp_path / "roles", None)):
        with pytest.raises(UnrecognizedClientException):
            other.session(issued.principal.access_key_id, issued.token, NOW)


def test_no_secret_is_printed(roles: Roles) -> None:
    issued = roles.begin(roles.by_arn[ARN], "me", 900, NOW)
    printed = f"{issued} {roles}"
    assert issued.token not in printed
    assert issued.principal.secret_access_key not in printed
    assert str(roles.key) not in printed


@pytest.mark.parametrize(
    "changes",
    [
        {"MaxSessionDuration": 60},
        {"MaxSessionDuration": "3600"},
        {"PermissionBoundary": EVERYTHING},
        {"PermissionPolicy": {"Statement": [{"Effect": "Maybe", "Action": "*", "Resource": "*"}]}},
        {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}},
        {"AssumeRolePolicyDocument": {"Statement": []}},
        {"AssumeRolePolicyDocument": "no"},
    ],
)
def test_a_role_that_is_not_understood_stops_the_start(tmp_path: Path, changes: dict[str, Any]) -> None:
    write_role(tmp_path, "222233334444", "somebody", ["111122223333"], **changes)
    with pytest.raises(ServerMisconfigured, match=r"somebody\.json"):
        Roles.load(tmp_path / "roles", KEY)


def test_a_folder_that_is_no_account_stops_the_start(tmp_path: Path) -> None:
    write_role(tmp_path, "production", "somebody", ["111122223333"])
    with pytest.raises(ServerMisconfigured, match="production is no account"):
        Roles.load(tmp_path / "roles", KEY)


@pytest.mark.parametrize("key", ["", "short", base64.b64encode(bytes(31)).decode(), json.dumps({})])
def test_a_key_that_is_none_stops_the_start(tmp_path: Path, key: str) -> None:
    with pytest.raises(ServerMisconfigured, match="session_key"):
        Roles.load(tmp_path / "roles", key)
