"""Refused attempts are on record, under the decisions' key, and nobody floods a chain with them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from model_governance.decisions.refusals import MOST_REFUSALS, Refusal, record_refusal
from model_governance.domain.decision import Channel, Gate
from model_governance.domain.ledger import Authority, Entry, EntryKind
from model_governance.errors import AccessRefused
from model_governance.hooks.model_registry import ApprovalStatus

if TYPE_CHECKING:
    from conftest import Case


def refusal(case: Case, arn: str, actor: str = "model-owner", reason: str = "no role") -> Refusal:
    return Refusal(
        gate=Gate.GOVERNANCE,
        use_case=case.name,
        subject=arn,
        actor=actor,
        name=actor or "stranger",
        status="task instance marked success",
        channel=Channel.TASK_INSTANCE_MARK,
        reason=reason,
    )


def refused(case: Case) -> list[Entry]:
    return case.entries(EntryKind.REFUSAL)


def test_a_refused_mark_is_entered_once_under_the_decisions_key(case: Case) -> None:
    arn = case.governed()
    first = record_refusal(case.decisions, refusal(case, arn))
    again = record_refusal(case.principal("decision-service"), refusal(case, arn))
    assert first is not None
    assert refused(case) == [first] == [again]
    assert first.key_sha256 == case.pipeline.public_keys[Authority.DECISIONS].fingerprint
    assert (first.body["actor"], first.body["channel"], first.body["reason"]) == (
        "model-owner",
        "task-instance mark",
        "no role",
    )


def test_of_one_person_a_few_are_entered_and_of_all_strangers_together_as_many(case: Case) -> None:
    arn = case.governed()
    for number in range(3 * MOST_REFUSALS):
        record_refusal(case.decisions, refusal(case, arn, reason=f"reason {number}"))
        stranger = replace(refusal(case, arn, actor=""), name=f"stranger-{number}" * 100, reason="unknown " * 1000)
        record_refusal(case.decisions, replace(stranger, reason=f"{number} {stranger.reason}"))
    actors = [entry.body["actor"] for entry in refused(case)]
    assert (actors.count("model-owner"), actors.count("")) == (MOST_REFUSALS, MOST_REFUSALS)
    assert max(len(entry.raw) for entry in refused(case)) < 2500


def test_a_new_request_begins_a_new_count_and_what_is_refused_decides_nothing(case: Case) -> None:
    arn = case.governed()
    record_refusal(case.decisions, refusal(case, arn))
    case.decide(Gate.GOVERNANCE, arn)
    assert case.open(Gate.GOVERNANCE).subject == arn
    assert len(refused(case)) == 1
    other = replace(refusal(case, arn), gate=Gate.PRODUCTION)
    assert record_refusal(case.decisions, other) is not None
    assert len(refused(case)) == 2


@pytest.mark.parametrize("principal", ["pipeline", "governance-officer", "policy-owner", "admin"])
def test_nobody_but_the_decision_service_enters_a_refusal(case: Case, principal: str) -> None:
    arn = case.governed()
    with pytest.raises(AccessRefused):
        record_refusal(case.principal(principal), refusal(case, arn))
    assert refused(case) == []


def test_a_status_set_again_and_again_is_undone_each_time_and_entered_a_few_times(case: Case) -> None:
    arn = case.register()
    case.approve_use_case()
    case.train(arn)
    for _ in range(MOST_REFUSALS + 2):
        case.principal("governance-officer").registry.set_approval(arn, ApprovalStatus.APPROVED, "go")
        assert case.adjudicate(Gate.GOVERNANCE, arn).outcome == "undone"
        assert case.package(arn).approval_status == ApprovalStatus.PENDING
    assert len(refused(case)) == MOST_REFUSALS
