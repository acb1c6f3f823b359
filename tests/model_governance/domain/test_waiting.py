"""Whom a waiting request concerns, and when: deputies without rights, reminders before escalations."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.model_governance.domain.literals import NOW, POLICY, decision, request

from model_governance.domain.gate import evaluate_gate
from model_governance.domain.people import People, parse_people
from model_governance.domain.policy import GateRule, Policy
from model_governance.domain.request import GateRequest
from model_governance.domain.sending import LONGEST_PAUSE, may_try_again, pause_after
from model_governance.domain.waiting import NoticeKind, WaitingRequest, due_kinds, escalation
from model_governance.errors import PolicyInvalid

HOURS = st.floats(min_value=0.01, max_value=8784, allow_nan=False)


def person(name: str, *roles: str, group: str = "", **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "airflow_user": name,
        "principal": name,
        "roles": roles,
        "group": group or name,
        "email": f"{name}@example.com",
        **more,
    }


def people(*each: dict[str, Any]) -> People:
    owners = (person("model-owner"), person("policy-owner"), person("data-scientist"))
    return People.model_validate({"people": (*each, *owners)})


def waiting(
    who: People, *approved_by: str, asked: GateRequest | None = None, policy: Policy = POLICY, hours: float = 73
) -> WaitingRequest:
    asked = asked or request()
    decisions = tuple(decision(asked, actor=each, group=each) for each in approved_by)
    return WaitingRequest(
        request=asked,
        sequence=7,
        asked=NOW - timedelta(hours=hours),
        decisions=decisions,
        verdict=evaluate_gate(policy, asked, decisions, NOW, people=who),
        policy=policy,
        people=who,
        now=NOW,
    )


def wanting(approvals: int) -> Policy:
    document = POLICY.model_dump(mode="json")
    document["gates"]["High"]["governance"]["approvals"] = approvals
    return Policy.model_validate(document)


@given(remind=HOURS, escalate=HOURS)
def test_a_rule_reminds_before_it_escalates_or_is_refused(remind: float, escalate: float) -> None:
    given_hours = {"remind_after_hours": remind, "escalate_after_hours": escalate}
    if remind < escalate:
        GateRule.model_validate({"roles": ["r"], **given_hours})
    else:
        with pytest.raises(ValidationError, match="must be less than"):
            GateRule.model_validate({"roles": ["r"], **given_hours})


@pytest.mark.parametrize("hours", [0, -1, float("nan"), float("inf"), 9000])
@pytest.mark.parametrize("field", ["remind_after_hours", "escalate_after_hours"])
def test_hours_that_no_clock_reaches_are_refused(field: str, hours: float) -> None:
    with pytest.raises(ValidationError):
        GateRule.model_validate({"roles": ["r"], field: hours})


def test_a_policy_without_hours_keeps_the_digest_it_had_before_there_were_any() -> None:
    document = POLICY.document
    for tier in document["gates"].values():
        for rule in tier.values():
            rule.pop("remind_after_hours")
            rule.pop("escalate_after_hours")
    assert Policy.model_validate(document).document == document


@given(remind=st.none() | HOURS, escalate=st.none() | HOURS, waited=st.floats(min_value=0, max_value=9000))
def test_what_is_due_only_grows_graver_with_time(remind: float | None, escalate: float | None, waited: float) -> None:
    if remind is not None and escalate is not None and remind >= escalate:
        remind = None
    rule = GateRule(roles=("r",), remind_after_hours=remind, escalate_after_hours=escalate)
    due = due_kinds(rule, timedelta(hours=waited))
    later = due_kinds(rule, timedelta(hours=waited + 1))
    assert due[0] in (NoticeKind.OPENED, NoticeKind.REMINDER)  # one of the two, never both
    assert (due[0] is NoticeKind.REMINDER) == (
        remind is not None and timedelta(hours=waited) >= timedelta(hours=remind)
    )
    assert (NoticeKind.ESCALATION in due) == (
        escalate is not None and timedelta(hours=waited) >= timedelta(hours=escalate)
    )
    assert len(later) >= len(due)


@given(attempts=st.integers(min_value=1, max_value=10_000))
def test_a_failed_channel_is_tried_at_the_next_tick_then_ever_less_often_but_daily(attempts: int) -> None:
    assert may_try_again(1, timedelta())
    assert pause_after(attempts) <= pause_after(attempts + 1) <= LONGEST_PAUSE
    assert may_try_again(attempts, LONGEST_PAUSE)


def test_an_escalation_goes_to_the_deputies_of_those_who_have_not_decided() -> None:
    who = people(
        person("first", "governance_officer", deputy="second"),
        person("second", "governance_officer"),
    )
    told = escalation(waiting(who))
    assert [(each.id, each.email, each.part) for each in told.addressees] == [
        ("second", "second@example.com", "deputy of first")
    ]
    assert "first has not decided; second is deputy and may decide" in told.words


def test_with_no_deputy_the_owners_are_told_and_why() -> None:
    told = escalation(waiting(people(person("first", "governance_officer"))))
    assert [(each.id, each.part) for each in told.addressees] == [
        ("model-owner", "owner of the use case"),
        ("policy-owner", "owner of the policy"),
    ]
    assert told.words[0] == "first has not decided and has no deputy"


def test_an_owner_who_is_not_in_the_file_is_named_without_an_address() -> None:
    asked = request().model_copy(update={"owner": "somebody-else"})
    told = escalation(waiting(people(person("first", "governance_officer")), asked=asked))
    assert (told.addressees[0].id, told.addressees[0].email) == ("somebody-else", "")


@pytest.mark.parametrize("part", ["author", "trainer", "owner"])
def test_a_deputy_who_has_a_part_in_the_use_case_is_not_asked_to_decide(part: str) -> None:
    who = people(
        person("first", "governance_officer", deputy="second"),
        person("second", "governance_officer"),
    )
    asked = request().model_copy(update={part: "second"})
    told = escalation(waiting(who, asked=asked))
    assert "second" not in [each.id for each in told.addressees if each.part.startswith("deputy")]
    assert "first has not decided; the deputy second may not decide this request any more" in told.words


def test_a_deputy_whom_the_use_case_does_not_name_as_approver_is_not_asked() -> None:
    who = people(
        person("first", "governance_officer", deputy="second"),
        person("second", "governance_officer"),
    )
    asked = request().model_copy(update={"approvers": ("first",)})
    assert "second" not in [each.id for each in escalation(waiting(who, asked=asked)).addressees]


def test_after_the_first_of_two_approvals_only_the_other_ones_deputy_is_told() -> None:
    who = people(
        person("first", "governance_officer", deputy="third"),
        person("second", "governance_officer", deputy="fourth"),
        person("third", "governance_officer"),
        person("fourth", "governance_officer"),
    )
    found = waiting(who, "first", policy=wanting(2))
    assert [each.id for each in found.deciders] == ["second", "third", "fourth"]
    assert [each.part for each in escalation(found).addressees] == ["deputy of second"]


def test_a_decided_request_waits_no_more() -> None:
    who = people(person("governance-officer", "governance_officer"))
    assert waiting(who).is_waiting
    assert not waiting(who, "governance-officer").is_waiting


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (person("first", "governance_officer", deputy="nobody"), "deputy nobody is nobody in this file"),
        (person("first", "governance_officer", deputy="first"), "deputy is the person himself"),
        (person("first", "governance_officer", deputy="other"), "holds none of the roles governance_officer"),
        (person("first", deputy="other"), "holds none of the roles"),
    ],
)
def test_a_deputy_who_could_never_decide_is_refused_when_the_file_is_read(one: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        people(one, person("other", "production_approver"))


@pytest.mark.parametrize(
    "email",
    [
        "a@example.com\nBcc: b@example.com",
        "a@example.com, b@example.com",
        "a@example.com;b@example.com",
        "A <a@example.com>",
        "a example",
        "a@example.com\r\n",
    ],
)
def test_an_address_that_is_more_than_one_is_refused(email: str) -> None:
    with pytest.raises(ValidationError, match="email"):
        people(person("first", email=email))


def test_a_refusal_names_the_file() -> None:
    text = "people:\n  - {id: a, airflow_user: a, principal: a, roles: [r], group: g, deputy: b}\n"
    with pytest.raises(PolicyInvalid, match=r"people\.yaml: .*a: deputy b is nobody in this file"):
        parse_people(text, file="people.yaml")
