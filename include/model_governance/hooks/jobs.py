"""Training and batch transform jobs as they stand, and the names under which a run tries one again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from model_governance.errors import RecordMissing
from model_governance.hooks.aws import calling

_RUNNING = ("InProgress", "Stopping")
_NOT_OUR_FAULT = ("InternalServerError", "CapacityError")


@dataclass(frozen=True)
class Job:
    """A job, as SageMaker says it is now.

    Attributes:
        name: Its name.
        arn: Its ARN.
        status: SageMaker's ``TrainingJobStatus`` or ``TransformJobStatus``.
        failure_reason: Why it failed; empty otherwise.
        output: A training job's model artifact, or the folder that a transform job writes to.
    """

    name: str
    arn: str
    status: str
    failure_reason: str
    output: str

    @property
    def is_completed(self) -> bool:
        """Whether its output is there."""
        return self.status == "Completed"

    @property
    def is_running(self) -> bool:
        """Whether it is worth waiting for."""
        return self.status in _RUNNING


@dataclass(frozen=True)
class Jobs:
    """Jobs of SageMaker.

    Attributes:
        client: A boto3 client of SageMaker.
    """

    client: Any

    def training(self, name: str) -> Job | None:
        """The training job, or None if there is none."""
        answer = _found(f"DescribeTrainingJob {name}", lambda: self.client.describe_training_job(TrainingJobName=name))
        if answer is None:
            return None
        return Job(
            name=answer["TrainingJobName"],
            arn=answer["TrainingJobArn"],
            status=answer["TrainingJobStatus"],
            failure_reason=answer.get("FailureReason", ""),
            output=(answer.get("ModelArtifacts") or {}).get("S3ModelArtifacts", ""),
        )

    def transform(self, name: str) -> Job | None:
        """The transform job, or None if there is none."""
        answer = _found(
            f"DescribeTransformJob {name}", lambda: self.client.describe_transform_job(TransformJobName=name)
        )
        if answer is None:
            return None
        return Job(
            name=answer["TransformJobName"],
            arn=answer["TransformJobArn"],
            status=answer["TransformJobStatus"],
            failure_reason=answer.get("FailureReason", ""),
            output=answer["TransformOutput"]["S3OutputPath"],
        )

    def model_exists(self, name: str) -> bool:
        """Whether there is a model (not a model package) of that name."""
        return _found(f"DescribeModel {name}", lambda: self.client.describe_model(ModelName=name)) is not None


def attempts(find: Callable[[str], Job | None], name: str) -> tuple[Job, ...]:
    """Every job that a run has started under a name: the name itself, then ``-2``, ``-3`` and so on.

    Args:
        find: ``Jobs.training`` or ``Jobs.transform``.
        name: The first one's name.
    """
    tried: list[Job] = []
    while (job := find(attempt_name(name, len(tried) + 1))) is not None:
        tried.append(job)
    return tuple(tried)


def attempt_name(name: str, attempt: int) -> str:
    """The name of the first, second, ... job that a run starts: a task that runs again finds what it started."""
    return name if attempt == 1 else f"{name}-{attempt}"


def completed(find: Callable[[str], Job | None], name: str) -> Job:
    """The job of a run that has completed.

    Raises:
        RecordMissing: There is none; says how the last one ended.
    """
    tried = attempts(find, name)
    for job in reversed(tried):
        if job.is_completed:
            return job
    ended = f"the last one, {tried[-1].name}, is {tried[-1].status}" if tried else "none was started"
    raise RecordMissing(f"no job {name} has completed: {ended}. Clear the task that runs it.")


def is_an_outage(failure_reason: str) -> bool:
    """Whether a job failed by SageMaker's own fault, so that it is worth another try."""
    return failure_reason.startswith(_NOT_OUR_FAULT)


def _found(action: str, describe: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any] | None:
    try:
        with calling("sagemaker", action):
            return describe()
    except RecordMissing:
        return None
