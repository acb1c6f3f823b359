"""One running server for the tests of this package, and names of their own for each test."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

import pytest
from tests.sagemaker_server.running_server import RunningServer, Workshop, new_server


@pytest.fixture(scope="session")
def running_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server for tests that leave it running."""
    server = new_server(tmp_path_factory.mktemp("server"))
    yield server
    server.end("sagemaker")
    server.end("s3")


@pytest.fixture
def workshop(running_server: RunningServer, request: pytest.FixtureRequest) -> Workshop:
    """Jobs and endpoints under a name that no other test uses."""
    return Workshop(running_server, name_of(request))


def name_of(request: pytest.FixtureRequest) -> str:
    """A resource name made of the test's, short enough to add to."""
    name = request.node.name.lower().removeprefix("test_")
    readable = re.sub(r"[^a-z0-9]+", "-", name)[:36].strip("-")
    return f"{readable}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"
