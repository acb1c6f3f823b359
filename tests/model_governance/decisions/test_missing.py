"""What is missing for the next stage and for production, by owner and remedy, and nothing more once it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from model_governance.decisions.missing import outlook
from model_governance.domain.decision import Gate
from model_governance.domain.evidence import EvidenceKind, EvidenceVerdict
from model_governance.errors import PolicyNotEntered

if TYPE_CHECKING:
    from conftest import Case


def told(case: Case, arn: str | None, gate: Gate) -> list[tuple[str, str]]:
    return [(item.what, item.owner) for item in outlook(case.pipeline, case.name, arn).items.get(gate, ())]


def test_before_anything_has_run_the_lifecycle_is_missing(case: Case) -> None:
    assert told(case, None, Gate.GOVERNANCE) == [("version", "author")]
    case.card()
    assert outlook(case.pipeline, case.name, None).next_gate is Gate.USE_CASE


def test_the_way_to_production_is_told_gate_by_gate_until_nothing_is_missing(case: Case) -> None:
    arn = case.governed()
    found = outlook(case.pipeline, case.name, arn)
    assert found.next_gate is Gate.GOVERNANCE
    assert told(case, arn, Gate.GOVERNANCE) == [("governance approval", "governance-officer (risk)")]
    assert told(case, arn, Gate.PRODUCTION) == [
        ("test_validation", "author"),
        ("production request", "pipeline"),
        ("production approval", "production-approver (operations)"),
    ]
    case.decide(Gate.GOVERNANCE, arn)
    assert outlook(case.pipeline, case.name, arn).next_gate is Gate.PRODUCTION
    case.gather(arn, EvidenceKind.TEST_VALIDATION)
    case.request(Gate.PRODUCTION)
    assert told(case, arn, Gate.PRODUCTION) == [("production approval", "production-approver (operations)")]
    case.decide(Gate.PRODUCTION, arn)
    assert outlook(case.pipeline, case.name, arn).items == {}


def test_evidence_that_fails_is_told_with_the_exception_that_could_stand_in(case: Case) -> None:
    case.approve_use_case()
    arn = case.register()
    case.train(arn)
    case.gather(arn, EvidenceKind.DATA_QUALITY, EvidenceKind.PRE_TRAINING_BIAS, EvidenceKind.MODEL_QUALITY)
    case.gather(arn, EvidenceKind.POST_TRAINING_BIAS, verdict=EvidenceVerdict.FAIL)
    (first, *_) = outlook(case.pipeline, case.name, arn).items[Gate.GOVERNANCE]
    assert first.sentence == (
        "post_training_bias: verdict fail (owner: author; mitigate the bias and run the lifecycle again, or have an "
        "exception granted by a risk_manager)"
    )


def test_too_few_people_are_told_as_such(case: Case) -> None:
    arn = case.governed()
    case.edit_people(lambda people: people.remove(next(p for p in people if p["id"] == "production-approver")))
    assert [what for what, _ in told(case, arn, Gate.PRODUCTION)][-1] == "way"


def test_a_policy_that_is_not_entered_is_told_first(case: Case) -> None:
    arn = case.governed()
    case.edit_policy(lambda policy: policy.update(name="other"), entered=False)
    with pytest.raises(PolicyNotEntered):
        outlook(case.pipeline, case.name, arn)
