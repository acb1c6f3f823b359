"""Canonical JSON (RFC 8785) and its digest: the one form in which records are hashed, signed and compared."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import rfc8785

_FIRST_BEYOND = 2**53
_MOST_BITS = 1023


def canonical_json(value: Any) -> bytes:
    """The value as canonical JSON, UTF-8.

    Args:
        value: What ``json`` can hold: mappings with string keys, sequences, strings, booleans, None, finite floats and
            the integers that a float can hold. Every number is a float there: 1e20 is written as an integer, and read
            as one.

    Raises:
        rfc8785.CanonicalizationError: For anything else, NaN and infinity included.
    """
    try:
        return rfc8785.dumps(value)
    except rfc8785.IntegerDomainError:
        return rfc8785.dumps(_with_floats(value))


def is_text(said: str) -> bool:
    """Whether it can be written as UTF-8: Python reads a terminal's other bytes as halves of surrogate pairs."""
    return said == said.encode(errors="ignore").decode()


def sha256_hex(data: bytes) -> str:
    """Sha256 of the bytes, 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def digest(value: Any) -> str:
    """Sha256 of the value's canonical JSON, 64 hex digits."""
    return sha256_hex(canonical_json(value))


def _with_floats(value: Any) -> Any:
    """The value, each integer that only a float can hold as that float; others are left, to be refused."""
    if isinstance(value, Mapping):
        return {name: _with_floats(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_with_floats(inner) for inner in value]
    if isinstance(value, int) and abs(value) >= _FIRST_BEYOND and value.bit_length() <= _MOST_BITS:
        nearest = float(value)
        # The digits that a float is written with are the fewest that tell it from others, and not all of its own.
        is_held = int(nearest) == value or rfc8785.dumps(nearest) == str(value).encode()
        return nearest if is_held else value
    return value
