"""Signing with the installation's key."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from tests.sagemaker_server.running_server import PRODUCTION_ACCOUNT, RunningServer

from sagemaker_server.operations import registered, registered_at_once

ALIAS = "alias/model-governance-ledger"
DECISIONS = "alias/model-governance-decisions"
ALGORITHM = "ED25519_SHA_512"


@pytest.fixture
def kms(server: RunningServer) -> Any:
    """KMS's client of someone who may do everything."""
    return server.client("kms")


def test_signature_holds_under_the_public_key(kms: Any) -> None:
    public = kms.get_public_key(KeyId=ALIAS)
    key = load_der_public_key(public["PublicKey"])
    assert isinstance(key, Ed25519PublicKey)
    signed = kms.sign(KeyId=ALIAS, Message=b"entry", MessageType="RAW", SigningAlgorithm=ALGORITHM)
    key.verify(signed["Signature"], b"entry")
    with pytest.raises(InvalidSignature):
        key.verify(signed["Signature"], b"another")
    assert signed["KeyId"] == public["KeyId"]
    assert public["SigningAlgorithms"] == [ALGORITHM]


def test_key_is_called_by_alias_id_and_arn(kms: Any) -> None:
    arn = kms.get_public_key(KeyId=ALIAS)["KeyId"]
    for name in (arn, arn.rpartition("/")[2], f"arn:aws:kms:us-east-1:111122223333:{ALIAS}"):
        assert kms.get_public_key(KeyId=name)["KeyId"] == arn


@pytest.mark.parametrize("name", ["alias/other", "0000", "arn:aws:kms:us-east-1:111122223333:key/0000"])
def test_key_that_is_not_there_is_not_found(kms: Any, name: str) -> None:
    with pytest.raises(kms.exceptions.NotFoundException):
        kms.sign(KeyId=name, Message=b"m", SigningAlgorithm=ALGORITHM)


def test_message_has_a_largest_length_and_is_not_repeated(kms: Any) -> None:
    assert kms.sign(KeyId=ALIAS, Message=b"x" * 4096, SigningAlgorithm=ALGORITHM)["Signature"]
    with pytest.raises(ClientError, match=r"Value at 'message' .* less than or equal to 4096"):
        kms.sign(KeyId=ALIAS, Message=b"x" * 4097, SigningAlgorithm=ALGORITHM)


def test_other_algorithms_and_digests_are_refused(kms: Any) -> None:
    with pytest.raises(kms.exceptions.InvalidKeyUsageException):
        kms.sign(KeyId=ALIAS, Message=b"m", SigningAlgorithm="ECDSA_SHA_256")
    with pytest.raises(ClientError, match="MessageType must be RAW"):
        kms.sign(KeyId=ALIAS, Message=b"m", SigningAlgorithm=ALGORITHM, MessageType="DIGEST")


@pytest.mark.parametrize(
    ("alias", "signers"),
    [
        (ALIAS, {"pipeline", "caretaker"}),
        (DECISIONS, {"decision-service"}),
        ("alias/model-governance-oversight", {"policy-owner"}),
        ("alias/model-governance-operations", {"model-owner", "governance-officer", "production-approver"}),
    ],
)
def test_each_key_signs_for_its_own_and_for_nobody_else(server: RunningServer, alias: str, signers: set[str]) -> None:
    arn = server.client("kms").get_public_key(KeyId=alias)["KeyId"]
    for name in server.keys:
        for called, may in ((alias, name in signers), (arn, False), (arn.rpartition("/")[2], False)):
            allowed = may or name == "anyone"
            try:
                server.client("kms", name).sign(KeyId=called, Message=b"m", SigningAlgorithm=ALGORITHM)
                assert allowed, (name, called)
            except ClientError as refusal:
                assert refusal.response["Error"]["Code"] == "AccessDeniedException"
                assert not allowed, (name, called)


def test_the_two_keys_are_two(kms: Any) -> None:
    assert kms.get_public_key(KeyId=ALIAS)["PublicKey"] != kms.get_public_key(KeyId=DECISIONS)["PublicKey"]


def test_only_what_stores_nothing_is_answered_without_a_thread() -> None:
    at_once = [registered(service, name) for service, name in registered_at_once()]
    assert [action.name for action in at_once if action is not None] == ["Sign"]
    assert not any(action is None or action.mutating or action.shared for action in at_once)


def test_key_called_by_the_arn_of_something_else_is_not_found(server: RunningServer, kms: Any, group: str) -> None:
    arn = server.client("sagemaker").describe_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupArn"]
    with pytest.raises(kms.exceptions.NotFoundException):
        kms.sign(KeyId=arn, Message=b"m", SigningAlgorithm=ALGORITHM)


def test_large_request_is_answered_like_a_small_one(kms: Any) -> None:
    with pytest.raises(ClientError, match=r"Value at 'message' .* less than or equal to 4096"):
        kms.sign(KeyId=ALIAS, Message=b"x" * 1_000_000, SigningAlgorithm=ALGORITHM)


def test_signatures_asked_for_at_once_are_each_for_their_own_message(kms: Any) -> None:
    def signature(number: int) -> bytes:
        return bytes(kms.sign(KeyId=ALIAS, Message=b"%d" % number, SigningAlgorithm=ALGORITHM)["Signature"])

    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(signature, range(100))) == [signature(number) for number in range(100)]


@pytest.mark.parametrize("name", ["ledger", "decisions", "oversight", "operations"])
def test_other_accounts_have_none_of_the_keys(server: RunningServer, name: str) -> None:
    elsewhere = server.client_in(PRODUCTION_ACCOUNT, "kms")
    with pytest.raises(ClientError) as refusal:
        elsewhere.sign(KeyId=f"alias/model-governance-{name}", Message=b"m", SigningAlgorithm=ALGORITHM)
    assert refusal.value.response["Error"]["Code"] == "NotFoundException"
