"""Puts on record what a stage found out: the report in the store, its digest in the ledger, its numbers in the card."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from model_governance.domain.candidate import attachment_key, report_key
from model_governance.domain.canonical import digest
from model_governance.domain.evidence import Attachment, Evidence, EvidenceKind, EvidenceVerdict, worst_first
from model_governance.domain.ledger import EntryKind
from model_governance.domain.model_card import evaluation_detail, with_custom_details, with_evaluation
from model_governance.evaluation.metric_groups import metric_groups
from model_governance.evaluation.report import Assessment, Document
from model_governance.operators.run import Run

log = logging.getLogger(__name__)


def record_evidence(
    run: Run, assessment: Assessment, *, datasets: Sequence[str] = (), job_arn: str = "", key: str = ""
) -> Evidence:
    """Records an assessment of the run's candidate; the same one again changes nothing.

    Args:
        run: The run.
        assessment: What was found out.
        datasets: Addresses of the data behind it.
        job_arn: ARN of the job that made the predictions, if any.
        key: Where the report lies, where the run may have several of the kind; by default in its one place.

    Raises:
        ArtifactChanged: The run has a report of this kind already, and it says something else.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    stored = run.installation.artifacts.put_once(
        key or report_key(run.name, run.key, assessment.kind), assessment.content, "application/json"
    )
    evidence = assessment.evidence(
        stored.uri,
        code_version=run.package().metadata.get("code_sha256", ""),
        attachments=[_attach(run, assessment.kind, document) for document in assessment.documents],
    )
    run.enter(EntryKind.EVIDENCE, run.candidate.model_package_arn, evidence.model_dump(mode="json"))
    note_in_card(run, assessment, evidence, datasets, job_arn)
    note_in_lineage(run, evidence, datasets, job_arn)
    tell(evidence)
    return evidence


def _attach(run: Run, kind: EvidenceKind, document: Document) -> Attachment:
    key = attachment_key(run.name, run.key, kind, document.name)
    stored = run.installation.artifacts.put_once(key, document.content, document.content_type)
    return Attachment(name=document.name, uri=stored.uri, sha256=stored.sha256)


def note_in_card(run: Run, assessment: Assessment, evidence: Evidence, datasets: Sequence[str], job_arn: str) -> None:
    """Puts the evidence into the version's card: among its evaluations, or, after people have decided, beside them."""
    content = dict(run.package().card)
    if evidence.kind is EvidenceKind.TEST_VALIDATION:
        found = "; ".join(m.sentence for m in worst_first(evidence.measurements))
        changed = with_custom_details(content, {"test_validation": f"{evidence.verdict}: {found}"})
    else:
        groups = metric_groups(assessment.kind, assessment.report)
        detail = evaluation_detail(evidence, groups, datasets=datasets, job_arn=job_arn or None)
        changed = with_evaluation(content, detail)
    if digest(changed) != digest(content):
        run.installation.registry.set_card(run.candidate.model_package_arn, changed)


def note_in_lineage(run: Run, evidence: Evidence, datasets: Sequence[str], job_arn: str) -> None:
    """Leads, in SageMaker's lineage, from the data to the report; through the job, and from its model, if there is one.

    Args:
        run: The run.
        evidence: The report's.
        datasets: Addresses of the data behind it.
        job_arn: ARN of the job that made the predictions, if any.
    """
    lineage = run.installation.lineage
    place = Path(evidence.uri).stem
    attempt = "" if place == evidence.kind.value else f"-{place}"
    name = f"{run.job_name}-{evidence.kind.value.replace('_', '-')}{attempt}"
    report = lineage.artifact(name, "EvaluationReport", evidence.uri, {"sha256": evidence.sha256})
    sources = [lineage.artifact(f"{run.job_name}-{Path(uri).stem}", "DataSet", uri) for uri in datasets]
    if not job_arn:
        for source in sources:
            lineage.associate(source, report, "ContributedTo")
        return
    model = lineage.artifact(f"{run.job_name}-model", "Model", run.package().model_data_url)
    job = lineage.action(job_arn.rsplit("/", 1)[-1], "BatchTransform", job_arn)
    for source in (*sources, model):
        lineage.associate(source, job, "ContributedTo")
    lineage.associate(job, report, "Produced")


def tell(evidence: Evidence) -> None:
    """Says in the task's log what was found."""
    log.info("%s: %s (%s, sha256 %s)", evidence.kind, evidence.verdict, evidence.uri, evidence.sha256)
    for measurement in evidence.measurements:
        level = logging.INFO if measurement.verdict is EvidenceVerdict.PASS else logging.WARNING
        log.log(level, "%s: %s", measurement.verdict, measurement.sentence)
