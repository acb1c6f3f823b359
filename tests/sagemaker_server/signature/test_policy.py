"""What a policy document allows, statement by statement."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagemaker_server.errors import AccessDeniedException, ServerMisconfigured
from sagemaker_server.signature import Principal, authorise
from sagemaker_server.signature.policy import parse_policy


def statement(effect: str = "Allow", **elements: Any) -> dict[str, Any]:
    chosen = {"Action": "sagemaker:UpdateModelPackage", "Resource": "*", **elements}
    return {"Effect": effect, **{name: value for name, value in chosen.items() if value is not None}}


def allows(
    *statements: dict[str, Any], context: dict[str, Any] | None = None, action: str = "sagemaker:UpdateModelPackage"
) -> bool:
    policy = parse_policy(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}), file="test")
    principal = Principal("someone", "arn:aws:iam::111122223333:user/someone", "AKIA", policy)
    try:
        authorise(principal, action, "arn:aws:sagemaker:us-east-1:111122223333:model-package/g/1", context or {})
    except AccessDeniedException:
        return False
    return True


def condition(operator: str, key: str, value: Any, **more: Any) -> dict[str, Any]:
    return statement(Condition={operator: {key: value}}, **more)


STATUS = "sagemaker:ModelApprovalStatus"


def test_nothing_is_allowed_that_no_statement_allows() -> None:
    assert not allows()
    assert not allows(statement(Action="sagemaker:Describe*"))
    assert allows(statement())


def test_explicit_deny_wins_in_either_order() -> None:
    assert not allows(statement(), statement("Deny"))
    assert not allows(statement("Deny"), statement())


@pytest.mark.parametrize(
    ("elements", "allowed"),
    [
        ({"Action": "*"}, True),
        ({"Action": "sagemaker:*"}, True),
        ({"Action": "SAGEMAKER:updatemodelpackage"}, True),
        ({"Action": "sagemaker:Update?odel*"}, True),
        ({"Action": ["kms:Sign", "sagemaker:Update*"]}, True),
        ({"Action": "sagemaker:UpdateModelPackag"}, False),
        ({"Action": "sagemaker.UpdateModelPackage"}, False),
        ({"Action": None, "NotAction": "sagemaker:Delete*"}, True),
        ({"Action": None, "NotAction": "sagemaker:Update*"}, False),
        ({"Resource": "arn:aws:sagemaker:*:*:model-package/*"}, True),
        ({"Resource": "arn:aws:sagemaker:*:*:model-package/h/*"}, False),
        ({"Resource": "ARN:aws:sagemaker:*:*:model-package/*"}, False),
        ({"Resource": None, "NotResource": "arn:aws:sagemaker:*:*:model-package/h/*"}, True),
        ({"Resource": []}, False),
    ],
)
def test_wildcards_match_as_at_aws(elements: dict[str, Any], allowed: bool) -> None:
    assert allows(statement(**elements)) == allowed


@pytest.mark.parametrize(
    ("operator", "wanted", "value", "holds"),
    [
        ("StringEquals", ["Approved", "Rejected"], "Approved", True),
        ("StringEquals", "Approved", "approved", False),
        ("StringEqualsIgnoreCase", "Approved", "approved", True),
        ("StringNotEquals", ["Approved", "Rejected"], "Rejected", False),
        ("StringNotEquals", "Approved", "Rejected", True),
        ("StringLike", "App*", "Approved", True),
        ("StringNotLike", "App*", "Approved", False),
        ("Bool", True, "true", True),
        ("Bool", "false", True, False),
        ("NumericLessThan", "10", 9, True),
        ("NumericLessThan", "10", "ten", False),
        ("DateGreaterThan", "2024-01-01T00:00:00Z", "2024-06-01T00:00:00+00:00", True),
        ("ArnLike", "arn:aws:iam::*:user/a*", "arn:aws:iam::111122223333:user/abc", True),
        ("ArnLike", "arn:*", "arn:aws:iam::111122223333:user/abc", False),
        ("IpAddress", "127.0.0.0/8", "127.0.0.1", True),
        ("NotIpAddress", "127.0.0.0/8", "127.0.0.1", False),
        ("Null", "false", "Approved", True),
        ("Null", "true", "Approved", False),
        ("ForAnyValue:StringEquals", ["a", "b"], ["b", "c"], True),
        ("ForAllValues:StringEquals", ["a", "b"], ["b", "c"], False),
        ("ForAllValues:StringEquals", ["a", "b"], ["b"], True),
    ],
)
def test_condition_compares_what_is_there(operator: str, wanted: Any, value: Any, holds: bool) -> None:
    assert allows(condition(operator, STATUS, wanted), context={STATUS: value}) == holds


@pytest.mark.parametrize(
    ("operator", "wanted", "holds"),
    [
        ("StringEquals", "Approved", False),
        ("StringLike", "*", False),
        ("Bool", "true", False),
        ("NumericEquals", "1", False),
        ("StringEqualsIfExists", "Approved", True),
        ("StringNotEquals", "Approved", True),
        ("Null", "true", True),
        ("Null", "false", False),
        ("ForAnyValue:StringNotEquals", "a", False),
        ("ForAllValues:StringEquals", "a", True),
    ],
)
def test_absent_key_fails_a_condition_unless_its_operator_says_otherwise(
    operator: str, wanted: Any, holds: bool
) -> None:
    assert allows(condition(operator, STATUS, wanted)) == holds


def test_names_of_keys_are_compared_without_regard_to_case() -> None:
    assert allows(condition("StringEquals", "Sagemaker:modelapprovalstatus", "Approved"), context={STATUS: "Approved"})


def test_all_conditions_of_a_statement_must_hold() -> None:
    both = statement(Condition={"StringEquals": {STATUS: "Approved", "aws:username": "someone"}})
    assert allows(both, context={STATUS: "Approved"})
    assert not allows(both, context={STATUS: "Rejected"})


def test_context_of_a_request_cannot_outvote_who_the_principal_is() -> None:
    mine = condition("StringEquals", "aws:username", "someone")
    assert allows(mine)


@pytest.mark.parametrize(
    "document",
    [
        "no json",
        "{}",
        '{"Statement": [{"Effect": "Perhaps", "Action": "*", "Resource": "*"}]}',
        '{"Statement": [{"Effect": "Allow", "Resource": "*"}]}',
        '{"Statement": [{"Effect": "Allow", "Action": "*", "NotAction": "*", "Resource": "*"}]}',
        '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"}]}',
        '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringIs": {"a": "b"}}}]}',
        '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "${aws:username}"}]}',
        '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"a": "b"}}}]}',
    ],
)
def test_document_that_is_not_understood_stops_the_start(document: str) -> None:
    with pytest.raises(ServerMisconfigured, match=r"test\.json"):
        parse_policy(document, file="test.json")


VALUES = st.sampled_from(["Approved", "Rejected", "PendingManualApproval", None])


@given(wanted=VALUES.filter(bool), sent=VALUES, effect=st.sampled_from(["Allow", "Deny"]))
def test_deny_is_never_outvoted(wanted: str, sent: str | None, effect: str) -> None:
    context = {STATUS: sent}
    denied = condition("StringEquals", STATUS, wanted, effect="Deny")
    assert allows(statement(), denied, context=context) == (sent != wanted)
    assert not allows(statement(effect), statement("Deny"), context=context)
