"""The gate's law: it opens only for a person who may, on the evidence that was asked for and is still there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.model_governance.domain.literals import (
    GOVERNANCE_KINDS,
    NOW,
    POLICY,
    SUBJECT,
    decision,
    evidence,
    observed,
    request,
)

from model_governance.domain.decision import DecisionVerdict, Gate
from model_governance.domain.evidence import EvidenceKind, EvidenceVerdict
from model_governance.domain.gate import GateState, evaluate_gate
from model_governance.domain.policy import Policy
from model_governance.domain.risk import RiskTier


def test_gate_that_nobody_requested_is_blocked() -> None:
    assert evaluate_gate(POLICY, None, [], NOW).state is GateState.BLOCKED


def test_requested_gate_waits_until_someone_decides() -> None:
    verdict = evaluate_gate(POLICY, request(), [], NOW, observed())
    assert verdict.state is GateState.WAITING
    assert "governance_officer" in verdict.reasons[0]


def test_approval_by_someone_in_the_role_opens_the_gate() -> None:
    asked = request()
    verdict = evaluate_gate(POLICY, asked, [decision(asked)], NOW, observed())
    assert verdict.is_open
    assert [each.actor for each in verdict.decided_by] == ["governance-officer"]


def test_rejection_closes_the_gate_even_beside_an_approval() -> None:
    asked = request()
    decisions = [decision(asked), decision(asked, verdict=DecisionVerdict.REJECT, actor="second-officer")]
    assert evaluate_gate(POLICY, asked, decisions, NOW, observed()).state is GateState.REJECTED


@pytest.mark.parametrize(
    "changes",
    [
        {"role": "production_approver"},
        {"actor": "model-owner"},
        {"actor": "data-scientist"},
        {"actor": "trainer"},
        {"subject": SUBJECT + "0"},
        {"gate": Gate.PRODUCTION},
        {"request_digest": "0" * 64},
        {"time": NOW + timedelta(seconds=1)},
    ],
    ids=str,
)
def test_decision_that_does_not_count_leaves_the_gate_waiting(changes: dict[str, object]) -> None:
    asked = request(trainer="trainer")
    assert evaluate_gate(POLICY, asked, [decision(asked, **changes)], NOW, observed()).state is GateState.WAITING


@pytest.mark.parametrize("kind", GOVERNANCE_KINDS)
@pytest.mark.parametrize("verdict", [EvidenceVerdict.FAIL, EvidenceVerdict.NOT_ASSESSABLE, None])
def test_evidence_that_fails_or_is_absent_blocks_an_approved_gate(
    kind: EvidenceKind, verdict: EvidenceVerdict | None
) -> None:
    pieces = [evidence(each) for each in GOVERNANCE_KINDS if each is not kind]
    asked = request(pieces=tuple(pieces + ([evidence(kind, verdict)] if verdict else [])))
    blocked = evaluate_gate(POLICY, asked, [decision(asked)], NOW, observed())
    assert blocked.state is GateState.BLOCKED
    assert kind.value in blocked.missing[0].what


def test_missing_item_names_limit_owner_and_remedy() -> None:
    pieces = tuple(
        evidence(k, EvidenceVerdict.FAIL if k is EvidenceKind.POST_TRAINING_BIAS else EvidenceVerdict.PASS)
        for k in GOVERNANCE_KINDS
    )
    (item,) = evaluate_gate(POLICY, request(pieces=pieces), [], NOW).missing
    assert item.sentence == (
        "post_training_bias.disparate_impact: disparate_impact 0.7 (facet white) is below 0.8 "
        "(owner: author; mitigate the bias and run the lifecycle again, or have an exception granted by a risk_manager)"
    )


def test_approval_against_a_warning_counts_only_with_a_comment() -> None:
    pieces = tuple(evidence(kind, EvidenceVerdict.WARNING) for kind in GOVERNANCE_KINDS)
    asked = request(pieces=pieces)
    assert evaluate_gate(POLICY, asked, [decision(asked, comment="  ")], NOW).state is GateState.WAITING
    assert evaluate_gate(POLICY, asked, [decision(asked, comment="seen")], NOW).is_open


@pytest.mark.parametrize("field", ["card_digest", "artifact_sha256", "policy_digest"])
def test_whatever_changed_since_the_request_closes_the_gate(field: str) -> None:
    asked = request()
    verdict = evaluate_gate(POLICY, asked, [decision(asked)], NOW, observed(**{field: "9" * 64}))
    assert verdict.state is GateState.BLOCKED
    assert "changed since the request" in verdict.reasons[0]


def test_production_needs_another_person_than_governance() -> None:
    kinds = POLICY.rule(RiskTier.HIGH, Gate.PRODUCTION).evidence
    asked = request(Gate.PRODUCTION, tuple(evidence(kind) for kind in kinds))
    at_governance = decision(request(), actor="one-person")
    same = decision(asked, actor="one-person", role="production_approver")
    other = decision(asked, actor="another-person", role="production_approver")
    assert evaluate_gate(POLICY, asked, [at_governance, same], NOW).state is GateState.WAITING
    assert evaluate_gate(POLICY, asked, [at_governance, other], NOW).is_open


def test_two_approvals_are_two_people() -> None:
    twice = POLICY.model_dump(mode="json")
    twice["gates"]["High"]["governance"]["approvals"] = 2
    policy = Policy.model_validate(twice)
    asked = request().model_copy(update={"policy_digest": policy.digest})
    now = observed(policy_digest=policy.digest)
    first, second = decision(asked, group="risk"), decision(asked, actor="second-officer", group="legal")
    assert evaluate_gate(policy, asked, [first, first], NOW, now).state is GateState.WAITING
    assert evaluate_gate(policy, asked, [first, second], NOW, now).is_open


VERDICTS = st.sampled_from(list(EvidenceVerdict))


@given(
    verdicts=st.lists(st.one_of(st.none(), VERDICTS), min_size=len(GOVERNANCE_KINDS), max_size=len(GOVERNANCE_KINDS)),
    actor=st.sampled_from(["model-owner", "data-scientist", "governance-officer", "someone"]),
    role=st.sampled_from(["governance_officer", "production_approver", "use_case_approver", ""]),
    comment=st.sampled_from(["", " ", "seen"]),
    verdict=st.sampled_from(list(DecisionVerdict)),
    changed=st.booleans(),
)
def test_gate_opens_exactly_when_every_condition_holds(
    verdicts: list[EvidenceVerdict | None],
    actor: str,
    role: str,
    comment: str,
    verdict: DecisionVerdict,
    changed: bool,
) -> None:
    pieces = tuple(evidence(k, v) for k, v in zip(GOVERNANCE_KINDS, verdicts, strict=True) if v is not None)
    asked = request(pieces=pieces)
    made = decision(asked, actor=actor, role=role, comment=comment, verdict=verdict)
    now = observed(card_digest=("9" if changed else "c") * 64)
    should_open = (
        all(v in (EvidenceVerdict.PASS, EvidenceVerdict.WARNING) for v in verdicts)
        and (EvidenceVerdict.WARNING not in verdicts or comment.strip() != "")
        and actor not in ("model-owner", "data-scientist")
        and role == "governance_officer"
        and verdict is DecisionVerdict.APPROVE
        and not changed
    )
    assert evaluate_gate(POLICY, asked, [made], NOW, now).is_open is should_open
