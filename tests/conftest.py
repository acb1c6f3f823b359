"""What tests of every package share: the stack, started once a session for all that need a whole one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings
from tests.running_stack import RunningStack, running_stack_with

settings.register_profile("busy machine", deadline=None)  # a law holds or not; how fast is the benchmarks' to say
settings.load_profile("busy machine")


@pytest.fixture(scope="session")
def running_stack() -> Iterator[RunningStack]:
    """The whole stack. Tests share it: use names of your own, and leave what you do not own as it is."""
    with running_stack_with() as stack:
        yield stack
