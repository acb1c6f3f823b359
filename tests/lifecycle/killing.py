"""Kills at random: a process of a running stack every few seconds, chosen by part so that no part is spared."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import psutil
from tests.running_stack import RunningStack

from stack import supervision
from stack.errors import StackError
from stack.processes import processes_of

JOB = "job or endpoint"


@dataclass
class Killer:
    """Ends processes of a stack by SIGKILL, at moments and in an order that the seed chooses.

    Supervisor itself is spared: it is what brings the others back.

    Attributes:
        stack: Whose processes.
        kills: How many.
        mean_seconds: Between two kills, on average.
        seed: Of the choice.
        killed: How often each part was hit.
    """

    stack: RunningStack
    kills: int
    mean_seconds: float
    seed: int
    killed: Counter[str] = field(default_factory=Counter)

    def run(self, *, told: Callable[[str], None]) -> None:
        """Kills until it has killed as many as it was told to; blocks."""
        chance = random.Random(self.seed)
        began = time.monotonic()
        while self.killed.total() < self.kills:
            time.sleep(chance.uniform(0.2, 2 * self.mean_seconds))
            label = self._kill_one(chance)
            if label:
                self.killed[label] += 1
                told(f"{time.monotonic() - began:6.1f} s  kill {self.killed.total():3}: {label}")

    def _kill_one(self, chance: random.Random) -> str:
        """Kills a process of a part chosen at random; the part's name, or nothing where there was none to kill."""
        found: dict[str, list[psutil.Process]] = {}
        for process in processes_of(self.stack.home):
            with suppress(psutil.Error, StackError):
                if label := self._label(process):
                    found.setdefault(label, []).append(process)
        if not found:
            return ""
        label = chance.choice(sorted(found))
        try:
            chance.choice(found[label]).kill()
        except psutil.NoSuchProcess:
            return ""
        return label

    def _label(self, process: psutil.Process) -> str:
        """Which part a process belongs to; empty for supervisor and for what is no part of the stack."""
        names = {part.pid: part.name for part in supervision.parts(self.stack.settings) if part.pid}
        if "supervisord" in " ".join(process.cmdline()):
            return ""
        if process.pid in names:
            return names[process.pid]
        if "MODEL_GOVERNANCE_STACK" not in process.environ():
            return JOB
        above = next((names[parent.pid] for parent in process.parents() if parent.pid in names), "orphan")
        return f"child of {above}"
