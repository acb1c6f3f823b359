"""Suggested expectations: what is suggested for which column, that it holds, and that it is the same each time."""

from __future__ import annotations

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from model_governance.cli.commands import app
from model_governance.domain.data import Expectation
from model_governance.errors import DataRefused
from model_governance.evaluation.data_set import read_table
from model_governance.evaluation.expectations import evaluate_expectations
from model_governance.evaluation.suggested_expectations import expectations_yaml, suggest_expectations

TABLE = "id,town,rate,when,never\n" + "".join(
    f"{n},{'Zürich' if n % 2 else 'Ayer'},{'' if n % 10 == 0 else n / 7},2020-01-{n % 28 + 1:02},\n" for n in range(40)
)


def suggested(table: str = TABLE) -> dict[tuple[str, str], Expectation]:
    found = suggest_expectations(read_table(table.encode()))
    return {(one.kwargs.get("column", ""), one.type): one for one in found}


def test_each_column_gets_what_it_is_like():
    found = suggested()
    assert found["", "expect_table_row_count_to_be_between"].kwargs == {"min_value": 20}
    assert found["id", "expect_column_values_to_be_between"].kwargs == {"column": "id", "min_value": 0, "max_value": 39}
    assert ("id", "expect_column_values_to_be_unique") in found
    assert found["town", "expect_column_values_to_be_in_set"].kwargs["value_set"] == ["Ayer", "Zürich"]
    assert found["rate", "expect_column_values_to_not_be_null"].kwargs["mostly"] == 0.9
    assert found["rate", "expect_column_values_to_not_be_null"].severity == "warning"
    assert ("when", "expect_column_value_lengths_to_be_between") in found
    assert not [kind for column, kind in found if column == "never"]


def test_what_is_suggested_reads_back_and_holds():
    frame = read_table(TABLE.encode())
    text = expectations_yaml(suggest_expectations(frame))
    read = tuple(Expectation.model_validate(one) for one in yaml.safe_load(text))
    assert read == suggest_expectations(frame)
    assert all(outcome.success for outcome in evaluate_expectations(frame, read))
    assert text == expectations_yaml(suggest_expectations(frame))


CELLS = st.one_of(
    st.just(""), st.integers(-(10**20), 10**20).map(str), st.floats(allow_nan=False).map(str), st.sampled_from("a bé")
)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(CELLS, st.integers(0, 3).map(str)), min_size=1, max_size=25))
def test_whatever_the_cells_what_is_suggested_holds(rows):
    frame = read_table(("x,y\n" + "".join(f"{x},{y}\n" for x, y in rows)).encode())
    assert all(outcome.success for outcome in evaluate_expectations(frame, suggest_expectations(frame)))


def test_nothing_is_suggested_from_nothing():
    with pytest.raises(DataRefused, match="no rows"):
        suggest_expectations(pd.DataFrame({"x": []}))


def test_the_command_prints_yaml_to_paste_and_says_what_it_is(tmp_path):
    path = tmp_path / "new.csv"
    path.write_text(TABLE.replace(",", ";"), encoding="utf-8")
    answer = CliRunner().invoke(app, ["suggest-expectations", str(path), "--separator", ";"])
    assert answer.exit_code == 0, answer.output
    assert "says what the data is like, not what it should be" in answer.stdout
    assert {one["type"] for one in yaml.safe_load(answer.stdout)} >= {"expect_column_values_to_be_in_set"}
