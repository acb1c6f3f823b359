"""The monitoring DAGs as Airflow reads them: one for each use case that declares it, on its schedule, light to read."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from tests.dags.test_model_lifecycle import PROJECT, copy_use_case, read_dags, use_cases

__all__ = ["use_cases"]

MONITORING: dict[str, Any] = {"schedule": "0 * * * *", "window_minutes": 60, "retrain": True}
STEPS = ("collect", "assess", "record", "open_findings", "retrain")
RETRAINING = "model-governance://loan-approval/retraining"


def monitored(use_cases: Path, **changes: Any) -> Any:
    copy_use_case(use_cases, "loan-approval", monitoring={**MONITORING, **changes})
    bag = read_dags()
    assert bag.import_errors == {}
    return bag


def test_a_use_case_that_declares_monitoring_has_a_dag_of_five_steps_on_its_schedule(use_cases: Path) -> None:
    dag = monitored(use_cases).dags["model_monitoring.loan-approval"]
    assert (type(dag.timetable).__name__, dag.timetable.expression) == ("CronTriggerTimetable", "0 * * * *")
    assert (dag.catchup, dag.max_active_runs) == (False, 1)
    assert set(dag.task_ids) == {*STEPS, "outcome"}
    for before, after in itertools.pairwise(STEPS):
        assert dag.get_task(after).upstream_task_ids == {before}
    assert dag.get_task("outcome").upstream_task_ids == set(STEPS)


def test_a_use_case_that_declares_none_has_none(use_cases: Path) -> None:
    copy_use_case(use_cases, "loan-approval", monitoring=None)
    assert "model_monitoring.loan-approval" not in read_dags().dags


def test_a_broken_declaration_of_monitoring_is_told_with_the_others_faults(use_cases: Path) -> None:
    copy_use_case(use_cases, "loan-approval", monitoring={**MONITORING, "window_minutes": 30})
    bag = read_dags()
    assert not [dag_id for dag_id in bag.dags if dag_id.startswith("model_m")]
    [(file, error)] = bag.import_errors.items()
    assert file == "refused_use_cases.py"
    assert "window_minutes 30 is shorter than the longest gap" in error


def test_a_step_that_fails_fails_the_run_and_the_steps_after_it_go_on(use_cases: Path) -> None:
    dag = monitored(use_cases).dags["model_monitoring.loan-approval"]
    rules = {task.task_id: str(task.trigger_rule.value) for task in dag.tasks}
    assert rules == {
        "collect": "all_success",
        "assess": "all_success",
        "record": "none_skipped",
        "open_findings": "all_done",
        "retrain": "all_done",
        "outcome": "one_failed",
    }


def test_only_the_step_that_asks_for_a_retraining_updates_its_asset(use_cases: Path) -> None:
    dag = monitored(use_cases).dags["model_monitoring.loan-approval"]
    assert {task.task_id: [each.uri for each in task.outlets] for task in dag.tasks if task.outlets} == {
        "retrain": [RETRAINING]
    }


@pytest.mark.parametrize("schedule", [None, "0 6 1 * *"])
@pytest.mark.parametrize("retrain_on", [[], ["s3://landing/loan-approval/loanapp.csv"]])
def test_the_lifecycle_runs_when_any_of_its_assets_is_updated(
    use_cases: Path, schedule: str | None, retrain_on: list[str]
) -> None:
    copy_use_case(use_cases, "loan-approval", monitoring=MONITORING, schedule=schedule, retrain_on=retrain_on)
    condition = read_dags().dags["model_lifecycle.loan-approval"].timetable.asset_condition
    assert type(condition).__name__ == "AssetAny"
    assert {asset.uri for asset in condition.objects} == {RETRAINING, *retrain_on}


def test_without_retraining_the_lifecycle_does_not_wait_for_monitoring(use_cases: Path) -> None:
    copy_use_case(use_cases, "loan-approval", monitoring={**MONITORING, "retrain": False}, retrain_on=[], schedule=None)
    assert type(read_dags().dags["model_lifecycle.loan-approval"].timetable).__name__ == "NullTimetable"


def test_a_run_has_a_form_for_windows_that_takes_times_alone(use_cases: Path) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    dag = monitored(use_cases).dags["model_monitoring.loan-approval"]
    assert set(dag.params) == {"window_start", "window_end", "recompute", "one_window"}
    dag.params["window_start"] = "2026-03-01T12:00:00+00:00"
    with pytest.raises(ParamValidationError):
        dag.params["window_start"] = "yesterday"


def test_its_failures_are_no_candidates_failures(use_cases: Path) -> None:
    dag = monitored(use_cases).dags["model_monitoring.loan-approval"]
    called = {each.__name__ for task in dag.tasks for each in task.on_failure_callback}
    assert called == {"record_monitoring_failure"}


def test_reading_it_loads_nothing_that_takes_seconds(use_cases: Path) -> None:
    import subprocess
    import sys

    copy_use_case(use_cases, "loan-approval", monitoring=MONITORING)
    heavy = ("great_expectations", "numpy", "pandas", "scipy", "sklearn", "duckdb", "slack_sdk")
    program = (
        "import sys; sys.path.insert(0, 'dags'); import airflow.sdk; before = set(sys.modules); "
        f"import model_monitoring; print([name for name in {heavy} if name in sys.modules and name not in before])"
    )
    answer = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip().endswith("[]"), answer.stdout
