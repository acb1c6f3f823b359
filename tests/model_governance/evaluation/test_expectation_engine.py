"""The lean engine beside Great Expectations' own: equal outcomes over many suites, and what it builds on is there."""

from __future__ import annotations

from decimal import Decimal
from importlib.metadata import version

import numpy as np
import pandas as pd
import pytest

from model_governance.domain.data import Expectation
from model_governance.evaluation.expectations import Engine, evaluate_expectations, validate

ROWS = 60
DRAWN = np.random.default_rng(5)
FRAME = pd.DataFrame(
    {
        "whole": DRAWN.integers(0, 9, ROWS),
        "number": np.where(np.arange(ROWS) % 7 == 0, np.nan, DRAWN.normal(size=ROWS)),
        "other": DRAWN.normal(size=ROWS),
        "text": pd.Series([None if n % 11 == 0 else f"t{n % 4}" for n in range(ROWS)], dtype=object),
        "key": pd.Series([f"k{n}" for n in range(ROWS)], dtype=object),
        "money": pd.Series([Decimal(n) / 4 for n in range(ROWS)], dtype=object),
        "mixed": pd.Series([n if n % 2 else str(n) for n in range(ROWS)], dtype=object),
        "nothing": pd.Series([None] * ROWS, dtype=object),
        "yes": DRAWN.random(ROWS) < 0.5,
    }
)
COLUMNS = {
    "expect_column_values_to_be_between": [{"min_value": 0}, {"min_value": 0, "max_value": 3, "mostly": 0.3}],
    "expect_column_values_to_not_be_null": [{}, {"mostly": 0.5}],
    "expect_column_values_to_be_null": [{}],
    "expect_column_values_to_be_in_set": [{"value_set": [1, 2, "t1"]}, {"value_set": ["t0", "t1", "t2", "t3"]}],
    "expect_column_values_to_not_be_in_set": [{"value_set": [1, "t1"]}],
    "expect_column_values_to_be_unique": [{}],
    "expect_column_values_to_be_of_type": [{"type_": "int64"}, {"type_": "str"}],
    "expect_column_values_to_be_in_type_list": [{"type_list": ["int64", "str"]}],
    "expect_column_values_to_match_regex": [{"regex": "^t[01]$"}],
    "expect_column_values_to_not_match_regex": [{"regex": "1"}],
    "expect_column_value_lengths_to_be_between": [{"min_value": 2, "max_value": 2}],
    "expect_column_value_lengths_to_equal": [{"value": 2}],
    "expect_column_value_z_scores_to_be_less_than": [{"threshold": 1.5, "double_sided": True}],
    "expect_column_mean_to_be_between": [{"min_value": -1, "max_value": 1}],
    "expect_column_median_to_be_between": [{"min_value": -1, "max_value": 1}],
    "expect_column_stdev_to_be_between": [{"min_value": 0, "max_value": 1}],
    "expect_column_sum_to_be_between": [{"min_value": 0, "max_value": 1}],
    "expect_column_min_to_be_between": [{"min_value": 0}],
    "expect_column_max_to_be_between": [{"max_value": 5}],
    "expect_column_unique_value_count_to_be_between": [{"max_value": 5}],
    "expect_column_proportion_of_unique_values_to_be_between": [{"max_value": 0.5}],
    "expect_column_distinct_values_to_be_in_set": [{"value_set": ["t0", 1]}],
    "expect_column_distinct_values_to_contain_set": [{"value_set": ["t0"]}],
    "expect_column_most_common_value_to_be_in_set": [{"value_set": ["t0"]}],
    "expect_column_quantile_values_to_be_between": [
        {"quantile_ranges": {"quantiles": [0.1, 0.9], "value_ranges": [[-2, 0], [0, 2]]}}
    ],
    "expect_column_to_exist": [{}],
}
TABLES = [
    Expectation(type="expect_table_row_count_to_be_between", kwargs={"min_value": 1, "max_value": 10}),
    Expectation(type="expect_table_row_count_to_equal", kwargs={"value": ROWS}),
    Expectation(type="expect_table_column_count_to_equal", kwargs={"value": 3}),
    Expectation(type="expect_table_columns_to_match_set", kwargs={"column_set": ["whole"], "exact_match": False}),
    Expectation(type="expect_multicolumn_sum_to_equal", kwargs={"column_list": ["number", "other"], "sum_total": 1}),
    Expectation(
        type="expect_column_pair_values_a_to_be_greater_than_b", kwargs={"column_A": "number", "column_B": "other"}
    ),
    Expectation(type="expect_column_pair_values_to_be_equal", kwargs={"column_A": "whole", "column_B": "other"}),
    Expectation(type="expect_compound_columns_to_be_unique", kwargs={"column_list": ["whole", "text"]}),
    Expectation(
        type="expect_select_column_values_to_be_unique_within_record", kwargs={"column_list": ["whole", "other"]}
    ),
    Expectation(
        type="expect_column_values_to_be_between",
        kwargs={
            "column": "other",
            "max_value": 0,
            "row_condition": "whole > 4",
            "condition_parser": "pandas",
        },
    ),
]


@pytest.mark.parametrize("column", [*FRAME.columns, "absent"])
def test_every_expectation_on_a_column_comes_out_as_stock(column):
    declared = tuple(
        Expectation(type=kind, kwargs={"column": column, **kwargs})
        for kind, several in COLUMNS.items()
        for kwargs in several
    )
    assert evaluate_expectations(FRAME, declared) == evaluate_expectations(FRAME, declared, Engine.STOCK)


@pytest.mark.parametrize("frame", [FRAME, FRAME.head(1), FRAME.head(0)], ids=["rows", "one row", "no rows"])
def test_every_expectation_on_the_table_comes_out_as_stock(frame):
    declared = (*TABLES, Expectation(type="expect_column_values_to_be_unique", kwargs={"column": "key"}))
    assert evaluate_expectations(frame, declared) == evaluate_expectations(frame, declared, Engine.STOCK)


def test_the_frame_is_left_as_it_was():
    before = FRAME.copy(deep=True)
    evaluate_expectations(FRAME, tuple(TABLES))
    pd.testing.assert_frame_equal(FRAME, before)


def test_what_the_lean_engine_goes_round_is_still_there_in_the_pinned_version():
    assert version("great-expectations") == "1.24.1"
    declared = (Expectation(type="expect_column_mean_to_be_between", kwargs={"column": "whole", "min_value": 0}),)
    stock, lean = (validate(FRAME, declared, engine) for engine in (Engine.STOCK, Engine.LEAN))
    assert "pandas_data_fingerprint" in stock.meta["batch_markers"]
    assert "pandas_data_fingerprint" not in lean.meta["batch_markers"]
    assert lean.meta["batch_spec"] == stock.meta["batch_spec"] == {"batch_data": "PandasDataFrame"}


def test_the_lean_engine_serves_its_own_metrics_and_leaves_stock_with_its_own():
    from great_expectations.execution_engine import PandasExecutionEngine
    from great_expectations.expectations.registry import get_metric_provider

    from model_governance.evaluation.expectation_engine import LeanPandasExecutionEngine, look_up_less

    look_up_less("column_values.between")
    for name in ("column.mean", "column.sum", "column.standard_deviation", "column_values.between.unexpected_values"):
        lean = get_metric_provider(name, LeanPandasExecutionEngine())
        assert lean != get_metric_provider(name, PandasExecutionEngine()), name


def test_no_more_rows_than_are_shown_are_looked_up():
    between = Expectation(type="expect_column_values_to_be_between", kwargs={"column": "whole", "min_value": 100})
    (outcome,) = evaluate_expectations(FRAME, (between,))
    assert outcome.result["unexpected_count"] == ROWS
    assert outcome.result["partial_unexpected_index_list"] == [0, 1, 2, 3, 4]


def test_missing_values_come_in_one_order_and_so_do_yaml_sets():
    frame = pd.DataFrame({"city": ["x"] * 3})
    wanted = {f"city {place:02}" for place in range(30)}
    declared = Expectation(
        type="expect_column_distinct_values_to_contain_set", kwargs={"column": "city", "value_set": wanted}
    )
    assert declared.kwargs["value_set"] == sorted(wanted)
    (outcome,) = evaluate_expectations(frame, (declared,))
    assert outcome.result["partial_missing_list"] == sorted(wanted)[: len(outcome.result["partial_missing_list"])]
