"""Runs a candidate's batch transforms; classes because they wait, and find the job that an earlier try has started."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.operators.sagemaker import SageMakerTransformOperator

from model_governance.hooks.aws import PIPELINE_CONNECTION, calling
from model_governance.hooks.jobs import attempt_name, attempts
from model_governance.operators.job import JobWait
from model_governance.operators.refusals import refusals_end_the_task
from model_governance.operators.run import Run, current_run, job_poll_seconds

if TYPE_CHECKING:
    from airflow.sdk import Context

_LONGEST_SECONDS = 86400


@dataclass(frozen=True)
class Batch:
    """Rows that a candidate is to predict.

    Attributes:
        job_name: The first job's name.
        model_name: The model that only this job asks.
        rows: Key of the rows in the bucket: CSV without a header, the features in order.
        environment: What the model's container is told besides its own.
        longest_seconds: How long the job is waited for.
    """

    job_name: str
    model_name: str
    rows: str
    environment: Mapping[str, str] = field(default_factory=dict)
    longest_seconds: int = _LONGEST_SECONDS


class TransformOperator(JobWait, SageMakerTransformOperator):
    """Has the run's candidate predict the held-out rows, deferred, under a name that follows from the run.

    The model is made from image and bytes, not from the model package, which nobody has approved yet. Jobs are found
    again as ``TrainingOperator`` finds them.

    Args:
        use_case: The use case's name.
    """

    template_fields = ()
    job_type = "Transform"

    def __init__(self, *, use_case: str, **kwargs: Any) -> None:
        super().__init__(
            config={},
            aws_conn_id=PIPELINE_CONNECTION,
            deferrable=True,
            check_interval=job_poll_seconds(),
            max_attempts=_LONGEST_SECONDS // job_poll_seconds(),
            check_if_job_exists=False,
            check_if_model_exists=False,
            do_xcom_push=False,
            **kwargs,
        )
        self.use_case = use_case

    def batch(self, run: Run) -> Batch:
        """What is to be predicted."""
        return holdout_batch(run)

    def execute(self, context: Context) -> None:  # type: ignore[override]
        """Starts or finds the job, and waits for it in the triggerer."""
        with refusals_end_the_task():
            run = current_run(self.use_case, context)
            batch = self.batch(run)
            self.max_attempts = math.ceil(batch.longest_seconds / self.check_interval)
            tried = attempts(run.jobs.transform, batch.job_name)
            if tried and tried[-1].is_completed:
                self.log.info("transform job %s has completed before", tried[-1].name)
            elif tried and tried[-1].is_running:
                self.wait_for(tried[-1])
            else:
                self.config = transform_request(run, batch, attempt_name(batch.job_name, len(tried) + 1))
                with calling("sagemaker", f"CreateTransformJob {self.config['Transform']['TransformJobName']}"):
                    super().execute(context)


def holdout_batch(run: Run) -> Batch:
    """The held-out rows, all of them."""
    return Batch(run.job_name, f"{run.job_name}-evaluation", f"{run.split_prefix}holdout.csv")


def transform_request(run: Run, batch: Batch, name: str) -> dict[str, Any]:
    """The provider's configuration of a run's transform job; with its model, unless that is there already.

    Args:
        run: The run; its candidate has its model.
        batch: What is to be predicted.
        name: The job's name.
    """
    uri = run.installation.artifacts.uri
    rows = {"S3DataType": "S3Prefix", "S3Uri": uri(batch.rows)}
    transform = {
        "TransformJobName": name,
        "ModelName": batch.model_name,
        "BatchStrategy": "MultiRecord",
        "TransformInput": {"DataSource": {"S3DataSource": rows}, "ContentType": "text/csv", "SplitType": "Line"},
        "TransformOutput": {
            "S3OutputPath": uri(f"{run.prefix}transform/{name}/"),
            "Accept": "text/csv",
            "AssembleWith": "Line",
        },
        "TransformResources": {"InstanceType": run.use_case.training.instance_type, "InstanceCount": 1},
        "Tags": [{"Key": "model-governance:use-case", "Value": run.name}],
    }
    if run.jobs.model_exists(batch.model_name):
        return {"Transform": transform}
    return {"Model": _model(run, batch), "Transform": transform}


def _model(run: Run, batch: Batch) -> dict[str, Any]:
    """CreateModel's request: the candidate's own container, by image and bytes."""
    container = run.package().raw["InferenceSpecification"]["Containers"][0]
    return {
        "ModelName": batch.model_name,
        "PrimaryContainer": {
            "Image": container["Image"],
            "ModelDataUrl": container["ModelDataUrl"],
            "Environment": {**container.get("Environment", {}), **batch.environment},
        },
        "ExecutionRoleArn": run.installation.settings.execution_role_arn,
        "Tags": [{"Key": "model-governance:use-case", "Value": run.name}],
    }
