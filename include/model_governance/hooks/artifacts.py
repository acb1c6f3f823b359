"""The object store: bytes written once, read by digest, and removed by prefix, except for the ledger's."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from model_governance.domain.canonical import sha256_hex
from model_governance.errors import AccessRefused, ArtifactChanged, RecordConflict, RequestRefused
from model_governance.hooks.aws import calling
from model_governance.hooks.short_call import LARGEST_BYTES, Answered, Pattern, short_call

LEDGER_PREFIX = "ledger/"
_CHUNK_BYTES = 1 << 20
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")
_WRITTEN = Answered(HTTPStatus.OK, b"")
_NOT_WRITTEN = range(300, 500)
"""Statuses by which a store says that it has not written."""


@dataclass(frozen=True)
class StoredObject:
    """An object, by address and digest.

    Attributes:
        uri: ``s3://bucket/key``.
        sha256: Of its bytes, 64 hex digits.
    """

    uri: str
    sha256: str


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of an ``s3://bucket/key`` address.

    Raises:
        RequestRefused: It is no such address.
    """
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket or not key:
        raise RequestRefused(f"{uri!r} is not an object's address; expected s3://<bucket>/<key>")
    return bucket, key


@dataclass(frozen=True)
class Artifacts:
    """Objects of the installation's bucket; reading also takes full addresses in other buckets.

    Attributes:
        client: A boto3 client of S3.
        bucket: The installation's bucket.
    """

    client: Any
    bucket: str

    def uri(self, key: str) -> str:
        """The address of a key of this bucket; an address is returned as it is."""
        return key if "://" in key else f"s3://{self.bucket}/{key}"

    def put_once(self, key: str, data: bytes, content_type: str = "application/json") -> StoredObject:
        """Writes the object unless it exists; an existing one must hold the same bytes.

        Args:
            key: A key of this bucket, or an address.
            data: The bytes.
            content_type: The object's media type.

        Raises:
            ArtifactChanged: Other bytes stand there already; both digests are named.
            ServiceUnavailable, AccessRefused: As the store answers.
        """
        uri = self.uri(key)
        try:
            self.put_new(key, data, content_type)
        except RecordConflict:
            held = sha256_hex(self.get(uri))
            if held != sha256_hex(data):
                raise ArtifactChanged(
                    f"{uri} was not written: it is written once and holds sha256 {held}, not {sha256_hex(data)}"
                ) from None
        return StoredObject(uri, sha256_hex(data))

    def put_new(self, key: str, data: bytes, content_type: str = "application/json") -> None:
        """Writes the object if there is none (``If-None-Match: *``).

        Raises:
            RecordConflict: An object stands there already, or is being written.
            ServiceUnavailable, AccessRefused: As the store answers.
        """
        bucket, name = split_uri(self.uri(key))
        short = short_call(self.client, "PutObject") if _is_short(name, data) else None
        may_have_arrived = False
        if short and (pattern := short.pattern(bucket)):
            answered = short.send(pattern, data, name, _new(content_type, pattern, data))
            if answered == _WRITTEN:
                return
            may_have_arrived = answered is None or answered.status not in _NOT_WRITTEN
        try:
            with calling("s3", f"PutObject s3://{bucket}/{name}"):
                self.client.put_object(Bucket=bucket, Key=name, Body=data, ContentType=content_type, IfNoneMatch="*")
        except RecordConflict as conflict:
            conflict.was_retried |= may_have_arrived
            raise
        if short:
            short.learn(bucket, name)

    def get(self, key: str, sha256: str | None = None) -> bytes:
        """The object's bytes.

        Args:
            key: A key of this bucket, or an address.
            sha256: The digest that the bytes must have, if given.

        Raises:
            ArtifactChanged: The bytes have another digest; both are named.
            RecordMissing: There is no such object.
            ServiceUnavailable, AccessRefused: As the store answers.
        """
        bucket, name = split_uri(self.uri(key))
        with calling("s3", f"GetObject s3://{bucket}/{name}"):
            data: bytes = self.client.get_object(Bucket=bucket, Key=name)["Body"].read()
        if sha256 is not None and sha256_hex(data) != sha256:
            raise ArtifactChanged(f"s3://{bucket}/{name} holds sha256 {sha256_hex(data)}; recorded is {sha256}")
        return data

    def digest(self, key: str) -> str:
        """Sha256 of the object's bytes, 64 hex digits, read as a stream: a model may be larger than memory.

        Raises:
            RecordMissing: There is no such object.
            ServiceUnavailable, AccessRefused: As the store answers.
        """
        bucket, name = split_uri(self.uri(key))
        seen = hashlib.sha256()
        with calling("s3", f"GetObject s3://{bucket}/{name}"):
            for chunk in self.client.get_object(Bucket=bucket, Key=name)["Body"].iter_chunks(_CHUNK_BYTES):
                seen.update(chunk)
        return seen.hexdigest()

    def exists(self, key: str) -> bool:
        """Whether there is such an object.

        Raises:
            ServiceUnavailable, AccessRefused: As the store answers.
        """
        bucket, name = split_uri(self.uri(key))
        return any(found == name for found in self._keys(bucket, name, limit=1))

    def upload(self, key: str, path: Path) -> StoredObject:
        """Writes a file, in parts when it is large, over whatever stands there.

        Raises:
            ServiceUnavailable, AccessRefused: As the store answers.
        """
        bucket, name = split_uri(self.uri(key))
        self._refuse_ledger(bucket, name, "overwritten")
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        with calling("s3", f"PutObject s3://{bucket}/{name}"):
            self.client.upload_file(str(path), bucket, name)
        return StoredObject(f"s3://{bucket}/{name}", sha256)

    def list(self, prefix: str, start_after: str = "") -> Iterator[str]:
        """Keys of this bucket that begin with the prefix, in order, after the one given.

        Raises:
            ServiceUnavailable, AccessRefused: As the store answers.
        """
        return self._keys(self.bucket, prefix, start_after)

    def folders(self, prefix: str) -> tuple[str, ...]:
        """The next parts of the keys that begin with the prefix, up to the next slash, each once, in order.

        Raises:
            ServiceUnavailable, AccessRefused: As the store answers.
        """
        with calling("s3", f"ListObjectsV2 s3://{self.bucket}/{prefix}"):
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=prefix, Delimiter="/"
            )
            found = [str(each["Prefix"]) for page in pages for each in page.get("CommonPrefixes", ())]
        return tuple(each.removeprefix(prefix).rstrip("/") for each in found)

    def delete_prefix(self, prefix: str) -> int:
        """Removes every object of this bucket that begins with the prefix, and says how many.

        Raises:
            AccessRefused: The prefix reaches the ledger, which is never removed.
            ServiceUnavailable: As the store answers.
        """
        self._refuse_ledger(self.bucket, prefix, "removed")
        removed = 0
        for key in tuple(self.list(prefix)):
            with calling("s3", f"DeleteObject s3://{self.bucket}/{key}"):
                self.client.delete_object(Bucket=self.bucket, Key=key)
            removed += 1
        return removed

    def _refuse_ledger(self, bucket: str, prefix: str, verb: str) -> None:
        """Raises if the prefix is in the ledger, or holds it."""
        if bucket == self.bucket and (prefix.startswith(LEDGER_PREFIX) or LEDGER_PREFIX.startswith(prefix)):
            raise AccessRefused(
                f"s3://{bucket}/{prefix} was not {verb}: the ledger under {LEDGER_PREFIX} is append-only"
            )

    def _keys(self, bucket: str, prefix: str, start_after: str = "", limit: int | None = None) -> Iterator[str]:
        """Keys of a bucket, page by page."""
        asked: dict[str, Any] = {"Bucket": bucket, "Prefix": prefix}
        if start_after:
            asked["StartAfter"] = start_after
        if limit is not None:
            asked["MaxKeys"] = limit
        while True:
            with calling("s3", f"ListObjectsV2 s3://{bucket}/{prefix}"):
                page = self.client.list_objects_v2(**asked)
            yield from (item["Key"] for item in page.get("Contents", ()))
            if limit is not None or not page.get("IsTruncated"):
                return
            asked["ContinuationToken"] = page["NextContinuationToken"]


def _is_short(name: str, data: bytes) -> bool:
    """Whether an object is small and its key stands in a URL as it is."""
    return len(data) <= LARGEST_BYTES and _PLAIN_KEY.fullmatch(name) is not None


def _new(content_type: str, pattern: Pattern, data: bytes) -> dict[str, str]:
    """The headers of a put that finds nothing in its place, with the checksum that the client sends, if it does."""
    headers = {"content-type": content_type, "if-none-match": "*"}
    if pattern.headers.get("x-amz-sdk-checksum-algorithm") == "CRC32":
        headers["x-amz-checksum-crc32"] = base64.b64encode(zlib.crc32(data).to_bytes(4)).decode()
    return headers
