"""A transform job: a serving process of its own, every object of the input sent through it, the answers stored."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

from sagemaker_server.runtime.batches import MEGABYTE, RecordTooLarge, Splitting, assembled, payloads
from sagemaker_server.runtime.containers import Container, stage
from sagemaker_server.runtime.images import ImageNotPrepared, interpreter, resolve
from sagemaker_server.runtime.jobs import JobFailed, Run
from sagemaker_server.runtime.logs import TRANSFORM_JOBS, log_file, stream_of_job
from sagemaker_server.runtime.objects import Location, ObjectsUnavailable
from sagemaker_server.runtime.serving import NotHealthy, NotServing, Place, Replica, ServingFailed
from sagemaker_server.runtime.sockets import socket_folder
from sagemaker_server.storage.database import present
from sagemaker_server.storage.jobs import Job, SecondaryStatus

DEFAULT_PAYLOAD_MB = 6
DEFAULT_TIMEOUT = 600
DEFAULT_RETRIES = 3


def perform_transform(run: Run, job: Job) -> dict[str, Any]:
    """Runs a transform job.

    Returns:
        Nothing to record.

    Raises:
        JobFailed: The model cannot be served, an input is missing or was refused, or an output cannot be stored.
        JobStopped: It was asked to stop.
    """
    run.change(lambda stored: setattr(stored, "started", present()))
    replica = _started_replica(run, job)
    try:
        run.enter(SecondaryStatus.TRAINING, "Transforming")
        for key, destination in _inputs(run, job.request):
            _transform(run, job.request, replica, key, destination)
    finally:
        replica.stop()
    return {}


def _started_replica(run: Run, job: Job) -> Replica:
    """The model's serving process, ready to be asked."""
    stored = dict(job.container or {})
    stored["Environment"] = {**(stored.get("Environment") or {}), **job.request.get("Environment", {}), **_batch(job)}
    container = Container.of(stored)
    home = run.settings.home
    staged = run.folder / "staged"
    try:
        python = interpreter(resolve(container.image), run.settings.environments)
        stage(container, staged, run.objects)
    except ImageNotPrepared as fault:
        raise JobFailed(f"InternalServerError: {fault}") from fault
    except (ObjectsUnavailable, ValueError) as fault:
        raise JobFailed(f"ClientError: model data: {fault}") from fault
    run.check()
    log = log_file(home, TRANSFORM_JOBS, stream_of_job(job.name, job.created))
    replica = Replica(container, Place(python, staged, socket_folder(home), log, home))
    run.hold(replica)
    replica.start()
    try:
        replica.wait_until_ready()
    except NotHealthy as fault:
        replica.stop()
        run.check()
        raise JobFailed(f"AlgorithmError: the model container did not pass the ping health check: {fault}") from fault
    return replica


def _batch(job: Job) -> dict[str, str]:
    """What SageMaker tells a container of a transform job."""
    request = job.request
    return {
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_BATCH_STRATEGY": str(request.get("BatchStrategy", "MultiRecord")),
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": str(request.get("MaxPayloadInMB", DEFAULT_PAYLOAD_MB)),
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": str(request.get("MaxConcurrentTransforms") or 1),
    }


def _inputs(run: Run, request: dict[str, Any]) -> list[tuple[Location, Location]]:
    """Every object of the input with the place of its output."""
    source = Location.parse(request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"])
    output = Location.parse(request["TransformOutput"]["S3OutputPath"])
    try:
        keys = run.objects.keys(source)
    except ObjectsUnavailable as fault:
        raise JobFailed(f"ClientError: {fault}") from fault
    if not keys:
        raise JobFailed(f"ClientError: no S3 objects found under {source}")
    parent = source.key[: source.key.rfind("/") + 1]
    return [(Location(source.bucket, key), output.joined(f"{key.removeprefix(parent)}.out")) for key in keys]


def _transform(run: Run, request: dict[str, Any], replica: Replica, source: Location, destination: Location) -> None:
    """One object: fetched, sent through the model, stored only if all of it succeeded."""
    given, made = run.folder / "input", run.folder / "output"
    with_line_ends = request["TransformOutput"].get("AssembleWith", "None") == "Line"
    try:
        run.objects.fetch(source, given)
        with made.open("wb") as output:
            for part in assembled(_answers(run, request, replica, given), with_line_ends=with_line_ends):
                output.write(part)
        run.check()
        run.objects.store(made, destination)
    except ObjectsUnavailable as fault:
        raise JobFailed(f"ClientError: {fault}") from fault
    except (RecordTooLarge, OSError, EOFError, zlib.error) as fault:
        raise JobFailed(f"ClientError: {source}: {fault}") from fault


def _answers(run: Run, request: dict[str, Any], replica: Replica, given: Path) -> Iterator[bytes]:
    """The container's answers in the order of the requests, as many at once as ``MaxConcurrentTransforms`` allows."""
    splitting = Splitting(
        by_line=request["TransformInput"].get("SplitType", "None") == "Line",
        many_records=request.get("BatchStrategy", "MultiRecord") == "MultiRecord",
        payload=int(request.get("MaxPayloadInMB", DEFAULT_PAYLOAD_MB)) * MEGABYTE,
        gzipped=request["TransformInput"].get("CompressionType", "None") == "Gzip",
    )
    bodies = payloads(given, splitting)
    at_once = int(request.get("MaxConcurrentTransforms") or 1)
    with ThreadPoolExecutor(at_once) as pool:
        while wave := list(islice(bodies, at_once)):
            yield from pool.map(lambda body: _ask(run, request, replica, body), wave)


def _ask(run: Run, request: dict[str, Any], replica: Replica, body: bytes) -> bytes:
    """One request, tried again when the container was at fault.

    Raises:
        JobFailed: It refused the request, or failed every time.
    """
    client = request.get("ModelClientConfig", {})
    headers = {"Content-Type": request["TransformInput"].get("ContentType", "text/csv")}
    headers["Accept"] = request["TransformOutput"].get("Accept", "*/*")
    said = ""
    for _ in range(1 + int(client.get("InvocationsMaxRetries", DEFAULT_RETRIES))):
        run.check()
        try:
            reply = replica.invoke(body, headers, float(client.get("InvocationsTimeoutInSeconds", DEFAULT_TIMEOUT)))
        except (NotServing, ServingFailed) as fault:
            said = str(fault)
            continue
        if reply.status == 200:
            return reply.body
        said = f"{reply.status}: {reply.body[:500].decode(errors='replace')}"
        if reply.status < 500:
            raise JobFailed(f"ClientError: the model refused a request with {said}")
    run.check()
    raise JobFailed(f"AlgorithmError: the model failed a request with {said}. See job logs for more information")
