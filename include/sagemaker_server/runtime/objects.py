"""The object store as jobs and endpoints use it, under the server's own principal ``runtime``: children get no keys."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tenacity
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

from sagemaker_server.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PRINCIPAL = "runtime"
PATIENCE = 60.0
CLIENT = Config(
    retries={"mode": "standard", "max_attempts": 4},
    connect_timeout=5,
    read_timeout=60,
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
AT_ONCE = CLIENT.merge(Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=5))
"""For who would rather be told of an outage than wait."""
IN_ONE_PIECE = TransferConfig(multipart_threshold=256 << 20, use_threads=False)


class ObjectsUnavailable(Exception):
    """The store refused or could not be reached; the message says which object and why."""


@dataclass(frozen=True)
class Location:
    """A place in the store.

    Attributes:
        bucket: The bucket.
        key: The key, or a prefix of keys.
    """

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> Location:
        """The location that an ``s3://bucket/key`` names.

        Raises:
            ValueError: It is not of that form.
        """
        scheme, _, rest = uri.partition("://")
        bucket, _, key = rest.partition("/")
        if scheme != "s3" or not bucket:
            raise ValueError(f"{uri!r} is not of the form s3://bucket/key")
        return cls(bucket, key)

    def joined(self, *parts: str) -> Location:
        """The location of a key below this one."""
        return Location(self.bucket, "/".join([*([self.key.strip("/")] if self.key.strip("/") else []), *parts]))

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def _retrying(function: Any) -> Any:
    """Tries again while the store cannot be reached, as when the whole stack is starting; a refusal fails at once."""
    return tenacity.retry(
        retry=tenacity.retry_if_exception_type((ConnectionError, HTTPClientError)),
        stop=tenacity.stop_after_delay(PATIENCE),
        wait=tenacity.wait_exponential(0.2, max=5),
        reraise=True,
    )(function)


class Objects:
    """Objects read and written by the runtime."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def fetch(self, location: Location, file: Path, etag: str | None = None) -> None:
        """Downloads one object.

        Args:
            location: The object.
            file: Where to.
            etag: What it must be; None: whatever it is by now.

        Raises:
            ObjectsUnavailable: It is not there, is another, may not be read, or the store cannot be reached.
        """
        file.parent.mkdir(parents=True, exist_ok=True)
        condition: dict[str, Any] = {} if etag is None else {"IfMatch": etag}
        try:
            _retrying(lambda: self._download(location, file, condition))()
        except (ClientError, BotoCoreError) as fault:
            raise ObjectsUnavailable(f"{location} cannot be read: {fault}") from fault

    def store(self, file: Path, location: Location) -> None:
        """Uploads one object.

        Raises:
            ObjectsUnavailable: It may not be written, or the store cannot be reached.
        """
        try:
            _retrying(self._client.upload_file)(str(file), location.bucket, location.key, Config=IN_ONE_PIECE)
        except (Boto3Error, ClientError, BotoCoreError) as fault:
            raise ObjectsUnavailable(f"{location} cannot be written: {fault}") from fault

    def put(self, content: bytes, location: Location) -> None:
        """Writes one object, in a single attempt.

        Raises:
            ObjectsUnavailable: It may not be written, or the store cannot be reached just now.
        """
        try:
            self._client_at_once.put_object(Bucket=location.bucket, Key=location.key, Body=content)
        except (ClientError, BotoCoreError) as fault:
            raise ObjectsUnavailable(f"{location} cannot be written: {fault}") from fault

    def keys(self, prefix: Location) -> list[str]:
        """Every key that begins with the prefix's, sorted; those that stand for folders are left out.

        Raises:
            ObjectsUnavailable: The bucket may not be listed, or the store cannot be reached.
        """
        try:
            return sorted(key for key in _retrying(lambda: list(self._listed(prefix)))() if not key.endswith("/"))
        except (ClientError, BotoCoreError) as fault:
            raise ObjectsUnavailable(f"{prefix} cannot be listed: {fault}") from fault

    def _download(self, location: Location, file: Path, condition: dict[str, Any]) -> None:
        body = self._client.get_object(Bucket=location.bucket, Key=location.key, **condition)["Body"]
        with file.open("wb") as out, body:
            shutil.copyfileobj(body, out, 1 << 20)

    def _listed(self, prefix: Location) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=prefix.bucket, Prefix=prefix.key)
        for page in pages:
            yield from (entry["Key"] for entry in page.get("Contents", []))

    @cached_property
    def _client(self) -> S3Client:
        return self._new_client(CLIENT)

    @cached_property
    def _client_at_once(self) -> S3Client:
        return self._new_client(AT_ONCE)

    def _new_client(self, config: Config) -> S3Client:
        """A client; made when first needed, since a server without jobs needs neither store nor key.

        Raises:
            ObjectsUnavailable: The principals file has no ``runtime``.
        """
        try:
            key = json.loads(self._settings.principals.read_text())["principals"][PRINCIPAL]
        except (OSError, ValueError, KeyError) as fault:
            file = self._settings.principals
            raise ObjectsUnavailable(
                f"the store has no key: principal {PRINCIPAL!r} of {file.name}: {fault!r}"
            ) from fault
        session = Session(key["access_key_id"], key["secret_access_key"], region_name=self._settings.region)
        return session.client("s3", endpoint_url=os.environ.get("AWS_ENDPOINT_URL_S3"), config=config)
