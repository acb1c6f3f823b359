"""The time series on the real store: every row once, the latest of a window, a year of hours in a few reads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from model_governance.domain.series import SeriesPoint
from model_governance.errors import ArtifactChanged
from model_governance.hooks.artifacts import Artifacts
from model_governance.hooks.installation import Installation
from model_governance.hooks.time_series import GATHERED_FROM, SeriesRow, TimeSeries

START = datetime(2026, 1, 31, 20, tzinfo=UTC)
NUMBERS = count(1)


@pytest.fixture
def artifacts(installation_of: Callable[[str], Installation]) -> Artifacts:
    return installation_of("pipeline").artifacts


@pytest.fixture
def series(artifacts: Artifacts) -> TimeSeries:
    return TimeSeries(artifacts, f"series-{next(NUMBERS)}")


def row(hour: int, *, revision: int = 1, value: float = 0.5, version: int = 1) -> SeriesRow:
    start = START + timedelta(hours=hour)
    point = SeriesPoint("model_quality", "auc", value, lower=0.4, upper=0.6, rows=300)
    return SeriesRow(start, start + timedelta(hours=1), version, revision, "passed", 300, (point,))


def test_rows_come_back_by_time_as_they_were_written(series: TimeSeries) -> None:
    series.add([row(1), row(0), row(1, version=2)])
    assert series.read() == (row(0), row(1), row(1, version=2))
    assert series.read(START + timedelta(hours=1)) == (row(1), row(1, version=2))
    assert series.read(until=START + timedelta(hours=1)) == (row(0),)


def test_the_latest_revision_counts_and_the_earlier_one_stays(series: TimeSeries, artifacts: Artifacts) -> None:
    series.add([row(0), row(0, revision=2, value=0.7)])
    assert series.read() == (row(0, revision=2, value=0.7),)
    assert len(list(artifacts.list(f"use-cases/{series.use_case}/monitoring/series/rows/"))) == 2


def test_the_same_row_again_changes_nothing_and_another_in_its_place_is_refused(series: TimeSeries) -> None:
    series.add([row(0)])
    series.add([row(0)])
    with pytest.raises(ArtifactChanged):
        series.add([row(0, value=0.9)])
    assert series.read() == (row(0),)


def test_many_rows_of_a_month_are_gathered_and_read_in_a_few_calls(series: TimeSeries, artifacts: Artifacts) -> None:
    rows = [row(hour) for hour in range(2 * GATHERED_FROM + 10)]  # January's last four hours, and February
    for each in rows:
        series.add([each])
    keys = list(artifacts.list(f"use-cases/{series.use_case}/monitoring/series/months/"))
    assert [key.split("/")[-2] for key in keys] == ["2026-02", "2026-02"]
    assert series.read() == tuple(rows)
    asked: list[str] = []
    counting = type(artifacts)(artifacts.client, artifacts.bucket)
    object.__setattr__(counting, "get", lambda key, sha256=None: (asked.append(key), artifacts.get(key, sha256))[1])
    assert TimeSeries(counting, series.use_case).read() == tuple(rows)
    assert len(asked) < GATHERED_FROM
