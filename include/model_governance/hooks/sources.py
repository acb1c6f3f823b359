"""Where a data set comes from: an object in the store or an https address, read once, whole, before it is frozen."""

from __future__ import annotations

import httpx

from model_governance.errors import DataRefused, RecordMissing, ServiceUnavailable
from model_governance.hooks.artifacts import Artifacts

_TIMEOUT_SECONDS = 60.0


def read_source(artifacts: Artifacts, source: str) -> bytes:
    """The bytes of a data source.

    Args:
        artifacts: The object store, for ``s3://`` addresses.
        source: ``s3://bucket/key`` or ``https://...``.

    Raises:
        DataRefused: There is nothing at the address, or nothing in it.
        ServiceUnavailable: It could not be reached.
        AccessRefused: The store does not let the pipeline read it.
    """
    try:
        data = artifacts.get(source) if source.startswith("s3://") else _download(source)
    except RecordMissing as fault:
        raise DataRefused(
            f"the data source {source} does not exist: publish the data set there, then clear: {fault}"
        ) from fault
    if not data.strip():
        raise DataRefused(f"the data source {source} is empty ({len(data)} bytes): publish the data set again")
    return data


def _download(address: str) -> bytes:
    try:
        answer = httpx.get(address, timeout=_TIMEOUT_SECONDS, follow_redirects=True)
    except httpx.InvalidURL as fault:
        raise DataRefused(f"the data source {address} is no address: {fault}") from fault
    except httpx.TransportError as fault:
        raise ServiceUnavailable(f"the data source {address} could not be reached: {fault}") from fault
    if answer.status_code >= 500:
        raise ServiceUnavailable(f"the data source {address} answered {answer.status_code}")
    if answer.status_code != 200:
        raise DataRefused(f"the data source {address} answered {answer.status_code}: publish the data set there")
    return answer.content
