"""Cards stay within SageMaker's limits, and the digest moves exactly when what people decide on moves."""

from __future__ import annotations

from model_governance.domain.evidence import Evidence, EvidenceKind, EvidenceVerdict
from model_governance.domain.model_card import (
    decided_digest,
    evaluation_detail,
    use_case_content,
    version_content,
    with_custom_details,
    with_evaluation,
)
from model_governance.domain.risk import RiskAssessment, RiskTier
from model_governance.domain.use_case import UseCase

RISK = RiskAssessment(tier=RiskTier.HIGH, points=9, explanation="x" * 5000)
USE_CASE = UseCase.model_validate(
    {
        "name": "loan-approval",
        "title": "Loan approval",
        "purpose": "Support lending decisions",
        "algorithm": "Gradient-boosted trees",
        "owner": "model-owner",
        "author": "data-scientist",
        "business": {"problem": "p", "stakeholders": ["lending"] * 600, "line_of_business": "lending"},
        "intended_uses": "u",
        "datazone": {"domain_id": "dzd_1", "project_id": "prj_1"},
        "risk": {
            "exposure": "customer",
            "automated_decisions": True,
            "affects_people": True,
            "data_sensitivity": "special_category",
        },
        "data": {
            "source": "s3://landing/loan-approval/loanapp.csv",
            "label": {"column": "approve", "positive": 1},
            "features": ["a", "b"],
            "facets": [{"name_or_index": "white", "value_or_threshold": [0]}],
            "split": {"seed": 1, "holdout_fraction": 0.3},
            "expectations": [{"type": "expect_column_to_exist", "kwargs": {"column": "a"}}],
        },
        "training": {"image": "i", "hyperparameters": {"rounds": 10}},
        "limits": [{"metric": "auc", "minimum": 0.7}],
    }
)
EVIDENCE = Evidence(kind=EvidenceKind.MODEL_QUALITY, uri="s3://b/r.json", sha256="a" * 64, verdict=EvidenceVerdict.PASS)


def test_long_texts_are_cut_to_the_card_limits() -> None:
    content = use_case_content(USE_CASE, RISK)
    assert len(content["intended_uses"]["explanations_for_risk_rating"]) == 2048
    assert len(content["business_details"]["business_stakeholders"]) == 2048


def test_card_carries_owner_risk_and_project() -> None:
    content = use_case_content(USE_CASE, RISK)
    assert content["model_overview"]["model_owner"] == "model-owner"
    assert content["intended_uses"]["risk_rating"] == "High"
    assert content["additional_information"]["custom_details"]["datazone_project_id"] == "prj_1"


def test_edit_of_what_people_decide_on_moves_the_digest() -> None:
    content = version_content(USE_CASE, RISK)
    before = decided_digest(content)
    assert decided_digest(with_evaluation(content, evaluation_detail(EVIDENCE, []))) != before
    assert decided_digest(with_custom_details(content, {"note": "changed"})) != before
    assert decided_digest(version_content(USE_CASE, RISK, model_artifact="s3://b/m.tar.gz")) != before


def test_monitoring_and_deployment_details_do_not_move_the_digest() -> None:
    content = version_content(USE_CASE, RISK)
    later = with_custom_details(content, {"monitoring_summary": "quiet", "deployment": "x", "test_validation": "pass"})
    assert decided_digest(later) == decided_digest(content)
    assert "monitoring_summary" not in content["additional_information"]["custom_details"]


def test_evaluation_of_the_same_name_is_replaced_not_repeated() -> None:
    content = version_content(USE_CASE, RISK)
    once = with_evaluation(content, evaluation_detail(EVIDENCE, []))
    twice = with_evaluation(once, evaluation_detail(EVIDENCE, []))
    assert once == twice
    assert content["evaluation_details"] == []
