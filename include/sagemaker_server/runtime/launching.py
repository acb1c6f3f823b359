"""Child processes: with what environment and within what bounds they start, and how they end with all they started.

This is no sandbox: a child runs under the server's own user and can read what that user can. What is held is that it is
not *handed* a key, a database address or a path of the server's, that it cannot exhaust the machine by accident, and
that nothing of it is left when it should be gone. ``container.guard`` does the watching, from a process of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CONTAINER = Path(__file__).parent / "container"
MARK = "SAGEMAKER_SERVER_WORKLOAD"
GRACE = 120.0
LOG_BYTES = 64 << 20
SWEEP_TIME = 15.0
GIB = 1 << 30


@dataclass(frozen=True)
class Limits:
    """Resource limits of a child and of each process it starts, in the words of ``setrlimit``.

    Attributes:
        address_space: Bytes of virtual memory.
        file_size: Bytes of one file.
        files: Open files.
        processes: Processes and threads of the user the server runs as (the kernel counts them all; root is exempt).
        cpu_seconds: Processor time; None: unlimited, as a server of requests must be.
    """

    address_space: int = 32 * GIB
    file_size: int = 20 * GIB
    files: int = 4096
    processes: int = 8192
    cpu_seconds: int | None = None

    def by_name(self) -> dict[str, int]:
        """The limits under the names of ``resource``; core dumps, which would hold data, are off."""
        named = {
            "RLIMIT_CORE": 0,
            "RLIMIT_AS": self.address_space,
            "RLIMIT_FSIZE": self.file_size,
            "RLIMIT_NOFILE": self.files,
            "RLIMIT_NPROC": self.processes,
        }
        return named if self.cpu_seconds is None else named | {"RLIMIT_CPU": self.cpu_seconds}


@dataclass(frozen=True)
class Workload:
    """What to run.

    Attributes:
        python: The interpreter of the image's environment.
        arguments: What the toolkit is told: ``training`` or ``serving``, and where.
        folder: The working folder, the only one that the child is told of.
        log: The file that its output goes to.
        home: The server's home; marks the child as this server's.
        variables: What the request's author put into its environment.
        limits: Its bounds.
    """

    python: Path
    arguments: Sequence[str]
    folder: Path
    log: Path
    home: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)

    def environment(self) -> dict[str, str]:
        """The whole environment of the child: nothing of the server's own is inherited.

        The hash seed is fixed so that the same job writes the same bytes.
        """
        own = {
            "PATH": f"{self.python.parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder / "tmp"),
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "PYTHONHASHSEED": "0",
        }
        return own | dict(self.variables)


class Child:
    """A running workload, held by the pipe to its guard."""

    def __init__(self, workload: Workload) -> None:
        """Starts it.

        Args:
            workload: What to run; its folder must exist.
        """
        self._mark = f"{mark_of(workload.home)}-{secrets.token_hex(8)}"
        (workload.folder / "tmp").mkdir(exist_ok=True)
        workload.log.parent.mkdir(parents=True, exist_ok=True)
        self._writing = threading.Lock()
        self._guard = subprocess.Popen(
            [str(workload.python), "-I", "-S", str(CONTAINER / "guard.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={MARK: self._mark, "LANG": "C.UTF-8"},
            cwd=workload.folder,
            start_new_session=True,
        )
        described = {
            "command": [str(workload.python), "-I", str(CONTAINER), *workload.arguments],
            "environment": workload.environment() | {MARK: self._mark},
            "folder": str(workload.folder),
            "log": str(workload.log),
            "log_bytes": LOG_BYTES,
            "limits": workload.limits.by_name(),
        }
        self._tell(json.dumps(described))

    def wait(self, timeout: float | None = None) -> int | None:
        """Waits until nothing of the workload is left.

        Args:
            timeout: Seconds; None waits for ever.

        Returns:
            Its exit status, 128 + n after signal n; None if it is still running.
        """
        try:
            status = self._guard.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        if status < 0:  # the guard was killed, and could not sweep up
            _kill_marked(self._mark)
        return status

    def stop(self, grace: float = GRACE) -> None:
        """Asks it to end, and has it killed if it does not; returns at once.

        Args:
            grace: Seconds between SIGTERM and SIGKILL; AWS gives 120.
        """
        self._tell(f"stop {grace}")
        overdue = threading.Timer(grace + SWEEP_TIME, self.kill)  # the workload may have halted its guard
        overdue.daemon = True
        overdue.start()

    def kill(self) -> None:
        """Ends it and all that it started, at once; returns when they are gone."""
        with self._writing, contextlib.suppress(OSError):
            if self._guard.stdin is not None:
                self._guard.stdin.close()
        if self.wait(SWEEP_TIME) is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._guard.pid, signal.SIGKILL)
            self.wait()

    def _tell(self, word: str) -> None:
        with self._writing, contextlib.suppress(OSError, ValueError):  # gone already
            if self._guard.stdin is not None:
                self._guard.stdin.write(word.encode() + b"\n")
                self._guard.stdin.flush()


def mark_of(home: Path) -> str:
    """What every child of the server with this home carries in its environment; tells nothing of the path."""
    return hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16]


def kill_leftovers(home: Path) -> int:
    """Kills every process that a former server with this home left behind.

    Their guards do that by themselves when the server dies; this is for a guard that was killed too, and makes sure
    that a job is not run again while its former run is still ending. Needs /proc; elsewhere it finds nothing.

    Args:
        home: The server's home.

    Returns:
        How many there were.
    """
    return _kill_marked(mark_of(home))


def _kill_marked(mark: str) -> int:
    """Kills every process whose mark begins with this one, until there is none."""
    marked, killed = f"{MARK}={mark}".encode(), set()
    until = time.monotonic() + SWEEP_TIME
    while (left := _marked_processes(marked)) and time.monotonic() < until:
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
        time.sleep(0.05)
    return len(killed)


def _marked_processes(marked: bytes) -> list[int]:
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if any(variable.startswith(marked) for variable in environment.read_bytes().split(b"\0")):
                found.append(int(environment.parent.name))
    return found
