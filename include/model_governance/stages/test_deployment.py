"""Test deployment: the approved version is served from a test endpoint, and what it answers there is validated."""

from __future__ import annotations

from airflow.sdk import chain, task_group

from model_governance.domain.deployment import Environment
from model_governance.domain.evidence import EvidenceKind, EvidenceVerdict, Measurement
from model_governance.errors import EvaluationRefused
from model_governance.evaluation.report import Assessment
from model_governance.hooks.model_registry import StageStatus
from model_governance.operators.endpoint import EndpointOperator, endpoint_name, note_stage
from model_governance.operators.run import Run
from model_governance.stages.evidence import record_evidence
from model_governance.stages.task import stage_task

_TEST = Environment.TEST


@task_group(tooltip="The version is served from a test endpoint and validated there.")
def test_deployment(use_case: str) -> None:
    """From an approved version to one that has answered."""
    chain(EndpointOperator(task_id="deploy", use_case=use_case, environment=_TEST), validate(use_case))


@stage_task
def validate(run: Run) -> None:
    """Compare the endpoint's answers with the batch transform's, send it nonsense, and see that it lives on."""
    from model_governance.stages.served_model import compare_with_transform, refuses_malformed_rows

    parity = compare_with_transform(run, _TEST, run.use_case.deployment.sample_rows)
    refused = refuses_malformed_rows(run, _TEST)
    after = compare_with_transform(run, _TEST, 1)
    largest = max(parity.largest_difference, after.largest_difference)
    assessment = assess_test(parity.rows, largest, run.use_case.deployment.parity_tolerance, refused)
    record_evidence(run, assessment)
    if assessment.failures:
        raise EvaluationRefused(f"the test endpoint does not hold: {'; '.join(assessment.failures)}")
    note_stage(run, _TEST, StageStatus.DEPLOYED, f"validated on endpoint {endpoint_name(run, _TEST)}")


def assess_test(rows: int, largest_difference: float, tolerance: float, malformed_refused: bool) -> Assessment:
    """What the test endpoint showed, judged.

    Args:
        rows: How many held-out rows it answered.
        largest_difference: From the batch transform's answer to the same row, in [0, 1].
        tolerance: The largest difference allowed, in (0, 0.01].
        malformed_refused: Whether it refused rows that are no application; it answered afterwards in any case.
    """
    measurements = (
        Measurement(
            name="largest_difference_from_batch_transform",
            value=largest_difference,
            maximum=tolerance,
            verdict=EvidenceVerdict.PASS if largest_difference <= tolerance else EvidenceVerdict.FAIL,
            detail=f"{rows} held-out rows",
        ),
        Measurement(
            name="malformed_rows_refused",
            value=float(malformed_refused),
            minimum=1,
            verdict=EvidenceVerdict.PASS if malformed_refused else EvidenceVerdict.FAIL,
            detail="and the endpoint answered afterwards",
        ),
    )
    report = {
        "version": "1.0",
        "rows": rows,
        "parity_tolerance": tolerance,
        "largest_difference": largest_difference,
        "malformed_rows_refused": malformed_refused,
    }
    return Assessment(EvidenceKind.TEST_VALIDATION, report, measurements)
