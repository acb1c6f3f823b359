"""A validation as a run comes to it, on the real registry, store and ledger: measured once, and again for a reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.model_governance.decisions.conftest import Case, case
from tests.model_governance.evaluation.validation.asking import Endpoint, sample
from tests.model_governance.operators.test_run import run_of

from model_governance.decisions.record import read_record
from model_governance.domain.decision import Gate
from model_governance.domain.evidence import EvidenceKind, EvidenceVerdict
from model_governance.domain.ledger import EntryKind
from model_governance.errors import ArtifactChanged, EvaluationRefused, EvidenceMissing
from model_governance.evaluation.validation.assess import EARLIER_FAILURES
from model_governance.evaluation.validation.questions import Answer
from model_governance.operators.run import Run
from model_governance.stages import served_model, test_deployment, validation

__all__ = ["case"]

SOURCE = "http://127.0.0.1:1/{use_case}/features/{entity}"


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """In the place of an endpoint that runs and of rows that a transform predicted."""
    answering = Endpoint()
    monkeypatch.setattr(validation, "asked_once", lambda *_: answering)
    monkeypatch.setattr(validation, "held_out_sample", lambda run: sample())
    monkeypatch.setattr(served_model, "refuse_other_version", lambda *_: None)
    yield answering


def approved(case: Case, **declared: Any) -> Run:
    """A run whose candidate governance has approved."""
    latency = {"requests": 5, "warm_up": 0, "p95_ms": 60_000, "max_ms": 60_000}
    case.edit_declaration(deployment={"validation": {"latency": latency, **declared}})
    arn = case.governed()
    case.decide(Gate.GOVERNANCE, arn)
    return run_of(case)


def with_source(case: Case) -> Run:
    return approved(case, upstream=[{"name": "applications", "url": SOURCE, "entities": ["a"]}])


def validate(case: Case) -> None:
    """As the task does, in a process that has seen nothing before."""
    run = run_of(case)
    attempt = validation.validation_of(run)
    test_deployment.record_evidence(run, attempt.assessment, key=attempt.key)
    if attempt.assessment.failures:
        test_deployment.note_failures(run, attempt.assessment)
        test_deployment.refuse_where_no_gate_will(run, attempt.assessment)


def recorded(case: Case) -> list[dict[str, Any]]:
    kinds = (entry.body for entry in case.entries(EntryKind.EVIDENCE))
    return [body for body in kinds if body["kind"] == EvidenceKind.TEST_VALIDATION]


def answered_features(monkeypatch: pytest.MonkeyPatch, status: int | None = 200) -> None:
    """Has the feature source answer, or be down."""
    body = json.dumps({"income": 30, "job": "clerk"}).encode()
    answer = Answer(status, body) if status else Answer(None, problem="could not be reached: Connection refused")
    monkeypatch.setattr(validation.Dependencies, "get", lambda self, one, entity: answer)


def test_a_validation_that_passed_is_measured_once_and_stands(case: Case, endpoint: Endpoint) -> None:
    run = approved(case)
    validate(case)
    asked = len(endpoint.asked)
    before = list(run.installation.artifacts.list(run.prefix))
    validate(case)
    assert len(endpoint.asked) == asked > 0
    assert list(run.installation.artifacts.list(run.prefix)) == before
    [evidence] = recorded(case)
    assert evidence["verdict"] == "pass"
    assert evidence["uri"].endswith("/reports/test_validation.json")
    names = {each["name"]: each["value"] for each in evidence["measurements"]}
    assert names["latency_p95_ms"] == 10.0
    case.request(Gate.PRODUCTION)


def test_a_failing_dependency_closes_the_production_gate_which_says_all_of_it(
    case: Case, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = with_source(case)
    answered_features(monkeypatch, status=None)
    validate(case)
    package = run.package()
    assert (package.stage, package.stage_status) == ("Test", "Failed")
    assert "upstream.applications" in package.stage_description
    assert "upstream.applications" in package.card["additional_information"]["custom_details"]["test_validation"][:200]
    with pytest.raises(EvidenceMissing) as refusal:
        case.request(Gate.PRODUCTION)
    for said in (
        "test_validation.upstream.applications",
        f"GET http://127.0.0.1:1/{case.name}/features/a",
        "Connection refused",
        "MODEL_GOVERNANCE_DEPENDENCIES",
    ):
        assert said in str(refusal.value)


def test_after_a_failure_the_next_attempt_is_measured_and_its_approver_told(
    case: Case, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = with_source(case)
    answered_features(monkeypatch, status=None)
    validate(case)
    answered_features(monkeypatch)
    validate(case)
    first, second = recorded(case)
    assert (first["verdict"], second["verdict"]) == ("fail", "warning")
    assert second["uri"].endswith("/reports/test_validation/attempt-2.json")
    [told] = [each for each in second["measurements"] if each["name"] == EARLIER_FAILURES]
    assert (told["value"], told["severity"]) == (1.0, "warning")
    report = json.loads(run.installation.artifacts.get(second["uri"]))
    assert report["earlier_attempts_that_failed"] == [first["sha256"]]
    asked = len(endpoint.asked)
    validate(case)
    assert len(endpoint.asked) == asked
    case.request(Gate.PRODUCTION)
    standing = read_record(case.pipeline.ledger(case.name).entries(), Gate.PRODUCTION, run.package().arn).request
    assert standing is not None
    assert [each.name for each in standing.warnings] == [EARLIER_FAILURES]


def test_another_address_of_a_dependency_is_another_validation(
    case: Case, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_source(case)
    answered_features(monkeypatch)
    validate(case)
    monkeypatch.setenv(
        "MODEL_GOVERNANCE_DEPENDENCIES", f"{case.name}.applications=https://features.example.com/{{entity}}"
    )
    validate(case)
    first, second = recorded(case)
    assert (first["verdict"], second["verdict"]) == ("pass", "pass")
    assert "https://features.example.com/a" in json.dumps(second["measurements"])


def test_a_report_that_was_never_entered_stands_for_nothing(case: Case, endpoint: Endpoint) -> None:
    run = approved(case)
    killed = validation.validation_of(run)
    run.installation.artifacts.put_once(killed.key, killed.assessment.content)
    validate(case)
    [evidence] = recorded(case)
    assert evidence["uri"].endswith("/attempt-2.json")
    assert evidence["verdict"] == "pass"


def test_a_report_that_is_no_longer_the_one_entered_is_refused(case: Case, endpoint: Endpoint) -> None:
    run = approved(case)
    validate(case)
    key = validation.attempt_key(run, 1)
    bucket = run.installation.settings.bucket
    case.principal("admin").clients.client("s3").put_object(Bucket=bucket, Key=key, Body=b"{}")
    with pytest.raises(ArtifactChanged, match="recorded is"):
        validate(case)


def test_where_the_policy_asks_for_no_validation_the_task_itself_refuses(case: Case, endpoint: Endpoint) -> None:
    def forget(policy: dict[str, Any]) -> None:
        for rules in policy["gates"].values():
            rules["production"] = {**rules["production"], "evidence": ["data_quality"]}

    case.edit_policy(forget)
    approved(case)
    endpoint.instead = lambda question, number: Answer(500, b"broken") if question.body == b"" else None
    with pytest.raises(EvaluationRefused, match=r"malformed_input\.empty_body 500 exceeds 499"):
        validate(case)


def test_a_limit_of_the_use_case_holds_a_measured_number_too(case: Case, endpoint: Endpoint) -> None:
    case.edit_declaration(
        limits=[
            {"metric": "auc", "minimum": 0.7},
            {"metric": "latency_max_ms", "maximum": 5, "severity": "warning"},
        ]
    )
    approved(case)
    validate(case)
    [evidence] = recorded(case)
    judged = [each for each in evidence["measurements"] if each["name"] == "latency_max_ms"]
    assert [(each["maximum"], each["verdict"]) for each in judged] == [(60_000, "pass"), (5, "warning")]
    assert evidence["verdict"] == EvidenceVerdict.WARNING
