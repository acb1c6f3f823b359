"""Transform jobs: CreateTransformJob, DescribeTransformJob, StopTransformJob, ListTransformJobs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from sagemaker_server.errors import ResourceInUse, ValidationException
from sagemaker_server.operations.call import Call, Scope, operation
from sagemaker_server.operations.offers import refuse_others, require_value, s3_uri
from sagemaker_server.operations.sorted_lists import list_rows
from sagemaker_server.operations.tags import set_first_tags, taggable
from sagemaker_server.storage.endpoints import Model
from sagemaker_server.storage.jobs import Job, JobKind, JobStatus, SecondaryStatus, find_job

LARGEST_PAYLOAD_MB = 100
OFFERED = {
    "TransformJobName",
    "ModelName",
    "MaxConcurrentTransforms",
    "ModelClientConfig",
    "MaxPayloadInMB",
    "BatchStrategy",
    "Environment",
    "TransformInput",
    "TransformOutput",
    "TransformResources",
    "DataProcessing",
    "Tags",
    "ExperimentConfig",
}
DESCRIBED = OFFERED - {"Tags", "TransformJobName"}


def _arn(scope: Scope, request: dict[str, Any]) -> str:
    return scope.arn(f"transform-job/{request['TransformJobName']}")


@operation("CreateTransformJob", resource=_arn)
def create_transform_job(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Puts a transform job on record and, once that is on disk, into the queue; see AWS's API_CreateTransformJob.

    Raises:
        ResourceInUse: A job of that name exists.
        ValidationException: No such model, or the job asks for what is not offered here.
    """
    _check(request)
    name, arn = request["TransformJobName"], _arn(call, request)
    if find_job(call.session, JobKind.TRANSFORM, name) is not None:
        raise ResourceInUse(
            "Transform job name must be unique within an AWS account and region, "
            f"and a transform job with this name already exists ({arn})"
        )
    model = call.session.get(Model, request["ModelName"])
    if model is None:
        raise ValidationException(f'Could not find model "{call.arn("model/" + request["ModelName"])}".')
    job = Job(
        kind=JobKind.TRANSFORM,
        name=name,
        arn=arn,
        status=JobStatus.IN_PROGRESS,
        request=request,
        container=model.container,
        created=call.now,
        transitions=[],
    )
    job.enter(SecondaryStatus.STARTING, "Starting the transform job", call.now)
    call.session.add(job)
    set_first_tags(call, arn, request.get("Tags", []))
    call.on_commit(lambda: call.runtime.jobs.submit(JobKind.TRANSFORM, name))
    return {"TransformJobArn": arn}


@operation("DescribeTransformJob", resource=_arn)
def describe_transform_job(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """What was asked for, how far the job is, and why it ended; see AWS's API_DescribeTransformJob.

    Raises:
        ValidationException: No such job.
    """
    job = _existing(call, request["TransformJobName"])
    return {
        "TransformJobName": job.name,
        "TransformJobArn": job.arn,
        "TransformJobStatus": job.status,
        "FailureReason": job.failure_reason,
        "CreationTime": job.created,
        "TransformStartTime": job.started,
        "TransformEndTime": job.ended,
        **{name: value for name, value in job.request.items() if name in DESCRIBED},
    }


@operation("StopTransformJob", resource=_arn)
def stop_transform_job(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Stops a job; outputs that are not complete are not stored; see AWS's API_StopTransformJob.

    Raises:
        ValidationException: No such job, or it has ended.
    """
    job = _existing(call, request["TransformJobName"])
    if JobStatus(job.status).is_final:
        raise ValidationException(f"The request was rejected because the transform job is in status {job.status}.")
    if job.status != JobStatus.STOPPING:
        job.status = JobStatus.STOPPING
        job.enter(SecondaryStatus.STOPPING, "Stopping the transform job", call.now)
    call.on_commit(lambda: call.runtime.jobs.ask_to_stop(JobKind.TRANSFORM, job.name))
    return {}


@operation("ListTransformJobs")
def list_transform_jobs(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Transform jobs in pages; see AWS's API_ListTransformJobs."""
    columns = {"Name": Job.name, "CreationTime": Job.created, "LastModifiedTime": Job.modified, "Status": Job.status}
    statement = select(Job).where(Job.kind == JobKind.TRANSFORM)
    rows, token = list_rows(call.session, statement, columns, request, descending=True)
    return {"TransformJobSummaries": [_summary(job) for job in rows], **token}


def _summary(job: Job) -> dict[str, Any]:
    return {
        "TransformJobName": job.name,
        "TransformJobArn": job.arn,
        "CreationTime": job.created,
        "TransformEndTime": job.ended,
        "LastModifiedTime": job.modified,
        "TransformJobStatus": job.status,
        "FailureReason": job.failure_reason,
    }


@taggable("transform-job")
def _job_exists(call: Call, arn: str) -> bool:
    return call.session.scalars(select(Job.name).where(Job.arn == arn)).first() is not None


def _existing(call: Call, name: str) -> Job:
    job = find_job(call.session, JobKind.TRANSFORM, name)
    if job is None:
        raise ValidationException(f"Could not find requested job with name: {name}")
    return job


def _check(request: dict[str, Any]) -> None:
    """Refuses at once what would fail later, or would not be what was asked for."""
    refuse_others(request, OFFERED, "The transform job")
    source, output = request["TransformInput"], request["TransformOutput"]
    require_value(source["DataSource"]["S3DataSource"]["S3DataType"], ("S3Prefix",), "S3DataType")
    s3_uri(source["DataSource"]["S3DataSource"]["S3Uri"], "S3Uri")
    require_value(source.get("SplitType", "None"), ("None", "Line"), "SplitType")
    require_value(output.get("AssembleWith", "None"), ("None", "Line"), "AssembleWith")
    refuse_others(output, {"S3OutputPath", "Accept", "AssembleWith"}, "TransformOutput")
    s3_uri(output["S3OutputPath"], "S3OutputPath")
    processing = request.get("DataProcessing", {})
    require_value(processing.get("JoinSource", "None"), ("None",), "JoinSource")
    for name in ("InputFilter", "OutputFilter"):
        require_value(processing.get(name, "$"), ("$",), name)
    refuse_others(request["TransformResources"], {"InstanceType", "InstanceCount"}, "TransformResources")
    _check_payload(request)


def _check_payload(request: dict[str, Any]) -> None:
    payload, at_once = request.get("MaxPayloadInMB", 6), request.get("MaxConcurrentTransforms") or 1
    if payload > LARGEST_PAYLOAD_MB or payload * at_once > LARGEST_PAYLOAD_MB:
        raise ValidationException(
            f"MaxConcurrentTransforms * MaxPayloadInMB is {at_once} * {payload}; at most {LARGEST_PAYLOAD_MB} may be."
        )
