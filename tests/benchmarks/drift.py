"""Drift of 1,000,000 rows of 18 features beside evidently 0.7, which gets an environment of its own meanwhile."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from statistics import median

from tests.benchmarks.children import run_child
from tests.benchmarks.measure import Figure, at_least, say

_EVIDENTLY = ("evidently==0.7.*", "pandas<3")
_ROUNDS = 3


def run() -> list[Figure]:
    """Statistics of both sides and every comparison, ours and evidently's, on the same seeded frames in one run."""
    ours = run_child("drift_child", "ours", str(_ROUNDS))
    figures = [
        Figure("statistics of both sides, 2 x 1,000,000 x 18", median(ours["statistics"]), "s"),
        Figure("a window beside its baseline, from the statistics", median(ours["comparison"]), "s"),
        Figure("peak memory of the process, frames included", ours["mebibytes"], "MiB"),
        Figure("features found drifted, of 9 that are", ours["drifted"], "features"),
    ]
    uv = shutil.which("uv")
    if uv is None:
        say("evidently is not measured: uv, which would install it, is not on the path")
        return figures
    with tempfile.TemporaryDirectory() as folder:
        say("installing evidently into an environment that is removed afterwards")
        python = Path(folder) / "bin" / "python"
        subprocess.run([uv, "venv", "--quiet", "--python", "3.11", folder], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", str(python), *_EVIDENTLY], check=True)
        say("evidently's DataDriftPreset on the same frames; takes a minute or more")
        theirs = run_child("drift_child", "evidently", "1", python=str(python))
    total = median(a + b for a, b in zip(ours["statistics"], ours["comparison"], strict=True))
    return [
        *figures,
        Figure(f"evidently {theirs['version']}, data drift preset", theirs["seconds"], "s"),
        Figure("peak memory of evidently's process", theirs["mebibytes"], "MiB"),
        at_least("evidently's time beside ours", theirs["seconds"] / total, "times", 25),
    ]
