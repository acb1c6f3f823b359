"""A worker that is killed while it waits for tasks, whichever it is: the other one goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

KILLED = """
import os, signal, sys, time
from airflow.executors import workloads
from model_governance.executors.local import LastingLocalExecutor
from airflow.executors.local_executor import LocalExecutor

executor = {"lasting": LastingLocalExecutor, "stock": LocalExecutor}[sys.argv[1]](parallelism=2)
executor.start()
first, second = executor.workers.values()
deadline = time.monotonic() + 30
while not all(b"<idle>" in open(f"/proc/{each.pid}/cmdline", "rb").read() for each in (first, second)):
    assert time.monotonic() < deadline
    time.sleep(0.05)
time.sleep(0.5)  # both are at the queue, one of them in front
ended = []
for victim, other in ((first, second), (second, first))[int(sys.argv[2]):][:1]:
    os.kill(victim.pid, signal.SIGKILL)
    victim.join()
    executor.activity_queue.put(None)
    other.join(5)
    ended.append(not other.is_alive())
    other.kill()
print("ENDED", *ended)
"""


def ended(tmp_path: Path, kind: str, victim: int) -> bool:
    """Whether the other worker still takes what it is told."""
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__MP_START_METHOD": "fork"}
    done = subprocess.run(
        [sys.executable, "-c", KILLED, kind, str(victim)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return "ENDED True" in done.stdout


@pytest.mark.parametrize("victim", [0, 1])
def test_whichever_worker_is_killed_the_other_takes_the_next_task(tmp_path: Path, victim: int) -> None:
    assert ended(tmp_path, "lasting", victim)


def test_in_airflows_own_one_of_them_takes_the_other_along(tmp_path: Path) -> None:
    """When this fails, Airflow has mended it, and ``executors`` can go."""
    assert not all(ended(tmp_path, "stock", victim) for victim in (0, 1))
