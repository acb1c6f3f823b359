"""What tests of the server share: one server for the session, and names that no other test uses."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.sagemaker_server.running_server import RunningServer, running_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with the project's own principals and policies, and ``anyone``, who may do everything."""
    with running_server(tmp_path_factory.mktemp("server") / "home") as running:
        yield running


@pytest.fixture
def sagemaker(server: RunningServer) -> Any:
    """SageMaker's client of someone who may do everything."""
    return server.client("sagemaker")


@pytest.fixture
def new_name() -> Callable[[], str]:
    """A name that nothing bears yet."""
    return lambda: f"t-{uuid.uuid4().hex[:20]}"


@pytest.fixture
def group(sagemaker: Any, new_name: Callable[[], str]) -> str:
    """The name of an empty model package group."""
    name = new_name()
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    return name
