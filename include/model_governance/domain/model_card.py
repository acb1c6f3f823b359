"""What a model card says: content for a use case and for a version, and the digest of what people decide on."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from model_governance.domain.canonical import digest
from model_governance.domain.evidence import Evidence
from model_governance.domain.risk import RiskAssessment
from model_governance.domain.use_case import UseCase

HEAD_DETAIL = "ledger_head"
"""Custom detail of a version's card that says what the ledger's last entry was after a decision or deployment."""

UNDECIDED_DETAILS = ("deployment", HEAD_DETAIL, "monitoring", "test_validation")
"""Prefixes of the custom details that may change without reopening a gate: they come after the decision."""


def use_case_content(use_case: UseCase, risk: RiskAssessment) -> dict[str, Any]:
    """Content of a use case's own (standalone) model card."""
    return {
        "model_overview": {
            "model_description": _cut(use_case.title, 1024),
            "model_owner": use_case.owner,
            "model_creator": use_case.author,
            "problem_type": use_case.problem_type,
            "algorithm_type": use_case.algorithm,
        },
        **_shared_sections(use_case, risk),
    }


def version_content(
    use_case: UseCase,
    risk: RiskAssessment,
    *,
    model_artifact: str | None = None,
    training_job_arn: str | None = None,
    datasets: Sequence[str] = (),
    evaluations: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """Content of a version's card, as far as it is known.

    Args:
        use_case: The declaration.
        risk: The assessment of its answers.
        model_artifact: URI of the model's bytes, once there.
        training_job_arn: ARN of the training job, once there.
        datasets: URIs of the training data.
        evaluations: Entries for evaluation_details; see ``evaluation_detail``.
    """
    overview: dict[str, Any] = {"model_creator": use_case.author}
    if model_artifact:
        overview["model_artifact"] = [model_artifact]
    job: dict[str, Any] = {
        "training_datasets": list(datasets),
        "training_environment": {"container_image": [use_case.training.image]},
        "hyper_parameters": [
            {"name": name, "value": str(value)[:255]}
            for name, value in sorted(use_case.training.hyperparameters.items())
        ],
    }
    if training_job_arn:
        job["training_arn"] = training_job_arn
    return {
        "model_overview": overview,
        **_shared_sections(use_case, risk),
        "training_details": {
            "training_observations": _cut(use_case.algorithm, 1024),
            "training_job_details": job,
        },
        "evaluation_details": list(evaluations),
    }


def evaluation_detail(
    evidence: Evidence,
    metric_groups: Sequence[dict[str, Any]],
    *,
    datasets: Sequence[str] = (),
    job_arn: str | None = None,
) -> dict[str, Any]:
    """One entry of a card's evaluation_details: the evidence's verdict, its digest and its numbers.

    Args:
        evidence: The evidence.
        metric_groups: The report's metric groups, in the card's form.
        datasets: URIs of what it was computed on; at most ten are kept.
        job_arn: ARN of the job that made the predictions, if any.
    """
    observed = "; ".join(m.sentence for m in evidence.measurements if m.verdict != "pass")
    detail: dict[str, Any] = {
        "name": evidence.kind.value,
        "evaluation_observation": _cut(f"Verdict: {evidence.verdict}. {observed}".strip(), 2096),
        "datasets": list(datasets)[:10],
        "metadata": {"report": evidence.uri, "sha256": evidence.sha256, "verdict": evidence.verdict.value},
        "metric_groups": list(metric_groups),
    }
    if job_arn:
        detail["evaluation_job_arn"] = job_arn
    return detail


def with_evaluation(content: dict[str, Any], detail: dict[str, Any]) -> dict[str, Any]:
    """The content with the evaluation put in, replacing one of the same name; the argument is left as it is."""
    changed = copy.deepcopy(content)
    others = [each for each in changed.get("evaluation_details", []) if each["name"] != detail["name"]]
    changed["evaluation_details"] = [*others, detail]
    return changed


def with_custom_details(content: dict[str, Any], details: dict[str, str]) -> dict[str, Any]:
    """The content with these custom details put in, each cut to 1024 characters; the argument is left as it is."""
    changed = copy.deepcopy(content)
    section = changed.setdefault("additional_information", {}).setdefault("custom_details", {})
    section.update({name: _cut(value, 1024) for name, value in details.items()})
    return changed


def decided_digest(content: dict[str, Any]) -> str:
    """Digest of what people decide on: the whole content but for the custom details that come after a decision."""
    decided = copy.deepcopy(content)
    details = decided.get("additional_information", {}).get("custom_details", {})
    for name in [name for name in details if name.startswith(UNDECIDED_DETAILS)]:
        del details[name]
    return digest(decided)


def _shared_sections(use_case: UseCase, risk: RiskAssessment) -> dict[str, Any]:
    return {
        "intended_uses": {
            "purpose_of_model": use_case.purpose,
            "intended_uses": use_case.intended_uses,
            "factors_affecting_model_efficiency": use_case.factors_affecting_model_efficiency,
            "risk_rating": risk.tier.value,
            "explanations_for_risk_rating": _cut(risk.explanation, 2048),
        },
        "business_details": {
            "business_problem": use_case.business.problem,
            "business_stakeholders": _cut(", ".join(use_case.business.stakeholders), 2048),
            "line_of_business": use_case.business.line_of_business,
        },
        "additional_information": {
            "ethical_considerations": use_case.ethical_considerations,
            "custom_details": {
                "use_case": use_case.name,
                "use_case_digest": use_case.digest,
                "owner": use_case.owner,
                "datazone_domain_id": use_case.datazone.domain_id,
                "datazone_project_id": use_case.datazone.project_id,
            },
        },
    }


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
