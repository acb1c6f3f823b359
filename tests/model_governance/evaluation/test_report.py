"""Reports: the same bytes for the same numbers, no number that is not finite, and evidence bound to the bytes."""

from __future__ import annotations

import hashlib
import json

import pytest

from model_governance.domain.evidence import EvidenceKind, EvidenceVerdict, Measurement
from model_governance.errors import EvaluationRefused
from model_governance.evaluation.report import Assessment, build_evidence, report_bytes


def test_a_report_is_canonical_json():
    assert report_bytes({"b": 1.0, "a": [None, "é"]}) == '{"a":[null,"é"],"b":1}'.encode()


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_not_finite_is_refused_with_its_place(number):
    with pytest.raises(EvaluationRefused, match=r"report\.metrics\[1\]\.value is "):
        report_bytes({"metrics": [{"value": 1.0}, {"value": number}]})


def test_evidence_is_bound_to_the_bytes_and_takes_the_worst_verdict():
    passed = Measurement(name="auc", value=0.8)
    warned = Measurement(name="accuracy", value=0.5, verdict=EvidenceVerdict.WARNING)
    evidence = build_evidence(
        EvidenceKind.MODEL_QUALITY, "s3://a/report.json", b"{}", [passed, warned], seed=3, code_version="abc"
    )
    assert evidence.sha256 == hashlib.sha256(b"{}").hexdigest()
    assert evidence.verdict is EvidenceVerdict.WARNING
    assert evidence.measurements == (passed, warned)
    assert (evidence.uri, evidence.seed, evidence.code_version) == ("s3://a/report.json", 3, "abc")


def test_an_assessment_gives_its_own_evidence_and_names_its_failures():
    failed = Measurement(name="auc", value=0.6, minimum=0.7, verdict=EvidenceVerdict.FAIL)
    assessment = Assessment(EvidenceKind.MODEL_QUALITY, {"a": 1}, (failed, Measurement(name="accuracy", value=0.9)))
    assert json.loads(assessment.content) == {"a": 1}
    assert assessment.verdict is EvidenceVerdict.FAIL
    assert assessment.failures == ("auc 0.6 is below 0.7",)
    assert assessment.evidence("s3://a/b").sha256 == hashlib.sha256(assessment.content).hexdigest()
