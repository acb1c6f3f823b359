"""Runs a candidate's training job; a class because it waits, and finds the job that an earlier try has started."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.operators.sagemaker import SageMakerTrainingOperator

from model_governance.hooks.aws import PIPELINE_CONNECTION, calling
from model_governance.hooks.jobs import attempt_name, attempts
from model_governance.operators.job import JobWait
from model_governance.operators.refusals import refusals_end_the_task
from model_governance.operators.run import Run, current_run, job_poll_seconds

if TYPE_CHECKING:
    from airflow.sdk import Context

_GRACE_SECONDS = 3600
"""Seconds beyond the job's own limit that are waited for it: instances are started and data is copied too."""


class TrainingOperator(JobWait, SageMakerTrainingOperator):
    """Trains the run's candidate, deferred, under a name that follows from the run.

    A job of that name that has completed is taken as it is, one that runs is waited for; after one that failed or was
    stopped, the next is ``<name>-2``.

    Args:
        use_case: The use case's name.
    """

    template_fields = ()
    job_type = "Training"

    def __init__(self, *, use_case: str, **kwargs: Any) -> None:
        super().__init__(
            config={},
            aws_conn_id=PIPELINE_CONNECTION,
            deferrable=True,
            print_log=False,
            check_interval=job_poll_seconds(),
            check_if_job_exists=False,
            do_xcom_push=False,
            **kwargs,
        )
        self.use_case = use_case

    def execute(self, context: Context) -> None:  # type: ignore[override]
        """Starts or finds the job, and waits for it in the triggerer."""
        with refusals_end_the_task():
            run = current_run(self.use_case, context)
            tried = attempts(run.jobs.training, run.job_name)
            self.max_attempts = math.ceil(
                (run.use_case.training.max_runtime_seconds + _GRACE_SECONDS) / self.check_interval
            )
            if tried and tried[-1].is_completed:
                self.log.info("training job %s has completed before", tried[-1].name)
            elif tried and tried[-1].is_running:
                self.wait_for(tried[-1])
            else:
                self.config = training_request(run, attempt_name(run.job_name, len(tried) + 1))
                with calling("sagemaker", f"CreateTrainingJob {self.config['TrainingJobName']}"):
                    super().execute(context)


def training_request(run: Run, name: str) -> dict[str, Any]:
    """CreateTrainingJob's request for a run's candidate: script mode, one channel, everything from declaration and run.

    Args:
        run: The run; its candidate is registered and its data divided.
        name: The job's name.
    """
    training = run.trained_as.training
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": training.image, "TrainingInputMode": "File"},
        "RoleArn": run.installation.settings.execution_role_arn,
        "HyperParameters": _hyperparameters(run),
        "InputDataConfig": [_channel("train", run.installation.artifacts.uri(f"{run.split_prefix}train.csv"))],
        "OutputDataConfig": {"S3OutputPath": run.installation.artifacts.uri(f"{run.prefix}training/")},
        "ResourceConfig": {
            "InstanceType": training.instance_type,
            "InstanceCount": training.instance_count,
            "VolumeSizeInGB": training.volume_size_gb,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": training.max_runtime_seconds},
        "Tags": [{"Key": "model-governance:use-case", "Value": run.name}],
    }


def _hyperparameters(run: Run) -> dict[str, str]:
    """The declared ones and script mode's own, each as JSON, which is how SageMaker's containers read them."""
    script_mode = {
        "sagemaker_program": run.use_case.training.program,
        "sagemaker_submit_directory": run.package().metadata["code_uri"],
        "sagemaker_container_log_level": 20,
        "sagemaker_region": run.jobs.client.meta.region_name,
    }
    return {
        name: json.dumps(value) for name, value in {**run.trained_as.training.hyperparameters, **script_mode}.items()
    }


def _channel(name: str, uri: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "ContentType": "text/csv", "DataSource": {"S3DataSource": source}}
