"""The process between server and workload: it lets nothing of the workload outlive either of them.

The server starts it with a pipe as its standard input and writes one line of JSON: what to run. When that pipe ends,
because the server closed it or was killed, everything that the workload started is killed, other sessions included
(as a subreaper the guard inherits every orphan). The workload in turn dies with the guard by ``PR_SET_PDEATHSIG``: its
parent is the guard's only thread, whereas a thread of the server's may end while its children should live. The guard
also keeps the log, a line at a time with its time before it, within a bound.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
NEVER = 1e12
LONGEST_LINE = 16_384
COULD_NOT_RUN = 127


class Log:
    """A workload's output in a file: ``<milliseconds since 1970> <line>``.

    When it reaches its bound it goes on in a new one; the one before is kept as ``<name>.former``.
    """

    def __init__(self, file: Path, bound: int) -> None:
        self._path, self._bound = file, bound
        self._file = file.open("ab", buffering=0)
        self._size = file.stat().st_size
        self._partial = b""

    def write(self, output: bytes) -> None:
        """Takes output as it comes; writes its complete lines."""
        *lines, self._partial = (self._partial + output).split(b"\n")
        for line in lines:
            self._write_line(line)
        while len(self._partial) > LONGEST_LINE:
            self._write_line(self._partial[:LONGEST_LINE])
            self._partial = self._partial[LONGEST_LINE:]

    def close(self) -> None:
        """Writes what has no line end yet."""
        if self._partial:
            self._write_line(self._partial)
        self._file.close()

    def _write_line(self, line: bytes) -> None:
        entry = b"%d %s\n" % (time.time_ns() // 1_000_000, line.rstrip(b"\r"))
        if self._size + len(entry) > self._bound:
            self._file.close()
            self._path.replace(self._path.with_name(f"{self._path.name}.former"))
            self._file, self._size = self._path.open("ab", buffering=0), 0
        self._file.write(entry)
        self._size += len(entry)


class Guard:
    """Watches one workload from its start until nothing of it is left."""

    def __init__(self, workload: dict[str, Any]) -> None:
        self._log = Log(Path(workload["log"]), workload["log_bytes"])
        self._wake, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        source, output = os.pipe()
        self._output: int | None = source
        self._control: int | None = 0
        self._kill_at = NEVER
        settled, settle = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            become(workload, output, settle)
        os.close(output)
        os.close(settle)
        os.read(settled, 1)  # only now would a signal reach the workload, and end it

    def run(self) -> int:
        """Waits for the workload's end, its own or one that was asked for; then sweeps up.

        Returns:
            Its exit status; 128 + n if signal n ended it.
        """
        status = None
        while status is None:
            watched = [source for source in (self._wake, self._output, self._control) if source is not None]
            ready, _, _ = select.select(watched, [], [], max(0.0, min(60.0, self._kill_at - time.monotonic())))
            if self._output in ready:
                self._take_output()
            if self._control in ready:
                self._obey()
            if self._wake in ready and signal.SIGTERM in os.read(self._wake, 4096):
                self._kill_at = 0.0
            if time.monotonic() >= self._kill_at:
                self._signal(signal.SIGKILL)
            status = self._reap()
        self._sweep()
        self._drain()
        return status if status >= 0 else 128 - status

    def _obey(self) -> None:
        """Reads the server's word: ``stop <seconds of grace>``, or the end of the pipe."""
        word = os.read(0, 4096)
        if not word:
            self._control, self._kill_at = None, 0.0
            return
        self._kill_at = time.monotonic() + float(word.split()[1])
        self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._pid, number)

    def _reap(self) -> int | None:
        """Collects children that have ended; the workload's status if it is among them."""
        status = None
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == self._pid:
                    status = os.waitstatus_to_exitcode(ended[1])
        return status

    def _sweep(self) -> None:
        """Kills whatever the workload left behind, until this process has no child any more."""
        self._signal(signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while True:
                for pid in children():
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.kill(pid, signal.SIGKILL)
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    time.sleep(0.005)

    def _take_output(self) -> None:
        output = os.read(self._output, 1 << 16) if self._output is not None else b""
        self._log.write(output)
        if not output:
            self._output = None

    def _drain(self) -> None:
        while self._output is not None and select.select([self._output], [], [], 0.2)[0]:
            self._take_output()
        self._log.close()


def become(workload: dict[str, Any], output: int, settle: int) -> NoReturn:
    """Turns the forked child into the workload: own session, bounded, bound to its parent, with nothing open."""
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        os.close(settle)
        os.chdir(workload["folder"])
        _die_with_parent()
        for name, bound in workload["limits"].items():
            number = getattr(resource, name)
            _, hard = resource.getrlimit(number)
            ceiling = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
            try:
                resource.setrlimit(number, (ceiling, ceiling))
            except (ValueError, OSError):
                if sys.platform == "linux":  # other systems lack some of the limits
                    raise
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.closerange(3, 1024)
        os.execve(workload["command"][0], workload["command"], workload["environment"])  # noqa: S606
    except BaseException as fault:  # nothing may return from here into the guard's code
        os.write(output, f"cannot run {workload['command'][0]}: {fault}\n".encode())
        os._exit(COULD_NOT_RUN)


def children() -> list[int]:
    """The processes whose parent is this one; empty where there is no /proc to tell."""
    own, found = os.getpid(), []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == own:
                found.append(int(stat.parent.name))
    return found


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _die_with_parent() -> None:
    guard = os.getppid()
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != guard:
        os._exit(COULD_NOT_RUN)


def _first_line() -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        block = os.read(0, 1)
        if not block:
            sys.exit(COULD_NOT_RUN)
        line += block
    return line


def main() -> int:
    """Runs the workload that the first line describes.

    Returns:
        The workload's exit status.
    """
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    return Guard(json.loads(_first_line())).run()


if __name__ == "__main__":
    sys.exit(main())
