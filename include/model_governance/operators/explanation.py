"""Asks the candidate what an explanation of it needs; a class because the job is started with rows made for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from model_governance.domain.use_case import Explainability
from model_governance.hooks.aws import calling
from model_governance.operators.refusals import refusals_end_the_task
from model_governance.operators.run import Run, current_run
from model_governance.operators.transform import Batch, TransformOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from model_governance.evaluation.explainability.sample import Sample

CONTRIBUTIONS = {"MODEL_GOVERNANCE_OUTPUT": "contributions"}
"""What tells inference.py to answer contributions in the place of predictions."""


class ExplanationOperator(TransformOperator):
    """Has the run's candidate predict the rows of an explanation, for as long as its use case allows.

    Args:
        use_case: The use case's name.
    """

    def batch(self, run: Run) -> Batch:
        """Puts the rows where the job finds them; the same ones whenever the task runs again."""
        batch = explanation_batch(run)
        run.installation.artifacts.put_once(batch.rows, rows_to_ask(run), "text/csv")
        return batch

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> Any:
        """Stops a job that has taken too long; otherwise as a transform ends.

        Raises:
            AirflowFailException: The job failed, was stopped, or took longer than the use case allows.
            AirflowException: SageMaker failed; worth another try.
        """
        if event and event["status"] == "timeout":
            with refusals_end_the_task():
                run = current_run(self.use_case, context)
                with calling("sagemaker", f"StopTransformJob {event['job_name']}"):
                    run.jobs.client.stop_transform_job(TransformJobName=event["job_name"])
            limit = run.use_case.explainability.max_runtime_seconds
            raise AirflowFailException(
                f"explaining the model took longer than the {limit} seconds of explainability.max_runtime_seconds; job "
                f"{event['job_name']} is stopped. Lower explainability.sample_rows or coalitions in use_case.yaml, or "
                "raise the limit, and start a new run."
            )
        super().execute_complete(context, event)


def explanation_batch(run: Run) -> Batch:
    """What the candidate is asked for its explanation."""
    declared = run.use_case.explainability
    return Batch(
        job_name=f"{run.job_name}-shap",
        model_name=f"{run.job_name}-explanation",
        rows=f"{run.prefix}explanation/rows.csv",
        environment=CONTRIBUTIONS if declared.method == "contributions" else {},
        longest_seconds=declared.max_runtime_seconds,
    )


def explanation_sample(run: Run) -> Sample:
    """The rows to explain and those to compare them with."""
    from model_governance.evaluation.explainability.sample import sample_rows

    declared = run.use_case.explainability
    artifacts = run.installation.artifacts
    return sample_rows(
        artifacts.get(f"{run.split_prefix}holdout.csv"),
        artifacts.get(f"{run.split_prefix}train.csv"),
        run.use_case.data.features,
        rows=declared.sample_rows,
        background_rows=declared.background_rows,
        seed=declared.seed,
    )


def rows_to_ask(run: Run) -> bytes:
    """CSV of the rows that the model is asked for: those of the sample, or all that the general explainer needs."""
    from model_governance.evaluation.explainability.kernel import rows_to_predict

    declared: Explainability = run.use_case.explainability
    sample = explanation_sample(run)
    if declared.method == "contributions":
        return sample.csv(sample.rows)
    return sample.csv(rows_to_predict(sample, coalitions=declared.coalitions, seed=declared.seed))
