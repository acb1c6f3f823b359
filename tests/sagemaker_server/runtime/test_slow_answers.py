"""A real serving process that answers slowly or not at all, with a shorter time than the minute that AWS gives it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.sagemaker_server.workshop import XGBOOST, archive

from sagemaker_server.runtime.containers import Container
from sagemaker_server.runtime.images import interpreter, resolve
from sagemaker_server.runtime.serving import INVOCATION_TIMEOUT, Place, Replica, ServingFailed
from sagemaker_server.runtime.sockets import socket_folder
from stack.settings import Settings

SLEEPS = """
import os, time
def model_fn(d): return 1
def transform_fn(model, body, content_type, accept):
    time.sleep(float(body))
    return str(os.getpid()), accept
"""


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    staged = tmp_path / "staged"
    staged.mkdir()
    (staged / "model.tar.gz").write_bytes(archive({"code/inference.py": SLEEPS}))
    container = Container(XGBOOST, None, {"SAGEMAKER_PROGRAM": "inference.py"})
    python = interpreter(resolve(XGBOOST), Settings.from_environment().environments)
    made = Replica(container, Place(python, staged, socket_folder(tmp_path), tmp_path / "log", tmp_path))
    made.start()
    made.wait_until_ready()
    yield made
    made.kill()


def ask(replica: Replica, seconds: float, timeout: float) -> str:
    return replica.invoke(str(seconds).encode(), {"Content-Type": "text/csv"}, timeout).body.decode()


def test_aws_s_minute_is_kept() -> None:
    assert INVOCATION_TIMEOUT == 60


def test_process_that_answers_nobody_is_replaced(replica: Replica) -> None:
    first = ask(replica, 0, 30)
    with pytest.raises(ServingFailed, match="did not answer within 1 s"):
        ask(replica, 600, 1)
    assert ask(replica, 0, 30) != first


def test_slow_answer_costs_its_request_and_not_the_process(replica: Replica) -> None:
    first = ask(replica, 0, 30)
    said: list[str] = []
    slow = threading.Thread(target=lambda: said.append(ask(replica, 3, 30)))
    slow.start()
    time.sleep(0.5)
    with pytest.raises(ServingFailed, match="did not answer within 4 s"):
        ask(replica, 8, 4)  # waits its turn behind the slow one, which is answered meanwhile
    slow.join()
    assert said == [first]
    assert ask(replica, 0, 30) == first
