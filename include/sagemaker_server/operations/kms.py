"""Signing with the installation's key, which never leaves this process: KMS's Sign and GetPublicKey.

The key is an Ed25519 pair in a PEM file of the installation. It is called by its alias, its id or its ARN, as at AWS.
"""

from __future__ import annotations

import uuid
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
    """Read the installation's key now, so that a wrong file is found at start.

    Raises:
        ServerMisconfigured: The file cannot be read or holds no Ed25519 private key.
    """
    if settings.ledger_key is not None:
        _load(settings.ledger_key)


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
    if scope.settings.ledger_key is None:
        return None
    key = _load(scope.settings.ledger_key)
    names = {key.key_id, LEDGER_ALIAS}
    return key if name in names | {scope.arn(f"key/{key.key_id}", "kms"), scope.arn(LEDGER_ALIAS, "kms")} else None


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


@operation("Sign", service="kms", resource=_key_arn, mutating=False)
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


@operation("GetPublicKey", service="kms", resource=_key_arn)
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
