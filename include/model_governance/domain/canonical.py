"""Canonical JSON (RFC 8785) and its digest: the one form in which records are hashed, signed and compared."""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785


def canonical_json(value: Any) -> bytes:
    """The value as canonical JSON, UTF-8.

    Args:
        value: What ``json`` can hold: mappings with string keys, sequences, strings, booleans, None, integers within
            ±(2**53 - 1) and finite floats.

    Raises:
        rfc8785.CanonicalizationError: For anything else, NaN and infinity included.
    """
    return rfc8785.dumps(value)


def sha256_hex(data: bytes) -> str:
    """Sha256 of the bytes, 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def digest(value: Any) -> str:
    """Sha256 of the value's canonical JSON, 64 hex digits."""
    return sha256_hex(canonical_json(value))
