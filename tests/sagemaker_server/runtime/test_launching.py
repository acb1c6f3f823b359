"""Child processes: what they are given, what bounds them, and that nothing of them is left."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from sagemaker_server.runtime.container.training import decode, to_arguments
from sagemaker_server.runtime.launching import CONTAINER, MARK, Child, Limits, Workload, kill_leftovers, mark_of
from sagemaker_server.runtime.logs import last_words, read_lines

LAUNCHES = """
import sys, time
from pathlib import Path
from sagemaker_server.runtime import launching
from sagemaker_server.runtime.launching import Child, Workload
folder = Path(sys.argv[1])
launching.CONTAINER = folder / "container"
child = Child(Workload(Path(sys.executable), ("-",), folder, folder / "log", folder))
print("launched", flush=True)
time.sleep(600)
"""


@pytest.fixture
def toolkit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Workload]]:
    """Makes workloads of a program, which takes the toolkit's place."""
    stand_in = tmp_path / "container"
    stand_in.mkdir()
    (stand_in / "guard.py").write_bytes((CONTAINER / "guard.py").read_bytes())
    monkeypatch.setattr("sagemaker_server.runtime.launching.CONTAINER", stand_in)

    def workload(program: str) -> Workload:
        (stand_in / "__main__.py").write_text(program)
        return Workload(Path(sys.executable), ("-",), tmp_path, tmp_path / "log", tmp_path)

    yield workload
    assert left_of(tmp_path) == []


def left_of(home: Path) -> list[psutil.Process]:
    """Processes that carry the mark of a home."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK, "").startswith(mark_of(home)) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_exit_status_and_output_are_kept(toolkit: Callable[[str], Workload]) -> None:
    workload = toolkit("import sys; print('out'); print('err', file=sys.stderr, end=''); sys.exit(7)")
    assert Child(workload).wait(30) == 7
    assert sorted(line.message for line in read_lines(workload.log)) == ["err", "out"]
    assert last_words(workload.log).split() in (["out", "err"], ["err", "out"])


def test_what_it_left_behind_is_killed_even_in_another_session(toolkit: Callable[[str], Workload]) -> None:
    program = """
import subprocess
subprocess.Popen(["sleep", "600"], start_new_session=True)
subprocess.Popen(["setsid", "-f", "sleep", "600"]).wait()
subprocess.Popen(["sleep", "600"])
"""
    assert Child(toolkit(program)).wait(30) == 0


def test_stop_gives_time_and_then_kills_all(toolkit: Callable[[str], Workload]) -> None:
    program = """
import signal, subprocess, time
signal.signal(signal.SIGTERM, lambda *_: print("asked", flush=True))
subprocess.Popen(["sleep", "600"], start_new_session=True)
print("ready", flush=True)
while True: time.sleep(0.01)
"""
    workload = toolkit(program)
    child = Child(workload)
    until(lambda: "ready" in last_words(workload.log))
    child.stop(grace=0.3)
    assert child.wait(30) == 128 + 9
    assert "asked" in last_words(workload.log)


def test_stop_before_it_began_is_not_lost(toolkit: Callable[[str], Workload]) -> None:
    child = Child(toolkit("import time; time.sleep(600)"))
    child.stop(grace=600)
    assert child.wait(30) == 128 + 15


def test_killed_child_is_gone_with_all_it_started(toolkit: Callable[[str], Workload], tmp_path: Path) -> None:
    workload = toolkit("import subprocess; print('ready', flush=True); subprocess.run(['sleep', '600'])")
    child = Child(workload)
    until(lambda: "ready" in last_words(workload.log))
    child.kill()
    assert left_of(tmp_path) == []


def test_killed_guard_takes_the_workload_with_it(toolkit: Callable[[str], Workload], tmp_path: Path) -> None:
    workload = toolkit("import time; print('ready', flush=True); time.sleep(600)")
    child = Child(workload)
    until(lambda: "ready" in last_words(workload.log))
    guards = [process for process in left_of(tmp_path) if "guard.py" in " ".join(process.cmdline())]
    os.kill(guards[0].pid, 9)
    assert child.wait(30) == -9
    until(lambda: left_of(tmp_path) == [])


def test_workload_that_kills_its_guard_is_killed_with_all_it_started(toolkit: Callable[[str], Workload]) -> None:
    program = """
import os, signal, subprocess
subprocess.Popen(["sleep", "600"], start_new_session=True)
os.kill(os.getppid(), signal.SIGKILL)
"""
    assert Child(toolkit(program)).wait(30) == -9


def test_workload_that_halts_its_guard_is_killed_all_the_same(
    toolkit: Callable[[str], Workload], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sagemaker_server.runtime.launching.SWEEP_TIME", 0.2)
    workload = toolkit(
        "import os, signal, time; os.kill(os.getppid(), signal.SIGSTOP); print('halted', flush=True); time.sleep(600)"
    )
    child = Child(workload)
    time.sleep(1)
    child.stop(grace=0.1)
    assert child.wait(30) == -9


def test_killed_server_leaves_no_orphan(toolkit: Callable[[str], Workload], tmp_path: Path) -> None:
    program = """
import subprocess
subprocess.Popen(["sleep", "600"], start_new_session=True)
print("ready", flush=True)
subprocess.run(["sleep", "600"])
"""
    workload = toolkit(program)
    server = subprocess.Popen([sys.executable, "-c", LAUNCHES, str(tmp_path)])
    until(lambda: "ready" in last_words(workload.log))
    assert len(left_of(tmp_path)) == 4
    server.kill()
    server.wait()
    until(lambda: left_of(tmp_path) == [])


def test_leftovers_of_a_former_server_are_found_and_killed(tmp_path: Path) -> None:
    environment = {MARK: mark_of(tmp_path), "PATH": os.environ["PATH"]}
    left = subprocess.Popen(["sleep", "600"], env=environment, start_new_session=True)
    other = subprocess.Popen(["sleep", "600"], env={**environment, MARK: "of another home"}, start_new_session=True)
    until(lambda: left.pid in {process.pid for process in left_of(tmp_path)})
    threading.Thread(target=left.wait, daemon=True).start()  # collects it, as init would
    assert kill_leftovers(tmp_path) == 1
    assert other.poll() is None
    other.kill()
    other.wait()


def test_limits_bound_the_workload(toolkit: Callable[[str], Workload]) -> None:
    program = "import resource; print([resource.getrlimit(n)[0] for n in (resource.RLIMIT_AS, resource.RLIMIT_CORE)])"
    workload = toolkit(program)
    bounded = Workload(workload.python, ("-",), workload.folder, workload.log, workload.home, {}, Limits(1 << 30))
    Child(bounded).wait(30)
    assert last_words(workload.log) == f"[{1 << 30}, 0]"


def test_endless_output_does_not_fill_the_disk(
    toolkit: Callable[[str], Workload], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sagemaker_server.runtime.launching.LOG_BYTES", 2000)
    workload = toolkit("for n in range(10000): print('x' * 50, n)")
    assert Child(workload).wait(30) == 0
    kept = [workload.log, workload.log.with_name("log.former")]
    assert all(0 < file.stat().st_size <= 2000 for file in kept)
    assert last_words(workload.log).endswith("9999")


@pytest.mark.parametrize(
    ("sent", "meant"), [('"train.py"', "train.py"), ("0.5", 0.5), ("true", True), ("plain text", "plain text")]
)
def test_hyperparameters_are_decoded_as_their_author_meant(sent: str, meant: object) -> None:
    assert decode(sent) == meant


def test_arguments_are_sorted_and_dashed_by_length() -> None:
    assert to_arguments({"depth": 3, "a": 1, "map": {"y": 2, "x": 1}}) == [
        "-a",
        "1",
        "--depth",
        "3",
        "--map",
        "x=1,y=2",
    ]
