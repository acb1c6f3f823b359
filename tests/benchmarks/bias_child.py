"""One thing done once in a process of its own, so that its peak memory is its own: prints one JSON line.

``python -m tests.benchmarks.bias_child ours|bare|fliptest FILE``: seconds, peak resident memory in MiB and, of ours,
the values. Imports are not timed; they count towards the memory.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from model_governance.domain.data import Facet, Label
from model_governance.domain.evidence import EvidenceKind
from model_governance.evaluation.bias.metric import Rules
from model_governance.evaluation.bias.parquet import Columns, count_parquet
from model_governance.evaluation.bias.report import report_bias

FACETS = (
    Facet(name_or_index="white", value_or_threshold=(0,)),
    Facet(name_or_index="region"),
    Facet(name_or_index="age", value_or_threshold=(40,), threshold=True),
)
COLUMNS = Columns(Label(column="label", positive=1), FACETS, group_variable="grp", predicted="predicted")
FLIPTEST_ROWS = 100_000


def ours(file: Path) -> dict[str, Any]:
    """Every count-based metric of the three facets, before and after training, with its interval."""
    values: dict[str, Any] = {}
    began, cpu = time.perf_counter(), time.process_time()
    comparisons = [each for cube in count_parquet(file, COLUMNS) for each in cube.comparisons]
    for kind in (EvidenceKind.PRE_TRAINING_BIAS, EvidenceKind.POST_TRAINING_BIAS):
        report, _ = report_bias(kind, comparisons, Rules(minimum_rows=30, seed=7))
        for facet, entries in report[f"{kind.value}_metrics"]["facets"].items():
            for entry in entries:
                for one in entry["metrics"]:
                    values[f"{facet}|{entry['value_or_threshold']}|{one['name']}"] = one["value"]
    return {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu, "values": values}


def bare(file: Path) -> dict[str, Any]:
    """The same columns into the same cells, and nothing made of them."""
    import duckdb

    began = time.perf_counter()
    with duckdb.connect() as engine:
        cells = engine.execute(
            "SELECT white, region, age > 40, label, predicted, grp, count(*) FROM read_parquet(?) GROUP BY ALL",
            [str(file)],
        ).fetchall()
    return {"seconds": time.perf_counter() - began, "cells": len(cells)}


def fliptest(_: Path) -> dict[str, Any]:
    """The fliptest over 100,000 rows of 18 features, half of them in d."""
    import numpy as np
    import pandas as pd

    from model_governance.evaluation.bias.fliptest import flip, standardize

    random = np.random.default_rng(7)
    features = pd.DataFrame(random.normal(size=(FLIPTEST_ROWS, 18)))
    predicted, in_a = random.random(FLIPTEST_ROWS) < 0.4, random.random(FLIPTEST_ROWS) < 0.5
    began = time.perf_counter()
    found = flip(standardize(features), predicted, in_a, ~in_a, seed=7)
    return {"seconds": time.perf_counter() - began, "detail": found.detail}


def peak_mebibytes() -> float:
    """Most memory that this process has had resident; of its own since it began, not of the one that started it."""
    status = Path("/proc/self/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    done = {"ours": ours, "bare": bare, "fliptest": fliptest}[sys.argv[1]](Path(sys.argv[2]))
    print(json.dumps({**done, "mebibytes": peak_mebibytes()}))
