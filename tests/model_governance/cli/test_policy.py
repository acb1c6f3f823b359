"""Who the command line takes for the owner of the policy."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from model_governance.cli import policy

ACCOUNT = "111122223333"


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        (f"arn:aws:iam::{ACCOUNT}:user/policy-owner", "policy-owner"),
        (f"arn:aws:iam::{ACCOUNT}:user/risk/policy-owner", "policy-owner"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/policy-owner/session", "policy-owner"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/other/policy-owner", "other"),
        (f"arn:aws:sts::{ACCOUNT}:federated-user/policy-owner", None),
        (f"arn:aws:iam::{ACCOUNT}:instance-profile/policy-owner", None),
        (f"arn:aws:iam::{ACCOUNT}:root", None),
    ],
)
def test_the_owner_is_a_user_or_a_role_and_nothing_that_ends_alike(arn: str, name: str | None) -> None:
    sts = SimpleNamespace(get_caller_identity=lambda: {"Arn": arn})
    known: Any = SimpleNamespace(clients=SimpleNamespace(client=lambda service: sts))
    assert policy._principal(known) == (name or arn)
