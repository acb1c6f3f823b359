"""All tests of a test endpoint as one assessment: every one is run, whatever came of those before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from model_governance.domain.evidence import EvidenceKind, EvidenceVerdict, Measurement
from model_governance.domain.use_case import UseCase
from model_governance.evaluation.limits import judge, limits_of
from model_governance.evaluation.report import Assessment
from model_governance.evaluation.validation.checks import Check
from model_governance.evaluation.validation.contract import check_contract
from model_governance.evaluation.validation.dependencies import Calls, check_dependencies
from model_governance.evaluation.validation.edge_cases import check_edge_case
from model_governance.evaluation.validation.latency import check_latency
from model_governance.evaluation.validation.parity import check_parity
from model_governance.evaluation.validation.questions import Ask, Sample

REPORT_VERSION = "2.0"
EARLIER_FAILURES = "earlier_attempts_that_failed"


def run_tests(ask: Ask, calls: Calls, held_out: Sample, use_case: UseCase) -> tuple[Check, ...]:
    """Every declared test, in order: contract and parity first, then edge cases, load, and the systems around.

    Args:
        ask: Asks the test endpoint, once, and gives whatever came back.
        calls: Calls the dependencies.
        held_out: All held-out rows with the batch transform's predictions.
        use_case: The declaration that the run began with.
    """
    declared = use_case.deployment.validation
    sample = held_out.first(use_case.deployment.sample_rows)
    return (
        check_parity(ask, sample),
        *check_contract(ask, sample, declared.contract),
        *(check_edge_case(ask, held_out, case) for case in declared.edge_cases),
        *check_latency(ask, sample, declared.latency),
        *check_dependencies(ask, calls, sample, declared.upstream, declared.downstream),
    )


def assess_validation(
    checks: Sequence[Check], use_case: UseCase, *, attempt: int, basis: dict[str, Any], earlier: Sequence[str] = ()
) -> Assessment:
    """The assessment of what the tests found.

    Measured times differ from one measurement to the next. So the report says on what it was measured (``basis``) and
    at which attempt; while the basis is the same, a report that passed stands, and its bytes are written no second
    time. One that failed stands too, beside the next attempt's.

    Args:
        checks: The tests with their outcomes.
        use_case: The declaration; its ``limits`` hold the numbers beside the tests' own.
        attempt: From 1.
        basis: What was tested: candidate, declaration, addresses.
        earlier: Sha256 of the reports of earlier attempts that failed.
    """
    own = tuple(one.measurement for one in checks)
    limits = limits_of(EvidenceKind.TEST_VALIDATION, use_case.limits)
    limited = {limit.metric for limit in limits}
    measurements = (*own, *(judge([each for each in own if each.name in limited], limits) if limits else ()))
    if earlier:
        measurements = (*measurements, _told_of_failures(len(earlier)))
    report = {
        "version": REPORT_VERSION,
        "attempt": attempt,
        "basis": basis,
        "earlier_attempts_that_failed": list(earlier),
        "tests": [one.record for one in checks],
        "measurements": [each.model_dump(mode="json") for each in measurements],
    }
    return Assessment(EvidenceKind.TEST_VALIDATION, report, measurements)


def assessment_of(report: dict[str, Any]) -> Assessment:
    """The assessment that a report was made of, as it was when it was measured.

    Raises:
        ValueError, KeyError, TypeError: It is no such report.
    """
    if report["version"] != REPORT_VERSION:
        raise ValueError(f"a report of version {report['version']}, not {REPORT_VERSION}")
    measurements = tuple(Measurement.model_validate(each) for each in report["measurements"])
    return Assessment(EvidenceKind.TEST_VALIDATION, report, measurements)


def _told_of_failures(count: int) -> Measurement:
    """A repetition until it passes is an answer that an approver must know of, and answer in the comment."""
    return Measurement(
        name=EARLIER_FAILURES,
        value=float(count),
        maximum=0,
        severity="warning",
        verdict=EvidenceVerdict.WARNING,
        detail="the validation was run again after it had failed; each attempt's report is kept beside the others",
    )
