"""Exceptions stand in for what they name while they last, findings hold the gate, and a condition is text."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.model_governance.domain.literals import GOVERNANCE_KINDS, NOW, POLICY, SUBJECT, decision, evidence, request

from model_governance.domain.condition import read_remark, write_remark
from model_governance.domain.evidence import EvidenceKind, EvidenceVerdict
from model_governance.domain.gate import GateState, evaluate_gate
from model_governance.domain.oversight import Finding, FindingClosure, GrantedException, Oversight, Severity
from model_governance.domain.request import GateRequest
from model_governance.errors import DecisionRefused

BIASED = EvidenceKind.POST_TRAINING_BIAS


def exception(item: str = "post_training_bias", **changes: object) -> GrantedException:
    fields: dict[str, object] = {
        "item": item,
        "reason": "few cases",
        "compensating_control": "a second reader",
        "owner": "model-owner",
        "granted_by": "policy-owner",
        "role": "risk_manager",
        "time": NOW - timedelta(days=1),
        "expires": NOW + timedelta(days=1),
        "policy_digest": POLICY.digest,
        "people_digest": "f" * 64,
    }
    return GrantedException.model_validate(fields | changes)


def finding(severity: Severity = Severity.HIGH) -> Finding:
    return Finding(
        id="finding-1",
        title="drift",
        severity=severity,
        owner="model-owner",
        due=date(2026, 2, 1),
        opened_by="policy-owner",
        time=NOW - timedelta(days=1),
    )


def closure(role: str = "risk_manager") -> FindingClosure:
    return FindingClosure(
        id="finding-1",
        closed_by="policy-owner",
        role=role,
        comment="mended",
        time=NOW,
        policy_digest=POLICY.digest,
        people_digest="f" * 64,
    )


def failing() -> GateRequest:
    return request(
        pieces=tuple(
            evidence(kind, EvidenceVerdict.FAIL if kind is BIASED else EvidenceVerdict.PASS)
            for kind in GOVERNANCE_KINDS
        )
    )


@pytest.mark.parametrize("item", ["post_training_bias", "post_training_bias.disparate_impact"])
def test_an_exception_stands_in_for_the_evidence_or_limit_it_names(item: str) -> None:
    asked = failing()
    oversight = Oversight(exceptions=(exception(item),))
    assert evaluate_gate(POLICY, asked, [decision(asked)], NOW, oversight=oversight).is_open


@pytest.mark.parametrize(
    "changes",
    [
        {"item": "model_quality"},
        {"item": "post_training_bias.disparate"},
        {"item": "post_training_bias.accuracy"},
        {"role": "governance_officer"},
        {"granted_by": "model-owner"},
        {"granted_by": "data-scientist"},
        {"expires": NOW},
        {"time": NOW + timedelta(seconds=1)},
    ],
    ids=str,
)
def test_an_exception_that_does_not_count_leaves_the_evidence_missing(changes: dict[str, object]) -> None:
    asked = failing()
    oversight = Oversight(exceptions=(exception(**changes),))  # type: ignore[arg-type]
    verdict = evaluate_gate(POLICY, asked, [decision(asked)], NOW, oversight=oversight)
    assert verdict.state is GateState.BLOCKED
    assert verdict.missing[0].what == "post_training_bias.disparate_impact"


def test_an_expired_exception_is_named_in_what_is_missing() -> None:
    oversight = Oversight(exceptions=(exception(),))
    later = NOW + timedelta(days=1)
    (item,) = evaluate_gate(POLICY, failing(), [], later, oversight=oversight).missing
    assert "its exception expired at 2026-01-16 12:00" in item.reason


def test_an_exception_for_what_is_no_evidence_is_none() -> None:
    with pytest.raises(ValueError, match="names no evidence"):
        exception("vibes.good")


def test_a_grave_finding_holds_the_gate_until_somebody_closes_it_who_may() -> None:
    asked = request()
    made = [decision(asked)]
    held = evaluate_gate(POLICY, asked, made, NOW, oversight=Oversight(findings=(finding(),)))
    assert held.state is GateState.BLOCKED
    assert held.reasons[0] == (
        "finding-1: high finding is open, due 2026-02-01: drift (owner: model-owner; mend it and have it closed by "
        "risk_manager)"
    )
    by_anybody = Oversight(findings=(finding(),), closures=(closure("governance_officer"),))
    assert not evaluate_gate(POLICY, asked, made, NOW, oversight=by_anybody).is_open
    closed = Oversight(findings=(finding(),), closures=(closure(),))
    assert evaluate_gate(POLICY, asked, made, NOW, oversight=closed).is_open


@pytest.mark.parametrize("severity", [Severity.LOW, Severity.MEDIUM])
def test_a_lesser_finding_holds_nothing(severity: Severity) -> None:
    asked = request()
    oversight = Oversight(findings=(finding(severity),))
    assert evaluate_gate(POLICY, asked, [decision(asked)], NOW, oversight=oversight).is_open


def test_a_superseded_version_is_never_let_through() -> None:
    asked = request().model_copy(update={"version": 1})
    verdict = evaluate_gate(POLICY, asked, [decision(asked)], NOW, oversight=Oversight(superseded_by=2))
    assert verdict.state is GateState.SUPERSEDED
    assert verdict.reasons == ("version 1 was superseded by version 2, which has reached production",)
    assert SUBJECT.endswith("/1")


TEXT = st.text(st.characters(blacklist_characters="[]", blacklist_categories=("Cs", "Cc")), max_size=40).map(
    lambda text: " ".join(text.split())
)


@given(comment=TEXT, condition=TEXT, until=st.dates(date(2026, 1, 1), date(2099, 12, 31)))
def test_a_condition_comes_back_from_its_comment(comment: str, condition: str, until: date) -> None:
    remark = read_remark(write_remark(comment, until, condition))
    assert (remark.comment, remark.condition) == (comment, condition)
    assert remark.until == datetime(until.year, until.month, until.day, tzinfo=UTC) + timedelta(days=1)


@given(comment=TEXT)
def test_a_comment_without_a_condition_is_itself(comment: str) -> None:
    assert read_remark(comment).comment == comment
    assert read_remark(comment).until is None


@pytest.mark.parametrize("text", ["[until tomorrow] yes", "[until 2026-13-01] yes", "[until 2026-01-01 yes", "[UNTIL"])
def test_what_begins_like_a_condition_and_is_none_is_refused(text: str) -> None:
    with pytest.raises(DecisionRefused, match="is not understood"):
        read_remark(text)


def test_a_condition_needs_its_last_day() -> None:
    with pytest.raises(DecisionRefused, match="give --until too"):
        write_remark("yes", None, "a second reader")
