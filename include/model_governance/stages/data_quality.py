"""Data quality: the data set is frozen, the candidate registered, the data validated and measured for bias."""

from __future__ import annotations

import json
import logging
import re
from typing import Any
from urllib.parse import quote

from airflow.sdk import chain, task_group

from model_governance.decisions.open import open_gate
from model_governance.domain.candidate import Candidate, attachment_key, data_prefix, report_key, split_prefix
from model_governance.domain.canonical import canonical_json, sha256_hex
from model_governance.domain.decision import Gate
from model_governance.domain.evidence import EvidenceKind
from model_governance.domain.ledger import EntryKind
from model_governance.domain.model_card import version_content
from model_governance.errors import DataRefused
from model_governance.hooks.source_code import pack_source_code
from model_governance.hooks.sources import read_override, read_source
from model_governance.operators.run import Run
from model_governance.stages.evidence import record_evidence
from model_governance.stages.task import stage_task

log = logging.getLogger(__name__)

_NOT_IN_METADATA = re.compile(r"[^\w .:/=+\-@]")
_METADATA_LIMIT = 256


@task_group(tooltip="The data set is frozen, validated and measured for bias; the candidate is on record.")
def data_quality(use_case: str) -> None:
    """From the landing bucket to frozen, judged data."""
    chain(freeze_data(use_case), register_candidate(use_case), validate_data(use_case), measure_data_bias(use_case))


@stage_task
def freeze_data(run: Run) -> None:
    """Copy the data set to an address that is its digest; a run that runs again keeps the one it has frozen.

    Nothing is read for a use case that nobody has approved, whatever the tasks before were marked.
    """
    open_gate(run.installation, Gate.USE_CASE, run.name, run_id=run.run_id)
    artifacts = run.installation.artifacts
    if artifacts.exists(_pointer(run)):
        log.info("this run has frozen its data: %s", artifacts.get(_pointer(run)).decode())
        return
    source, content = _read_data(run)
    sha256 = sha256_hex(content)
    artifacts.put_once(f"{data_prefix(run.name, sha256)}data.csv", content, "text/csv")
    artifacts.put_once(_pointer(run), canonical_json({"source": source, "sha256": sha256}))
    log.info("froze %d bytes of %s as sha256 %s", len(content), source, sha256)


def _read_data(run: Run) -> tuple[str, bytes]:
    """The run's data, and where it comes from: its form's source, the installation's file, or the declared one."""
    artifacts, named = run.installation.artifacts, run.parameters.get("data_source")
    if not named and (override := read_override(run.name, run.installation.settings.data_sources)):
        return override
    source = str(named or run.use_case.data.source)
    return source, read_source(artifacts, source)


@stage_task
def register_candidate(run: Run) -> None:
    """Register the candidate before it is trained, so that its failures are on record too."""
    frozen = json.loads(run.installation.artifacts.get(_pointer(run)))
    sha256 = frozen["sha256"]
    data = run.installation.artifacts.uri(f"{data_prefix(run.name, sha256)}data.csv")
    code = pack_source_code(run.installation.configuration.folder(run.name))
    stored = run.installation.artifacts.put_once(code.key(run.name), code.archive, "application/gzip")
    package = run.installation.registry.register_candidate(
        run.name,
        run.key,
        card=version_content(run.trained_as, run.risk, datasets=[data]),
        metadata={
            "run_id": _NOT_IN_METADATA.sub("_", run.run_id)[:_METADATA_LIMIT],
            "data_source": _NOT_IN_METADATA.sub("_", frozen["source"])[:_METADATA_LIMIT],
            "data_sha256": sha256,
            "code_sha256": code.sha256,
            "code_uri": stored.uri,
            "use_case_digest": run.use_case.digest,
        },
        metrics=_report_addresses(run),
        baselines=_baseline_addresses(run),
        description=f"Candidate of run {run.run_id}",
        source_uri=_page_of(run),
    )
    candidate = Candidate(
        use_case=run.name,
        run_id=run.run_id,
        run_key=run.key,
        model_package_arn=package.arn,
        version=package.version,
        data_sha256=sha256,
        trainer=run.trainer,
    )
    run.enter(EntryKind.CANDIDATE, package.arn, candidate.model_dump(mode="json"))
    run.installation.lineage.artifact(f"{run.name}-data-{sha256[:12]}", "DataSet", data)
    log.info("candidate %s, version %d", package.arn, package.version)


@stage_task
def validate_data(run: Run) -> None:
    """Hold the frozen data set to its expectations, and divide it into training and held-out rows."""
    from model_governance.evaluation.data_quality import assess_data_quality, with_split
    from model_governance.evaluation.split import split_data_set

    data_set = _frozen_data_set(run)
    assessment = assess_data_quality(data_set, run.use_case.data)
    if not assessment.failures:
        split = split_data_set(data_set, run.use_case.data)
        prefix = split_prefix(run.use_case, run.candidate.data_sha256)
        for name, content in (
            ("train.csv", split.train),
            ("holdout.csv", split.holdout),
            ("holdout_labels.csv", split.holdout_labels),
        ):
            run.installation.artifacts.put_once(f"{prefix}{name}", content, "text/csv")
        assessment = with_split(assessment, split)
    record_evidence(run, assessment, datasets=[_data_address(run)])
    if assessment.failures:
        raise DataRefused(
            f"the data set {_data_address(run)} fails {len(assessment.failures)} expectations: "
            f"{'; '.join(assessment.failures)}. Have the data mended at its source and start a new run."
        )


@stage_task
def measure_data_bias(run: Run) -> None:
    """Measure the bias of the labels before anything is trained on them."""
    from model_governance.evaluation.assess import assess_pre_training_bias

    minimum = run.installation.policy.assessment.minimum_group_rows
    assessment = assess_pre_training_bias(_frozen_data_set(run), run.use_case, minimum_group_rows=minimum)
    record_evidence(run, assessment, datasets=[_data_address(run)])


def _frozen_data_set(run: Run) -> Any:
    from model_governance.evaluation.data_set import read_data_set

    sha256 = run.candidate.data_sha256
    content = run.installation.artifacts.get(f"{data_prefix(run.name, sha256)}data.csv", sha256)
    return read_data_set(content, run.use_case.data)


def _data_address(run: Run) -> str:
    return run.installation.artifacts.uri(f"{data_prefix(run.name, run.candidate.data_sha256)}data.csv")


def _pointer(run: Run) -> str:
    """Where the run notes which data set it has frozen: written once, so that a cleared task freezes no other."""
    return f"{run.prefix}data_set.json"


def _report_addresses(run: Run) -> dict[str, Any]:
    """``ModelMetrics``: where the reports will be; SageMaker never lets them be changed."""
    return {
        "ModelQuality": {
            "Statistics": _source(run, EvidenceKind.MODEL_QUALITY),
            "Constraints": _source(run, EvidenceKind.MODEL_QUALITY, "constraints.json"),
        },
        "ModelDataQuality": _data_quality_addresses(run),
        "Bias": {
            "PreTrainingReport": _source(run, EvidenceKind.PRE_TRAINING_BIAS),
            "PostTrainingReport": _source(run, EvidenceKind.POST_TRAINING_BIAS),
        },
        "Explainability": {"Report": _source(run, EvidenceKind.EXPLAINABILITY)},
    }


def _baseline_addresses(run: Run) -> dict[str, Any]:
    """``DriftCheckBaselines``: what production is compared with.

    A baseline of bias is the report itself: Clarify's analysis.json, by which later metrics must be no farther from
    parity; so is that of attribution, by which the features must keep their order.
    """
    return {
        "ModelQuality": _report_addresses(run)["ModelQuality"],
        "ModelDataQuality": _data_quality_addresses(run),
        "Bias": {
            "PreTrainingConstraints": _source(run, EvidenceKind.PRE_TRAINING_BIAS),
            "PostTrainingConstraints": _source(run, EvidenceKind.POST_TRAINING_BIAS),
        },
        "Explainability": {"Constraints": _source(run, EvidenceKind.EXPLAINABILITY)},
    }


def _data_quality_addresses(run: Run) -> dict[str, Any]:
    return {
        "Statistics": _source(run, EvidenceKind.DATA_QUALITY, "statistics.json"),
        "Constraints": _source(run, EvidenceKind.DATA_QUALITY, "constraints.json"),
    }


def _source(run: Run, kind: EvidenceKind, attachment: str = "") -> dict[str, str]:
    """The address of a kind's report, or of a document that belongs to it."""
    key = attachment_key(run.name, run.key, kind, attachment) if attachment else report_key(run.name, run.key, kind)
    return {"ContentType": "application/json", "S3Uri": run.installation.artifacts.uri(key)}


def _page_of(run: Run) -> str:
    """The run's page in Airflow, without the characters that ``SourceUri`` does not take."""
    dag_id = quote(f"model_lifecycle.{run.name}", safe="")
    run_id = quote(run.run_id, safe="").replace("~", "%7E")
    return f"{run.installation.settings.airflow_url}/dags/{dag_id}/runs/{run_id}"
