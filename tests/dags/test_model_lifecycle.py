"""The DAG files as Airflow reads them: one DAG for each use case, and a broken folder that breaks nothing else."""

from __future__ import annotations

import ast
import itertools
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from airflow.sdk.exceptions import ParamValidationError

PROJECT = Path(__file__).parents[2]
USE_CASE = PROJECT / "include" / "use_cases" / "loan-approval"
STAGES = {
    "use_case_approval": ["request", "wait", "open"],
    "data_quality": ["freeze_data", "register_candidate", "validate_data", "measure_data_bias"],
    "training": ["train", "attach_model"],
    "bias_evaluation": [("predict_holdout", "predict_explanation"), "evaluate_model"],
    "governance_approval": ["request", "wait", "open"],
    "test_deployment": ["deploy", "validate"],
    "production_approval": ["request", "wait", "open"],
    "production_deployment": ["deploy", "record"],
}


def copy_use_case(folder: Path, name: str, **changes: object) -> Path:
    """A folder of the example under another name, its declaration changed."""
    shutil.copytree(USE_CASE, folder / name)
    file = folder / name / "use_case.yaml"
    declared = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump({**declared, "name": name, **changes}))
    return file


@pytest.fixture
def use_cases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of use cases, which Airflow reads."""
    monkeypatch.setenv("MODEL_GOVERNANCE_USE_CASES", str(tmp_path / "use_cases"))
    monkeypatch.setitem(os.environ, "AIRFLOW_HOME", str(tmp_path / "airflow"))
    folder = tmp_path / "use_cases"
    folder.mkdir()
    return folder


def read_dags() -> Any:
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(PROJECT / "dags", bundle_path=PROJECT / "dags", bundle_name="tests")


def lifecycles(bag: Any) -> set[str]:
    """Ids of the DAGs that are of a use case."""
    return {dag_id for dag_id in bag.dags if dag_id.startswith("model_lifecycle.")}


def test_the_lifecycle_is_eight_stages_one_after_the_other(use_cases: Path) -> None:
    copy_use_case(use_cases, "loan-approval")
    bag = read_dags()
    assert bag.import_errors == {}
    dag = bag.dags["model_lifecycle.loan-approval"]
    steps = [
        {f"{stage}.{task}" for task in ([step] if isinstance(step, str) else step)}
        for stage, names in STAGES.items()
        for step in names
    ]
    assert set(dag.task_ids) == set().union(*steps)
    for before, after in itertools.pairwise(steps):
        for task in after:
            assert dag.get_task(task).upstream_task_ids == before


def test_every_folder_is_a_dag_of_its_own(use_cases: Path) -> None:
    for name in ("loan-approval", "card-limits"):
        copy_use_case(use_cases, name)
    assert lifecycles(read_dags()) == {"model_lifecycle.loan-approval", "model_lifecycle.card-limits"}


def test_a_broken_folder_is_an_import_error_and_the_others_go_on(use_cases: Path) -> None:
    copy_use_case(use_cases, "loan-approval")
    broken = copy_use_case(use_cases, "card-limits", owner=7)
    bag = read_dags()
    assert lifecycles(bag) == {"model_lifecycle.loan-approval"}
    [(file, error)] = bag.import_errors.items()
    assert file == "refused_use_cases.py"
    assert f"{broken}: owner: " in error
    assert "valid string" in error


def test_no_folder_at_all_is_no_error(use_cases: Path) -> None:
    bag = read_dags()
    assert (lifecycles(bag), bag.import_errors) == (set(), {})


def test_a_run_has_a_form_and_none_of_its_fields_names_another_use_case(use_cases: Path) -> None:
    copy_use_case(use_cases, "loan-approval")
    dag = read_dags().dags["model_lifecycle.loan-approval"]
    assert set(dag.params) == {"reason", "data_source", "hyperparameters", "bring_back"}
    dag.params["data_source"] = "s3://landing/loan-approval/other.csv"
    with pytest.raises(ParamValidationError, match="data_source"):
        dag.params["data_source"] = "file:///etc/passwd"


@pytest.mark.parametrize(
    ("schedule", "retrain_on", "timetable"),
    [
        ("0 6 1 * *", [], "CronTriggerTimetable"),
        ("0 6 1 * *", ["s3://landing/loan-approval/loanapp.csv"], "AssetOrTimeSchedule"),
        (None, ["s3://landing/loan-approval/loanapp.csv"], "AssetTriggeredTimetable"),
        (None, [], "NullTimetable"),
    ],
)
def test_the_schedule_is_cron_assets_both_or_none(
    use_cases: Path, schedule: str | None, retrain_on: list[str], timetable: str
) -> None:
    copy_use_case(use_cases, "loan-approval", schedule=schedule, retrain_on=retrain_on)
    dag = read_dags().dags["model_lifecycle.loan-approval"]
    assert type(dag.timetable).__name__ == timetable
    assert not dag.catchup


def test_a_new_installation_begins_with_no_run_that_nobody_asked_for(use_cases: Path) -> None:
    file = copy_use_case(use_cases, "loan-approval")
    dag = read_dags().dags["model_lifecycle.loan-approval"]
    assert dag.start_date.timestamp() == pytest.approx(file.stat().st_mtime)


def test_outages_are_retried_and_failures_recorded_by_every_task_but_the_waiting_ones(use_cases: Path) -> None:
    copy_use_case(use_cases, "loan-approval")
    dag = read_dags().dags["model_lifecycle.loan-approval"]
    for task in dag.tasks:
        is_waiting = task.task_id.endswith(".wait")
        assert (task.retries == 0) is is_waiting
        assert bool(task.on_failure_callback) is not is_waiting


def test_a_gates_request_tells_people_once_it_has_succeeded_and_no_other_task_does(use_cases: Path) -> None:
    copy_use_case(use_cases, "loan-approval")
    dag = read_dags().dags["model_lifecycle.loan-approval"]
    told = {
        task.task_id: [each.gate for each in task.on_success_callback] for task in dag.tasks if task.on_success_callback
    }
    assert told == {
        "use_case_approval.request": ["use_case"],
        "governance_approval.request": ["governance"],
        "production_approval.request": ["production"],
    }


def test_a_dag_survives_airflows_serialisation_unchanged_from_parse_to_parse(use_cases: Path) -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    copy_use_case(use_cases, "loan-approval")
    first, second = (DagSerialization.to_dict(read_dags().dags["model_lifecycle.loan-approval"]) for _ in range(2))
    for each in (first, second):
        each["dag"].pop("last_loaded", None)
    assert first == second


@pytest.mark.parametrize("file", sorted((PROJECT / "dags").glob("*.py")), ids=lambda file: file.name)
def test_a_dag_file_is_short_and_imports_stages_alone(file: Path) -> None:
    text = file.read_text()
    assert len(text.splitlines()) < 80
    assert ast.get_docstring(ast.parse(text))
    assert {".".join(module.split(".")[:2]) for module in imported(file)} <= {"airflow.sdk", "model_governance.stages"}


@pytest.mark.parametrize("file", sorted((PROJECT / "plugins").glob("*.py")), ids=lambda file: file.name)
def test_a_plugin_file_only_declares_and_imports_web_and_listeners_alone(file: Path) -> None:
    modules = {".".join(module.split(".")[:2]) for module in imported(file)}
    assert modules <= {"airflow.plugins_manager", "model_governance.web", "model_governance.listeners"}
    statements = {type(statement) for statement in ast.parse(file.read_text()).body}
    assert statements <= {ast.Expr, ast.ImportFrom, ast.ClassDef}


def imported(file: Path) -> set[str]:
    """Every module that a file imports, wherever in it."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            modules |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add(node.module or "")
    return modules


def test_reading_the_dags_loads_nothing_that_takes_seconds(use_cases: Path) -> None:
    import subprocess
    import sys

    copy_use_case(use_cases, "loan-approval")
    program = (
        "import sys; sys.path.insert(0, 'dags'); import model_lifecycle, governance_watch; "
        "print([name for name in ('great_expectations', 'pandas', 'sklearn', 'slack_sdk') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip().endswith("[]")
