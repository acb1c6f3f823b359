"""Signing with the installation's keys, which never leave this process: KMS's Sign and GetPublicKey.

Each key is an Ed25519 pair in a PEM file of the installation. It is called by its alias, its id or its ARN, as at AWS;
a policy that allows one key only asks for its alias (``kms:RequestAlias``), which a call by id or ARN does not have.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from sagemaker_server.errors import NotFoundException, ServerMisconfigured, ValidationException, WireError
from sagemaker_server.operations.call import Call, Scope, operation
from sagemaker_server.settings import Settings

LEDGER_ALIAS = "alias/model-governance-ledger"
DECISIONS_ALIAS = "alias/model-governance-decisions"
OVERSIGHT_ALIAS = "alias/model-governance-oversight"
OPERATIONS_ALIAS = "alias/model-governance-operations"
ALGORITHM = "ED25519_SHA_512"
_KEY_SPEC = "ECC_NIST_EDWARDS25519"


@dataclass(frozen=True)
class _Key:
    key_id: str
    private: Ed25519PrivateKey = field(repr=False)

    @property
    def public_der(self) -> bytes:
        """The public half, DER SubjectPublicKeyInfo."""
        return self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def load_keys(settings: Settings) -> None:
    """Read the installation's keys now, so that a wrong file is found at start.

    Raises:
        ServerMisconfigured: A file cannot be read or holds no Ed25519 private key, or both hold the same one.
    """
    keys = dict(_keys(settings))
    if len({key.key_id for key in keys.values()}) < len(keys):
        files = ", ".join(str(file) for _, file in _files(settings) if file is not None)
        raise ServerMisconfigured(f"two of the key files {files} hold the same key")


def _keys(settings: Settings) -> Iterator[tuple[str, _Key]]:
    """The keys of the installation, by alias."""
    for alias, file in _files(settings):
        if file is not None:
            yield alias, _load(file)


def _files(settings: Settings) -> tuple[tuple[str, Path | None], ...]:
    return (
        (LEDGER_ALIAS, settings.ledger_key),
        (DECISIONS_ALIAS, settings.decisions_key),
        (OVERSIGHT_ALIAS, settings.oversight_key),
        (OPERATIONS_ALIAS, settings.operations_key),
    )


@lru_cache
def _load(file: Path) -> _Key:
    try:
        private = load_pem_private_key(file.read_bytes(), password=None)
    except OSError as fault:
        raise ServerMisconfigured(f"key file {file} cannot be read: {fault.strerror}") from None
    except (ValueError, TypeError):
        raise ServerMisconfigured(f"key file {file} is no unencrypted PEM private key") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise ServerMisconfigured(f"key file {file} holds a {type(private).__name__}: must be an Ed25519 private key")
    public = private.public_key().public_bytes_raw()
    return _Key(str(uuid.uuid5(uuid.NAMESPACE_OID, public.hex())), private)


def _find(scope: Scope, name: str) -> _Key | None:
    for alias, key in _keys(scope.settings):
        if name in {key.key_id, alias, scope.arn(f"key/{key.key_id}", "kms"), scope.arn(alias, "kms")}:
            return key
    return None


def _request_alias(request: dict[str, Any]) -> dict[str, str]:
    """AWS's condition key of the alias that a key was called by; absent where it was called otherwise."""
    name = str(request["KeyId"])
    alias = name.rpartition(":")[2]
    return {"kms:RequestAlias": alias} if alias.startswith("alias/") else {}


def _key_arn(scope: Scope, request: dict[str, Any]) -> str:
    """The ARN that policies are asked about: the key's own, by whatever name it was called."""
    name = str(request["KeyId"])
    key = _find(scope, name)
    if key is not None:
        return scope.arn(f"key/{key.key_id}", "kms")
    return name if name.startswith("arn:") else scope.arn(name if "/" in name else f"key/{name}", "kms")


def _key_asked_for(call: Call, request: dict[str, Any]) -> _Key:
    key = _find(call, request["KeyId"])
    if key is not None:
        return key
    arn = _key_arn(call, request)
    if ":alias/" in arn:
        raise NotFoundException(f"Alias {arn} is not found.")
    raise NotFoundException(f"Key '{arn}' does not exist")


@operation("Sign", service="kms", resource=_key_arn, conditions=_request_alias, mutating=False, at_once=True)
def sign(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Sign a message of at most 4,096 bytes; see AWS's API_Sign.

    Raises:
        NotFoundException: No such key.
        InvalidKeyUsageException: Another algorithm.
        ValidationException: A digest instead of a message.
    """
    key = _key_asked_for(call, request)
    if request["SigningAlgorithm"] != ALGORITHM:
        raise WireError(
            "InvalidKeyUsageException",
            f"Algorithm {request['SigningAlgorithm']} and key spec {_KEY_SPEC} are incompatible: use {ALGORITHM}.",
        )
    if request.get("MessageType", "RAW") != "RAW":
        raise ValidationException(f"Algorithm {ALGORITHM} signs messages: MessageType must be RAW.")
    arn = call.arn(f"key/{key.key_id}", "kms")
    return {"KeyId": arn, "Signature": key.private.sign(request["Message"]), "SigningAlgorithm": ALGORITHM}


@operation("GetPublicKey", service="kms", resource=_key_arn, conditions=_request_alias)
def get_public_key(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Answer the public half in DER SubjectPublicKeyInfo; see AWS's API_GetPublicKey.

    Raises:
        NotFoundException: No such key.
    """
    key = _key_asked_for(call, request)
    return {
        "KeyId": call.arn(f"key/{key.key_id}", "kms"),
        "PublicKey": key.public_der,
        "CustomerMasterKeySpec": _KEY_SPEC,
        "KeySpec": _KEY_SPEC,
        "KeyUsage": "SIGN_VERIFY",
        "SigningAlgorithms": [ALGORITHM],
    }
