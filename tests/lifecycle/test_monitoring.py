"""Drifted traffic in a real Airflow: a finding, a notice, and a retraining, which Airflow starts and which waits.

What comes to the endpoint is written as its capture would be; everything after that is the installation's own doing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.lifecycle.conftest import WATCHED, publish_data
from tests.lifecycle.following import ANSWER, Lifecycle
from tests.model_governance.stages.watched import captured
from tests.running_stack import RunningStack

from model_governance.domain.ledger import EntryKind

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1800)]

GATES = {"use_case": "business-approver", "governance": "governance-officer", "production": "production-approver"}
WINDOW = timedelta(minutes=5)
PATIENCE_SECONDS = 600


@pytest.fixture(scope="module")
def watched(stack: RunningStack) -> Lifecycle:
    """A version that serves."""
    publish_data(stack)
    lifecycle = Lifecycle(stack, WATCHED).start()
    for gate, person in GATES.items():
        lifecycle.wait_for(f"{gate}_approval.wait", "deferred")
        answer = lifecycle.mark(person, f"{gate}_approval.wait", "success", ANSWER)
        assert answer.status_code == 200, answer.text
    assert lifecycle.wait_until_ended() == "success", lifecycle.states()
    return lifecycle


def until(what: str, reached: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := reached()):
        assert time.monotonic() < deadline, what
        time.sleep(2)
    return found


def send_drifted(lifecycle: Lifecycle) -> None:
    """Held-out rows with loans three times as large, as if they were answered a moment ago."""
    known = lifecycle.installation("admin")
    held_out = next(key for key in known.artifacts.list(f"use-cases/{WATCHED}/data/") if key.endswith("/holdout.csv"))
    features = known.use_case(WATCHED).data.features
    column = features.index("loanamt")
    now = datetime.now(UTC)
    lines = []
    for number, row in enumerate(known.artifacts.get(held_out).decode().splitlines()):
        cells = row.split(",")
        cells[column] = str(3 * float(cells[column]))
        lines.append(captured(",".join(cells), "0.8", f"drifted-{number}", now))
    key = f"use-cases/{WATCHED}/capture/{WATCHED}/AllTraffic/{now:%Y/%m/%d/%H}/{now:%M-%S}-000-drifted.jsonl"
    lifecycle.stack.client("admin", "s3").put_object(
        Bucket=known.artifacts.bucket, Key=key, Body=b"\n".join(lines) + b"\n"
    )


def retraining_of(lifecycle: Lifecycle) -> Lifecycle | None:
    answer = lifecycle.call("admin", "GET", f"/api/v2/dags/{lifecycle.dag_id}/dagRuns?limit=20")
    runs = [run["dag_run_id"] for run in answer.json()["dag_runs"] if run["run_type"] == "asset_triggered"]
    assert len(runs) <= 1, runs
    return replace(lifecycle, run_id=runs[0]) if runs else None


def test_drift_becomes_a_finding_a_notice_and_a_retraining_that_waits_at_its_gate(watched: Lifecycle) -> None:
    send_drifted(watched)
    breaches = until("a finding is open", lambda: watched.entries(EntryKind.BREACH))
    assert any("loanamt" in entry.body["title"] for entry in breaches)
    assert {entry.body["severity"] for entry in breaches} == {"high"}
    assert {entry.body["owner"] for entry in breaches} == {"model-owner"}
    [result] = [each for each in watched.entries(EntryKind.MONITORING) if each.body["verdict"] == "breached"]
    assert result.body["version"] == 1
    artifacts = watched.installation().artifacts
    until(
        "its owner is told",
        lambda: [each for each in artifacts.list(f"notifications/{WATCHED}/") if "/finding/log/sent" in each],
    )
    retraining = until("Airflow has started a retraining", lambda: retraining_of(watched))
    retraining.wait_for("governance_approval.wait", "deferred")
    [asked] = watched.entries(EntryKind.RETRAINING)
    [begun] = [each for each in watched.entries(EntryKind.USE_CASE) if each.body["run_id"] == retraining.run_id]
    assert begun.body["asked_by_monitoring"][0]["retraining"] == asked.sequence
    assert len(watched.decisions()) == len(GATES)  # nobody has decided on the new version
    versions = {each.version: each for each in watched.installation().registry.versions(WATCHED)}
    assert versions[2].approval_status == "PendingManualApproval"
    assert (versions[1].stage, versions[1].stage_status) == ("Production", "Deployed")
    serving = watched.installation().registry.describe(versions[1].arn)
    assert "without standing approval" in serving.stage_description
    said = watched.command("data-scientist", "monitoring", WATCHED)
    assert said.returncode == 0, said.stderr
    assert "breached" in said.stdout
    assert "breach-1" in said.stdout
