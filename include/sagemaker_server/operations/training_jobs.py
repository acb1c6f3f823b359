"""Training jobs: CreateTrainingJob, DescribeTrainingJob, StopTrainingJob, ListTrainingJobs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from sagemaker_server.errors import ResourceInUse, ValidationException
from sagemaker_server.operations.call import Call, Scope, operation
from sagemaker_server.operations.offers import may_pass_role, refuse_others, require_value, s3_uri
from sagemaker_server.operations.sorted_lists import list_rows
from sagemaker_server.operations.tags import set_first_tags, taggable
from sagemaker_server.runtime.container.training import decode
from sagemaker_server.runtime.images import resolve
from sagemaker_server.storage.jobs import Job, JobKind, JobStatus, SecondaryStatus, find_job

DEFAULT_RUNTIME = 86_400
OFFERED = {
    "TrainingJobName",
    "HyperParameters",
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "StoppingCondition",
    "Tags",
    "Environment",
    # these make no difference to a job on one host, or add observers that are not here
    "EnableInterContainerTrafficEncryption",
    "ExperimentConfig",
    "DebugHookConfig",
    "ProfilerConfig",
    "ProfilerRuleConfigurations",
    "RetryStrategy",
}
DESCRIBED = OFFERED - {"Tags", "TrainingJobName"}


def _arn(scope: Scope, request: dict[str, Any]) -> str:
    return scope.arn(f"training-job/{request['TrainingJobName']}")


@operation("CreateTrainingJob", resource=_arn)
def create_training_job(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Puts a training job on record and, once that is on disk, into the queue; see AWS's API_CreateTrainingJob.

    Raises:
        AccessDeniedException: The caller may not pass on the role.
        ResourceInUse: A job of that name exists.
        ValidationException: The job asks for what is not offered here, or is not in script mode.
    """
    _check(request)
    may_pass_role(call, request["RoleArn"])
    name, arn = request["TrainingJobName"], _arn(call, request)
    if find_job(call.session, JobKind.TRAINING, name) is not None:
        raise ResourceInUse(
            "Training job names must be unique within an AWS account and region, "
            f"and a training job with this name already exists ({arn})"
        )
    request.setdefault("StoppingCondition", {}).setdefault("MaxRuntimeInSeconds", DEFAULT_RUNTIME)
    request["ResourceConfig"].setdefault("InstanceCount", 1)
    job = Job(
        kind=JobKind.TRAINING,
        name=name,
        arn=arn,
        status=JobStatus.IN_PROGRESS,
        request=request,
        created=call.now,
        transitions=[],
    )
    job.enter(SecondaryStatus.STARTING, "Starting the training job", call.now)
    call.session.add(job)
    set_first_tags(call, arn, request.get("Tags", []))
    call.on_commit(lambda: call.runtime.jobs.submit(JobKind.TRAINING, name))
    return {"TrainingJobArn": arn}


@operation("DescribeTrainingJob", resource=_arn)
def describe_training_job(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """What was asked for, how far the job is, and why it ended; see AWS's API_DescribeTrainingJob.

    Raises:
        ValidationException: No such job.
    """
    job = _existing(call, request["TrainingJobName"])
    seconds = max(1, round((job.ended - job.started).total_seconds())) if job.ended and job.started else None
    return {
        "TrainingJobName": job.name,
        "TrainingJobArn": job.arn,
        "TrainingJobStatus": job.status,
        "SecondaryStatus": job.secondary_status,
        "SecondaryStatusTransitions": [_transition(entry) for entry in job.transitions],
        "CreationTime": job.created,
        "LastModifiedTime": job.modified,
        "TrainingStartTime": job.started,
        "TrainingEndTime": job.ended,
        "TrainingTimeInSeconds": seconds,
        "BillableTimeInSeconds": seconds,
        "FailureReason": job.failure_reason,
        "ModelArtifacts": {"S3ModelArtifacts": job.artifacts} if job.artifacts else None,
        "EnableNetworkIsolation": False,
        "EnableManagedSpotTraining": False,
        **{name: value for name, value in job.request.items() if name in DESCRIBED},
    }


@operation("StopTrainingJob", resource=_arn)
def stop_training_job(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Asks a job to stop: SIGTERM, and SIGKILL after 120 s, as AWS does; see AWS's API_StopTrainingJob.

    Raises:
        ValidationException: No such job, or it has ended.
    """
    job = _existing(call, request["TrainingJobName"])
    if JobStatus(job.status).is_final:
        raise ValidationException(f"The request was rejected because the training job is in status {job.status}.")
    if job.status != JobStatus.STOPPING:
        job.status = JobStatus.STOPPING
        job.enter(SecondaryStatus.STOPPING, "Stopping the training job", call.now)
    call.on_commit(lambda: call.runtime.jobs.ask_to_stop(JobKind.TRAINING, job.name))
    return {}


@operation("ListTrainingJobs")
def list_training_jobs(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Training jobs in pages; see AWS's API_ListTrainingJobs."""
    columns = {"Name": Job.name, "CreationTime": Job.created, "LastModifiedTime": Job.modified, "Status": Job.status}
    refuse_others(request, {name for name in request if not name.startswith(("WarmPool", "TrainingPlan"))}, "The list")
    statement = select(Job).where(Job.kind == JobKind.TRAINING)
    rows, token = list_rows(call.session, statement, columns, request, descending=False)
    return {"TrainingJobSummaries": [_summary(job) for job in rows], **token}


def _summary(job: Job) -> dict[str, Any]:
    return {
        "TrainingJobName": job.name,
        "TrainingJobArn": job.arn,
        "CreationTime": job.created,
        "TrainingEndTime": job.ended,
        "LastModifiedTime": job.modified,
        "TrainingJobStatus": job.status,
        "SecondaryStatus": job.secondary_status,
    }


@taggable("training-job")
def _job_exists(call: Call, arn: str) -> bool:
    return call.session.scalars(select(Job.name).where(Job.arn == arn)).first() is not None


def _existing(call: Call, name: str) -> Job:
    job = find_job(call.session, JobKind.TRAINING, name)
    if job is None:
        raise ValidationException("Requested resource not found.")
    return job


def _transition(entry: dict[str, Any]) -> dict[str, Any]:
    times: dict[str, Any] = {
        name: datetime.fromtimestamp(entry[name] / 1000, UTC) for name in ("StartTime", "EndTime") if name in entry
    }
    return {**entry, **times}


def _check(request: dict[str, Any]) -> None:
    """Refuses at once what would fail later, or would not be what was asked for."""
    refuse_others(request, OFFERED, "The training job")
    algorithm = request.get("AlgorithmSpecification") or {}
    offered = {"TrainingImage", "TrainingInputMode", "MetricDefinitions", "EnableSageMakerMetricsTimeSeries"}
    refuse_others(algorithm, offered, "AlgorithmSpecification")
    if not algorithm.get("TrainingImage"):
        raise ValidationException("AlgorithmSpecification.TrainingImage is required.")
    resolve(algorithm["TrainingImage"])
    require_value(algorithm["TrainingInputMode"], ("File",), "TrainingInputMode")
    _check_script(request.get("HyperParameters") or {})
    resources = request.get("ResourceConfig") or {}
    refuse_others(
        resources, {"InstanceType", "InstanceCount", "VolumeSizeInGB", "KeepAlivePeriodInSeconds"}, "ResourceConfig"
    )
    if not resources.get("InstanceType"):
        raise ValidationException("ResourceConfig.InstanceType is required.")
    require_value(resources.get("InstanceCount", 1), (1,), "ResourceConfig.InstanceCount")
    output = request["OutputDataConfig"]
    refuse_others(output, {"S3OutputPath", "CompressionType"}, "OutputDataConfig")
    require_value(output.get("CompressionType", "GZIP"), ("GZIP",), "OutputDataConfig.CompressionType")
    s3_uri(output["S3OutputPath"], "OutputDataConfig.S3OutputPath")
    channels = request.get("InputDataConfig") or []
    names = [channel["ChannelName"] for channel in channels]
    if len(set(names)) != len(names):
        raise ValidationException(f"InputDataConfig: channel names must be unique, not {names}.")
    for channel in channels:
        _check_channel(channel)


def _check_script(hyperparameters: dict[str, str]) -> None:
    for name in ("sagemaker_program", "sagemaker_submit_directory"):
        if name not in hyperparameters:
            raise ValidationException(f"HyperParameters: {name} is required: jobs run in script mode here.")
    s3_uri(str(decode(hyperparameters["sagemaker_submit_directory"])), "sagemaker_submit_directory")


def _check_channel(channel: dict[str, Any]) -> None:
    where = f"Channel {channel['ChannelName']}:"
    if channel["ChannelName"] in (".", ".."):
        raise ValidationException(f"{where} a channel cannot bear this name.")
    require_value(channel.get("InputMode", "File"), ("File",), f"{where} InputMode")
    require_value(channel.get("CompressionType", "None"), ("None",), f"{where} CompressionType")
    require_value(channel.get("RecordWrapperType", "None"), ("None",), f"{where} RecordWrapperType")
    refuse_others(channel["DataSource"], {"S3DataSource"}, f"{where} DataSource")
    source = channel["DataSource"].get("S3DataSource")
    if source is None:
        raise ValidationException(f"{where} DataSource.S3DataSource is required.")
    require_value(source["S3DataType"], ("S3Prefix",), f"{where} S3DataType")
    s3_uri(source["S3Uri"], f"{where} S3Uri")
