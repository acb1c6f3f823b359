"""A training job from its inputs to its artifacts; the script itself runs in ``container.training``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sagemaker_server.runtime.container.archives import ArchiveRefused, pack
from sagemaker_server.runtime.container.training import decode
from sagemaker_server.runtime.images import ImageNotPrepared, interpreter, resolve
from sagemaker_server.runtime.jobs import JobFailed, JobStopped, Run
from sagemaker_server.runtime.launching import Child, Limits, Workload
from sagemaker_server.runtime.logs import TRAINING_JOBS, last_words, log_file, stream_of_job
from sagemaker_server.runtime.objects import Location, ObjectsUnavailable
from sagemaker_server.storage.database import present
from sagemaker_server.storage.jobs import Job, SecondaryStatus

HOST = "algo-1"
PROCESSORS = 64


def perform_training(run: Run, job: Job) -> dict[str, Any]:
    """Runs a training job.

    Returns:
        ``{"artifacts": <s3 URI of model.tar.gz>}``.

    Raises:
        JobFailed: An input is missing, the script failed, or its output cannot be stored.
        JobStopped: It was asked to stop, or took too long; what it had written by then is stored.
    """
    request, _folder = job.request, run.folder
    run.change(lambda stored: setattr(stored, "started", present()))
    try:
        python = interpreter(resolve(request["AlgorithmSpecification"]["TrainingImage"]), run.settings.environments)
    except ImageNotPrepared as fault:
        raise JobFailed(f"InternalServerError: {fault}") from fault
    run.enter(SecondaryStatus.DOWNLOADING, "Downloading input data")
    _download(run, request)
    run.enter(SecondaryStatus.TRAINING, "Training image download completed. Training in progress.")
    log = log_file(run.settings.home, TRAINING_JOBS, stream_of_job(job.name, job.created))
    stop = _train(run, job, python, log)
    if stop is None:
        run.enter(SecondaryStatus.UPLOADING, "Uploading generated training model")
    artifacts = _upload(run, job)
    if stop is not None:
        run.change(lambda stored: setattr(stored, "artifacts", artifacts))
        raise stop
    return {"artifacts": artifacts}


def _download(run: Run, request: dict[str, Any]) -> None:
    """Lays out the job's folder as ``/opt/ml`` is laid out in AWS's containers, with the inputs in it."""
    inputs = run.folder / "input"
    for place in ("input/config", "input/data", "model", "output/data", "output/intermediate"):
        (run.folder / place).mkdir(parents=True, exist_ok=True)
    resources = {
        "current_host": HOST,
        "hosts": [HOST],
        "current_instance_type": request["ResourceConfig"]["InstanceType"],
        "network_interface_name": "lo",
    }
    channels = {channel["ChannelName"]: channel for channel in request.get("InputDataConfig", [])}
    described = {
        name: {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}
        | ({"ContentType": channel["ContentType"]} if "ContentType" in channel else {})
        for name, channel in channels.items()
    }
    configuration = {
        "hyperparameters": request["HyperParameters"],
        "resourceconfig": resources,
        "inputdataconfig": described,
    }
    for name, content in configuration.items():
        (inputs / "config" / f"{name}.json").write_text(json.dumps(content))
    source = str(decode(request["HyperParameters"]["sagemaker_submit_directory"]))
    try:
        run.objects.fetch(Location.parse(source), inputs / "sourcedir.tar.gz")
        for name, channel in channels.items():
            _download_channel(run, channel["DataSource"]["S3DataSource"]["S3Uri"], inputs / "data" / name)
    except (ObjectsUnavailable, ValueError) as fault:
        raise JobFailed(f"ClientError: Data download failed: {fault}") from fault


def _download_channel(run: Run, uri: str, folder: Path) -> None:
    """Every object below a prefix, under the part of its key that follows the prefix's last folder."""
    prefix = Location.parse(uri)
    keys = run.objects.keys(prefix)
    if not keys:
        raise JobFailed(f"ClientError: Data download failed: no S3 objects found under {prefix}")
    folder.mkdir(parents=True, exist_ok=True)
    parent = prefix.key if prefix.key.endswith("/") or not prefix.key else prefix.key.rpartition("/")[0] + "/"
    if all(key.startswith(f"{prefix.key}/") for key in keys):
        parent = f"{prefix.key}/"
    for key in keys:
        run.check()
        file = (folder / key.removeprefix(parent.lstrip("/"))).resolve()
        if not file.is_relative_to(folder.resolve()):
            raise JobFailed(f"ClientError: Data download failed: key {key!r} leads out of its channel's folder")
        run.objects.fetch(Location(prefix.bucket, key), file)


def _train(run: Run, job: Job, python: Path, log: Path) -> JobStopped | None:
    """Runs the script to its end; what stopped it, if anything did.

    Raises:
        JobFailed: It failed.
    """
    allowed = int(job.request["StoppingCondition"]["MaxRuntimeInSeconds"])
    variables = {"TRAINING_JOB_NAME": job.name, "TRAINING_JOB_ARN": job.arn, **job.request.get("Environment", {})}
    limits = Limits(cpu_seconds=allowed * PROCESSORS)
    arguments = ("training", str(run.folder))
    child = run.start(Workload(python, arguments, run.folder, log, run.settings.home, variables, limits))
    status = child.wait(allowed)
    if status is None:
        _end_overdue(run, child)
        message = f"Training job runtime exceeded MaxRuntimeInSeconds ({allowed} s) provided"
        return JobStopped(SecondaryStatus.MAX_RUNTIME_EXCEEDED, message)
    try:
        run.check()
    except JobStopped as stop:
        return stop
    if status != 0:
        _store_output(run, job)
        raise JobFailed(_failure_reason(run.folder, status, log))
    return None


def _end_overdue(run: Run, child: Child) -> None:
    child.stop(run.grace)
    child.wait()


def _failure_reason(folder: Path, status: int, log: Path) -> str:
    """What the script said last, as AWS words it: the end of it, if it is too long."""
    failure = folder / "output" / "failure"
    is_own = failure.is_file() and not failure.is_symlink() and failure.resolve().is_relative_to(folder.resolve())
    said = failure.read_text(errors="replace")[-900:] if is_own else last_words(log)
    return f"AlgorithmError: {said}, exit code: {status}"


def _upload(run: Run, job: Job) -> str:
    """Stores ``model.tar.gz`` and, if there is any, ``output.tar.gz``; the URI of the first."""
    _store_output(run, job)
    location = _destination(job).joined("model.tar.gz")
    _store_archive(run, run.folder / "model", location)
    return str(location)


def _store_output(run: Run, job: Job) -> None:
    data = run.folder / "output" / "data"
    if data.is_dir() and any(data.iterdir()):
        _store_archive(run, data, _destination(job).joined("output.tar.gz"))


def _destination(job: Job) -> Location:
    return Location.parse(job.request["OutputDataConfig"]["S3OutputPath"]).joined(job.name, "output")


def _store_archive(run: Run, folder: Path, location: Location) -> None:
    archive = run.folder / "archive.tar.gz"
    try:
        if folder.resolve() != run.folder.resolve() / folder.relative_to(run.folder):
            raise ArchiveRefused(f"the script put a link in the place of {folder.name}")
        folder.mkdir(exist_ok=True)
        archive.unlink(missing_ok=True)
        pack(folder, archive)
        run.objects.store(archive, location)
    except (ArchiveRefused, OSError) as refusal:
        raise JobFailed(f"ClientError: Artifact upload failed: {refusal}") from refusal
    except ObjectsUnavailable as fault:
        raise JobFailed(f"ClientError: Artifact upload failed: {fault}") from fault
