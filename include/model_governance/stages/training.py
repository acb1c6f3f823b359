"""Training: a job trains the candidate, and the candidate is given its model, whose bytes are checked and digested."""

from __future__ import annotations

import hashlib
import logging
import tarfile
from io import BytesIO

from airflow.sdk import chain, task_group

from model_governance.decisions.subject import MODEL_DIGEST
from model_governance.domain.canonical import digest
from model_governance.domain.model_card import version_content
from model_governance.errors import EvaluationRefused
from model_governance.hooks.jobs import Job, completed
from model_governance.operators.run import Run
from model_governance.operators.training import TrainingOperator
from model_governance.stages.task import stage_task

log = logging.getLogger(__name__)

_PROGRAM = "inference.py"


@task_group(tooltip="A training job trains the candidate; its model is attached to the version.")
def training(use_case: str) -> None:
    """From frozen rows to a model on record."""
    chain(TrainingOperator(task_id="train", use_case=use_case), attach_model(use_case))


@stage_task
def attach_model(run: Run) -> None:
    """Give the candidate its model: where its bytes lie, their digest, and how it is served."""
    job = completed(run.jobs.training, run.job_name)
    content = run.installation.artifacts.get(job.output)
    refuse_unservable(content, job.output)
    sha256 = hashlib.sha256(content).hexdigest()
    package = run.package()
    if package.metadata.get(MODEL_DIGEST) != sha256 or package.model_data_url != job.output:
        run.installation.registry.attach_model(
            package.arn, _inference_specification(run, job), {MODEL_DIGEST: sha256, "training_job": job.name}
        )
    _note_in_card(run, job)
    lineage = run.installation.lineage
    data = run.installation.artifacts.uri(f"{run.split_prefix}train.csv")
    source = lineage.artifact(f"{run.job_name}-train", "DataSet", data)
    model = lineage.artifact(f"{run.job_name}-model", "Model", job.output, {"sha256": sha256})
    lineage.associate(source, model, "ContributedTo")
    log.info("model %s, sha256 %s, %d bytes", job.output, sha256, len(content))


def refuse_unservable(content: bytes, address: str) -> None:
    """Raises unless the archive can be served: it must bring ``code/inference.py`` with it.

    Args:
        content: The bytes of model.tar.gz.
        address: Where they lie.

    Raises:
        EvaluationRefused: It is no archive, or has no serving program.
    """
    try:
        with tarfile.open(fileobj=BytesIO(content), mode="r:gz") as archive:
            names = {name.removeprefix("./") for name in archive.getnames()}
    except (tarfile.TarError, EOFError, OSError) as fault:
        raise EvaluationRefused(f"{address} is no gzipped tar archive: {fault}") from fault
    if f"code/{_PROGRAM}" not in names:
        raise EvaluationRefused(
            f"{address} holds no code/{_PROGRAM}, without which it cannot be served; it holds "
            f"{', '.join(sorted(names)[:10])}. Have the training program copy it to SM_MODEL_DIR/code."
        )


def _inference_specification(run: Run, job: Job) -> dict[str, object]:
    instances = sorted({run.use_case.deployment.test.instance_type, run.use_case.deployment.production.instance_type})
    return {
        "Containers": [
            {
                "Image": run.use_case.training.image,
                "ModelDataUrl": job.output,
                "Environment": {
                    "SAGEMAKER_PROGRAM": _PROGRAM,
                    "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
                },
            }
        ],
        "SupportedContentTypes": ["text/csv", "application/json"],
        "SupportedResponseMIMETypes": ["text/csv", "application/json"],
        "SupportedRealtimeInferenceInstanceTypes": instances,
        "SupportedTransformInstanceTypes": [run.use_case.training.instance_type],
    }


def _note_in_card(run: Run, job: Job) -> None:
    """Completes the version's card by model and job; evaluations that stand in it stay."""
    held = run.package().card
    content = version_content(
        run.trained_as,
        run.risk,
        model_artifact=job.output,
        training_job_arn=job.arn,
        datasets=held["training_details"]["training_job_details"]["training_datasets"],
        evaluations=held.get("evaluation_details", ()),
    )
    details = held.get("additional_information", {}).get("custom_details", {})
    content["additional_information"]["custom_details"] = {
        **details,
        **content["additional_information"]["custom_details"],
    }
    if digest(content) != digest(dict(held)):
        run.installation.registry.set_card(run.candidate.model_package_arn, content)
