"""Windows whose data, version or truth is not as one hopes: each ends with a result that says so, and is done with."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException
from tests.model_governance.decisions.conftest import Case, case
from tests.model_governance.stages.watched import HOUR, Watched

from model_governance.domain.ledger import EntryKind
from model_governance.stages import monitoring as stage

__all__ = ["case"]

AWAITED: dict[str, Any] = {
    "ground_truth_within_hours": 4,
    "kpis": [{"name": "coverage", "metric": "ground_truth_coverage", "minimum": 0.5, "severity": "high"}],
}


def delete(case: Case, prefix: str) -> None:
    """What somebody with the keys to the bucket does."""
    store, bucket = case.principal("admin").clients.client("s3"), case.pipeline.artifacts.bucket
    for key in list(case.pipeline.artifacts.list(prefix)):
        store.delete_object(Bucket=bucket, Key=key)


def test_traffic_that_has_gone_since_it_was_listed_is_a_result_that_says_so(case: Case) -> None:
    watched = Watched.deployed(case)
    watched.capture(2)
    run = watched.run(3)
    stage.collect_windows(run)
    delete(case, f"use-cases/{case.name}/capture/")
    for step in (stage.assess_windows, stage.record_windows):
        step(watched.again(run))
    assert watched.results() == [(2, 1, "not assessed")]
    assert "is gone" in case.entries(EntryKind.MONITORING)[0].body["sentence"]
    watched.capture(2)
    watched.tick(3.5)
    assert watched.results()[-1] == (2, 2, "passed")


def test_a_version_that_is_in_no_registry_is_a_finding_and_the_run_goes_on(case: Case) -> None:
    watched = Watched.deployed(case)
    watched.capture(2)
    arn = case.entries(EntryKind.DEPLOYMENT)[0].subject
    case.principal("admin").clients.client("sagemaker").delete_model_package(ModelPackageName=arn)
    watched.tick(3)
    assert watched.results() == [(2, 1, "breached")]
    [finding] = watched.findings()
    assert "is not in the registry" in finding["title"]
    watched.tick(4)
    assert watched.results()[-1] == (3, 1, "breached")
    assert len(watched.findings()) == 1


def test_truth_that_is_still_awaited_is_not_held_against_a_window(case: Case) -> None:
    watched = Watched.deployed(case, **AWAITED)
    watched.capture(2)
    watched.tick(3)
    assert watched.results() == [(2, 1, "not assessed")]
    assert "ground truth is still awaited" in case.entries(EntryKind.MONITORING)[0].body["sentence"]
    assert watched.findings() == []


def test_truth_that_never_came_is_held_against_its_window_once_its_time_is_over(case: Case) -> None:
    watched = Watched.deployed(case, **AWAITED)
    watched.capture(2)
    watched.tick(3)
    watched.tick(7.5)
    assert (2, 2, "breached") in watched.results()
    assert "coverage" in watched.findings()[0]["title"]
    before = [each for each in watched.results() if each[0] == 2]
    watched.tick(8.5)
    assert [each for each in watched.results() if each[0] == 2] == before


def test_truth_that_comes_after_months_has_its_window_assessed_anew(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a loan is paid back is known long after the windows that are made up for by themselves."""
    monkeypatch.setattr("model_governance.operators.monitoring_run.MOST_WINDOWS", 1000)
    watched = Watched.deployed(case, monitors=["model_quality"], ground_truth_within_hours=90 * 24)
    watched.capture(2)
    watched.tick(3)
    watched.truth(2)
    due, _ = watched.run(60 * 24).due_windows()
    assert [(each.start, each.revision) for each in due if each.revision > 1] == [(watched.hour(2), 2)]


def test_windows_that_nobody_looked_at_come_before_those_whose_truth_trickles_in(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("model_governance.operators.monitoring_run.MOST_WINDOWS", 1)
    watched = Watched.deployed(case)
    watched.capture(1)
    watched.tick(5)
    watched.truth(4)
    [due] = watched.run(5, "next").due_windows()[0]
    assert (due.start, due.revision) == (watched.hour(3), 1)


def test_all_windows_that_a_form_asks_for_are_assessed_by_its_run(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model_governance.operators.monitoring_run.MOST_WINDOWS", 2)
    watched = Watched.deployed(case)
    watched.capture(1)
    asked = {"window_start": watched.hour(1).isoformat(), "window_end": watched.hour(5).isoformat(), "recompute": True}
    due, said = watched.run(6, "form", **asked).due_windows()
    assert (len(due), said) == (4, "")


def test_a_count_is_not_held_against_a_version_that_served_a_part_of_the_window(case: Case) -> None:
    kpis = [{"name": "requests", "metric": "requests", "minimum": 300}]
    watched = Watched.deployed(case, kpis=kpis)
    case.run_id = "manual__2"
    watched.deploy(watched.approved_version(), watched.hour(2) + timedelta(seconds=250))
    watched.capture(2)
    watched.tick(3)
    assert {each[2] for each in watched.results()} == {"not assessed"}
    assert "a part of the window" in case.entries(EntryKind.MONITORING)[0].body["sentence"]
    assert watched.findings() == []


@pytest.mark.parametrize("name", ["not a time", "a\\b", "%2e%2e", "x" * 200, "sub/folder"])
def test_strange_names_under_the_capture_folder_do_no_harm(case: Case, name: str) -> None:
    watched = Watched.deployed(case)
    watched.capture(2)
    folder = watched.traffic_folder(2)
    watched.put(f"{folder}/{name}.jsonl", b"\x00\xff\xfe no json \n{}\n[]\n" + b'"half')
    watched.put(f"use-cases/{case.name}/capture/{case.name}/AllTraffic/odd.jsonl", b"{}")
    watched.put(f"use-cases/{case.name}/capture/{case.name}-test/AllTraffic/x.jsonl", b"{}")
    watched.put(f"use-cases/{case.name}/ground-truth/odd name.jsonl", b"{}")
    watched.tick(3)
    assert watched.results() == [(2, 1, "passed")]
    report = watched.only_report()
    assert report["traffic"]["unreadable"]["count"] == 4


def test_a_window_over_a_stop_holds_what_was_answered_before_and_after(case: Case) -> None:
    watched = Watched.deployed(case)
    [deployment] = case.entries(EntryKind.DEPLOYMENT)
    owner = replace(case.principal("model-owner"), now=watched.at(watched.hour(2) + timedelta(seconds=100)).now)
    owner.ledger(case.name).append(EntryKind.STOP, deployment.subject, {"version": 1, "reason": "a drill"})
    watched.capture(2)
    watched.tick(3)
    assert [each.body["rows"] for each in case.entries(EntryKind.MONITORING)] == [100]
    with pytest.raises(AirflowSkipException):  # nothing served after it
        watched.tick(5)
    assert len(watched.results()) == 1


def test_a_deadline_at_the_end_of_time_is_refused(case: Case) -> None:
    from model_governance.errors import RequestRefused

    given = {"window_start": "0001-01-01T00:00+14:00", "window_end": "9999-12-31T23:59"}
    with pytest.raises(RequestRefused):
        Watched.deployed(case).run(5, **given).due_windows()
    with pytest.raises(RequestRefused):
        Watched.deployed(case).run(5, **{**given, "window_start": "2026-01-01T00:00"}).due_windows()
    assert HOUR
