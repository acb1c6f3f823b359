"""A feature source that does not know an applicant keeps production closed, by name, until it does."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.lifecycle.conftest import EXAMPLE, FORGETFUL_SOURCE
from tests.lifecycle.following import ANSWER, Lifecycle

from model_governance.domain.ledger import EntryKind

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def lifecycle(approved_use_cases: dict[str, Lifecycle]) -> Lifecycle:
    return approved_use_cases[FORGETFUL_SOURCE]


def validations(lifecycle: Lifecycle) -> list[str]:
    bodies = [entry.body for entry in lifecycle.entries(EntryKind.EVIDENCE)]
    return [body["verdict"] for body in bodies if body["kind"] == "test_validation"]


def test_the_production_gate_stays_closed_and_says_which_call_failed_and_how(lifecycle: Lifecycle) -> None:
    lifecycle.wait_for("governance_approval.wait", "deferred")
    approved = lifecycle.mark("governance-officer", "governance_approval.wait", "success", ANSWER)
    assert approved.status_code == 200, approved.text
    assert lifecycle.wait_until_ended() == "failed"
    states = lifecycle.states()
    assert (states["test_deployment.validate"], states["production_approval.request"]) == ("success", "failed")
    assert lifecycle.attempts("production_approval.request") == 1
    [failure] = lifecycle.entries(EntryKind.FAILURE)
    for said in (
        "test_validation.upstream.applications",
        f"/{FORGETFUL_SOURCE}/features/test-application-1 (a stub of this installation)",
        "answered 404",
        "no entity 'test-application-1'",
        "have the feature source answer the declared features",
    ):
        assert said in failure.body["reason"]
        assert said in lifecycle.log("production_approval.request")
    assert "downstream.work_queue" not in failure.body["reason"]
    assert validations(lifecycle) == ["fail"]
    assert lifecycle.installation().endpoints.find(FORGETFUL_SOURCE) is None


def test_once_the_source_is_mended_the_next_attempt_passes_and_its_approver_is_told(
    lifecycle: Lifecycle, use_cases: Path
) -> None:
    shutil.copy(EXAMPLE / "stubs.json", use_cases / FORGETFUL_SOURCE)
    lifecycle.clear("test_deployment.validate")
    lifecycle.wait_for("production_approval.wait", "deferred")
    assert validations(lifecycle) == ["fail", "warning"]
    silent = lifecycle.mark("production-approver", "production_approval.wait", "success")
    assert silent.status_code == 403
    assert "earlier_attempts_that_failed" in silent.json()["detail"]
    rejected = lifecycle.mark("production-approver", "production_approval.wait", "failed", "seen enough")
    assert rejected.status_code == 200, rejected.text
    assert lifecycle.wait_until_ended() == "failed"
