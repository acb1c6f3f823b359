"""What tests of the server share: one server for the session, and names that no other test uses."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from tests.sagemaker_server.running_postgres import postgres_is_there, running_postgres
from tests.sagemaker_server.running_server import RunningServer, running_server
from tests.sagemaker_server.workshop import ServerAndStore, Workshop, server_and_store_in

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


@pytest.fixture(scope="session")
def server_and_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerAndStore]:
    """A server with an object store, for jobs and endpoints; tests leave it running."""
    both = server_and_store_in(tmp_path_factory.mktemp("server-and-store"))
    yield both
    both.end("sagemaker")
    both.end("s3")


@pytest.fixture
def workshop(server_and_store: ServerAndStore, request: pytest.FixtureRequest) -> Workshop:
    """Jobs and endpoints under a name that no other test uses."""
    name = request.node.name.lower().removeprefix("test_")
    readable = re.sub(r"[^a-z0-9]+", "-", name)[:36].strip("-")
    return Workshop(server_and_store, f"{readable}-{hashlib.sha256(name.encode()).hexdigest()[:6]}")
