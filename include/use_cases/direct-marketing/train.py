"""Trains the direct-marketing model in SageMaker script mode: train.csv in, a scikit-learn classifier out.

Reads SM_CHANNEL_TRAIN (CSV files with a header, the label first: 1 = subscribed). Writes to SM_MODEL_DIR: model.joblib,
preprocessing.json and code/inference.py, so that model.tar.gz serves itself.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--max_iter", type=int, default=120)
    parser.add_argument("--max_leaf_nodes", type=int, default=15)
    parser.add_argument("--learning_rate", type=float, default=0.06)
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
    matrix = np.column_stack([encode(rows[name], categories.get(name)) for name in features])
    trained = HistGradientBoostingClassifier(
        max_iter=arguments.max_iter,
        max_leaf_nodes=arguments.max_leaf_nodes,
        learning_rate=arguments.learning_rate,
        random_state=arguments.seed,
        categorical_features=[features.index(name) for name in texts],
        early_stopping=False,
    ).fit(matrix, rows[label])
    code = model / "code"
    code.mkdir(parents=True, exist_ok=True)
    joblib.dump(trained, model / "model.joblib")
    preprocessing = json.dumps({"features": features, "categories": categories}, sort_keys=True, indent=1)
    (model / "preprocessing.json").write_text(preprocessing + "\n", encoding="utf-8")
    shutil.copyfile(Path(__file__).with_name("inference.py"), code / "inference.py")
    print(f"trained on {len(rows)} rows, {int(rows[label].sum())} of them positive, and {len(features)} features")


def encode(column: pd.Series, categories: list[str] | None) -> np.ndarray:
    """Numbers as they are; a text as its place among the categories."""
    if categories is None:
        return column.to_numpy(np.float64)
    return column.map({category: place for place, category in enumerate(categories)}).to_numpy(np.float64)


if __name__ == "__main__":
    train(parse_arguments(), Path(os.environ["SM_CHANNEL_TRAIN"]), Path(os.environ["SM_MODEL_DIR"]))
