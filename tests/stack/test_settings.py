"""Settings: what is refused, and in which words."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from tests.running_stack import free_ports

from stack.errors import PortTaken, SettingRefused
from stack.processes import refuse_taken_ports
from stack.settings import Settings


def test_what_is_exported_reads_back_as_the_same_settings(tmp_path: Path) -> None:
    settings = Settings.from_environment(
        {"MODEL_GOVERNANCE_HOME": str(tmp_path), "MODEL_GOVERNANCE_S3_PORT": "9002", "AWS_DEFAULT_REGION": "eu-west-1"}
    )
    assert Settings.from_environment(settings.exported) == settings


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com"])  # noqa: S104
def test_a_host_that_others_reach_is_refused(host: str) -> None:
    with pytest.raises(SettingRefused, match="SimpleAuthManager, which is for demonstrations"):
        Settings.from_environment({"MODEL_GOVERNANCE_HOST": host}).refuse_what_is_unsafe()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_a_loopback_host_is_taken(host: str, tmp_path: Path) -> None:
    settings = Settings.from_environment({"MODEL_GOVERNANCE_HOST": host, "MODEL_GOVERNANCE_HOME": "/tmp/mg"})  # noqa: S108
    settings.refuse_what_is_unsafe()


@pytest.mark.parametrize("port", ["x", "0", "65536", "-1", "80.5"])
def test_a_port_that_is_none_is_refused_by_the_name_of_its_setting(port: str) -> None:
    with pytest.raises(SettingRefused, match=r"MODEL_GOVERNANCE_S3_PORT is .* in \[1, 65535\]"):
        Settings.from_environment({"MODEL_GOVERNANCE_S3_PORT": port})


@pytest.mark.parametrize("seconds", ["x", "0", "0.05", "nan", "inf", "3601"])
def test_a_poll_interval_out_of_bounds_is_refused(seconds: str) -> None:
    with pytest.raises(SettingRefused, match=r"MODEL_GOVERNANCE_POLL_SECONDS is .* in \[0.1, 3600\]"):
        Settings.from_environment({"MODEL_GOVERNANCE_POLL_SECONDS": seconds})


def test_one_port_for_two_parts_is_refused() -> None:
    settings = Settings.from_environment({"MODEL_GOVERNANCE_S3_PORT": "8080"})
    with pytest.raises(SettingRefused, match=r"MODEL_GOVERNANCE_AIRFLOW_PORT=8080.*MODEL_GOVERNANCE_S3_PORT=8080"):
        settings.refuse_what_is_unsafe()


def test_supervisors_socket_has_a_short_path_however_deep_the_home() -> None:
    near = Settings.from_environment({"MODEL_GOVERNANCE_HOME": "/home/of/mine"})
    deep = Settings.from_environment({"MODEL_GOVERNANCE_HOME": "/" + "x" * 90})
    other = Settings.from_environment({"MODEL_GOVERNANCE_HOME": "/" + "y" * 90})
    assert near.socket.is_relative_to(near.home)
    assert len(str(deep.socket)) < 100
    assert deep.socket != other.socket


def test_a_taken_port_is_refused_by_its_number_and_setting(tmp_path: Path) -> None:
    ports = free_ports(3)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        settings = Settings.from_environment(
            {
                "MODEL_GOVERNANCE_HOME": str(tmp_path),
                "MODEL_GOVERNANCE_AIRFLOW_PORT": str(ports[0]),
                "MODEL_GOVERNANCE_SAGEMAKER_PORT": str(taken),
                "MODEL_GOVERNANCE_S3_PORT": str(ports[1]),
                "MODEL_GOVERNANCE_LOG_PORT": str(ports[2]),
            }
        )
        with pytest.raises(PortTaken, match=f"port {taken} is taken .* set MODEL_GOVERNANCE_SAGEMAKER_PORT to another"):
            refuse_taken_ports(settings)


def test_a_store_of_ones_own_takes_the_place_of_ours(tmp_path: Path) -> None:
    settings = Settings.from_environment({"MODEL_GOVERNANCE_S3_URL": "https://objects.example.com"})
    assert not settings.s3_is_ours
    assert "MODEL_GOVERNANCE_S3_PORT" not in settings.ports
