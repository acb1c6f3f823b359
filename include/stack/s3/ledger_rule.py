"""Ledgers are written once and never deleted, whoever asks: what Object Lock does elsewhere, the guard does here."""

from __future__ import annotations

from stack.s3.request import Refused, S3Request

_READS = {"GetObject", "HeadObject", "GetObjectAttributes"}


def keep_ledgers(request: S3Request, bucket: str) -> None:
    """Refuse what would change or remove an entry of a ledger.

    Args:
        request: What is asked.
        bucket: The bucket that holds the ledgers under ``ledger/``.

    Raises:
        Refused: The request deletes under ``ledger/``, or writes there in another way than one that cannot overwrite.
    """
    if request.bucket != bucket or request.operation.name in _READS or not any(map(_is_of_a_ledger, request.keys)):
        return
    name = request.operation.name
    if name != "PutObject":
        raise Refused("AccessDenied", f"{name} under ledger/ is refused for everyone: a ledger is append-only.")
    if request.copy_source is not None:
        raise Refused("AccessDenied", "CopyObject onto ledger/ is refused for everyone: a ledger is append-only.")
    if request.headers.get("if-none-match") != "*":
        raise Refused("AccessDenied", "PutObject under ledger/ needs If-None-Match: * (a ledger is append-only).")


def _is_of_a_ledger(key: str) -> bool:
    """Without regard to case, since some file systems see none and the objects are files there."""
    return key.casefold().startswith("ledger/")
