"""Where a data set comes from: an object in the store or an https address, read once, whole, before it is frozen."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import httpx

from model_governance.errors import DataRefused, RecordMissing, ServiceUnavailable, UseCaseInvalid
from model_governance.hooks.artifacts import Artifacts

OVERRIDES = "MODEL_GOVERNANCE_DATA_SOURCES"
"""The setting that names local files in the place of declared sources: ``name=path``, several parted by ``;``."""

_TIMEOUT_SECONDS = 60.0
_CONNECTION_TRIES = 3
_LARGEST_MEMBER = 2 * 1024**3


def read_overrides(text: str) -> dict[str, Path]:
    """The local files by use case, from the text of the setting.

    Raises:
        UseCaseInvalid: A part is not ``name=path``.
    """
    overrides = {}
    for part in filter(None, (one.strip() for one in text.split(";"))):
        name, equals, path = part.partition("=")
        if not (name and equals and path):
            raise UseCaseInvalid(f"{OVERRIDES} says {part!r}: it must be <use case>=<path>, several parted by ';'")
        overrides[name.strip()] = Path(path.strip()).expanduser()
    return overrides


def read_source(artifacts: Artifacts, source: str) -> bytes:
    """The bytes of a data source.

    Args:
        artifacts: The object store, for ``s3://`` addresses.
        source: ``s3://bucket/key`` or ``https://...``; behind a ``#``, the file to take out of a zip archive.

    Raises:
        DataRefused: There is nothing at the address, nothing in it, or, of an https address, no way to it.
        ServiceUnavailable: It answers with an error of its own.
        AccessRefused: The store does not let the pipeline read it.
    """
    address, _, member = source.partition("#")
    try:
        data = artifacts.get(address) if address.startswith("s3://") else _download(address)
    except RecordMissing as fault:
        raise DataRefused(
            f"the data source {source} does not exist: publish the data set there, then clear: {fault}"
        ) from fault
    return _not_empty(_member(data, address, member) if member else data, source)


def read_override(use_case: str, overrides: Mapping[str, Path]) -> tuple[str, bytes] | None:
    """The file that the installation names for a use case, as its address and bytes; None where it names none.

    Raises:
        DataRefused: It cannot be read, or there is nothing in it.
    """
    file = overrides.get(use_case)
    if file is None:
        return None
    try:
        data = file.read_bytes()
    except OSError as fault:
        raise DataRefused(f"{OVERRIDES} names {file} for {use_case}, which cannot be read: {fault.strerror}") from fault
    return f"file:{file.name}", _not_empty(data, str(file))


def _not_empty(data: bytes, source: str) -> bytes:
    if not data.strip():
        raise DataRefused(f"the data source {source} is empty ({len(data)} bytes): publish the data set again")
    return data


def _download(address: str) -> bytes:
    transport = httpx.HTTPTransport(retries=_CONNECTION_TRIES)
    try:
        with httpx.Client(transport=transport, timeout=_TIMEOUT_SECONDS, follow_redirects=True) as client:
            answer = client.get(address)
    except httpx.InvalidURL as fault:
        raise DataRefused(f"the data source {address} is no address: {fault}") from fault
    except httpx.ConnectError as fault:
        raise DataRefused(
            f"the data source {address} could not be reached in {_CONNECTION_TRIES + 1} tries ({fault}). Without a way "
            f"to it, bring the file here and name it by {OVERRIDES}=<use case>=<path>, then start a new run"
        ) from fault
    except httpx.TransportError as fault:
        raise ServiceUnavailable(f"the data source {address} could not be read: {fault}") from fault
    if answer.status_code >= 500:
        raise ServiceUnavailable(f"the data source {address} answered {answer.status_code}")
    if answer.status_code != 200:
        raise DataRefused(f"the data source {address} answered {answer.status_code}: publish the data set there")
    return answer.content


def _member(data: bytes, address: str, member: str) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = archive.getinfo(member).file_size
            if size > _LARGEST_MEMBER:
                raise DataRefused(f"{member} in {address} has {size:,} bytes, more than {_LARGEST_MEMBER:,}")
            return archive.read(member)
    except KeyError as fault:
        raise DataRefused(f"the archive {address} holds no {member}") from fault
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError) as fault:
        raise DataRefused(f"{member} cannot be taken out of {address}: {fault}") from fault
