"""A window of production traffic, from captured lines to its report: 100,000 requests, and 1,000,000 for memory."""

from __future__ import annotations

from tests.benchmarks.children import run_child
from tests.benchmarks.measure import Figure, say


def run() -> list[Figure]:
    """Each part of a window's assessment, of single-row requests of four features with all of their ground truth."""
    figures = []
    for rows in (100_000, 1_000_000):
        say(f"{rows:,} requests")
        found = run_child("window_child", str(rows))
        figures += [
            Figure(f"json.loads of each line, {rows:,} requests", found["bare"], "s"),
            Figure(f"captured lines to columns, {rows:,} requests", found["capture"], "s"),
            Figure(f"ground truth, {rows:,} lines", found["truth"], "s"),
            Figure(f"every monitor, {rows:,} rows", found["assessment"], "s"),
            Figure(f"capture beside json.loads, {rows:,} requests", found["capture"] / found["bare"], "times"),
            Figure(f"peak memory of the process, {rows:,} requests", found["mebibytes"], "MiB"),
        ]
    return figures
