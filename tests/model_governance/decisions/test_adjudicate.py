"""A status set in the registry behind the pipeline's back: taken as a decision if it may be one, undone if not."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from model_governance.decisions import adjudicate as adjudicating
from model_governance.decisions.outcome import Outcome
from model_governance.decisions.subject import Standing, answer, read_subject
from model_governance.decisions.supersede import supersede_older
from model_governance.domain.decision import Channel, Decision, DecisionVerdict, Gate
from model_governance.domain.ledger import EntryKind
from model_governance.errors import AccessRefused, GateClosed
from model_governance.hooks.installation import Installation
from model_governance.hooks.model_cards import CardStatus
from model_governance.hooks.model_registry import ApprovalStatus, StageStatus

if TYPE_CHECKING:
    from conftest import Case


SECOND = "decision-service"
"""Principal of a second person who decides, of those whom IAM lets set every status."""


def last_decision(case: Case) -> Decision:
    return Decision.model_validate(case.entries(EntryKind.DECISION)[-1].body)


def test_an_untouched_gate_waits(case: Case) -> None:
    arn = case.governed()
    found = case.adjudicate(Gate.GOVERNANCE, arn)
    assert (found.outcome, found.is_final) == (Outcome.WAITING, False)
    assert "governance_officer" in found.reason


def test_a_status_set_by_who_may_becomes_a_decision(case: Case) -> None:
    arn = case.governed()
    officer = case.principal("governance-officer")
    officer.registry.set_approval(arn, ApprovalStatus.APPROVED, "checked in the console")
    found = case.adjudicate(Gate.GOVERNANCE, arn)
    assert found.outcome is Outcome.APPROVED
    decision = last_decision(case)
    assert (decision.actor, decision.channel) == ("governance-officer", Channel.REGISTRY)
    assert decision.comment == "checked in the console"
    assert decision.event_id
    assert case.open(Gate.GOVERNANCE).decisions == (decision,)


def test_adjudicating_again_changes_nothing(case: Case) -> None:
    arn = case.governed()
    case.principal("governance-officer").registry.set_approval(arn, ApprovalStatus.APPROVED, "yes")
    first = case.adjudicate(Gate.GOVERNANCE, arn)
    modified = case.package(arn).modified
    assert case.adjudicate(Gate.GOVERNANCE, arn) == first
    assert case.package(arn).modified == modified
    assert len(case.entries(EntryKind.DECISION)) == 2


def test_a_rejection_in_the_registry_becomes_a_decision(case: Case) -> None:
    arn = case.governed()
    case.principal("governance-officer").registry.set_approval(arn, ApprovalStatus.REJECTED, "no")
    assert case.adjudicate(Gate.GOVERNANCE, arn).outcome is Outcome.REJECTED
    assert last_decision(case).verdict is DecisionVerdict.REJECT
    with pytest.raises(GateClosed, match="rejected by governance-officer"):
        case.open(Gate.GOVERNANCE)


def test_the_production_gate_is_decided_in_the_life_cycle(case: Case) -> None:
    arn = case.produced()
    approver = case.principal("production-approver")
    approver.registry.set_life_cycle(arn, "Production", StageStatus.APPROVED, "go")
    assert case.adjudicate(Gate.PRODUCTION, arn).outcome is Outcome.APPROVED
    assert (last_decision(case).actor, last_decision(case).comment) == ("production-approver", "go")


@pytest.mark.parametrize("comment", ["", "looks right, 100 % (see minutes of 3 May), é"])
def test_the_use_case_gate_is_decided_on_the_card_with_a_comment_in_tags(case: Case, comment: str) -> None:
    card = case.card()
    case.request(Gate.USE_CASE)
    person = case.principal("business-approver")
    answer(person, read_subject(person, Gate.USE_CASE, case.name, card), Standing.APPROVED, comment)
    assert case.adjudicate(Gate.USE_CASE, card).outcome is Outcome.APPROVED
    assert (last_decision(case).actor, last_decision(case).comment) == ("business-approver", comment)


def test_a_use_case_rejected_on_the_card_gets_its_reason(case: Case) -> None:
    card = case.card()
    case.request(Gate.USE_CASE)
    person = case.principal("business-approver")
    answer(person, read_subject(person, Gate.USE_CASE, case.name, card), Standing.REJECTED, "not now")
    assert case.adjudicate(Gate.USE_CASE, card).outcome is Outcome.REJECTED
    assert "not now" in case.pipeline.cards.rejection(card)


def test_the_command_line_is_known_by_its_user_agent(case: Case, clients_of: Any, stack_settings: Any) -> None:
    from model_governance.hooks.aws import EnvironmentClients

    arn = case.governed()
    session = clients_of("governance-officer")._session
    person = Installation.load(EnvironmentClients(session, "model-governance-cli"), case.pipeline.settings)
    person.registry.set_approval(arn, ApprovalStatus.APPROVED, "from my desk")
    case.adjudicate(Gate.GOVERNANCE, arn)
    assert last_decision(case).channel is Channel.COMMAND_LINE


@pytest.mark.parametrize("person", ["data-scientist", "model-owner", "production-approver", "pipeline"])
def test_the_registry_itself_refuses_those_who_may_not(case: Case, person: str) -> None:
    arn = case.governed()
    with pytest.raises(AccessRefused, match=person):
        case.principal(person).registry.set_approval(arn, ApprovalStatus.APPROVED, "mine")
    assert case.adjudicate(Gate.GOVERNANCE, arn).outcome is Outcome.WAITING


def test_a_status_by_somebody_unknown_is_set_back_with_the_reason(case: Case) -> None:
    """The officer's key still works, and the people file no longer knows him."""
    arn = case.governed()

    def leave(people: list[dict[str, Any]]) -> None:
        people[:] = [person for person in people if person["id"] != "governance-officer"]

    case.edit_people(leave)
    case.principal("governance-officer").registry.set_approval(arn, ApprovalStatus.APPROVED, "once more")
    found = case.adjudicate(Gate.GOVERNANCE, arn)
    assert found.outcome is Outcome.UNDONE
    package = case.package(arn)
    assert package.approval_status == "PendingManualApproval"
    assert "nobody in the people file" in package.approval_description
    refusal = case.entries(EntryKind.REFUSAL)[-1]
    assert refusal.body["principal"].endswith("user/governance-officer")
    assert case.adjudicate(Gate.GOVERNANCE, arn).outcome is Outcome.WAITING
    with pytest.raises(GateClosed):
        case.open(Gate.GOVERNANCE)


def test_a_status_by_who_lost_the_role_is_set_back_with_the_rule(case: Case) -> None:
    arn = case.governed()

    def demote(people: list[dict[str, Any]]) -> None:
        next(person for person in people if person["id"] == "governance-officer")["roles"] = []

    case.edit_people(demote)
    case.principal("governance-officer").registry.set_approval(arn, ApprovalStatus.APPROVED, "me")
    assert "it takes the role governance_officer" in case.adjudicate(Gate.GOVERNANCE, arn).reason
    assert "it takes the role governance_officer" in case.package(arn).approval_description


def test_an_approval_without_the_comment_that_a_warning_needs_is_set_back(case: Case) -> None:
    case.approve_use_case()
    arn = case.candidate(warning=True)
    case.request(Gate.GOVERNANCE)
    officer = case.principal("governance-officer").registry
    officer.client.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="")
    assert "answers its warnings" in case.adjudicate(Gate.GOVERNANCE, arn).reason
    officer.set_approval(arn, ApprovalStatus.APPROVED, "it is in the labels")
    assert case.adjudicate(Gate.GOVERNANCE, arn).outcome is Outcome.APPROVED


def test_a_status_set_before_the_request_does_not_count_for_it(case: Case) -> None:
    case.approve_use_case()
    arn = case.candidate()
    case.principal("governance-officer").registry.set_approval(arn, ApprovalStatus.APPROVED, "early")
    case.request(Gate.GOVERNANCE)
    assert case.package(arn).approval_status == "PendingManualApproval"
    assert case.adjudicate(Gate.GOVERNANCE, arn).outcome is Outcome.WAITING


def test_a_status_set_where_nobody_asked_is_set_back(case: Case) -> None:
    case.approve_use_case()
    arn = case.candidate()
    case.principal("governance-officer").registry.set_approval(arn, ApprovalStatus.APPROVED, "early")
    found = case.adjudicate(Gate.GOVERNANCE, arn)
    assert (found.outcome, "has not been requested" in found.reason) == (Outcome.UNDONE, True)
    assert case.package(arn).approval_status == "PendingManualApproval"


def test_an_approved_card_that_is_edited_is_reopened(case: Case) -> None:
    arn = case.governed()
    case.decide(Gate.GOVERNANCE, arn)
    card = dict(case.package(arn).card)
    case.pipeline.registry.set_card(arn, {**card, "intended_uses": {"purpose_of_model": "another"}})
    with pytest.raises(GateClosed, match="changed since the request"):
        case.open(Gate.GOVERNANCE)
    assert case.adjudicate(Gate.GOVERNANCE, arn).outcome is Outcome.UNDONE
    assert case.package(arn).approval_status == "PendingManualApproval"
    case.request(Gate.GOVERNANCE)
    assert case.adjudicate(Gate.GOVERNANCE, arn).outcome is Outcome.WAITING
    case.decide(Gate.GOVERNANCE, arn)
    case.open(Gate.GOVERNANCE)


def test_an_edit_elsewhere_on_the_card_leaves_the_gate_open(case: Case) -> None:
    from model_governance.domain.model_card import with_custom_details

    arn = case.governed()
    case.decide(Gate.GOVERNANCE, arn)
    content = with_custom_details(dict(case.package(arn).card), {"monitoring_summary": "all is well"})
    case.pipeline.registry.set_card(arn, content)
    case.open(Gate.GOVERNANCE)


def test_a_decided_status_that_is_changed_is_put_right(case: Case) -> None:
    arn = case.governed()
    case.decide(Gate.GOVERNANCE, arn, DecisionVerdict.REJECT)
    case.principal("governance-officer").registry.set_approval(arn, ApprovalStatus.APPROVED, "changed my mind")
    assert case.adjudicate(Gate.GOVERNANCE, arn).outcome is Outcome.REJECTED
    assert case.package(arn).approval_status == "Rejected"
    with pytest.raises(GateClosed):
        case.open(Gate.GOVERNANCE)


def test_a_status_nobody_is_on_record_for_is_left_until_somebody_is(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On AWS the trail lags behind the registry."""
    arn = case.governed()
    case.principal("governance-officer").registry.set_approval(arn, ApprovalStatus.APPROVED, "yes")
    with monkeypatch.context() as patch:
        patch.setattr("model_governance.hooks.approvals.Approvals.of_approval_status", lambda *_: ())
        assert case.adjudicate(Gate.GOVERNANCE, arn).outcome is Outcome.UNATTRIBUTED
        with pytest.raises(GateClosed):
            case.open(Gate.GOVERNANCE)
    assert case.adjudicate(Gate.GOVERNANCE, arn).outcome is Outcome.APPROVED


def test_one_approval_of_two_in_the_registry_sets_it_back_to_pending(case: Case) -> None:
    def want_two(policy: dict[str, Any]) -> None:
        for tier in policy["gates"].values():
            tier["governance"]["approvals"] = 2

    case.edit_policy(want_two)
    arn = case.governed()
    case.principal("governance-officer").registry.set_approval(arn, ApprovalStatus.APPROVED, "one")
    found = case.adjudicate(Gate.GOVERNANCE, arn)
    assert (found.outcome, len(found.decisions)) == (Outcome.WAITING, 1)
    package = case.package(arn)
    assert package.approval_status == "PendingManualApproval"
    assert "1 of 2 approvals" in package.approval_description


def test_a_draft_nobody_asked_about_is_left_alone(case: Case) -> None:
    card = case.card()
    assert case.adjudicate(Gate.USE_CASE, card).outcome is Outcome.BLOCKED
    assert case.pipeline.cards.describe(case.name).status == "Draft"


def test_the_pipeline_cannot_approve_a_use_case(case: Case) -> None:
    case.card()
    case.request(Gate.USE_CASE)
    with pytest.raises(AccessRefused, match="pipeline"):
        case.pipeline.cards.set_status(case.name, CardStatus.APPROVED)


def two_officers(case: Case, *, principal: str = "second", approvals: int = 2) -> None:
    """There is a second officer of another group, and the governance gate wants that many approvals."""

    def change(people: list[dict[str, Any]]) -> None:
        officer = next(person for person in people if person["id"] == "governance-officer")
        people.append({**officer, "id": "second", "airflow_user": "second", "principal": principal, "group": "legal"})

    def want(policy: dict[str, Any]) -> None:
        for tier in policy["gates"].values():
            tier["governance"]["approvals"] = approvals

    case.edit_people(change, entered=False)
    case.edit_policy(want)


def meanwhile(case: Case, arn: str, actor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody marks the task just before a status is set back: his decision finds the status that he needs."""
    set_back = adjudicating.set_standing
    came: list[Decision] = []

    def decide_first(installation: Installation, subject: Any, standing: Standing, words: str) -> None:
        if not came:
            came.append(case.decide(Gate.GOVERNANCE, arn, actor=actor, installation=case.principal("decision-service")))
        set_back(installation, subject, standing, words)

    monkeypatch.setattr(adjudicating, "set_standing", decide_first)


def test_the_second_approval_is_not_lost_while_the_first_is_set_back(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_officers(case)
    arn = case.governed()
    case.principal("governance-officer").registry.set_approval(arn, ApprovalStatus.APPROVED, "the first of two")
    meanwhile(case, arn, "second", monkeypatch)
    assert case.adjudicate(Gate.GOVERNANCE, arn).outcome is Outcome.APPROVED
    assert case.package(arn).approval_status == ApprovalStatus.APPROVED
    assert len(case.open(Gate.GOVERNANCE).decisions) == 2


def test_an_approval_is_not_lost_while_somebody_elses_status_is_set_back(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = case.governed()
    case.principal("decision-service").registry.set_approval(arn, ApprovalStatus.APPROVED, "nobody's decision")
    meanwhile(case, arn, "governance-officer", monkeypatch)
    assert case.adjudicate(Gate.GOVERNANCE, arn).outcome is Outcome.APPROVED
    assert case.package(arn).approval_status == ApprovalStatus.APPROVED
    assert case.open(Gate.GOVERNANCE)


@pytest.mark.parametrize("day", ["9999-12-31", "2027-02-30", "soon"])
def test_a_status_with_a_day_that_is_none_is_set_back(case: Case, day: str) -> None:
    arn = case.governed()
    officer = case.principal("governance-officer")
    officer.registry.set_approval(arn, ApprovalStatus.APPROVED, f"[until {day}: a second reader] fine")
    assert case.adjudicate(Gate.GOVERNANCE, arn).outcome is Outcome.UNDONE
    assert "is not understood" in case.package(arn).approval_description


def test_one_approval_of_two_that_a_kill_left_standing_is_set_back_at_the_next_look(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_officers(case)
    arn = case.governed()
    case.principal("governance-officer").registry.set_approval(arn, ApprovalStatus.APPROVED, "the first of two")

    def be_killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as kill, pytest.raises(KeyboardInterrupt):
        kill.setattr(adjudicating, "set_standing", be_killed)
        case.adjudicate(Gate.GOVERNANCE, arn)
    assert case.package(arn).approval_status == ApprovalStatus.APPROVED  # by one of two
    assert case.adjudicate(Gate.GOVERNANCE, arn).outcome is Outcome.WAITING
    assert case.package(arn).approval_status == "PendingManualApproval"
    assert [entry.body["actor"] for entry in case.entries(EntryKind.DECISION)][1:] == ["governance-officer"]


def test_an_answer_that_the_trail_does_not_show_yet_is_not_set_back_as_the_one_before(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_officers(case)
    arn = case.governed()
    officer = case.principal("governance-officer")
    officer.registry.set_approval(arn, ApprovalStatus.APPROVED, "the first of two")
    first = adjudicating.approval_trail(case.decisions, read_subject(case.decisions, Gate.GOVERNANCE, case.name, arn))
    case.adjudicate(Gate.GOVERNANCE, arn)
    monkeypatch.setattr(adjudicating, "_CLOCKS_DIFFER", timedelta())
    officer.registry.set_approval(arn, ApprovalStatus.APPROVED, "the trail lags")
    with monkeypatch.context() as lag:
        lag.setattr(adjudicating, "approval_trail", lambda *_: first)
        assert case.adjudicate(Gate.GOVERNANCE, arn).outcome is Outcome.UNATTRIBUTED
    assert case.package(arn).approval_status == ApprovalStatus.APPROVED


def test_a_rejection_that_an_approval_took_the_place_of_stands(case: Case) -> None:
    """Nobody looked between the two: the first is the decision, the second is refused, as by any channel."""
    two_officers(case, principal=SECOND, approvals=1)
    arn = case.governed()
    case.principal("governance-officer").registry.set_approval(arn, ApprovalStatus.REJECTED, "never")
    time.sleep(0.01)
    case.principal(SECOND).registry.set_approval(arn, ApprovalStatus.APPROVED, "fine")
    assert case.adjudicate(Gate.GOVERNANCE, arn).outcome is Outcome.REJECTED
    assert case.package(arn).approval_status == ApprovalStatus.REJECTED
    decision = case.entries(EntryKind.DECISION)[-1].body
    assert (decision["actor"], decision["verdict"], decision["comment"]) == ("governance-officer", "reject", "never")
    [refusal] = case.entries(EntryKind.REFUSAL)
    assert (refusal.body["actor"], "decided already" in refusal.body["reason"]) == ("second", True)


def test_an_approval_that_somebody_without_the_role_overwrote_counts(case: Case) -> None:
    arn = case.governed()
    case.principal("governance-officer").registry.set_approval(arn, ApprovalStatus.APPROVED, "fine")
    time.sleep(0.01)
    case.principal(SECOND).registry.set_approval(arn, ApprovalStatus.REJECTED, "no")
    assert case.adjudicate(Gate.GOVERNANCE, arn).outcome is Outcome.APPROVED
    assert case.package(arn).approval_status == ApprovalStatus.APPROVED
    assert [entry.body["status"] for entry in case.entries(EntryKind.REFUSAL)] == ["Rejected"]


def test_two_approvals_set_before_a_look_both_count(case: Case) -> None:
    two_officers(case, principal=SECOND)
    arn = case.governed()
    for who in ("governance-officer", SECOND):
        case.principal(who).registry.set_approval(arn, ApprovalStatus.APPROVED, f"by {who}")
        time.sleep(0.01)
    assert case.adjudicate(Gate.GOVERNANCE, arn).outcome is Outcome.APPROVED
    assert [entry.body["actor"] for entry in case.entries(EntryKind.DECISION)][-2:] == ["governance-officer", "second"]


def test_an_approval_set_while_the_first_was_set_back_counts_with_the_next_look(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_officers(case, principal=SECOND)
    arn = case.governed()
    case.principal(SECOND).registry.set_approval(arn, ApprovalStatus.APPROVED, "the first")
    set_back = adjudicating.set_standing

    def late(*arguments: Any) -> None:
        monkeypatch.setattr(adjudicating, "set_standing", set_back)
        case.principal("governance-officer").registry.set_approval(arn, ApprovalStatus.APPROVED, "just before that")
        set_back(*arguments)

    monkeypatch.setattr(adjudicating, "set_standing", late)
    assert case.adjudicate(Gate.GOVERNANCE, arn).outcome is Outcome.WAITING
    assert case.package(arn).approval_status == "PendingManualApproval"
    assert case.adjudicate(Gate.GOVERNANCE, arn).outcome is Outcome.APPROVED
    assert case.package(arn).approval_status == ApprovalStatus.APPROVED


def test_who_sets_the_status_back_himself_has_withdrawn_his_answer(case: Case) -> None:
    two_officers(case, principal=SECOND, approvals=1)
    arn = case.governed()
    second = case.principal(SECOND)
    second.registry.set_approval(arn, ApprovalStatus.REJECTED, "a slip")
    second.registry.set_approval(arn, ApprovalStatus.PENDING, "")
    time.sleep(0.01)
    case.principal("governance-officer").registry.set_approval(arn, ApprovalStatus.APPROVED, "fine")
    assert case.adjudicate(Gate.GOVERNANCE, arn).outcome is Outcome.APPROVED
    assert case.entries(EntryKind.DECISION)[-1].body["actor"] == "governance-officer"


def test_a_rejected_card_that_was_approved_before_a_look_is_rejected(case: Case) -> None:
    def change(people: list[dict[str, Any]]) -> None:
        approver = next(person for person in people if person["id"] == "business-approver")
        people.append({**approver, "id": "second", "airflow_user": "second", "principal": SECOND, "group": "legal"})

    case.edit_people(change)
    card = case.card()
    case.request(Gate.USE_CASE)
    for who, standing in (("business-approver", Standing.REJECTED), (SECOND, Standing.APPROVED)):
        principal = case.principal(who)
        answer(principal, read_subject(principal, Gate.USE_CASE, case.name, card), standing, f"by {who}")
        time.sleep(0.01)
    assert case.adjudicate(Gate.USE_CASE, card).outcome is Outcome.REJECTED
    assert case.entries(EntryKind.DECISION)[-1].body["actor"] == "business-approver"


def test_a_superseded_version_that_is_approved_in_the_registry_is_set_back(case: Case) -> None:
    first = case.governed()
    case.run_id = "manual__2"
    case.candidate()
    case.request(Gate.GOVERNANCE)
    supersede_older(case.pipeline, case.name, 2)
    case.principal("governance-officer").registry.set_approval(first, ApprovalStatus.APPROVED, "late")
    assert case.adjudicate(Gate.GOVERNANCE, first).outcome is Outcome.SUPERSEDED
    assert case.package(first).approval_status == "PendingManualApproval"
    [refusal] = case.entries(EntryKind.REFUSAL)
    assert "superseded" in refusal.body["reason"] or "reached production" in refusal.body["reason"]


def test_a_late_answer_that_is_refused_is_on_record_and_judged_once(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Set while the first of two was set back, by somebody on file who has no role for the gate."""
    two_officers(case)
    case.edit_people(lambda people: next(p for p in people if p["id"] == "business-approver").update(principal=SECOND))
    arn = case.governed()
    case.decide(Gate.GOVERNANCE, arn, actor="second")
    case.principal(SECOND).registry.set_approval(arn, ApprovalStatus.APPROVED, "not mine to give")
    case.principal("pipeline").registry.set_approval(arn, ApprovalStatus.PENDING, "")
    for _ in range(2):
        assert case.adjudicate(Gate.GOVERNANCE, arn).outcome is Outcome.WAITING
    [refusal] = case.entries(EntryKind.REFUSAL)
    assert (refusal.body["actor"], refusal.body["status"]) == ("business-approver", "Approved")
