"""Trains the loan-approval model in SageMaker script mode: train.csv in, a booster in XGBoost's JSON out.

Reads SM_CHANNEL_TRAIN (one or more CSV files with a header, the label first). Writes to SM_MODEL_DIR:
xgboost-model.json, preprocessing.json and code/inference.py, so that model.tar.gz serves itself. The same rows,
hyperparameters and seed give the same bytes: one thread, one seed, no clock.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
from pathlib import Path

import numpy as np
import xgboost

NAME_VALUE = 2
MONOTONE = "liq=1,obrat=-1,pubrec=-1,cons=-1,loanprc=-1"
"""What must hold of every model, whatever rows it is trained on: see the edge cases of the declaration."""


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num_round", type=int, default=200)
    parser.add_argument("--max_depth", type=int, default=2)
    parser.add_argument("--eta", type=float, default=0.05)
    parser.add_argument("--min_child_weight", type=float, default=5)
    parser.add_argument("--subsample", type=float, default=0.8)
    parser.add_argument("--colsample_bytree", type=float, default=0.6)
    parser.add_argument("--seed", type=int, default=20241114)
    parser.add_argument("--missing_codes", type=str, default="", help="column=code pairs that mean 'not known'")
    parser.add_argument("--monotone", type=str, default=MONOTONE, help="column=1 (never lowers) or column=-1 pairs")
    parser.add_argument("--train", type=Path, default=os.environ.get("SM_CHANNEL_TRAIN"))
    parser.add_argument("--model_dir", type=Path, default=os.environ.get("SM_MODEL_DIR"))
    parsed = parser.parse_args(arguments)
    for name, variable in (("train", "SM_CHANNEL_TRAIN"), ("model_dir", "SM_MODEL_DIR")):
        if getattr(parsed, name) is None:
            parser.error(f"--{name} is not given and {variable} is not set")
    return parsed


def parse_pairs(text: str, what: str) -> dict[str, float]:
    """The numbers in "lines=999999.375,term=999999.375", by column; ``what`` is what an error calls the text."""
    codes = {}
    for pair in text.replace(",", " ").split():
        parts = pair.split("=")
        if len(parts) != NAME_VALUE:
            raise ValueError(f"{what}: {pair!r} is not column=number")
        codes[parts[0]] = float(parts[1])
    return codes


def read_channel(folder: Path) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Feature names, features (float64, (n_rows, n_features), NaN = missing), labels (float64, (n_rows,))."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    if not files:
        raise ValueError(f"the train channel {folder} holds no file")
    names: list[str] = []
    rows: list[list[float]] = []
    for file in files:
        with file.open(newline="", encoding="utf-8") as lines:
            reader = csv.reader(lines)
            header = next(reader)
            if names and header != names:
                raise ValueError(f"{file.name} has other columns than the files before it")
            names = header
            rows.extend([float(cell) if cell else float("nan") for cell in row] for row in reader)
    table = np.asarray(rows, dtype=np.float64)
    return names[1:], table[:, 1:], table[:, 0]


def train(arguments: argparse.Namespace) -> None:
    features, rows, labels = read_channel(arguments.train)
    codes = parse_pairs(arguments.missing_codes, "missing_codes")
    directions = parse_pairs(arguments.monotone, "monotone")
    unknown = sorted(set(codes).difference(features))
    if unknown:
        raise ValueError(f"missing_codes names columns that are no features: {', '.join(unknown)}")
    for column, code in codes.items():
        position = features.index(column)
        rows[rows[:, position] == code, position] = np.nan
    parameters = {
        "objective": "binary:logistic",
        "tree_method": "hist",
        "nthread": 1,
        "seed": arguments.seed,
        "max_depth": arguments.max_depth,
        "eta": arguments.eta,
        "min_child_weight": arguments.min_child_weight,
        "subsample": arguments.subsample,
        "colsample_bytree": arguments.colsample_bytree,
        "monotone_constraints": {name: int(sign) for name, sign in directions.items() if name in features},
    }
    matrix = xgboost.DMatrix(rows, label=labels, feature_names=features, nthread=1)
    booster = xgboost.train(parameters, matrix, num_boost_round=arguments.num_round)
    save(arguments.model_dir, booster, {"features": features, "missing_codes": codes})
    print(
        f"trained on {len(labels)} rows, {int(labels.sum())} of them positive, and {len(features)} features; ", end=""
    )
    print(f"{arguments.num_round} rounds")


def save(folder: Path, booster: xgboost.Booster, preprocessing: dict) -> None:
    code = folder / "code"
    code.mkdir(parents=True, exist_ok=True)
    booster.save_model(folder / "xgboost-model.json")
    text = json.dumps(preprocessing, sort_keys=True, indent=1) + "\n"
    (folder / "preprocessing.json").write_text(text, encoding="utf-8")
    shutil.copyfile(Path(__file__).with_name("inference.py"), code / "inference.py")


if __name__ == "__main__":
    train(parse_arguments())
