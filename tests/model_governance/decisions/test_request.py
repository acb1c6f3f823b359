"""A gate is asked for once, with its evidence complete, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from model_governance.domain.decision import DecisionVerdict, Gate
from model_governance.domain.evidence import EvidenceKind, EvidenceVerdict, Measurement
from model_governance.domain.ledger import EntryKind
from model_governance.domain.request import GateRequest
from model_governance.errors import ArtifactChanged, DecisionRefused, EvidenceMissing, RecordMissing

if TYPE_CHECKING:
    from conftest import Case


def test_a_requested_use_case_is_pending_and_on_record(case: Case) -> None:
    card = case.card()
    entry = case.request(Gate.USE_CASE)
    request = GateRequest.model_validate(entry.body)
    assert (entry.kind, entry.subject, request.owner) == (EntryKind.REQUEST, card, "model-owner")
    assert case.pipeline.cards.describe(case.name).status == "PendingReview"


def test_a_request_repeated_is_the_same_request(case: Case) -> None:
    case.card()
    first = case.request(Gate.USE_CASE)
    assert case.request(Gate.USE_CASE) == first
    assert len(case.entries(EntryKind.REQUEST)) == 1


def test_an_approved_use_case_is_not_asked_for_again_by_another_run(case: Case) -> None:
    case.approve_use_case()
    case.run_id = "scheduled__2"
    case.card()
    case.request(Gate.USE_CASE)
    assert len(case.entries(EntryKind.REQUEST)) == 1
    assert case.pipeline.cards.describe(case.name).status == "Approved"
    assert case.open(Gate.USE_CASE).decisions[0].actor == "business-approver"


def test_a_rejected_use_case_is_asked_for_again_by_another_run_and_not_by_the_same(case: Case) -> None:
    card = case.card()
    case.request(Gate.USE_CASE)
    case.decide(Gate.USE_CASE, card, DecisionVerdict.REJECT)
    case.request(Gate.USE_CASE)
    assert len(case.entries(EntryKind.REQUEST)) == 1
    case.run_id = "manual__2"
    case.request(Gate.USE_CASE)
    assert len(case.entries(EntryKind.REQUEST)) == 2
    assert case.pipeline.cards.describe(case.name).status == "PendingReview"


def test_a_changed_use_case_is_asked_for_again(case: Case) -> None:
    case.approve_use_case()
    case.edit_declaration(purpose="Something else.")
    case.card()
    case.request(Gate.USE_CASE)
    assert len(case.entries(EntryKind.REQUEST)) == 2
    assert case.pipeline.cards.describe(case.name).status == "PendingReview"


def test_missing_evidence_is_named_with_owner_and_remedy(case: Case) -> None:
    case.approve_use_case()
    arn = case.register()
    case.train(arn)
    case.gather(arn, EvidenceKind.DATA_QUALITY, EvidenceKind.PRE_TRAINING_BIAS, EvidenceKind.MODEL_QUALITY)
    with pytest.raises(EvidenceMissing) as refused:
        case.request(Gate.GOVERNANCE)
    assert "post_training_bias: there is no such evidence (owner: author;" in str(refused.value)
    assert "model_quality" not in str(refused.value)
    assert len(case.entries(EntryKind.REQUEST)) == 1


def test_failed_evidence_is_named_with_its_numbers(case: Case) -> None:
    case.approve_use_case()
    arn = case.register()
    case.train(arn)
    case.gather(arn, EvidenceKind.DATA_QUALITY, EvidenceKind.PRE_TRAINING_BIAS, EvidenceKind.MODEL_QUALITY)
    unfair = Measurement(
        name="disparate_impact", value=0.71, facet="white", minimum=0.8, maximum=1.25, verdict=EvidenceVerdict.FAIL
    )
    case.gather(arn, EvidenceKind.POST_TRAINING_BIAS, verdict=EvidenceVerdict.FAIL, measurements=(unfair,))
    with pytest.raises(EvidenceMissing, match=r"disparate_impact 0.71 \(facet white\) is below 0.8"):
        case.request(Gate.GOVERNANCE)


def test_a_version_without_its_model_is_not_asked_for(case: Case) -> None:
    case.approve_use_case()
    arn = case.register()
    case.gather(arn, *[kind for kind in EvidenceKind if kind is not EvidenceKind.TEST_VALIDATION])
    with pytest.raises(EvidenceMissing, match="model: it has no bytes"):
        case.request(Gate.GOVERNANCE)


def test_a_model_changed_since_training_is_not_asked_for(case: Case) -> None:
    case.approve_use_case()
    arn = case.candidate()
    case.principal("admin").artifacts.client.put_object(
        Bucket="model-governance", Key=case.package(arn).model_data_url.split("/", 3)[3], Body=b"another model"
    )
    with pytest.raises(ArtifactChanged, match="training noted"):
        case.request(Gate.GOVERNANCE)


def test_a_report_changed_since_it_was_recorded_is_not_asked_for(case: Case) -> None:
    case.approve_use_case()
    arn = case.candidate()
    uri = case.package(arn).metrics["ModelQuality"]["Statistics"]["S3Uri"]
    case.principal("admin").artifacts.client.put_object(Bucket="model-governance", Key=uri.split("/", 3)[3], Body=b"{}")
    with pytest.raises(ArtifactChanged, match="evidence model_quality"):
        case.request(Gate.GOVERNANCE)


def test_a_run_without_a_candidate_cannot_ask(case: Case) -> None:
    case.approve_use_case()
    with pytest.raises(RecordMissing, match="has no candidate in the ledger"):
        case.request(Gate.GOVERNANCE)


def test_another_use_cases_version_cannot_be_asked_for(case: Case) -> None:
    arn = case.governed()
    other = arn.replace(f"/{case.name}/", "/case-0/")
    with pytest.raises(RecordMissing):
        case.request(Gate.GOVERNANCE, other)


def test_an_edit_of_the_file_under_way_changes_nothing_in_the_run(case: Case) -> None:
    """The owner cannot make somebody else the owner between training and the gate."""
    case.declare()
    case.approve_use_case()
    arn = case.candidate()
    case.edit_declaration(owner="data-scientist", approvers={"governance": ["model-owner"]})
    request = GateRequest.model_validate(case.request(Gate.GOVERNANCE).body)
    assert (request.owner, request.approvers, request.subject) == ("model-owner", (), arn)


def test_who_started_the_run_is_in_the_request(case: Case) -> None:
    case.approve_use_case()
    case.register(trainer="governance-officer")
    arn = case.candidate()
    case.request(Gate.GOVERNANCE)
    with pytest.raises(DecisionRefused, match="is its trainer"):
        case.decide(Gate.GOVERNANCE, arn)


def test_the_question_names_who_may_answer_it(case: Case) -> None:
    arn = case.governed()
    package = case.package(arn)
    assert package.approval_status == "PendingManualApproval"
    assert "governance_officer" in package.approval_description
