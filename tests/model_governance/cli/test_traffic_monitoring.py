"""Phases as monitoring finds them and what is told of them: real windows on a real ledger, with Airflow played."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest
from airflow.sdk.exceptions import AirflowSkipException
from tests.model_governance.decisions.conftest import Case, case
from tests.model_governance.stages.watched import HOUR, ROWS, Watched, ask

from model_governance.cli.demo_run import Approve, DemoRun
from model_governance.cli.traffic_monitoring import PhaseMonitoring
from model_governance.cli.traffic_walk import Retraining, answer_to, closers
from model_governance.domain.ledger import EntryKind
from model_governance.domain.traffic import Phase, SentPhase
from model_governance.errors import GateClosed
from model_governance.hooks.airflow_api import AirflowApi, DagRun, TaskInstance

__all__ = ["case"]


@dataclass
class PlayedAirflow:
    """Airflow as far as the walk asks it: a run is done as it is started."""

    watched: Watched
    state: str = "success"
    username: str = "data-scientist"
    cleared: list[tuple[str, ...]] = field(default_factory=list)

    def trigger(self, dag_id: str, run_id: str, conf: dict[str, Any]) -> None:
        assert dag_id == f"model_monitoring.{self.watched.case.name}"
        run = self.watched.tick(3, run_id, **conf)
        with suppress(AirflowSkipException):
            ask(self.watched.again(run))

    def run_state(self, dag_id: str, run_id: str) -> str:
        return self.state

    def task_instances(self, dag_id: str, run_id: str) -> tuple[TaskInstance, ...]:
        return (TaskInstance(task_id="assess", state="success"), TaskInstance(task_id="outcome", state="skipped"))

    def runs_under_way(self, dag_id: str) -> tuple[DagRun, ...]:
        now = self.watched.at(self.watched.hour(20)).now()
        runs = {"asset_triggered__1": now, "of_before": self.watched.midnight}
        return tuple(DagRun.model_validate({"dag_run_id": k, "queued_at": v}) for k, v in runs.items())

    def run_page(self, dag_id: str, run_id: str) -> str:
        return f"http://airflow/{dag_id}/{run_id}"

    def clear(self, dag_id: str, run_id: str, task_ids: tuple[str, ...]) -> None:
        self.cleared.append(task_ids)


def watching(watched: Watched, state: str = "success") -> tuple[PhaseMonitoring, list[float]]:
    paused: list[float] = []
    known = watched.at(watched.hour(3) + timedelta(seconds=20))
    airflow = cast(AirflowApi, PlayedAirflow(watched, state))
    return PhaseMonitoring(known, airflow, watched.case.name, paused.append), paused


def sent(watched: Watched, phase: Phase) -> SentPhase:
    return SentPhase(phase, ROWS, 0, watched.hour(2) - HOUR / 60, watched.hour(3), ())


def test_a_phase_as_it_was_passes_and_asks_for_nothing(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    watched = Watched.deployed(case)
    watched.capture(2)
    looks, paused = watching(watched)
    assessed = looks.assess(sent(watched, Phase.AS_IT_WAS))
    assert [each.verdict for each in assessed.results] == ["passed"]
    assert (assessed.opened, assessed.retraining) == ((), "")
    assert paused == [41]
    said = capsys.readouterr().out
    assert "looks at the window in 41 s" in said
    assert f"version 1: passed, {ROWS} rows" in said
    assert "assess done" in said and "outcome" not in said


def test_a_drifted_phase_is_told_with_breaches_findings_and_the_retraining(
    case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    watched = Watched.deployed(case)
    watched.capture(2, shift=2.0)
    assessed = watching(watched)[0].assess(sent(watched, Phase.DRIFTED))
    assert assessed.retraining == "asset_triggered__1"
    assert {each.id for each in assessed.opened} == {entry.body["id"] for entry in case.entries(EntryKind.BREACH)}
    said = " ".join(capsys.readouterr().out.split())
    assert f"version 1: breached, {ROWS} rows" in said
    assert "- high: " in said and "breach-1 is open: high, owner " in said
    assert "retraining asked for (breach-1" in said
    assert f"http://airflow/model_lifecycle.{case.name}/asset_triggered__1" in said


def test_a_failed_run_of_monitoring_ends_the_walk_and_names_its_page(case: Case) -> None:
    watched = Watched.deployed(case)
    watched.capture(2)
    with pytest.raises(GateClosed, match=r"run failed: http://airflow/model_monitoring"):
        watching(watched, "failed")[0].assess(sent(watched, Phase.AS_IT_WAS))


def test_what_holds_the_production_gate_is_told_with_who_may_close_it(
    case: Case, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched.deployed(case)
    watched.capture(2, shift=2.0)
    looks, _ = watching(watched)
    looks.assess(sent(watched, Phase.DRIFTED))
    body = {"run_id": "anew", "version": 2, "data_sha256": "1" * 64}
    case.pipeline.ledger(case.name).append(EntryKind.CANDIDATE, "arn:version/2", body)
    run = DemoRun(case.pipeline, looks.airflow, case.name, "anew")
    run.tasks = (TaskInstance(task_id="production_approval.request", state="failed"),)
    states = iter(["failed", "success"])
    monkeypatch.setattr(DemoRun, "follow", lambda self, approve, deadline: next(states))
    capsys.readouterr()
    Retraining(looks, case.pipeline.use_case(case.name), run, Approve.ASK, None).follow()
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("the gate is held by breach-1 (high, version 1): ") for line in lines)
    [command] = {line for line in lines if "finding close" in line and "breach-1 " in line}
    assert f"finding close {case.name} breach-1 --comment" in command and "env policy-owner" in command
    assert (
        "then clear production_approval.request in Airflow, with what comes after it; the run goes on from there:"
        in (lines)
    )


def test_nobody_closes_what_he_owns_or_has_a_part_in(case: Case) -> None:
    watched = Watched.deployed(case)
    watched.capture(2, shift=2.0)
    looks, _ = watching(watched)
    finding = looks.assess(sent(watched, Phase.DRIFTED)).opened[0]
    run, declared = DemoRun(case.pipeline, looks.airflow, case.name, "anew"), case.pipeline.use_case(case.name)
    assert closers(finding, declared, run) == ["policy-owner"]
    assert closers(finding.model_copy(update={"owner": "policy-owner"}), declared, run) == []
    assert closers(finding, declared.model_copy(update={"author": "policy-owner"}), run) == []
    assert "trained on data published since" in answer_to(finding, 2)
    assert "reviewed in full" in answer_to(finding.model_copy(update={"window": ""}), 2)
