"""Sessions that share botocore's data: read once, and none of them disturbs the others."""

from __future__ import annotations

import json

import pytest
from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.loaders import JSONFileLoader

from model_governance.hooks import aws_session
from model_governance.hooks.aws_session import SharedDataSessionFactory, read_ahead


@pytest.fixture(autouse=True)
def connection(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"conn_type": "aws", "login": "AKIA", "password": "secret", "extra": {"region_name": "eu-central-1"}}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_TEST", json.dumps(given))


def test_sessions_bear_the_credentials_and_region_of_their_connection() -> None:
    session = SharedDataSessionFactory(AwsBaseHook("aws_test", client_type="s3").conn_config).create_session()
    assert session.region_name == "eu-central-1"
    assert session.get_credentials().access_key == "AKIA"


def test_what_was_read_ahead_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    read_ahead()
    read: list[str] = []
    load = JSONFileLoader.load_file

    def told(self: JSONFileLoader, file_path: str) -> object:
        read.append(file_path)
        return load(self, file_path)

    monkeypatch.setattr(JSONFileLoader, "load_file", told)
    session = SharedDataSessionFactory(AwsBaseHook("aws_test", client_type="s3").conn_config).create_session()
    for service in ("s3", "sagemaker", "kms"):
        session.client(service)
    assert read == []


def test_the_search_path_does_not_grow_with_sessions_and_has_boto3s_resources() -> None:
    config = AwsBaseHook("aws_test", client_type="s3").conn_config
    sessions = [SharedDataSessionFactory(config).create_session() for _ in range(3)]
    paths = aws_session._loader().search_paths
    assert len(paths) == len(set(paths))
    assert sessions[-1].resource("s3").meta.service_name == "s3"
