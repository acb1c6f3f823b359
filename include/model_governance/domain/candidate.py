"""A candidate: one version of a model, made by one run, under names that follow from the run alone."""

from __future__ import annotations

import hashlib

from pydantic import BaseModel, ConfigDict

from model_governance.domain.canonical import digest
from model_governance.domain.evidence import EvidenceKind
from model_governance.domain.use_case import UseCase


def run_key(use_case: str, run_id: str) -> str:
    """The run's short name, 12 hex digits: what jobs, reports and tokens of the run are called by."""
    return hashlib.sha256(f"{use_case}/{run_id}".encode()).hexdigest()[:12]


class Candidate(BaseModel):
    """What the ledger holds of a candidate when it is registered.

    Attributes:
        use_case: The use case's name.
        run_id: The DAG run.
        run_key: See ``run_key``.
        model_package_arn: The version's ARN.
        version: The version's number in its group, from 1.
        data_sha256: Sha256 of the frozen data set's bytes.
        trainer: Id of who started the run; empty for a scheduled one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    use_case: str
    run_id: str
    run_key: str
    model_package_arn: str
    version: int
    data_sha256: str
    trainer: str = ""


def data_prefix(use_case: str, data_sha256: str) -> str:
    """Where a frozen data set and its parts lie in the bucket; ends with a slash."""
    return f"use-cases/{use_case}/data/{data_sha256}/"


def split_prefix(use_case: UseCase, data_sha256: str) -> str:
    """Where the parts of a frozen data set lie, divided as the use case declares it; ends with a slash.

    The declaration has a part in the name: other features or another seed divide the same data into other files.
    """
    declared = digest(use_case.data.model_dump(mode="json"))
    return f"{data_prefix(use_case.name, data_sha256)}{declared[:12]}/"


def run_prefix(use_case: str, key: str) -> str:
    """Where a run's outputs lie in the bucket; ends with a slash."""
    return f"use-cases/{use_case}/runs/{key}/"


def report_key(use_case: str, key: str, kind: EvidenceKind) -> str:
    """Where a run's report of a kind lies in the bucket: fixed before the report exists."""
    return f"{run_prefix(use_case, key)}reports/{kind.value}.json"


def attachment_key(use_case: str, key: str, kind: EvidenceKind, name: str) -> str:
    """Where a document that belongs to a run's report lies in the bucket: fixed before it exists, as the report is."""
    return f"{run_prefix(use_case, key)}reports/{kind.value}/{name}"
