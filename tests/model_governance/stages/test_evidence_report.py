"""The evidence report is kept once, beside the reports, and its digest is in the card that people decide on."""

from __future__ import annotations

from tests.model_governance.decisions.conftest import Case, case
from tests.model_governance.documents.parsed import Parsed
from tests.model_governance.operators.test_run import run_of

from model_governance.domain.model_card import decided_digest
from model_governance.stages.evidence_report import EVIDENCE_REPORT_DETAIL, keep_evidence_report

__all__ = ["case"]


def test_the_document_is_written_once_and_its_digest_is_decided_on(case: Case) -> None:
    case.approve_use_case()
    arn = case.candidate()
    before = case.package(arn).card
    stored = keep_evidence_report(run_of(case))
    assert stored.uri.endswith("/reports/report.html")
    parsed = Parsed(case.pipeline.artifacts.get(stored.uri, stored.sha256))
    parsed.check()
    assert f"{case.name},version1" in parsed.text()
    card = case.package(arn).card
    details = card["additional_information"]["custom_details"]
    assert details[EVIDENCE_REPORT_DETAIL] == f"{stored.uri} sha256 {stored.sha256}"
    assert decided_digest(dict(card)) != decided_digest(dict(before))
    assert keep_evidence_report(run_of(case)) == stored
    assert case.package(arn).card == card
