"""Which use cases a DAG file is made from: all of them, or the one whose task is being executed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from model_governance.errors import RecordMissing
from model_governance.stages import declared

EXAMPLE = Path(__file__).parents[3] / "include" / "use_cases" / "loan-approval"


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("cards", "loans"):
        shutil.copytree(EXAMPLE, tmp_path / name)
        file = tmp_path / name / "use_case.yaml"
        file.write_text(file.read_text().replace("loan-approval", name))
    monkeypatch.setenv("MODEL_GOVERNANCE_USE_CASES", str(tmp_path))


def names(dag_id: str | None, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    if dag_id is not None:
        monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", dag_id)
    return [use_case.name for use_case in declared.use_cases()]


def test_airflow_reads_every_use_case(monkeypatch: pytest.MonkeyPatch) -> None:
    assert names(None, monkeypatch) == ["cards", "loans"]


def test_a_task_reads_its_own_use_case_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert names("model_lifecycle.loans", monkeypatch) == ["loans"]


def test_a_task_of_a_use_case_that_has_gone_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RecordMissing, match="there is no use case 'boats'"):
        names("model_lifecycle.boats", monkeypatch)
