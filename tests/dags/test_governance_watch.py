"""The watch as Airflow reads it: by the clock, one at a time, and nothing made up for that a later tick does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("MODEL_GOVERNANCE_USE_CASES", str(tmp_path))
    monkeypatch.setitem(os.environ, "AIRFLOW_HOME", str(tmp_path / "airflow"))
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(PROJECT / "dags" / "governance_watch.py", bundle_path=PROJECT / "dags", bundle_name="tests")
    assert bag.import_errors == {}
    return bag.dags["governance_watch"]


def test_it_runs_every_quarter_hour_one_at_a_time_and_makes_up_for_none(watch: Any) -> None:
    assert (type(watch.timetable).__name__, watch.timetable.expression) == ("CronTriggerTimetable", "*/15 * * * *")
    assert (watch.catchup, watch.max_active_runs, watch.max_active_tasks) == (False, 1, 1)


def test_owners_are_told_whatever_becomes_of_telling_the_deciders(watch: Any) -> None:
    assert {task.task_id: task.upstream_task_ids for task in watch.tasks} == {
        "tell_deciders": set(),
        "tell_owners": set(),
        "settle_deployments": set(),
        "publish_heads": set(),
    }


def test_its_failures_are_no_use_cases_failures(watch: Any) -> None:
    assert not any(task.on_failure_callback for task in watch.tasks)
