"""A demonstration that runs in a process of its own, read as it speaks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from tests.running_stack import RunningStack

PROJECT = Path(__file__).parents[3]
PATIENCE_SECONDS = 420


def machine(stack: RunningStack | None = None) -> dict[str, str]:
    """What a fresh terminal knows: nothing of AWS, and of the stack only where it is, if that."""
    names = ("PATH", "HOME", "LANG", "TMPDIR")
    return {name: os.environ[name] for name in names if name in os.environ} | (stack.environment if stack else {})


_WITH_CTRL_C = (
    sys.executable,
    "-c",
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execvp(sys.argv[1], sys.argv[1:])",
)
"""Ctrl-C reaches the command as in a terminal, whoever started the tests: a shell's background has it ignored."""


class Following:
    """A command that follows a lifecycle, in the project's folder and a process group of its own."""

    def __init__(self, stack: RunningStack, command: Sequence[str]) -> None:
        environment = {**machine(stack), "COLUMNS": "80"}
        self._process = subprocess.Popen(
            [*_WITH_CTRL_C, *command],
            cwd=PROJECT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._read = 0
        self._reader = threading.Thread(target=self._listen)
        self._reader.start()

    def next_line(self, *beginnings: str) -> str:
        """The next line that begins so."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            while self._read < len(self.lines):
                line = self.lines[self._read]
                self._read += 1
                if line.lstrip().startswith(beginnings):
                    return line.strip()
            assert self._reader.is_alive() and time.monotonic() < deadline, self.said
            time.sleep(0.1)

    def interrupt(self) -> None:
        """Ctrl-C."""
        os.killpg(self._process.pid, signal.SIGINT)

    def ended(self) -> int:
        """The exit status."""
        self._process.wait(timeout=PATIENCE_SECONDS)
        self._reader.join()
        return self._process.returncode

    def kill(self) -> None:
        """Ends it whatever it does."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self.ended()

    @property
    def said(self) -> str:
        """All that it has said."""
        return "\n".join(self.lines)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))
