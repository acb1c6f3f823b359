"""Documents beside a report: where they were registered to be, once, in the evidence, and watched by the gate."""

from __future__ import annotations

from tests.model_governance.decisions.conftest import Case

from model_governance.decisions.evaluation import changed_reports
from model_governance.domain.canonical import sha256_hex
from model_governance.domain.evidence import Evidence, EvidenceKind
from model_governance.domain.ledger import EntryKind
from model_governance.evaluation.report import Assessment, Document
from model_governance.operators.run import Run
from model_governance.stages.data_quality import _baseline_addresses, _report_addresses
from model_governance.stages.evidence import record_evidence

DOCUMENTS = (Document("statistics.json", b"{}"), Document("data_docs.html", b"<html>", "text/html"))


def run_of(case: Case) -> Run:
    return Run(case.pipeline, case.pipeline.use_case(case.name), case.run_id, "", {})


def record(case: Case) -> Evidence:
    report = {
        "statistics": {"success_percent": 100.0},
        "results": [],
        "feature_importance": [{"name": "income", "value": 0.5}],
    }
    return record_evidence(run_of(case), Assessment(EvidenceKind.DATA_QUALITY, report, (), documents=DOCUMENTS))


def test_documents_lie_where_they_were_registered_to_be(case: Case) -> None:
    case.register()
    evidence = record(case)
    statistics, page = evidence.attachments
    run = run_of(case)
    for addresses in (_report_addresses(run), _baseline_addresses(run)):
        assert addresses["ModelDataQuality"]["Statistics"]["S3Uri"] == statistics.uri
    assert case.pipeline.artifacts.get(page.uri, page.sha256) == b"<html>"
    assert statistics.sha256 == sha256_hex(b"{}")


def test_recording_again_changes_nothing(case: Case) -> None:
    case.register()
    assert record(case) == record(case)
    entries = [one for one in case.pipeline.ledger(case.name).entries() if one.kind is EntryKind.EVIDENCE]
    assert [Evidence.model_validate(one.body).attachments[0].name for one in entries] == ["statistics.json"]


def test_a_changed_document_is_noticed(case: Case) -> None:
    case.register()
    evidence = record(case)
    assert changed_reports(case.pipeline, [evidence]) == ()
    key = evidence.attachments[1].uri.split("/", 3)[3]
    admin = case.principal("admin").artifacts
    admin.delete_prefix(key)
    admin.put_once(key, b"<html>changed")
    (fault,) = changed_reports(case.pipeline, [evidence])
    assert fault.startswith("evidence data_quality: ")
