"""A Parquet file gives the counts that the same rows in memory give, and is refused for the same reasons."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from model_governance.domain.data import Facet, Label
from model_governance.errors import EvaluationRefused
from model_governance.evaluation.bias import parquet
from model_governance.evaluation.bias.axes import predicted_places
from model_governance.evaluation.bias.cube import Cube
from model_governance.evaluation.bias.parquet import Columns, count_parquet
from model_governance.evaluation.bias.rows import count_rows, read_labels

FACETS = (
    Facet(name_or_index="white", value_or_threshold=(0,)),
    Facet(name_or_index="region"),
    Facet(name_or_index="age", value_or_threshold=(30, 45.5), threshold=True),
    Facet(name_or_index="age text", value_or_threshold=(40,), threshold=True),
)
LABEL = Label(column="approve", positive=1)
COLUMNS = Columns(LABEL, FACETS, group_variable="area", predicted="probability", decision_threshold=0.5)


def frame(rows: int = 500) -> pd.DataFrame:
    random = np.random.default_rng(7)
    ages = np.where(random.random(rows) < 0.1, np.nan, random.integers(18, 70, rows))
    return pd.DataFrame(
        {
            "white": random.choice(np.asarray([0, 1, None], dtype=object), rows),
            "region": random.choice(np.asarray(["north", " south", "", None], dtype=object), rows),
            "age": ages,
            "age text": [None if np.isnan(age) else f"{age:.1f}" for age in ages],
            "approve": random.integers(0, 2, rows),
            "probability": random.integers(0, 9, rows) / 8,
            "area": random.choice(np.asarray([1.0, 2.0, np.nan]), rows),
        }
    )


def write(tmp_path: Path, rows: pd.DataFrame) -> Path:
    path = tmp_path / "rows.parquet"
    typed = {
        "white": "INTEGER", "region": "VARCHAR", "age": "DOUBLE", "age text": "VARCHAR", "approve": "BIGINT",
        "probability": "DOUBLE", "area": "DOUBLE",
    }  # fmt: skip
    with duckdb.connect() as engine:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in typed.items())
        engine.execute(f"CREATE TABLE t ({columns})")
        values = [[None if cell is None else cell for cell in row] for row in rows.astype(object).values.tolist()]
        if values:
            engine.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        engine.execute(f"COPY t TO '{path}' (FORMAT parquet)")
    return path


def in_memory(rows: pd.DataFrame) -> list[Cube]:
    labels = read_labels(rows["approve"], LABEL)
    predicted = (rows["probability"] >= 0.5).to_numpy()
    return [count_rows(rows[facet.name_or_index], facet, labels, predicted, rows["area"]) for facet in FACETS]


def same(one: Cube, other: Cube) -> bool:
    return (one.facet, one.labels, one.subgroups) == (other.facet, other.labels, other.subgroups) and bool(
        (one.counts == other.counts).all()
    )


@pytest.mark.parametrize("most_at_once", [20_000, 1])
def test_a_file_is_counted_like_its_rows_in_one_scan_or_several(tmp_path, monkeypatch, most_at_once):
    monkeypatch.setattr(parquet, "_MOST_CELLS_AT_ONCE", most_at_once)
    rows = frame()
    counted = count_parquet(write(tmp_path, rows), COLUMNS)
    assert all(same(one, other) for one, other in zip(counted, in_memory(rows), strict=True))
    assert sum(int(one.counts.sum()) for one in counted) == 4 * len(rows)


def test_a_process_opens_the_engine_once_and_its_child_one_of_its_own(tmp_path, monkeypatch):
    path, opened, connect = write(tmp_path, frame()), [], duckdb.connect
    monkeypatch.setattr(duckdb, "connect", lambda **asked: opened.append(asked) or connect(**asked))
    monkeypatch.setattr(parquet, "_engines", {})
    counted = [count_parquet(path, COLUMNS)[0] for _ in range(3)]
    assert len(opened) == 1
    with multiprocessing.get_context("fork").Pool(1) as child:
        assert same(child.apply_async(_counted, (path,)).get(timeout=60), counted[0])


def _counted(path: Path) -> Cube:
    return count_parquet(path, COLUMNS)[0]


def test_predicted_labels_and_labels_alone_are_counted_too(tmp_path):
    rows = frame()
    path = write(tmp_path, rows)
    (labels_alone,) = count_parquet(path, Columns(LABEL, FACETS[:1]))
    assert labels_alone.counts.shape == (3, 2, 1, 1)
    (predicted,) = count_parquet(path, Columns(LABEL, FACETS[:1], predicted="approve"))
    confusion = predicted.comparisons[0].confusion
    assert (confusion[:, 0, 1].sum(), confusion[:, 1, 0].sum()) == (0, 0)


def test_a_numeric_label_is_held_to_its_threshold(tmp_path):
    rows = frame()
    label = Label(column="probability", positive=0.5, threshold=True)
    (cube,) = count_parquet(write(tmp_path, rows), Columns(label, FACETS[:1], predicted="probability"))
    assert cube.labels.spelling == "(0.5, inf)"
    assert cube.counts[:, 1, 1].sum() == (rows["probability"] > 0.5).sum()
    assert cube.counts[:, 1, 0].sum() == cube.counts[:, 0, 1].sum() == 0


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("approve", None, "rows have no label in 'approve'"),
        ("approve", 3, None),
        ("probability", None, "predictions are missing or NaN in 'probability'"),
        ("probability", float("nan"), "predictions are missing or NaN in 'probability'"),
        ("age text", "old", "facet 'age text' has a threshold, 40, and a value that is no number: 'old'"),
    ],
)
def test_a_cell_that_cannot_be_counted_is_refused(tmp_path, column, cell, said):
    rows = frame(20).astype(object)
    rows.loc[11, column] = cell
    path = write(tmp_path, rows)
    if said is None:
        assert count_parquet(path, COLUMNS)[0].labels.values == ("0", "1", "3")
        return
    with pytest.raises(EvaluationRefused) as refusal:
        count_parquet(path, COLUMNS)
    assert said in str(refusal.value)


def test_a_file_without_rows_columns_or_sense_is_refused(tmp_path):
    with pytest.raises(EvaluationRefused, match=r"rows\.parquet has no rows"):
        count_parquet(write(tmp_path, frame(0)), COLUMNS)
    with pytest.raises(EvaluationRefused, match=r"rows\.parquet has no column male; it has white, region"):
        count_parquet(tmp_path / "rows.parquet", Columns(LABEL, (Facet(name_or_index="male"),)))
    with pytest.raises(EvaluationRefused, match=r"rows\.parquet has no column White; it has white, region"):
        count_parquet(tmp_path / "rows.parquet", Columns(LABEL, (Facet(name_or_index="White"),)))
    (tmp_path / "text.parquet").write_text("no parquet")
    with pytest.raises(EvaluationRefused, match=r"text\.parquet cannot be counted"):
        count_parquet(tmp_path / "text.parquet", COLUMNS)


@pytest.mark.parametrize(
    ("distinct", "said"),
    [([0, 7], "hold '7', which no label has"), ([1, None], "missing or NaN"), ([1, float("nan")], "missing or NaN")],
)
def test_predicted_values_that_no_label_has_are_refused(distinct: list[Any], said: str):
    known = read_labels(pd.Series([0, 1]), LABEL).axis
    with pytest.raises(EvaluationRefused, match=said):
        predicted_places(distinct, LABEL, known, "predicted")
