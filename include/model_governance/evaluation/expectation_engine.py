"""Great Expectations' pandas engine without the work that no result rests on; apart because importing it takes seconds.

Results are stock's own, for every expectation; only the road to them is shorter. By subclassing the engine, and by
registering metrics for it, which are the library's own ways of being extended:

- no fingerprint: stock hashes the whole frame twice to name a batch that our own sha256 names already;
- a condition on a column is given that column alone: stock copies all columns to leave out the missing values of one;
- unexpected values and rows are looked up only where there are any, and no more of them than a result shows;
- a column of numbers is not searched, cell by cell, for ``Decimal`` before its mean, sum or deviation is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from inspect import unwrap
from typing import Any, Literal, cast

import numpy as np
from great_expectations.core.batch import BatchMarkers
from great_expectations.core.batch_spec import RuntimeDataBatchSpec
from great_expectations.core.metric_function_types import SummarizationMetricNameSuffixes as Suffix
from great_expectations.datasource.fluent.pandas_datasource import PandasDatasource
from great_expectations.exceptions.exceptions import MetricProviderError
from great_expectations.execution_engine.pandas_batch_data import PandasBatchData
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.expectations.metrics.column_aggregate_metric_provider import column_aggregate_value
from great_expectations.expectations.metrics.column_aggregate_metrics import (
    column_distinct_values_missing_from_column as missing_from_column,
)
from great_expectations.expectations.metrics.column_aggregate_metrics.column_mean import ColumnMean
from great_expectations.expectations.metrics.column_aggregate_metrics.column_standard_deviation import (
    ColumnStandardDeviation,
)
from great_expectations.expectations.metrics.column_aggregate_metrics.column_sum import ColumnSum
from great_expectations.expectations.registry import get_metric_provider, register_metric
from pandas.api.types import is_numeric_dtype


class LeanPandasExecutionEngine(PandasExecutionEngine):
    """Stock's engine for a frame in memory, shape (n_rows, n_columns), that is not sampled.

    Attributes:
        shown: The labels of the first and the last row that are looked up just now; None for all rows.
    """

    shown: tuple[Any, Any] | None = None

    def get_batch_data_and_markers(self, batch_spec: Any) -> tuple[Any, Any]:
        """The frame as a batch, named by when it was loaded and by no fingerprint of its cells."""
        if not isinstance(batch_spec, RuntimeDataBatchSpec) or batch_spec.get("sampling_method"):
            return cast("tuple[Any, Any]", super().get_batch_data_and_markers(batch_spec))
        loaded = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        data = PandasBatchData(execution_engine=self, dataframe=batch_spec.batch_data)
        batch_spec.batch_data = "PandasDataFrame"  # as stock does: whoever writes the spec would write every cell
        return data, BatchMarkers({"ge_load_time": loaded})

    def get_domain_records(self, domain_kwargs: dict[str, Any]) -> Any:
        """The records of a domain: for one column, that column alone; a row condition has seen the others before."""
        records = super().get_domain_records(domain_kwargs)
        if self.shown is not None:
            records = records.loc[self.shown[0] : self.shown[1]]
        column = domain_kwargs.get("column")
        return records if column is None or column not in records.columns else records[[column]]


class LeanPandasDatasource(PandasDatasource):
    """Frames in memory, evaluated by the lean engine."""

    type: Literal["lean_pandas"] = "lean_pandas"  # type: ignore[assignment]

    @property
    def execution_engine_type(self) -> Any:
        """The engine."""
        return LeanPandasExecutionEngine


def _plain_numbers(stock: type[Any], aggregate: str) -> type[Any]:
    """Stock's metric, which for a column of numbers asks pandas at once."""

    class Lean(stock):  # type: ignore[misc]
        @column_aggregate_value(engine=LeanPandasExecutionEngine)
        def _pandas(cls, column: Any, **kwargs: Any) -> Any:
            if is_numeric_dtype(column):
                return getattr(column, aggregate)()
            return unwrap(stock._pandas)(cls, column, **kwargs)

    return Lean


class _MissingInOrder(missing_from_column.ColumnDistinctValuesMissingFromColumn):
    """Stock's metric, in one order: stock takes the first of a set, which differ from process to process."""

    @column_aggregate_value(engine=LeanPandasExecutionEngine)
    def _pandas(cls, column: Any, value_set: list[Any], limit: int = 20, **kwargs: Any) -> list[Any]:
        stock = unwrap(missing_from_column.ColumnDistinctValuesMissingFromColumn._pandas)
        missing = stock(cls, column, value_set, limit=None, **kwargs)
        return sorted(missing, key=lambda value: (type(value).__name__, value))[:limit]


_AGGREGATES = (
    _MissingInOrder,
    _plain_numbers(ColumnMean, "mean"),
    _plain_numbers(ColumnSum, "sum"),
    _plain_numbers(ColumnStandardDeviation, "std"),
)


@cache
def look_up_less(map_metric: str) -> None:
    """Registers, for the lean engine, the look-ups of a condition so that they read no more rows than are shown.

    Args:
        map_metric: The condition's name, such as ``column_values.between``.
    """
    for suffix in (Suffix.UNEXPECTED_VALUES, Suffix.UNEXPECTED_INDEX_LIST, Suffix.UNEXPECTED_INDEX_QUERY):
        name = f"{map_metric}.{suffix.value}"
        metric_class: Any
        try:
            metric_class, provider = get_metric_provider(name, PandasExecutionEngine(batch_data_dict={}))
        except MetricProviderError:
            continue
        register_metric(
            metric_name=name,
            metric_domain_keys=metric_class.condition_domain_keys,
            metric_value_keys=(*metric_class.condition_value_keys, "result_format"),
            execution_engine=LeanPandasExecutionEngine,
            metric_class=metric_class,
            metric_provider=_bounded(provider, is_query=suffix is Suffix.UNEXPECTED_INDEX_QUERY),
        )


def _bounded(provider: Callable[..., Any], *, is_query: bool) -> Callable[..., Any]:
    def look_up(cls: Any, **kwargs: Any) -> Any:
        result_format = kwargs["metric_value_kwargs"]["result_format"]
        if result_format["result_format"] == "COMPLETE":
            return provider(cls, **kwargs)
        if is_query:
            return None
        condition, *domain = kwargs["metrics"]["unexpected_condition"]
        if not condition.any():
            return []
        if not (condition.index.is_monotonic_increasing and condition.index.is_unique):
            return provider(cls, **kwargs)
        engine = kwargs["execution_engine"]
        first = _first(condition, result_format["partial_unexpected_count"])
        engine.shown = (first.index[0], first.index[-1])
        try:
            metrics = {**kwargs["metrics"], "unexpected_condition": (first, *domain)}
            return provider(cls, **{**kwargs, "metrics": metrics})
        finally:
            engine.shown = None

    return look_up


def _first(condition: Any, count: int) -> Any:
    """The condition (bool, shape (n_rows,)) from its first row to that of number ``count``, or to the last."""
    positions = np.flatnonzero(condition.to_numpy())[: max(count, 1)]
    return condition.iloc[positions[0] : positions[-1] + 1]
