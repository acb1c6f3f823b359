"""Sessions of the Amazon provider's hooks that share what botocore reads from its own files.

botocore reads its endpoint rules and service models anew for each session, about 0.2 s of a processor each time, and
the provider makes a session for each client. Airflow makes sessions by the class that its setting ``[aws]
session_factory`` names; the stack names this one. A process forked after ``read_ahead`` has read it all already.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from airflow.providers.amazon.aws.hooks.base_aws import BaseSessionFactory
from botocore.loaders import Loader

from model_governance.hooks.aws import Service

_SERVICES: tuple[Service, ...] = ("s3", "sagemaker", "kms")


class SharedDataSessionFactory(BaseSessionFactory):
    """Makes sessions as the provider does, all with the same loader of botocore's data."""

    def _create_basic_session(self, session_kwargs: dict[str, Any]) -> boto3.Session:
        return _session(**session_kwargs)

    def _create_session_with_assume_role(self, session_kwargs: dict[str, Any], deferrable: bool = False) -> Any:
        session = super()._create_session_with_assume_role(session_kwargs, deferrable)
        if isinstance(session, boto3.Session):  # nothing has been read by it yet; the asynchronous kind reads its own
            session._session.register_component("data_loader", _loader())
        return session


def read_ahead() -> None:
    """Reads what every task's clients need; opens no connection and starts no thread."""
    session = _session(region_name="us-east-1", aws_access_key_id="nobody", aws_secret_access_key="nothing")  # noqa: S106
    for service in _SERVICES:
        session.client(service)


class _SharedLoader(Loader):
    """A loader for any number of sessions, each of which would lengthen its search path by the same folder."""

    @property
    def search_paths(self) -> list[str]:
        return list(super().search_paths)


@cache
def _loader() -> _SharedLoader:
    return _SharedLoader(extra_search_paths=[str(Path(boto3.__file__).with_name("data"))])


def _session(**arguments: Any) -> boto3.Session:
    core = botocore.session.get_session()
    core.register_component("data_loader", _loader())
    return boto3.Session(botocore_session=core, **arguments)
