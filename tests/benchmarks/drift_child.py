"""The measured half of the drift benchmark, a program that runs in two environments: prints its times as JSON."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np
import pandas as pd
from tests.benchmarks.children import peak_mebibytes

_ROWS = 1_000_000
_COLOURS = np.asarray(["red", "green", "blue", "black", "white"], dtype=object)


def make_frame(*, drifted: bool) -> pd.DataFrame:
    """Eight columns of numbers, five of whole ones, five of text; of a drifted frame, every other one has moved."""
    draw = np.random.default_rng(2 if drifted else 1)
    columns: dict[str, Any] = {}
    for number in range(8):
        columns[f"number_{number}"] = draw.normal(0.5 if drifted and number % 2 else 0.0, size=_ROWS)
    for number in range(5):
        columns[f"whole_{number}"] = draw.integers(30 if drifted and number % 2 else 0, 100, _ROWS)
    for number in range(5):
        share = [0.5, 0.2, 0.1, 0.1, 0.1] if drifted and number % 2 == 0 else [0.2] * 5
        columns[f"text_{number}"] = pd.Series(_COLOURS[draw.choice(5, _ROWS, p=share)], dtype=object)
    return pd.DataFrame(columns)


def measure_ours(rounds: int) -> dict[str, Any]:
    """Seconds of each part in each round."""
    from model_governance.evaluation.constraints import suggest_constraints
    from model_governance.evaluation.drift import compare
    from model_governance.evaluation.statistics import describe

    before, now = make_frame(drifted=False), make_frame(drifted=True)
    times: dict[str, list[float]] = {"statistics": [], "comparison": []}
    drifted = 0
    for _ in range(rounds):
        began = time.perf_counter()
        baseline, window = describe(before), describe(now)
        described = time.perf_counter()
        report = compare(baseline, suggest_constraints(baseline), window)
        times["statistics"].append(described - began)
        times["comparison"].append(time.perf_counter() - described)
        moved = [one for one in report.violations if one["constraint_check_type"] == "baseline_drift_check"]
        drifted = len(moved)
    return {**times, "drifted": drifted, "mebibytes": peak_mebibytes()}


def measure_evidently() -> dict[str, Any]:
    """Seconds of evidently's report, its import left out."""
    from importlib.metadata import version

    from evidently import DataDefinition, Dataset, Report  # type: ignore[import-not-found]
    from evidently.presets import DataDriftPreset  # type: ignore[import-not-found]

    before, now = make_frame(drifted=False), make_frame(drifted=True)
    kinds = DataDefinition(
        numerical_columns=[name for name in before if not str(name).startswith("text")],
        categorical_columns=[name for name in before if str(name).startswith("text")],
    )
    began = time.perf_counter()
    reference, current = (Dataset.from_pandas(frame, data_definition=kinds) for frame in (before, now))
    Report([DataDriftPreset()]).run(current, reference).dict()
    return {
        "seconds": time.perf_counter() - began,
        "version": version("evidently"),
        "mebibytes": peak_mebibytes(),
    }


if __name__ == "__main__":
    what, argument = sys.argv[1:]
    print(json.dumps(measure_ours(int(argument)) if what == "ours" else measure_evidently()))
