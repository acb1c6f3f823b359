"""Settings as the environment gives them, and what the guard of the object store may import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sagemaker_server.errors import ServerMisconfigured
from sagemaker_server.settings import Settings


def test_empty_environment_gives_an_installation_on_loopback() -> None:
    settings = Settings.from_environment({})
    assert (settings.host, settings.port, settings.region, settings.account) == (
        "127.0.0.1",
        8601,
        "us-east-1",
        "111122223333",
    )
    assert settings.database_url.startswith("sqlite:///")
    assert settings.listens_on_loopback_only
    assert settings.policies.is_dir()


def test_every_setting_is_taken_from_the_environment() -> None:
    settings = Settings.from_environment(
        {
            "SAGEMAKER_SERVER_HOME": "/srv/home",
            "SAGEMAKER_SERVER_DATABASE_URL": "postgresql+psycopg2://u@h/d",
            "SAGEMAKER_SERVER_LEDGER_KEY": "/srv/key.pem",
            "SAGEMAKER_SERVER_HOST": "0.0.0.0",  # noqa: S104
            "MODEL_GOVERNANCE_SAGEMAKER_PORT": "9000",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "SAGEMAKER_SERVER_ALLOW_WIDER_THAN_LOOPBACK": "true",
        }
    )
    assert settings.principals == Path("/srv/home/principals.json")
    assert settings.ledger_key == Path("/srv/key.pem")
    assert (settings.port, settings.region) == (9000, "eu-central-1")
    assert not settings.listens_on_loopback_only
    assert settings.allow_wider_than_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_is_recognised(host: str) -> None:
    assert Settings.from_environment({"SAGEMAKER_SERVER_HOST": host}).listens_on_loopback_only


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.com"])  # noqa: S104
def test_anything_else_is_taken_as_wider(host: str) -> None:
    assert not Settings.from_environment({"SAGEMAKER_SERVER_HOST": host}).listens_on_loopback_only


@pytest.mark.parametrize("port", ["-1", "65536", "http", "8601.5"])
def test_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(ServerMisconfigured, match="SAGEMAKER_SERVER_PORT"):
        Settings.from_environment({"SAGEMAKER_SERVER_PORT": port})


def test_signatures_need_botocore_and_nothing_heavier() -> None:
    probe = (
        "import sys, sagemaker_server.signature; "
        "heavy = {'sqlalchemy', 'starlette', 'cryptography', 'regex', 'pydantic', 'boto3'} & set(sys.modules); "
        "sys.exit(', '.join(heavy) or 0)"
    )
    include = str(Path(__file__).parents[2] / "include")
    subprocess.run([sys.executable, "-c", probe], check=True, env={"PYTHONPATH": include}, timeout=60)
