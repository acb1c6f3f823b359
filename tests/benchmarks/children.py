"""Runs a piece of a benchmark in a process of its own, so that its peak memory is its own; apart from what is run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def run_child(module: str, *arguments: str, python: str = sys.executable) -> dict[str, Any]:
    """What the module, run as a program, prints last: one line of JSON.

    Args:
        module: A file beside this one, by its name without ending.
        arguments: Its arguments.
        python: The interpreter of its environment.

    Raises:
        RuntimeError: It failed; the end of what it said is told.
    """
    environment = {"PYTHONPATH": f"{ROOT / 'include'}:{ROOT}", "PATH": "/usr/bin:/bin", "HOME": "/tmp"}  # noqa: S108
    done = subprocess.run(
        [python, "-m", f"tests.benchmarks.{module}", *arguments],
        capture_output=True,
        text=True,
        env=environment,
        cwd=ROOT,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{module} {' '.join(arguments)} failed: {done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def peak_mebibytes() -> float:
    """The most memory that this process has held so far, MiB."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
