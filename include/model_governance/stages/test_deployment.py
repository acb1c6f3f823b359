"""Test deployment: the approved version is served from a test endpoint, and what it shows there is put on record."""

from __future__ import annotations

from airflow.sdk import chain, task_group

from model_governance.domain.decision import Gate
from model_governance.domain.deployment import Environment
from model_governance.domain.evidence import EvidenceKind
from model_governance.errors import EvaluationRefused
from model_governance.evaluation.report import Assessment
from model_governance.hooks.model_registry import PRODUCTION_STAGE, TEST_STAGE, StageStatus
from model_governance.operators.endpoint import EndpointOperator, endpoint_name, note_stage
from model_governance.operators.run import Run
from model_governance.stages.evidence import record_evidence
from model_governance.stages.task import stage_task

_TEST = Environment.TEST
_LONGEST_REASON = 600


@task_group(tooltip="The version is served from a test endpoint and validated there.")
def test_deployment(use_case: str) -> None:
    """From an approved version to one that has answered."""
    chain(EndpointOperator(task_id="deploy", use_case=use_case, environment=_TEST), validate(use_case))


@stage_task
def validate(run: Run) -> None:
    """Run every declared test against the test endpoint, and put what each showed on record.

    A test that fails stops nothing here, no other test either: it is evidence, and the production gate names it.
    """
    from model_governance.stages.served_model import refuse_other_version
    from model_governance.stages.validation import validation_of

    refuse_other_version(run, _TEST)
    attempt = validation_of(run)
    record_evidence(run, attempt.assessment, key=attempt.key)
    if attempt.assessment.failures:
        note_failures(run, attempt.assessment)
        refuse_where_no_gate_will(run, attempt.assessment)
    else:
        note_stage(run, _TEST, StageStatus.DEPLOYED, f"validated on endpoint {endpoint_name(run, _TEST)}")


def note_failures(run: Run, assessment: Assessment) -> None:
    """Notes in the candidate's life cycle what failed, unless it is past its test already."""
    package = run.package()
    if package.stage != PRODUCTION_STAGE:
        found = "; ".join(assessment.failures)[:_LONGEST_REASON]
        description = f"validation failed in run {run.run_id}: {found}"
        run.installation.registry.set_life_cycle(package.arn, TEST_STAGE, StageStatus.FAILED, description)


def refuse_where_no_gate_will(run: Run, assessment: Assessment) -> None:
    """Raises for a failed validation that the policy asks for at no gate of the use case's tier.

    Raises:
        EvaluationRefused: Every failure is named.
    """
    rule = run.installation.policy.rule(run.risk.tier, Gate.PRODUCTION)
    if EvidenceKind.TEST_VALIDATION not in rule.evidence:
        raise EvaluationRefused(f"the test endpoint does not hold: {'; '.join(assessment.failures)}")
