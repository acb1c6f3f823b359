"""``python -m tests.benchmarks [name ...]``: runs the benchmarks and prints a line per figure."""

from __future__ import annotations

import importlib
import os
import sys

_ALL = (
    "bias",
    "data_quality",
    "drift",
    "documents",
    "explainability",
    "window",
    "server",
    "invoke",
    "ledger",
    "decision",
    "promotion",
    "lifecycle",
    "waiting",
)


def main(names: list[str]) -> int:
    """Runs the named benchmarks, all by default.

    Returns:
        The exit status: 0; 1 where a goal was missed.
    """
    unknown = [name for name in names if name not in _ALL]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(_ALL)}", file=sys.stderr)
        return 2
    print(f"{os.cpu_count()} processors; absolute times are this machine's, ratios are what counts", flush=True)
    missed = 0
    for name in names or _ALL:
        print(f"\n{name}", flush=True)
        for figure in importlib.import_module(f"tests.benchmarks.{name}").run():
            print(f"  {figure.line}", flush=True)
            missed += figure.met is False
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
