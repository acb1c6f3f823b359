"""Runs a candidate's batch transform; a class because it waits, and finds the job that an earlier try has started."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.amazon.aws.operators.sagemaker import SageMakerTransformOperator

from model_governance.hooks.aws import PIPELINE_CONNECTION, calling
from model_governance.hooks.jobs import Job, attempt_name, attempts
from model_governance.operators.refusals import refusals_end_the_task
from model_governance.operators.run import Run, current_run, job_poll_seconds
from model_governance.operators.training import refuse_failed_job
from model_governance.triggers.job import JobTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.triggers.base import BaseTrigger

_LONGEST_SECONDS = 86400


class TransformOperator(SageMakerTransformOperator):
    """Has the run's candidate predict the held-out rows, deferred, under a name that follows from the run.

    The model is made from image and bytes, not from the model package, which nobody has approved yet. Jobs are found
    again as ``TrainingOperator`` finds them.

    Args:
        use_case: The use case's name.
    """

    template_fields = ()

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

    def execute(self, context: Context) -> None:  # type: ignore[override]
        """Starts or finds the job, and waits for it in the triggerer."""
        with refusals_end_the_task():
            run = current_run(self.use_case, context)
            tried = attempts(run.jobs.transform, run.job_name)
            if tried and tried[-1].is_completed:
                self.log.info("transform job %s has completed before", tried[-1].name)
            elif tried and tried[-1].is_running:
                self._wait_for(tried[-1])
            else:
                self.config = transform_request(run, attempt_name(run.job_name, len(tried) + 1))
                with calling("sagemaker", f"CreateTransformJob {self.config['Transform']['TransformJobName']}"):
                    super().execute(context)

    def defer(self, *, trigger: BaseTrigger, **arguments: Any) -> NoReturn:
        """Waits by the trigger that ends a completed job's task itself, in the place of the provider's."""
        super().defer(trigger=JobTrigger(**trigger.serialize()[1]), **arguments)

    def execute_complete(  # type: ignore[override]
        self, context: Context, event: dict[str, Any] | None = None
    ) -> None:
        """Ends the task by what the trigger saw, if that was no success.

        Raises:
            AirflowFailException: The job failed or was stopped.
            AirflowException: SageMaker failed; worth another try.
        """
        refuse_failed_job("transform job", event)

    def _wait_for(self, job: Job) -> NoReturn:
        self.log.info("transform job %s runs already", job.name)
        self.defer(
            trigger=JobTrigger(
                job_name=job.name,
                job_type="Transform",
                waiter_delay=self.check_interval,
                waiter_max_attempts=self.max_attempts,
                aws_conn_id=self.aws_conn_id,
            ),
            method_name="execute_complete",
        )


def evaluation_model(run: Run) -> str:
    """Name of the model that only predicts held-out rows."""
    return f"{run.job_name}-evaluation"


def transform_request(run: Run, name: str) -> dict[str, Any]:
    """The provider's configuration of a run's transform job; with its model, unless that is there already.

    Args:
        run: The run; its candidate has its model.
        name: The job's name.
    """
    uri = run.installation.artifacts.uri
    rows = {"S3DataType": "S3Prefix", "S3Uri": uri(f"{run.split_prefix}holdout.csv")}
    transform = {
        "TransformJobName": name,
        "ModelName": evaluation_model(run),
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
    if run.jobs.model_exists(evaluation_model(run)):
        return {"Transform": transform}
    return {"Model": _model(run), "Transform": transform}


def _model(run: Run) -> dict[str, Any]:
    """CreateModel's request: the candidate's own container, by image and bytes."""
    container = run.package().raw["InferenceSpecification"]["Containers"][0]
    return {
        "ModelName": evaluation_model(run),
        "PrimaryContainer": {
            "Image": container["Image"],
            "ModelDataUrl": container["ModelDataUrl"],
            "Environment": container.get("Environment", {}),
        },
        "ExecutionRoleArn": run.installation.settings.execution_role_arn,
        "Tags": [{"Key": "model-governance:use-case", "Value": run.name}],
    }
