"""Trains the abalone model in SageMaker script mode: train.csv in, a booster in XGBoost's JSON out.

Reads SM_CHANNEL_TRAIN (CSV files with a header, the label first). Writes to SM_MODEL_DIR: xgboost-model.json,
preprocessing.json and code/inference.py, so that model.tar.gz serves itself. The same rows, hyperparameters and seed
give the same bytes: one thread, one seed, no clock.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import xgboost


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num_round", type=int, default=150)
    parser.add_argument("--max_depth", type=int, default=4)
    parser.add_argument("--eta", type=float, default=0.05)
    parser.add_argument("--min_child_weight", type=float, default=5)
    parser.add_argument("--subsample", type=float, default=0.8)
    parser.add_argument("--seed", type=int, default=20241114)
    return parser.parse_args(arguments)


def read_channel(folder: Path) -> pd.DataFrame:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    if not files:
        raise ValueError(f"the train channel {folder} holds no file")
    return pd.concat([pd.read_csv(file, keep_default_na=False, na_values=[""]) for file in files], ignore_index=True)


def train(arguments: argparse.Namespace, channel: Path, model: Path) -> None:
    rows = read_channel(channel)
    label, features = rows.columns[0], list(rows.columns[1:])
    texts = [name for name in features if not pd.api.types.is_numeric_dtype(rows[name])]
    categories = {name: sorted(rows[name].dropna().unique()) for name in texts}
    matrix = np.column_stack([one for name in features for one in encode(rows[name], categories.get(name))])
    parameters = {
        "objective": "reg:squarederror",
        "tree_method": "hist",
        "nthread": 1,
        "seed": arguments.seed,
        "max_depth": arguments.max_depth,
        "eta": arguments.eta,
        "min_child_weight": arguments.min_child_weight,
        "subsample": arguments.subsample,
    }
    trained = xgboost.train(parameters, xgboost.DMatrix(matrix, label=rows[label], nthread=1), arguments.num_round)
    code = model / "code"
    code.mkdir(parents=True, exist_ok=True)
    trained.save_model(model / "xgboost-model.json")
    preprocessing = json.dumps({"features": features, "categories": categories}, sort_keys=True, indent=1)
    (model / "preprocessing.json").write_text(preprocessing + "\n", encoding="utf-8")
    shutil.copyfile(Path(__file__).with_name("inference.py"), code / "inference.py")
    print(f"trained on {len(rows)} rows and {len(features)} features; {arguments.num_round} rounds")


def encode(column: pd.Series, categories: list[str] | None) -> list[np.ndarray]:
    """A column of numbers as it is; one of text as one column for each category."""
    if categories is None:
        return [column.to_numpy(np.float64)]
    return [(column == category).to_numpy(np.float64) for category in categories]


if __name__ == "__main__":
    train(parse_arguments(), Path(os.environ["SM_CHANNEL_TRAIN"]), Path(os.environ["SM_MODEL_DIR"]))
