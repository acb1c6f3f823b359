"""What tests of the server share: one server for the session, and names that no other test uses."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from tests.sagemaker_server.running_postgres import postgres_is_there, running_postgres
from tests.sagemaker_server.running_server import RunningServer, running_server

DATABASES = ["sqlite", *([pytest.param("postgres", marks=pytest.mark.postgres)] if postgres_is_there() else [])]


@pytest.fixture(scope="session", params=DATABASES)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with the project's own principals and policies, and ``anyone``, who may do everything.

    Every test runs on SQLite, and on PostgreSQL too where that is installed.
    """
    home = tmp_path_factory.mktemp("server") / "home"
    with ExitStack() as stack:
        settings = {}
        if request.param == "postgres":
            settings["SAGEMAKER_SERVER_DATABASE_URL"] = stack.enter_context(running_postgres())
        yield stack.enter_context(running_server(home, **settings))


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
