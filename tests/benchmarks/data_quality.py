"""32 expectations over 1,000,000 rows of 20 columns: our engine beside Great Expectations' own, passing and failing."""

from __future__ import annotations

from statistics import median

from tests.benchmarks.children import run_child
from tests.benchmarks.measure import Figure, at_most, median_ratio, say

_ROUNDS = 3


def run() -> list[Figure]:
    """Times in one process each, taken in turns, and the peak memory of a process that does nothing else."""
    say("stock and lean engine in turns, in one process")
    timed = run_child("data_quality_child", "times", str(_ROUNDS))
    say("peak memory, a process each")
    peaks = {name: run_child("data_quality_child", "peak", name) for name in ("frame", "pandas", "lean_pandas")}
    passing, failing = timed["lean_pandas passing"], timed["lean_pandas failing"]
    frame = peaks["frame"]["mebibytes"]
    return [
        Figure("stock engine, passing suite", median(timed["pandas passing"]), "s"),
        Figure("lean engine, passing suite", median(passing), "s"),
        at_most(
            "lean beside stock engine, passing suite", median_ratio(passing, timed["pandas passing"]), "ratio", 0.5
        ),
        Figure("stock engine, passing suite, nothing missing", median(timed["pandas complete"]), "s"),
        at_most(
            "lean beside stock engine, passing suite, nothing missing",
            median_ratio(timed["lean_pandas complete"], timed["pandas complete"]),
            "ratio",
            0.5,
        ),
        Figure("stock engine, failing suite", median(timed["pandas failing"]), "s"),
        Figure("lean engine, failing suite", median(failing), "s"),
        at_most(
            "lean beside stock engine, failing suite", median_ratio(failing, timed["pandas failing"]), "ratio", 0.5
        ),
        at_most("failing beside passing suite, lean engine", median_ratio(failing, passing), "ratio", 2),
        Figure("peak memory: the frame and the library alone", frame, "MiB"),
        Figure("peak memory above that, stock engine, failing suite", peaks["pandas"]["mebibytes"] - frame, "MiB"),
        Figure("peak memory above that, lean engine, failing suite", peaks["lean_pandas"]["mebibytes"] - frame, "MiB"),
        Figure("the page of Data Docs of the failing suite", timed["data_docs"], "s"),
    ]
