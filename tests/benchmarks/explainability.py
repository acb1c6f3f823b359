"""Shapley values of a seeded sample beside those of all held-out rows: how far off the sample is, and what each costs.

The model is loan approval's, trained and asked by its own scripts in the environment of its image.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from tests.benchmarks.measure import Figure, say

from model_governance.domain.use_case import parse_use_case
from model_governance.evaluation.data_set import read_data_set
from model_governance.evaluation.explainability.contributions import read_contributions
from model_governance.evaluation.explainability.kernel import rows_to_predict, shapley_values
from model_governance.evaluation.explainability.sample import Sample, sample_rows
from model_governance.evaluation.split import Split, split_data_set

_PROJECT = Path(__file__).resolve().parents[2]
_USE_CASE = _PROJECT / "include" / "use_cases" / "loan-approval"
_PYTHON = _PROJECT / ".environments" / "xgboost" / "bin" / "python"
_ASK = """
import sys
sys.path.insert(0, sys.argv[1])
import inference
model = inference.model_fn(sys.argv[2])
rows = inference.input_fn(sys.stdin.read(), "text/csv")
sys.stdout.write(inference.output_fn(inference.predict_fn(rows, model), "text/csv"))
"""
_SAMPLES = (50, 200)
_COALITIONS = (100, 400)
_KERNEL_ROWS = 20
_BACKGROUND = 5


def run() -> list[Figure]:
    """Errors and times of both methods."""
    if not _PYTHON.exists():
        say("left out: the image environment xgboost is not set up (make setup)")
        return []
    use_case = parse_use_case((_USE_CASE / "use_case.yaml").read_text(), file="use_case.yaml", folder="loan-approval")
    csv = subprocess.run([sys.executable, str(_USE_CASE / "data.py")], check=True, capture_output=True).stdout
    split = split_data_set(read_data_set(csv, use_case.data), use_case.data)
    features, seed = use_case.data.features, use_case.explainability.seed
    with tempfile.TemporaryDirectory() as folder:
        model = _train(Path(folder), split)

        def drawn(rows: int) -> Sample:
            return sample_rows(split.holdout, split.train, features, rows=rows, background_rows=_BACKGROUND, seed=seed)

        everything = drawn(10**6)
        figures = _own_contributions(model, everything, drawn, len(features))
        figures += _kernel(model, drawn(_KERNEL_ROWS), seed)
    return figures


def _own_contributions(model: Path, everything: Sample, drawn: object, features: int) -> list[Figure]:
    answers = _ask(model, everything.csv(everything.rows), "contributions")
    whole = np.abs(read_contributions(answers, features).values).mean(axis=0)
    figures = []
    for rows in _SAMPLES:
        sample = drawn(rows)  # type: ignore[operator]
        began = time.perf_counter()
        part = np.abs(read_contributions(_ask(model, sample.csv(sample.rows), "contributions"), features).values)
        took = time.perf_counter() - began
        error = np.abs(part.mean(axis=0) - whole).sum() / whole.sum()
        figures += [
            Figure(f"own contributions, {rows} rows: error against all {len(everything.rows)}", float(error), "share"),
            Figure(f"own contributions, {rows} rows: time, the model's process included", took, "s"),
        ]
    return figures


def _kernel(model: Path, sample: Sample, seed: int) -> list[Figure]:
    """Kernel SHAP with few sets of features and with more, against one with many."""
    many = _kernel_values(model, sample, 2000, seed)[0]
    figures = []
    for coalitions in _COALITIONS:
        values, took, asked = _kernel_values(model, sample, coalitions, seed)
        error = np.abs(values - many).sum() / np.abs(many).sum()
        figures += [
            Figure(f"kernel, {coalitions} sets of features: error against 2,000", float(error), "share"),
            Figure(f"kernel, {coalitions} sets of features: rows asked for {len(sample.rows)}", float(asked), "rows"),
            Figure(f"kernel, {coalitions} sets of features: time, the model's process included", took, "s"),
        ]
    return figures


def _kernel_values(model: Path, sample: Sample, coalitions: int, seed: int) -> tuple[np.ndarray, float, int]:
    began = time.perf_counter()
    asked = rows_to_predict(sample, coalitions=coalitions, seed=seed)
    predicted = _ask(model, sample.csv(asked), "predictions")
    values = shapley_values(sample, asked, predicted, coalitions=coalitions, seed=seed).values
    return values, time.perf_counter() - began, len(asked)


def _train(folder: Path, split: Split) -> Path:
    (folder / "train").mkdir()
    (folder / "train" / "train.csv").write_bytes(split.train)
    places = {"SM_MODEL_DIR": str(folder / "model"), "SM_CHANNEL_TRAIN": str(folder / "train")}
    subprocess.run([_PYTHON, _USE_CASE / "train.py"], check=True, capture_output=True, env=os.environ | places)
    return folder / "model"


def _ask(model: Path, rows: bytes, output: str) -> np.ndarray:
    told = os.environ | {"MODEL_GOVERNANCE_OUTPUT": output}
    command = [_PYTHON, "-c", _ASK, _USE_CASE, model]
    answer = subprocess.run(command, input=rows, check=True, capture_output=True, env=told).stdout.decode()
    return np.asarray([[float(one) for one in line.split(",")] for line in answer.splitlines()])
