"""Bias evaluation: the candidate predicts rows it has never seen, and is judged by the quality and bias of that."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow.sdk import chain, task_group

from model_governance.hooks.jobs import Job, completed
from model_governance.hooks.model_registry import ApprovalStatus, RegistrationType
from model_governance.operators.explanation import ExplanationOperator, explanation_batch, explanation_sample
from model_governance.operators.run import Run
from model_governance.operators.transform import TransformOperator
from model_governance.stages.cumulative_change import ask_for_full_review
from model_governance.stages.evidence import record_evidence
from model_governance.stages.evidence_report import keep_evidence_report
from model_governance.stages.task import stage_task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from model_governance.evaluation.predictions import HeldOut
    from model_governance.evaluation.report import Assessment

log = logging.getLogger(__name__)


@task_group(tooltip="The candidate predicts held-out rows; quality and bias of its predictions are judged.")
def bias_evaluation(use_case: str) -> None:
    """From a model to evidence about it."""
    chain(
        [
            TransformOperator(task_id="predict_holdout", use_case=use_case),
            ExplanationOperator(task_id="predict_explanation", use_case=use_case),
        ],
        evaluate_model(use_case),
    )


@stage_task
def evaluate_model(run: Run) -> None:
    """Judge the predictions, and turn the candidate into a registered version that waits for approval.

    A limit that is missed stops nothing here: it is evidence, and the gate names it.
    """
    from model_governance.evaluation.assess import assess_post_training_bias
    from model_governance.evaluation.constraints import with_constraints
    from model_governance.evaluation.model_gain import read_gain, with_gain
    from model_governance.evaluation.model_quality.assess import assess_model_quality

    held_out, predictions = held_out_predictions(run)
    data = [run.installation.artifacts.uri(f"{run.split_prefix}holdout.csv")]
    job_arn = completed(run.jobs.transform, run.job_name).arn
    minimum = run.installation.policy.assessment.minimum_group_rows
    gain = read_gain(run.installation.artifacts.get(run.package().model_data_url))
    quality = assess_model_quality(held_out, predictions, run.use_case, minimum_group_rows=minimum)
    bias = assess_post_training_bias(held_out, predictions, run.use_case, minimum_group_rows=minimum)
    for assessment in (with_gain(with_constraints(quality), gain), bias):
        record_evidence(run, assessment, datasets=data, job_arn=job_arn)
    explained = completed(run.jobs.transform, explanation_batch(run).job_name)
    record_evidence(run, explain_model(run, explained, predictions), datasets=data, job_arn=explained.arn)
    keep_evidence_report(run)
    ask_for_full_review(run)
    package = run.package()
    if package.registration_type != RegistrationType.REGISTERED:
        run.installation.registry.set_registered(package.arn)
    if package.approval_status not in tuple(ApprovalStatus):
        run.installation.registry.set_approval(package.arn, ApprovalStatus.PENDING, f"evaluated by run {run.run_id}")


def explain_model(run: Run, job: Job, predictions: NDArray[np.float64]) -> Assessment:
    """What moves the candidate's predictions, from the answers of the explanation's transform.

    Raises:
        EvaluationRefused: The answers are no contributions to these predictions, not one for each row, or another
            model's.
    """
    from model_governance.evaluation.explainability.assess import assess_contributions, assess_kernel

    artifacts = run.installation.artifacts
    answers = artifacts.get(f"{job.output.rstrip('/')}/rows.csv.out")
    sample = explanation_sample(run)
    if run.use_case.explainability.method == "contributions":
        return assess_contributions(sample, answers, predictions, run.use_case)
    return assess_kernel(sample, artifacts.get(explanation_batch(run).rows), answers, predictions, run.use_case)


def held_out_predictions(run: Run) -> tuple[HeldOut, NDArray[np.float64]]:
    """The held-out rows as they were frozen, and what the batch transform predicted for them.

    Raises:
        EvaluationRefused: The predictions are not of the label, or not one a row.
        RecordMissing: No transform has completed.
    """
    from model_governance.evaluation.predictions import read_holdout_labels, read_predictions

    artifacts = run.installation.artifacts
    held_out = read_holdout_labels(
        artifacts.get(f"{run.split_prefix}holdout_labels.csv"),
        run.use_case.data,
        artifacts.get(f"{run.split_prefix}holdout.csv"),
    )
    output = completed(run.jobs.transform, run.job_name).output.rstrip("/")
    answers = artifacts.get(f"{output}/holdout.csv.out")
    return held_out, read_predictions(answers, len(held_out.labels), run.use_case.data.label)
