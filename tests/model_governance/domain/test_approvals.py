"""The laws of counting: people and groups count once, for as long as they hold, and time alone closes a gate."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.model_governance.domain.literals import NOW, POLICY, decision, observed, request

from model_governance.domain.approvals import expiry, holds_until, lapse, opened_at, tally
from model_governance.domain.decision import Decision
from model_governance.domain.gate import GateState, eligible, evaluate_gate
from model_governance.domain.people import People, Person
from model_governance.domain.policy import GateRule, Policy

DAY = timedelta(days=1)


def rule(**changes: object) -> GateRule:
    return GateRule.model_validate({"roles": ["governance_officer"], **changes})


def approval(actor: str, group: str, days_ago: float = 1, **changes: object) -> Decision:
    return decision(request(), actor=actor, group=group, time=NOW - days_ago * DAY, **changes)


def policy_with(**changes: object) -> Policy:
    declared = POLICY.model_dump(mode="json")
    declared["gates"]["High"]["governance"] |= {"holds_days": None, "revalidate_every_days": None, **changes}
    return Policy.model_validate(declared)


APPROVALS = st.lists(
    st.builds(
        lambda person, days, until: approval(
            f"p{person}", f"g{person % 3}", days, until=None if until is None else NOW + until * DAY
        ),
        st.integers(0, 5),
        st.integers(1, 12),
        st.one_of(st.none(), st.integers(-15, 5)),
    ),
    max_size=8,
)
RULES = st.builds(
    lambda n, g, holds: rule(approvals=n, groups=min(n, g), holds_days=holds),
    st.integers(1, 3),
    st.integers(1, 3),
    st.one_of(st.none(), st.integers(1, 10)),
)


@given(approvals=APPROVALS, rule=RULES)
def test_it_is_complete_exactly_when_some_selection_of_people_is(approvals: list[Decision], rule: GateRule) -> None:
    live = [each for each in approvals if (end := expiry(rule, each)) is None or end > NOW]
    group_of = {each.actor: each.group for each in live}
    expected = any(
        len({group_of[person] for person in people}) >= (rule.groups or 0)
        for size in range(rule.approvals, len(group_of) + 1)
        for people in combinations(group_of, size)
    )
    assert tally(rule, approvals, NOW).is_complete is expected


@given(approvals=APPROVALS, rule=RULES)
def test_approving_again_counts_nothing_more(approvals: list[Decision], rule: GateRule) -> None:
    unlimited = [each.model_copy(update={"until": None}) for each in approvals]
    once, twice = tally(rule, unlimited, NOW), tally(rule, unlimited + unlimited, NOW)
    assert (once.people_needed, once.groups) == (twice.people_needed, twice.groups)


@given(approvals=APPROVALS, rule=RULES)
def test_it_holds_until_the_moment_it_says_and_not_a_moment_longer(approvals: list[Decision], rule: GateRule) -> None:
    counted = tally(rule, approvals, NOW)
    if not counted.is_complete:
        return
    end = holds_until(counted)
    if end is None:
        assert tally(rule, approvals, NOW + 10_000 * DAY).is_complete
        return
    assert tally(rule, approvals, end - timedelta(microseconds=1)).is_complete
    assert not tally(rule, approvals, end).is_complete
    assert "expired at" in lapse(rule, approvals, end)


@given(approvals=APPROVALS, rule=RULES)
def test_it_lapses_only_after_it_was_open(approvals: list[Decision], rule: GateRule) -> None:
    if lapse(rule, approvals, NOW):
        assert opened_at(rule, approvals, NOW) is not None
        assert not tally(rule, approvals, NOW).is_complete


def test_each_approval_is_of_another_group_unless_the_policy_says_how_many() -> None:
    same = [approval("a", "risk"), approval("b", "risk")]
    assert not tally(rule(approvals=2), same, NOW).is_complete
    assert tally(rule(approvals=2, groups=1), same, NOW).is_complete
    assert tally(rule(approvals=2), [*same, approval("c", "legal")], NOW).is_complete


def test_more_groups_than_people_is_no_rule() -> None:
    with pytest.raises(ValueError, match="groups 2 exceeds approvals 1"):
        rule(groups=2)


PEOPLE = People(
    people=tuple(
        Person(id=name, airflow_user=name, principal=name, roles=("governance_officer",), group=group)
        for name, group in [("a", "risk"), ("b", "risk"), ("c", "legal"), ("model-owner", "lending")]
    )
)


def test_a_waiting_gate_says_how_far_it_is_and_who_may_still_decide() -> None:
    policy = policy_with(approvals=2)
    asked = request().model_copy(update={"policy_digest": policy.digest})
    first = decision(asked, actor="a", group="risk")
    verdict = evaluate_gate(policy, asked, [first], NOW, observed(policy_digest=policy.digest), people=PEOPLE)
    assert verdict.state is GateState.WAITING
    assert verdict.reasons == (
        "1 of 2 approvals; who may decide: governance_officer (c); from 2 distinct groups; approved by a (risk)",
    )
    assert [each.id for each in eligible(policy, asked, [], PEOPLE, NOW)] == ["a", "b", "c"]


def test_the_policys_time_limit_closes_the_gate_and_says_so() -> None:
    policy = policy_with(holds_days=30)
    asked = request().model_copy(update={"policy_digest": policy.digest})
    made = decision(asked, time=NOW - 30 * DAY + timedelta(seconds=1))
    now_open = evaluate_gate(policy, asked, [made], NOW)
    assert now_open.is_open
    assert now_open.holds_until == NOW + timedelta(seconds=1)
    closed = evaluate_gate(policy, asked, [made], NOW + timedelta(seconds=1))
    assert (closed.state, closed.has_lapsed) == (GateState.BLOCKED, True)
    assert "expired at 2026-01-15 12:00 UTC (approvals hold 30 days by the policy)" in closed.reasons[0]


def test_a_conditional_approval_ends_with_its_condition() -> None:
    policy = policy_with(holds_days=30)
    asked = request().model_copy(update={"policy_digest": policy.digest})
    made = decision(asked, until=NOW + DAY, condition="a second reader")
    assert evaluate_gate(policy, asked, [made], NOW).is_open
    closed = evaluate_gate(policy, asked, [made], NOW + DAY)
    assert not closed.is_open
    assert "(condition: a second reader)" in closed.reasons[0]


def test_overdue_revalidation_closes_the_gate() -> None:
    policy = policy_with(revalidate_every_days=10)
    asked = request().model_copy(update={"policy_digest": policy.digest})
    made = decision(asked, time=NOW - 9 * DAY)
    now_open = evaluate_gate(policy, asked, [made], NOW)
    assert (now_open.is_open, now_open.revalidation_due) == (True, NOW + DAY)
    closed = evaluate_gate(policy, asked, [made], NOW + DAY)
    assert (closed.is_open, closed.has_lapsed) == (False, True)
    assert closed.reasons == (
        "revalidation was due on 2026-01-16 (every 10 days by the policy); request the gate again",
    )


def test_an_expired_first_approval_leaves_the_gate_waiting_for_two() -> None:
    policy = policy_with(approvals=2, holds_days=5)
    asked = request().model_copy(update={"policy_digest": policy.digest})
    old = decision(asked, actor="a", group="risk", time=NOW - 6 * DAY)
    verdict = evaluate_gate(policy, asked, [old], NOW)
    assert verdict.state is GateState.WAITING
    assert verdict.reasons[0].startswith("0 of 2 approvals")
