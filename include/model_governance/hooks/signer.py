"""Signatures of the ledger: asked of KMS, which alone holds the private keys, and checked with the public ones."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from itertools import combinations
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from model_governance.domain.canonical import sha256_hex
from model_governance.domain.ledger import Authority
from model_governance.errors import AccessRefused, RecordMissing
from model_governance.hooks.aws import calling
from model_governance.hooks.short_call import short_call

_ALGORITHM = "ED25519_SHA_512"


@dataclass(frozen=True)
class Signer:
    """Signs through KMS; the caller's principal must be allowed ``kms:Sign`` on the key.

    Attributes:
        client: A boto3 client of KMS.
        key_id: The key's id, ARN or alias.
    """

    client: Any
    key_id: str

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature of the message, 64 bytes.

        Args:
            message: 1 to 4096 bytes, KMS's limit for a raw message.

        Raises:
            AccessRefused: The caller may not sign.
            ServiceUnavailable: KMS could not be reached.
        """
        asked = {"KeyId": self.key_id, "MessageType": "RAW", "SigningAlgorithm": _ALGORITHM}
        short = short_call(self.client, "Sign")
        if short and (pattern := short.pattern("")):
            body = json.dumps({**asked, "Message": base64.b64encode(message).decode()}).encode()
            answered = short.send(pattern, body)
            with suppress(ValueError, KeyError):  # an answer that broke off
                if answered and answered.status == HTTPStatus.OK:
                    return base64.b64decode(json.loads(answered.body)["Signature"])
        with calling("kms", f"Sign with {self.key_id}"):
            answer = self.client.sign(**asked, Message=message)
        if short:
            short.learn("")
        signature: bytes = answer["Signature"]
        return signature


@dataclass(frozen=True)
class PublicKey:
    """The key that signatures are checked with: of the installation, never from the bucket or a connection."""

    key: Ed25519PublicKey

    @classmethod
    def load(cls, path: Path) -> PublicKey:
        """The key in a PEM file.

        Raises:
            RecordMissing: There is no such file, or it holds no Ed25519 public key.
        """
        try:
            key = load_pem_public_key(path.read_bytes())
        except (OSError, ValueError) as fault:
            raise RecordMissing(f"public key {path} cannot be read: {fault}") from fault
        if not isinstance(key, Ed25519PublicKey):
            raise RecordMissing(f"public key {path} is not an Ed25519 public key")
        return cls(key)

    @cached_property
    def fingerprint(self) -> str:
        """Sha256 of the key's DER SubjectPublicKeyInfo, in hex."""
        return sha256_hex(self.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))

    @property
    def pem(self) -> str:
        """The key as a PEM file holds it."""
        return self.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's for the message."""
        try:
            self.key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


def load_public_keys(files: Mapping[Authority, Path | None]) -> Mapping[Authority, PublicKey]:
    """The public keys of an installation.

    Raises:
        RecordMissing: One is not set, or its file cannot be read.
        AccessRefused: Two are the same key.
    """
    keys = {}
    for authority, file in files.items():
        if file is None:
            raise RecordMissing(
                f"the installation has no public {authority.value} key: "
                f"set MODEL_GOVERNANCE_{authority.name}_PUBLIC_KEY to its PEM file"
            )
        keys[authority] = PublicKey.load(file)
    _refuse_shared_keys(keys)
    return keys


def _refuse_shared_keys(keys: Mapping[Authority, PublicKey]) -> None:
    """Raises if two authorities have the same key.

    Raises:
        AccessRefused: Names the two.
    """
    for one, other in combinations(keys, 2):
        if keys[one].fingerprint == keys[other].fingerprint:
            raise AccessRefused(
                f"MODEL_GOVERNANCE_{one.name}_PUBLIC_KEY and MODEL_GOVERNANCE_{other.name}_PUBLIC_KEY hold the same "
                "key: whoever records the one could forge the other. Make a key of its own for each"
            )
