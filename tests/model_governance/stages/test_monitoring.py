"""Windows of production traffic on the real store and registry: found, assessed, recorded once, and made up for."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from airflow.sdk.exceptions import AirflowSkipException
from tests.model_governance.decisions.conftest import Case, case
from tests.model_governance.stages.watched import HOUR, Watched

from model_governance.domain.decision import Gate
from model_governance.domain.evidence import EvidenceKind
from model_governance.domain.ledger import EntryKind
from model_governance.domain.model_card import decided_digest
from model_governance.errors import AccessRefused, RequestRefused
from model_governance.hooks.time_series import TimeSeries
from model_governance.stages.monitoring import collect_windows

__all__ = ["case"]


def test_a_window_as_it_was_passes_and_is_on_record_everywhere(case: Case) -> None:
    watched = Watched.deployed(case)
    arn = case.package(case.entries(EntryKind.DEPLOYMENT)[0].subject).arn
    before = decided_digest(dict(case.package(arn).card))
    watched.capture(2)
    run = watched.tick(3)
    assert (2, 1, "passed") in watched.results()
    [entry] = [each for each in case.entries(EntryKind.MONITORING) if each.body["verdict"] == "passed"]
    assert entry.subject == arn
    artifacts, folder = case.pipeline.artifacts, entry.body["folder"]
    assert folder == f"use-cases/{case.name}/monitoring/v1/{watched.hour(2):%Y%m%dT%H%MZ}/"
    for name in ("constraint_violations.json", "statistics.json", "report.json", "inputs.json"):
        artifacts.get(f"{folder}{name}", entry.body["sha256"][name])
    assert json.loads(artifacts.get(f"{folder}constraint_violations.json")) == {"violations": []}
    [row] = [each for each in TimeSeries(artifacts, case.name).read() if each.verdict == "passed"]
    assert (row.start, row.version, row.rows) == (watched.hour(2), 1, 400)
    assert any(point.name == "population_stability_index" and point.feature == "amount" for point in row.points)
    card = dict(case.package(arn).card)
    assert card["additional_information"]["custom_details"]["monitoring"].startswith("passed in the window")
    assert decided_digest(card) == before
    assert case.open(Gate.PRODUCTION).decisions
    assert watched.findings() == []
    with pytest.raises(AirflowSkipException, match="is on record"):
        collect_windows(watched.again(run))


def test_a_second_run_of_every_step_changes_nothing(case: Case) -> None:
    watched = Watched.deployed(case)
    watched.capture(2, shift=3)
    watched.tick(3, "one")
    before = [entry.digest for entry in case.pipeline.ledger(case.name).verify()]
    keys = list(case.pipeline.artifacts.list(f"use-cases/{case.name}/"))
    for run_id in ("one", "two"):
        with pytest.raises(AirflowSkipException):
            watched.tick(3, run_id)
    assert [entry.digest for entry in case.principal("pipeline").ledger(case.name).verify()] == before
    assert list(case.pipeline.artifacts.list(f"use-cases/{case.name}/")) == keys


def test_nothing_served_is_skipped_in_words(case: Case) -> None:
    watched = Watched.deployed(case)
    watched.case.pipeline.ledger(case.name).append(EntryKind.CLEAN_UP, case.name, {})
    with pytest.raises(AirflowSkipException, match=r"no version of .* has served"):
        collect_windows(watched.run(3))


def test_a_window_without_enough_data_says_so_and_does_not_pass(case: Case) -> None:
    watched = Watched.deployed(case)
    watched.capture(2, rows=50)
    watched.tick(3)
    assert watched.results() == [(2, 1, "not assessed")]
    watched.tick(4)  # nothing came at all
    assert watched.results()[-1] == (3, 1, "not assessed")
    assert watched.findings() == []


def test_missed_windows_are_made_up_for_whatever_their_order(case: Case) -> None:
    watched = Watched.deployed(case)
    for hour in (1, 2, 3, 4):
        watched.capture(hour)
    watched.tick(3)
    assert sorted(watched.results()) == [(1, 1, "passed"), (2, 1, "passed")]
    watched.tick(6)
    assert sorted(watched.results()) == [
        (1, 1, "passed"),
        (2, 1, "passed"),
        (3, 1, "passed"),
        (4, 1, "passed"),
        (5, 1, "not assessed"),
    ]


def test_one_run_takes_on_so_many_and_the_next_the_rest(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model_governance.operators.monitoring_run.MOST_WINDOWS", 2)
    watched = Watched.deployed(case)
    watched.capture(1)
    assert "2 more windows are left" in watched.run(5).due_windows()[1]
    watched.tick(5)
    assert sorted(watched.results()) == [(3, 1, "not assessed"), (4, 1, "not assessed")]
    watched.tick(5, "next")
    assert {hour for hour, _, _ in watched.results()} == {1, 2, 3, 4}


def test_late_ground_truth_has_its_window_assessed_anew_and_both_stay(case: Case) -> None:
    watched = Watched.deployed(case, monitors=["data_quality", "model_quality"])
    watched.capture(2)
    watched.tick(3)
    assert watched.results() == [(2, 1, "not assessed")]
    watched.truth(2)
    watched.tick(3.5)
    assert watched.results() == [(2, 1, "not assessed"), (2, 2, "passed")]
    first, second = (entry.body for entry in case.entries(EntryKind.MONITORING))
    assert second["folder"] == f"{first['folder']}r2/"
    for body in (first, second):
        case.pipeline.artifacts.get(f"{body['folder']}report.json", body["sha256"]["report.json"])
    [row] = TimeSeries(case.pipeline.artifacts, case.name).read()
    assert (row.revision, row.verdict) == (2, "passed")
    with pytest.raises(AirflowSkipException):
        watched.tick(3.6)


def test_truth_that_comes_after_the_declared_time_changes_nothing(case: Case) -> None:
    watched = Watched.deployed(case, ground_truth_within_hours=1)
    watched.capture(2)
    watched.tick(3)
    watched.truth(2)
    assert all(each.start != watched.hour(2) for each in watched.run(4.5).due_windows()[0])


def test_traffic_that_came_late_is_counted_in_a_second_revision(case: Case) -> None:
    watched = Watched.deployed(case)
    watched.capture(2, rows=150)
    watched.tick(3)
    watched.capture(2, rows=300, late=30)
    watched.tick(3.5)
    assert watched.results() == [(2, 1, "not assessed"), (2, 2, "passed")]


def test_traffic_of_the_next_window_changes_nothing_in_this_one(case: Case) -> None:
    """Its first object bears the very time at which this one ended, and came while this one was assessed."""
    watched = Watched.deployed(case)
    watched.capture(2)
    watched.tick(3)
    watched.capture(3)
    with pytest.raises(AirflowSkipException):
        watched.tick(3.5)
    assert watched.results() == [(2, 1, "passed")]


def test_windows_are_asked_for_anew_by_the_form_once_for_a_run(case: Case) -> None:
    watched = Watched.deployed(case)
    watched.capture(2)
    watched.tick(3)
    asked = {
        "window_start": watched.hour(2).isoformat(),
        "window_end": watched.hour(3).isoformat(),
        "recompute": True,
    }
    watched.tick(5, "anew", **asked)
    assert watched.results() == [(2, 1, "passed"), (2, 2, "passed")]
    with pytest.raises(AirflowSkipException):
        watched.tick(5, "anew", **asked)
    watched.tick(5, "once more", **asked)
    assert watched.results()[-1] == (2, 3, "passed")


@pytest.mark.parametrize(
    ("start", "end", "why"),
    [
        (2, None, "go together"),
        (3, 2, "is not after"),
        (2, 400, "has not passed"),
        (2.2, 2.9, "no window lies between"),
    ],
)
def test_a_form_that_asks_for_no_window_is_refused(case: Case, start: float, end: float | None, why: str) -> None:
    watched = Watched.deployed(case)
    given = {
        "window_start": (watched.midnight + start * HOUR).isoformat(),
        "window_end": (watched.midnight + end * HOUR).isoformat() if end else None,
    }
    with pytest.raises(RequestRefused, match=why):
        watched.run(5, **given).due_windows()


def test_one_window_beside_the_schedule_is_looked_at_and_the_schedules_own_is_still_due(case: Case) -> None:
    watched = Watched.deployed(case)
    watched.capture(2)
    window = {"window_start": (watched.hour(2) - HOUR / 60).isoformat(), "window_end": watched.hour(3).isoformat()}
    watched.tick(3, "asked", **window, one_window=True)
    [said] = [entry.body for entry in case.entries(EntryKind.MONITORING)]
    assert (said["start"], said["verdict"], said["rows"]) == (window["window_start"], "passed", 400)
    with pytest.raises(AirflowSkipException):
        watched.tick(3, "asked again", **window, one_window=True)
    watched.tick(3, "asked anew", **window, one_window=True, recompute=True)
    watched.tick(3)
    assert [entry.body["revision"] for entry in case.entries(EntryKind.MONITORING)] == [1, 2, 1]


def test_one_window_without_its_times_or_where_one_of_the_schedule_begins_is_refused(case: Case) -> None:
    watched = Watched.deployed(case)
    window = {"window_start": watched.hour(2).isoformat(), "window_end": watched.hour(3).isoformat()}
    with pytest.raises(RequestRefused, match="begins then"):
        watched.run(5, **window, one_window=True).due_windows()
    with pytest.raises(RequestRefused, match="one_window asks for its times"):
        watched.run(5, one_window=True).due_windows()


def test_recompute_without_windows_is_refused(case: Case) -> None:
    with pytest.raises(RequestRefused, match="recompute asks for windows"):
        Watched.deployed(case).run(3, recompute=True).due_windows()


def test_a_changed_baseline_is_a_refusal_and_a_finding_and_no_pass(case: Case) -> None:
    watched = Watched.deployed(case)
    watched.capture(2)
    watched.put(watched.key_of(EvidenceKind.DATA_QUALITY, "statistics.json"), b'{"version": 0, "features": []}')
    watched.tick(3)
    assert watched.results() == [(2, 1, "breached")]
    [finding] = watched.findings()
    assert finding["severity"] == "high"
    assert "nothing is held to it" in finding["title"]
    assert "recorded is" in finding["title"]


def test_baselines_are_those_on_the_version_and_no_others(case: Case) -> None:
    """The ledger's evidence names the digest; an address that it does not know is not believed."""
    watched = Watched.deployed(case)
    watched.capture(2)
    store = case.principal("admin").clients.client("s3")
    store.delete_object(
        Bucket=case.pipeline.artifacts.bucket, Key=watched.key_of(EvidenceKind.MODEL_QUALITY, "constraints.json")
    )
    watched.tick(3)
    assert watched.results() == [(2, 1, "breached")]
    assert "is gone" in watched.findings()[0]["title"]


def test_a_window_over_a_change_of_version_is_parted(case: Case) -> None:
    watched = Watched.deployed(case)
    case.run_id = "manual__2"
    second = watched.approved_version()
    watched.deploy(second, watched.hour(2) + timedelta(seconds=200))
    watched.capture(2)
    watched.capture(2, rows=300, late=20)
    watched.tick(3)
    found = {
        (entry.body["version"], entry.body["rows"], entry.body["verdict"])
        for entry in case.entries(EntryKind.MONITORING)
    }
    assert found == {(1, 200, "passed"), (2, 500, "passed")}


def test_a_canarys_answers_are_not_the_serving_versions(case: Case) -> None:
    watched = Watched.deployed(case)
    watched.capture(2)
    watched.capture(2, shift=5, variant="Canary")
    watched.tick(3)
    assert watched.results() == [(2, 1, "passed")]


def test_half_written_objects_are_counted_and_do_no_harm(case: Case) -> None:
    watched = Watched.deployed(case)
    watched.capture(2)
    folder = watched.traffic_folder(2)
    watched.put(f"{folder}/00-10-000-half.jsonl", b'{"captureData": {"endpointInput": {"data": "1,')
    watched.put(f"{folder}/00-11-000-empty.jsonl", b"")
    watched.put(f"{folder}/00-12-000-other.tmp", b"rubbish")
    watched.tick(3)
    assert watched.results() == [(2, 1, "passed")]
    report = watched.only_report()
    assert report["traffic"]["lines"] == 401


def test_the_pipeline_can_neither_overwrite_a_result_nor_make_up_traffic(case: Case) -> None:
    watched = Watched.deployed(case)
    watched.capture(2)
    watched.tick(3)
    [entry] = case.entries(EntryKind.MONITORING)
    artifacts = case.pipeline.artifacts
    store, key = artifacts.client, f"{entry.body['folder']}report.json"
    with pytest.raises(Exception, match="AccessDenied"):
        store.put_object(Bucket=artifacts.bucket, Key=key, Body=b"{}")
    with pytest.raises(AccessRefused):
        artifacts.delete_prefix(f"use-cases/{case.name}/monitoring/")
    with pytest.raises(AccessRefused):
        artifacts.put_new(f"use-cases/{case.name}/capture/{case.name}/AllTraffic/2026/01/01/00/x.jsonl", b"{}")
