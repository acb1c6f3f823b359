"""A run that is killed at any call to a service goes on from there: every record once, whatever was written before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import botocore.client
import pytest
from airflow.sdk.exceptions import AirflowSkipException
from tests.model_governance.decisions.conftest import Case, case
from tests.model_governance.stages.watched import STEPS, Watched

from model_governance.domain.ledger import EntryKind
from model_governance.errors import ServiceUnavailable
from model_governance.hooks.time_series import TimeSeries
from model_governance.operators.monitoring_run import MonitoringRun

__all__ = ["case"]

pytestmark = pytest.mark.usefixtures("every_call_by_its_client")

WRITES = ("PutObject", "CreateArtifact", "CreateAction", "AddAssociation", "UpdateModelPackage", "Sign", "AddTags")


class Killed(BaseException):
    """A worker is gone: nothing after it runs."""


@contextmanager
def killed_at(place: int, *, after: bool) -> Iterator[list[str]]:
    """Ends whatever makes the call of this number that writes, before it is sent or before its answer is seen."""
    made: list[str] = []
    real = botocore.client.BaseClient._make_api_call

    def call(client: Any, name: str, arguments: dict[str, Any]) -> Any:
        if name not in WRITES:
            return real(client, name, arguments)
        made.append(name)
        if len(made) != place:
            return real(client, name, arguments)
        if after:
            real(client, name, arguments)
        raise Killed

    botocore.client.BaseClient._make_api_call = call
    try:
        yield made
    finally:
        botocore.client.BaseClient._make_api_call = real


def go_on(watched: Watched, run: MonitoringRun) -> None:
    """The run's tasks as they are tried again; what is done already is skipped."""
    for step in STEPS:
        try:
            step(watched.again(run))
        except AirflowSkipException:
            continue


def records(watched: Watched) -> dict[str, Any]:
    name = watched.case.name
    return {
        "results": watched.results(),
        "findings": [(each["id"], each["key"]) for each in watched.findings()],
        "rows": [
            (row.start, row.revision, row.verdict) for row in TimeSeries(watched.case.pipeline.artifacts, name).read()
        ],
        "sent": sum(
            key.endswith("sent.json") for key in watched.case.pipeline.artifacts.list(f"notifications/{name}/")
        ),
    }


@pytest.mark.timeout(600)
@pytest.mark.parametrize("after", [False, True], ids=("before it is sent", "before its answer"))
def test_a_run_killed_at_each_writing_call_ends_with_every_record_once(case: Case, after: bool) -> None:
    """One window after the other, each killed later than the one before, until a run is through before it is."""
    watched = Watched.deployed(case, drift={"limits": {"population_stability_index": None}}, monitors=["data_quality"])
    hour, place, met = 2, 1, []
    while True:
        watched.capture(hour, rows=250, shift=3)
        run = watched.run(hour + 1)
        with killed_at(place, after=after) as made:
            try:
                go_on(watched, run)
            except Killed:
                met.append(made[-1])
        go_on(watched, run)
        if len(made) < place:
            break
        hour, place = hour + 1, place + max(1, place // 2)
    found = records(watched)
    assert found["results"] == [(each, 1, "breached") for each in range(2, hour + 1)]
    assert len(found["findings"]) == 1
    assert [(start, revision) for start, revision, _ in found["rows"]] == [
        (watched.hour(each), 1) for each in range(2, hour + 1)
    ]
    assert "PutObject" in met
    assert len(case.principal("pipeline").ledger(case.name).verify()) > len(found["results"])


@pytest.mark.parametrize("service", ["s3", "sagemaker", "kms"])
def test_an_outage_is_worth_another_try_and_leaves_nothing_half_done(case: Case, service: str) -> None:
    watched = Watched.deployed(case)
    watched.capture(2)
    run = watched.run(3)
    real = botocore.client.BaseClient._make_api_call

    def call(client: Any, name: str, arguments: dict[str, Any]) -> Any:
        if client.meta.service_model.service_name == service:
            raise botocore.client.ClientError({"Error": {"Code": "ServiceUnavailable", "Message": "away"}}, name)
        return real(client, name, arguments)

    failed = False
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.client.BaseClient, "_make_api_call", call)
        for step in STEPS:
            try:
                step(watched.again(run))
            except ServiceUnavailable:
                failed = True
    assert failed
    assert watched.results() == []
    go_on(watched, run)
    assert watched.results() == [(2, 1, "passed")]
    assert case.entries(EntryKind.BREACH) == []


def test_two_runs_at_once_record_everything_once(case: Case) -> None:
    from concurrent.futures import ThreadPoolExecutor

    watched = Watched.deployed(case, drift={"limits": {"population_stability_index": None}})
    for hour in (1, 2):
        watched.capture(hour, shift=3)
    runs = [watched.run(3, run_id) for run_id in ("one", "two")]
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(lambda run: go_on(watched, run), runs))
    found = records(watched)
    assert sorted(found["results"]) == [(1, 1, "breached"), (2, 1, "breached")]
    assert len(found["findings"]) == 1
    assert found["sent"] >= 1
