"""Abalone and direct marketing through the whole lifecycle: a regression and a classifier, from public data to answers.

Their data is not part of the project. Without it the lifecycle must end with one error that says what to do.
"""

from __future__ import annotations

import json

import pytest
from tests.lifecycle.following import ANSWER, Lifecycle
from tests.public_data import PUBLIC_DATA, public_data, why_skipped
from tests.running_stack import RunningStack

from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import EntryKind

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1800)]

UNREACHABLE = "https://127.0.0.1:1/abalone.data"


@pytest.fixture(scope="module")
def examples(stack: RunningStack) -> dict[str, Lifecycle]:
    """The lifecycles of the examples whose data is here, side by side, past their first gate."""
    started = {name: Lifecycle(stack, name).start() for name in public_data()}
    for lifecycle in started.values():
        lifecycle.wait_for("use_case_approval.wait", "deferred")
        for person in ("business-approver", "production-approver"):
            if lifecycle.states()["use_case_approval.wait"] == "deferred":
                answer = lifecycle.mark(person, "use_case_approval.wait", "success", "wanted")
                assert answer.status_code in (200, 409), answer.text  # 409: recorded, and another one is wanted
    return started


@pytest.fixture
def lifecycle(request: pytest.FixtureRequest, examples: dict[str, Lifecycle]) -> Lifecycle:
    if request.param not in examples:
        pytest.skip(why_skipped(request.param))
    return examples[request.param]


@pytest.mark.parametrize("lifecycle", PUBLIC_DATA, indirect=True)
def test_an_example_goes_from_its_data_to_an_answer_from_production(lifecycle: Lifecycle) -> None:
    for gate, person in (("governance", "governance-officer"), ("production", "production-approver")):
        wait = f"{gate}_approval.wait"
        lifecycle.wait_for(wait, "deferred")
        answer = lifecycle.mark(person, wait, "success", ANSWER)
        assert answer.status_code == 200, answer.text
    assert lifecycle.wait_until_ended() == "success"
    known = lifecycle.installation()
    held_out = next(
        key for key in known.artifacts.list(f"use-cases/{lifecycle.use_case}/data/") if key.endswith("/holdout.csv")
    )
    row = known.artifacts.get(held_out).decode().splitlines()[0]
    predicted = float(known.endpoints_in(Environment.PRODUCTION).invoke(lifecycle.use_case, f"{row}\n"))
    assert 1 <= predicted <= 30 if lifecycle.use_case == "abalone" else 0 <= predicted <= 1


@pytest.mark.parametrize("lifecycle", PUBLIC_DATA, indirect=True)
def test_its_evidence_is_whole_and_its_reports_lie_where_the_registry_says(lifecycle: Lifecycle) -> None:
    evidence = {entry.body["kind"]: entry.body for entry in lifecycle.entries(EntryKind.EVIDENCE)}
    assert {"data_quality", "pre_training_bias", "model_quality", "post_training_bias", "explainability"} < set(
        evidence
    )
    package, artifacts = lifecycle.package(), lifecycle.installation().artifacts
    sources = [
        source["S3Uri"]
        for field in ("ModelMetrics", "DriftCheckBaselines")
        for part in package.raw[field].values()
        for source in part.values()
    ]
    assert len(sources) >= 12
    for source in sources:
        assert json.loads(artifacts.get(source)), source


@pytest.mark.parametrize("lifecycle", PUBLIC_DATA, indirect=True)
def test_lineage_leads_from_data_and_job_to_each_report(lifecycle: Lifecycle) -> None:
    client = lifecycle.stack.client("data-scientist", "sagemaker")

    def sources(arn: str) -> dict[str, str]:
        found = client.list_associations(DestinationArn=arn)["AssociationSummaries"]
        return {each["SourceType"]: each["SourceArn"] for each in found}

    jobs = {}
    for entry in lifecycle.entries(EntryKind.EVIDENCE):
        kind = entry.body["kind"]
        if kind == "test_validation":
            continue
        [report] = client.list_artifacts(SourceUri=entry.body["uri"])["ArtifactSummaries"]
        led = sources(report["ArtifactArn"])
        jobs[kind] = "BatchTransform" in led
        before = sources(led["BatchTransform"]) if jobs[kind] else led
        assert set(before) == ({"DataSet", "Model"} if jobs[kind] else {"DataSet"})
    assert jobs == {
        "data_quality": False,
        "pre_training_bias": False,
        "model_quality": True,
        "post_training_bias": True,
        "explainability": True,
    }


def test_without_a_way_to_the_data_the_run_ends_with_one_error_that_says_what_to_do(
    stack: RunningStack, examples: dict[str, Lifecycle]
) -> None:
    if "abalone" not in examples:
        pytest.skip("the use case is approved by the test that needs abalone.csv")
    lifecycle = Lifecycle(stack, "abalone", "offline-run").start(data_source=UNREACHABLE)
    assert lifecycle.wait_until_ended() == "failed"
    assert lifecycle.attempts("data_quality.freeze_data") == 1
    said = lifecycle.log("data_quality.freeze_data")
    assert "could not be reached" in said
    assert "MODEL_GOVERNANCE_DATA_SOURCES" in said
