"""Serves the direct-marketing model by SageMaker's four functions: customers in, probabilities of a subscription out.

Takes text/csv (no header, the features in their declared order) and application/json ({"instances": [{"<feature>":
..., ...}]}). A request that cannot be read raises ValueError with the reason, and does so in input_fn: there a
container takes it for the caller's fault, a 4xx.
"""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

CSV = "text/csv"
JSON = "application/json"

SERVED: dict[str, Any] = {}
"""What the model that this process serves reads: SageMaker gives input_fn no model to ask."""


def model_fn(model_dir: str) -> Any:
    import joblib

    folder = Path(model_dir)
    SERVED.update(json.loads((folder / "preprocessing.json").read_text(encoding="utf-8")))
    return joblib.load(folder / "model.joblib")


def input_fn(request_body: str | bytes, request_content_type: str) -> np.ndarray:
    """The customers, float64, shape (n_customers, n_features): a text as its place among the categories."""
    kind = request_content_type.split(";", maxsplit=1)[0].strip().lower()
    try:
        text = request_body if isinstance(request_body, str) else bytes(request_body).decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise ValueError(f"the request is not UTF-8: {fault.reason} at byte {fault.start}") from None
    if kind == CSV:
        rows = read_csv(text)
    elif kind == JSON:
        rows = read_json(text)
    else:
        raise ValueError(f"content type {request_content_type!r} is not served; send {CSV} or {JSON}")
    if not rows:
        raise ValueError("the request is empty; send at least one customer")
    return np.asarray([encode(row, f"row {number}") for number, row in enumerate(rows, 1)], dtype=np.float64)


def predict_fn(input_data: np.ndarray, model: Any) -> np.ndarray:
    """Probability of a subscription, float64, shape (n_customers,)."""
    return np.asarray(model.predict_proba(input_data))[:, 1]


def output_fn(prediction: np.ndarray, accept: str | None) -> str:
    """One probability a line for text/csv, {"predictions": [{"score": ...}]} for application/json."""
    scores = [float(score) for score in prediction]
    wanted = {part.split(";", maxsplit=1)[0].strip().lower() for part in (accept or CSV).split(",")}
    if JSON in wanted:
        return json.dumps({"predictions": [{"score": score} for score in scores]})
    if wanted & {CSV, "*/*", "text/*", ""}:
        return "\n".join(repr(score) for score in scores)
    raise ValueError(f"accept {accept!r} is not served; ask for {CSV} or {JSON}")


def read_csv(text: str) -> list[list[str]]:
    try:
        return [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error as fault:
        raise ValueError(f"the request is not CSV: {fault}") from None


def read_json(text: str) -> list[list[Any]]:
    try:
        instances = json.loads(text)["instances"]
        named = [[instance[name] for name in SERVED["features"]] for instance in instances]
        unknown = sorted({name for instance in instances for name in instance} - set(SERVED["features"]))
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise ValueError(f'the request must be {{"instances": [{{"<feature>": ..., ...}}]}}: {fault!r}') from None
    if unknown:
        raise ValueError(f"unknown features: {', '.join(unknown)}; the model takes {', '.join(SERVED['features'])}")
    return named


def encode(row: list[Any], place: str) -> list[float]:
    features = SERVED["features"]
    if len(row) != len(features):
        raise ValueError(f"{place} has {len(row)} fields; the model takes {len(features)}: {', '.join(features)}")
    encoded: list[float] = []
    for name, cell in zip(features, row, strict=True):
        known = SERVED["categories"].get(name)
        if known is None:
            encoded.append(number(cell, f"{place}, {name}"))
        elif cell in known:
            encoded.append(float(known.index(cell)))
        else:
            raise ValueError(f"{place}, {name}: {str(cell)[:40]!r} is none of {', '.join(known)}")
    return encoded


def number(cell: Any, place: str) -> float:
    if cell is None or cell == "":
        return math.nan
    try:
        value = math.inf if isinstance(cell, bool) else float(cell)
    except (TypeError, ValueError, OverflowError):
        value = math.inf
    if math.isinf(value):
        raise ValueError(f"{place}: {str(cell)[:40]!r} is not a number")
    return value
