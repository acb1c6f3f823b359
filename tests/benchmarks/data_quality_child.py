"""The measured half of the data quality benchmark, a program: prints its times, or its peak memory, as JSON."""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import pandas as pd
from tests.benchmarks.children import peak_mebibytes

from model_governance.domain.data import Expectation
from model_governance.evaluation.data_docs import render_data_docs
from model_governance.evaluation.expectations import Engine, evaluate_expectations, validate

_ROWS = 1_000_000
_TOWNS = ["Ayer", "Hull", "Lynn", "Rowe"]


def make_frame(rows: int, missing: float = 0.01) -> pd.DataFrame:
    """Eight columns of numbers, six of whole ones, four of a few texts and two of many; a share missing in eight."""
    draw = np.random.default_rng(1)
    columns: dict[str, object] = {}
    for number in range(8):
        values = draw.normal(size=rows)
        columns[f"number_{number}"] = np.where(draw.random(rows) < missing, np.nan, values) if number % 2 else values
    for number in range(6):
        columns[f"whole_{number}"] = draw.integers(0, 100, rows)
    for number in range(4):
        texts = np.asarray(_TOWNS, dtype=object)[draw.integers(0, len(_TOWNS), rows)]
        columns[f"text_{number}"] = pd.Series(np.where(draw.random(rows) < missing, None, texts), dtype=object)
    for number in range(2):
        columns[f"many_{number}"] = pd.Series([f"{one:x}" for one in draw.integers(0, 2**40, rows)], dtype=object)
    return pd.DataFrame(columns)


def make_suite(*, failing: bool) -> tuple[Expectation, ...]:
    """32 expectations; a failing suite misses all of them but one, on a good part of the rows."""
    high, towns, low = (0.0, _TOWNS[:2], 1000) if failing else (10.0, _TOWNS, 0)
    suite = [
        *(_on("values_to_be_between", f"number_{n}", min_value=-10, max_value=high) for n in range(8)),
        *(_on("values_to_be_between", f"whole_{n}", min_value=50 if failing else 0) for n in range(4)),
        *(_on("values_to_be_in_set", f"text_{n}", value_set=towns) for n in range(4)),
        *(_on("values_to_not_be_null", f"text_{n}", mostly=1.0 if failing else 0.9) for n in range(4)),
        *(_on("value_lengths_to_be_between", f"many_{n}", min_value=11 if failing else 1) for n in range(2)),
        *(_on("mean_to_be_between", f"whole_{n}", min_value=low) for n in range(4)),
        *(_on("median_to_be_between", f"number_{n}", min_value=low - 1) for n in range(2)),
        _on("stdev_to_be_between", "number_0", min_value=low),
        _on("sum_to_be_between", "whole_5", max_value=1 if failing else None, min_value=0),
        _on("values_to_match_regex", "many_0", regex="^[0-7]" if failing else "^[0-9a-f]"),
        Expectation(type="expect_table_row_count_to_be_between", kwargs={"min_value": 1}),
    ]
    assert len(suite) == 32, len(suite)
    return tuple(suite)


def _on(kind: str, column: str, **kwargs: object) -> Expectation:
    return Expectation(type=f"expect_column_{kind}", kwargs={"column": column, **kwargs})


def measure_times(rounds: int) -> dict[str, object]:
    """Seconds of each engine and suite, in turns; outcomes must be equal."""
    frame, suites = make_frame(_ROWS), {name: make_suite(failing=name == "failing") for name in ("passing", "failing")}
    for engine in Engine:
        evaluate_expectations(frame.head(100), suites["passing"], engine)
    times: dict[str, object] = {f"{engine} {name}": [] for engine in Engine for name in suites}
    for _ in range(rounds):
        for name, suite in suites.items():
            outcomes = []
            for engine in Engine:
                began = time.perf_counter()
                outcomes.append(evaluate_expectations(frame, suite, engine))
                times[f"{engine} {name}"].append(time.perf_counter() - began)  # type: ignore[attr-defined]
            assert outcomes[0] == outcomes[1]
            assert sum(outcome.success for outcome in outcomes[0]) == (32 if name == "passing" else 1)
    frame = make_frame(_ROWS, missing=0)
    for engine in Engine:
        times[f"{engine} complete"] = []
    for _ in range(rounds):
        for engine in Engine:
            began = time.perf_counter()
            evaluate_expectations(frame, suites["passing"], engine)
            times[f"{engine} complete"].append(time.perf_counter() - began)  # type: ignore[attr-defined]
    validated = validate(frame, suites["failing"])
    began = time.perf_counter()
    render_data_docs(validated, data_sha256="0" * 64)
    return {**times, "data_docs": time.perf_counter() - began}


def measure_peak(engine: str) -> dict[str, float]:
    """Peak memory, MiB, of one failing suite; of ``frame``, with the suite on its first rows alone."""
    frame, suite = make_frame(_ROWS), make_suite(failing=True)
    if engine == "frame":
        evaluate_expectations(frame.head(100), suite)
    else:
        evaluate_expectations(frame, suite, Engine(engine))
    return {"mebibytes": peak_mebibytes()}


if __name__ == "__main__":
    what, argument = sys.argv[1:]
    print(json.dumps(measure_times(int(argument)) if what == "times" else measure_peak(argument)))
