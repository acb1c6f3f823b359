"""What the test endpoint showed, judged by hand."""

from __future__ import annotations

from model_governance.domain.evidence import EvidenceVerdict
from model_governance.stages.test_deployment import assess_test


def test_equal_answers_and_a_refusal_of_nonsense_pass() -> None:
    assessment = assess_test(20, 0.0, 1e-6, malformed_refused=True)
    assert assessment.verdict is EvidenceVerdict.PASS
    assert assessment.failures == ()


def test_a_difference_at_the_tolerance_passes_and_beyond_it_fails() -> None:
    assert assess_test(20, 1e-6, 1e-6, malformed_refused=True).verdict is EvidenceVerdict.PASS
    failed = assess_test(20, 2e-6, 1e-6, malformed_refused=True)
    assert failed.verdict is EvidenceVerdict.FAIL
    assert "largest_difference_from_batch_transform" in failed.failures[0]


def test_an_endpoint_that_answers_nonsense_fails() -> None:
    assert "malformed_rows_refused" in assess_test(20, 0.0, 1e-6, malformed_refused=False).failures[0]


def test_the_report_is_the_same_bytes_for_the_same_findings() -> None:
    first, second = (assess_test(20, 0.0, 1e-6, malformed_refused=True) for _ in range(2))
    assert first.content == second.content
