"""The evidence as a document for people, kept beside the reports; written once, its digest in what people decide on."""

from __future__ import annotations

import logging

from model_governance.decisions.evidence_report import kept_reports
from model_governance.domain.canonical import digest
from model_governance.domain.model_card import with_custom_details
from model_governance.hooks.artifacts import StoredObject
from model_governance.operators.run import Run

log = logging.getLogger(__name__)

EVIDENCE_REPORT_DETAIL = "evidence_report"
"""Custom detail of a version's card: the document's address and sha256. The card's digest, which decisions bind to,
covers it."""


def keep_evidence_report(run: Run) -> StoredObject:
    """Keeps what has been found out about the run's candidate as HTML; a document once written stays as it is.

    Raises:
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    stored = _written(run)
    card = dict(run.package().card)
    noted = with_custom_details(card, {EVIDENCE_REPORT_DETAIL: f"{stored.uri} sha256 {stored.sha256}"})
    if digest(noted) != digest(card):
        run.installation.registry.set_card(run.candidate.model_package_arn, noted)
    log.info("evidence report: %s, sha256 %s", stored.uri, stored.sha256)
    return stored


def _written(run: Run) -> StoredObject:
    from model_governance.documents.evidence import evidence_page
    from model_governance.documents.html import to_html

    artifacts = run.installation.artifacts
    key = f"{run.prefix}reports/report.html"
    if artifacts.exists(key):
        # Written by an earlier try, perhaps of an earlier release that puts things otherwise.
        return StoredObject(artifacts.uri(key), artifacts.digest(key))
    candidate = run.candidate
    page = evidence_page(
        kept_reports(run.installation, run.name, candidate.model_package_arn),
        title=f"{run.name}, version {candidate.version}",
        facts=[("Model package", candidate.model_package_arn), ("Run", run.run_id), ("Data", candidate.data_sha256)],
        card=run.package().card,
    )
    return artifacts.put_once(key, to_html(page), "text/html; charset=utf-8")
