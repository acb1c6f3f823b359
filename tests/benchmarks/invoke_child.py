"""The lower bound of an invocation: a model made and called in its own process, by the script that the endpoint runs.

``python -m tests.benchmarks.invoke_child SCRIPT FOLDER``, run by the interpreter of the model's image: trains a model
of the size of the example's on seeded rows into FOLDER, asks it many times, prints one line of JSON.
"""

from __future__ import annotations

import importlib.util
import json
import random
import statistics
import sys
import time
from pathlib import Path
from typing import Any

FEATURES = 30
ROWS = 2000
ROUNDS = 200
CALLS = 2000


def main(script: str, folder: Path) -> dict[str, Any]:
    """Seconds of one call each: of ``predict_fn`` alone, and of all three functions that a request passes."""
    row = _train(folder)
    inference = _load(script)
    model = inference.model_fn(str(folder))
    given = inference.input_fn(row, "text/csv")
    alone, all_three = [], []
    for _ in range(CALLS):
        began = time.perf_counter()
        inference.predict_fn(given, model)
        between = time.perf_counter()
        inference.output_fn(inference.predict_fn(inference.input_fn(row, "text/csv"), model), "text/csv")
        alone.append(between - began)
        all_three.append(time.perf_counter() - between)
    return {"row": row, "predict_fn": statistics.median(alone), "functions": statistics.median(all_three)}


def _train(folder: Path) -> str:
    """Leaves the model's files in the folder; a row to ask about."""
    import numpy
    import xgboost

    generator = numpy.random.default_rng(20241114)
    rows = generator.normal(size=(ROWS, FEATURES))
    names = [f"feature_{number}" for number in range(FEATURES)]
    labels = (rows[:, 0] + rows[:, 1] * rows[:, 2] > 0).astype(float)
    matrix = xgboost.DMatrix(rows, label=labels, feature_names=names, nthread=1)
    parameters = {"objective": "binary:logistic", "tree_method": "hist", "nthread": 1, "max_depth": 2, "eta": 0.05}
    booster = xgboost.train(parameters, matrix, num_boost_round=ROUNDS)
    booster.save_model(folder / "xgboost-model.json")
    (folder / "preprocessing.json").write_text(json.dumps({"features": names, "missing_codes": {}}))
    return ",".join(repr(float(value)) for value in random.Random(1).choice(rows.tolist()))


def _load(script: str) -> Any:
    specification = importlib.util.spec_from_file_location("inference", script)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["inference"] = module
    specification.loader.exec_module(module)
    return module


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]))))
