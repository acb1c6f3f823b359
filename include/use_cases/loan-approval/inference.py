"""Serves the loan-approval model by SageMaker's four functions: applications in, probabilities of approval out.

Takes text/csv (no header, the features in their declared order, an empty field = not known) and application/json
({"instances": [{"features": [...]}]} or {"instances": [{"<feature>": ..., ...}]}, null = not known). A request that
cannot be read raises ValueError with the reason, and does so in input_fn: there a container takes it for the caller's
fault, a 4xx.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

CSV = "text/csv"
JSON = "application/json"

SERVED: list[str] = []
"""The features of the model that this process serves, in order: SageMaker gives input_fn no model to ask."""


@dataclass(frozen=True)
class Model:
    booster: Any
    features: tuple[str, ...]
    missing_codes: dict[str, float]


def model_fn(model_dir: str) -> Model:
    import xgboost

    folder = Path(model_dir)
    preprocessing = json.loads((folder / "preprocessing.json").read_text(encoding="utf-8"))
    booster = xgboost.Booster(params={"nthread": 1})
    booster.load_model(folder / "xgboost-model.json")
    SERVED[:] = preprocessing["features"]
    return Model(booster, tuple(preprocessing["features"]), preprocessing["missing_codes"])


def input_fn(request_body: str | bytes, request_content_type: str) -> np.ndarray:
    """The applications, float64, shape (n_applications, n_features) in the model's order; NaN = not known."""
    text = _text(request_body)
    kind = _media_type(request_content_type)
    if kind == CSV:
        rows = _read_csv(text)
    elif kind == JSON:
        rows = _read_json(text)
    else:
        raise ValueError(f"content type {request_content_type!r} is not served; send {CSV} or {JSON}")
    return np.asarray([_in_order(row, f"row {number}") for number, row in enumerate(rows, 1)], dtype=np.float64)


def predict_fn(input_data: np.ndarray, model: Model) -> np.ndarray:
    """Probability of approval, float32, shape (n_applications,).

    Where MODEL_GOVERNANCE_OUTPUT is "contributions": what each feature and then the bias adds to the log-odds, float32,
    shape (n_applications, n_features + 1); XGBoost's own exact Shapley values.
    """
    import xgboost

    rows = input_data.copy()
    for column, code in model.missing_codes.items():
        position = model.features.index(column)
        rows[rows[:, position] == code, position] = np.nan
    matrix = xgboost.DMatrix(rows, feature_names=list(model.features), nthread=1)
    contributions = os.environ.get("MODEL_GOVERNANCE_OUTPUT") == "contributions"
    return np.asarray(model.booster.predict(matrix, pred_contribs=contributions))


def output_fn(prediction: np.ndarray, accept: str | None) -> str:
    """One probability a line for text/csv, {"predictions": [{"score": ...}]} for application/json.

    Contributions are a line of numbers for each application, whatever was asked for.
    """
    if prediction.ndim > 1:
        return "\n".join(",".join(repr(float(value)) for value in row) for row in prediction)
    scores = [float(score) for score in prediction]
    wanted = [_media_type(part) for part in (accept or CSV).split(",")]
    if JSON in wanted:
        return json.dumps({"predictions": [{"score": score} for score in scores]})
    if {CSV, "*/*", "text/*", ""}.intersection(wanted):
        return "\n".join(repr(score) for score in scores)
    raise ValueError(f"accept {accept!r} is not served; ask for {CSV} or {JSON}")


def _text(body: str | bytes) -> str:
    try:
        text = body if isinstance(body, str) else bytes(body).decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise ValueError(f"the request is not UTF-8: {fault.reason} at byte {fault.start}") from None
    if not text.strip():
        raise ValueError("the request is empty; send at least one application")
    return text


def _media_type(header: str) -> str:
    return header.split(";", maxsplit=1)[0].strip().lower()


def _read_csv(text: str) -> list[list[float] | dict[str, float]]:
    try:
        lines = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error as fault:
        raise ValueError(f"the request is not CSV: {fault}") from None
    return [
        [_cell(cell, f"row {number}, field {position}") for position, cell in enumerate(row, 1)]
        for number, row in enumerate(lines, 1)
    ]


def _cell(cell: str, place: str) -> float:
    if not cell.strip():
        return math.nan
    try:
        value = float(cell)
    except ValueError:
        raise ValueError(f"{place}: {cell[:40]!r} is not a number") from None
    return _finite(value, place)


def _finite(value: float, place: str) -> float:
    if math.isinf(value):
        raise ValueError(f"{place}: infinity is no value of a feature")
    return value


def _read_json(text: str) -> list[list[float] | dict[str, float]]:
    try:
        request = json.loads(text)
    except ValueError as fault:
        raise ValueError(f"the request is not JSON: {fault}") from None
    instances = request.get("instances") if isinstance(request, dict) else None
    if not isinstance(instances, list) or not instances:
        raise ValueError('the request must be {"instances": [...]} with at least one application')
    return [_instance(instance, f"row {number}") for number, instance in enumerate(instances, 1)]


def _instance(instance: Any, place: str) -> list[float] | dict[str, float]:
    if not isinstance(instance, dict):
        raise ValueError(f'{place}: an application is an object, {{"features": [...]}} or one value by feature name')
    if isinstance(instance.get("features"), list):
        values = enumerate(instance["features"], 1)
        return [_number(value, f"{place}, field {position}") for position, value in values]
    return {name: _number(value, f"{place}, {name}") for name, value in instance.items()}


def _number(value: Any, place: str) -> float:
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{place}: {json.dumps(value)[:40]} is not a number")
    try:
        return _finite(float(value), place)
    except OverflowError:
        raise ValueError(f"{place}: the number is too large") from None


def _in_order(row: list[float] | dict[str, float], place: str) -> list[float]:
    takes = f"the model takes {len(SERVED)}: {', '.join(SERVED)}"
    if isinstance(row, list):
        if len(row) != len(SERVED):
            raise ValueError(f"{place} has {len(row)} fields; {takes}")
        return row
    absent = ", ".join(name for name in SERVED if name not in row) or "none"
    unknown = ", ".join(name for name in row if name not in SERVED) or "none"
    if (absent, unknown) != ("none", "none"):
        raise ValueError(f"{place}: features absent: {absent}; unknown: {unknown}; {takes} (null = not known)")
    return [row[name] for name in SERVED]
