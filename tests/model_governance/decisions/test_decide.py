"""One function decides, whatever the channel: who may, when, on what, and never twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from model_governance.decisions import decide as deciding
from model_governance.decisions.decide import check_decision
from model_governance.decisions.replay import replay
from model_governance.decisions.request import request_approval
from model_governance.domain.decision import Channel, DecisionVerdict, Gate
from model_governance.domain.evidence import EvidenceKind
from model_governance.domain.ledger import EntryKind, Proposal
from model_governance.errors import DecisionRefused, ServiceUnavailable
from model_governance.hooks.installation import Installation

if TYPE_CHECKING:
    from conftest import Case

APPROVE, REJECT = DecisionVerdict.APPROVE, DecisionVerdict.REJECT


@pytest.mark.parametrize("channel", list(Channel))
def test_an_approval_is_recorded_and_then_shown_in_the_registry(case: Case, channel: Channel) -> None:
    arn = case.governed()
    decision = case.decide(Gate.GOVERNANCE, arn, comment="the numbers hold", channel=channel)
    assert (decision.actor, decision.role) == ("governance-officer", "governance_officer")
    assert decision.channel is channel
    package = case.package(arn)
    assert package.approval_status == "Approved"
    assert "governance-officer" in package.approval_description
    assert "the numbers hold" in package.approval_description
    assert case.open(Gate.GOVERNANCE).decisions == (decision,)


def test_a_rejection_is_recorded_and_then_shown_in_the_registry(case: Case) -> None:
    arn = case.governed()
    case.decide(Gate.GOVERNANCE, arn, REJECT, comment="too few rows")
    assert case.package(arn).approval_status == "Rejected"
    assert "too few rows" in case.package(arn).approval_description


def test_a_rejected_use_case_is_a_draft_with_the_reason_beside_it(case: Case) -> None:
    card = case.card()
    case.request(Gate.USE_CASE)
    case.decide(Gate.USE_CASE, card, REJECT, comment="no such need, really")
    assert case.pipeline.cards.describe(case.name).status == "Draft"
    assert "no such need" in case.pipeline.cards.rejection(card)


def test_the_production_gate_keeps_its_status_in_the_life_cycle(case: Case) -> None:
    arn = case.produced()
    package = case.package(arn)
    assert (package.stage, package.stage_status) == ("Production", "PendingApproval")
    case.decide(Gate.PRODUCTION, arn)
    assert case.package(arn).stage_status == "Approved"
    assert case.open(Gate.PRODUCTION).decisions[0].actor == "production-approver"


@pytest.mark.parametrize(
    ("actor", "reason"),
    [
        ("nobody", "not in the people file"),
        ("", "not in the people file"),
        ("admin", "it takes the role governance_officer .*admin holds no role"),
        ("production-approver", "it takes the role governance_officer .*holds production_approver"),
        ("model-owner", "is its owner"),
        ("data-scientist", "is its author"),
    ],
)
@pytest.mark.parametrize("verdict", list(DecisionVerdict))
def test_who_may_not_decide_is_refused_with_the_rule(
    case: Case, actor: str, reason: str, verdict: DecisionVerdict
) -> None:
    arn = case.governed()
    with pytest.raises(DecisionRefused, match=reason):
        deciding.decide(
            case.decisions,
            Gate.GOVERNANCE,
            case.name,
            arn,
            verdict,
            actor=actor,
            comment="x",
            channel=Channel.TASK_INSTANCE_MARK,
        )
    assert case.package(arn).approval_status == "PendingManualApproval"
    assert case.entries(EntryKind.DECISION)[1:] == []


def test_a_role_does_not_help_the_owner(case: Case) -> None:
    def promote(people: list[dict[str, Any]]) -> None:
        next(person for person in people if person["id"] == "model-owner")["roles"] = ["governance_officer"]

    case.edit_people(promote)
    arn = case.governed()
    with pytest.raises(DecisionRefused, match="is its owner"):
        case.decide(Gate.GOVERNANCE, arn, actor="model-owner")


def test_who_decided_on_governance_does_not_decide_on_production(case: Case) -> None:
    def promote(people: list[dict[str, Any]]) -> None:
        officer = next(person for person in people if person["id"] == "governance-officer")
        officer["roles"] = ["governance_officer", "production_approver"]

    case.edit_people(promote)
    arn = case.produced()
    with pytest.raises(DecisionRefused, match="decided its governance gate"):
        case.decide(Gate.PRODUCTION, arn, actor="governance-officer")
    case.decide(Gate.PRODUCTION, arn)


def test_whoever_the_use_case_does_not_name_is_refused(case: Case) -> None:
    case.edit_declaration(approvers={"governance": ["production-approver"]})
    arn = case.governed()
    with pytest.raises(DecisionRefused, match="names its approvers: production-approver"):
        case.decide(Gate.GOVERNANCE, arn)


def test_what_was_not_requested_cannot_be_decided(case: Case) -> None:
    case.approve_use_case()
    arn = case.candidate()
    with pytest.raises(DecisionRefused, match="has not been requested"):
        case.decide(Gate.GOVERNANCE, arn)


def test_another_use_cases_version_cannot_be_decided(case: Case) -> None:
    arn = case.governed()
    with pytest.raises(DecisionRefused, match="no decision on the governance gate of case-0"):
        deciding.decide(
            case.decisions,
            Gate.GOVERNANCE,
            "case-0",
            arn,
            APPROVE,
            actor="governance-officer",
            comment="",
            channel=Channel.WEB,
        )


def test_a_version_that_is_not_there_cannot_be_decided(case: Case) -> None:
    arn = case.governed()
    with pytest.raises(DecisionRefused, match="no decision on"):
        case.decide(Gate.GOVERNANCE, f"{arn}99")


def test_the_same_decision_repeated_is_one_decision(case: Case) -> None:
    arn = case.governed()
    first = case.decide(Gate.GOVERNANCE, arn)
    assert case.decide(Gate.GOVERNANCE, arn, comment="again") == first
    assert len(case.entries(EntryKind.DECISION)) == 2


@pytest.mark.parametrize("second", list(DecisionVerdict))
def test_what_is_decided_is_not_decided_again(case: Case, second: DecisionVerdict) -> None:
    def add(people: list[dict[str, Any]]) -> None:
        officer = next(person for person in people if person["id"] == "governance-officer")
        people.append({**officer, "id": "second-officer", "airflow_user": "s2", "principal": "s2", "group": "legal"})

    case.edit_people(add)
    arn = case.governed()
    case.decide(Gate.GOVERNANCE, arn)
    with pytest.raises(DecisionRefused, match="decided already: approved by governance-officer"):
        case.decide(Gate.GOVERNANCE, arn, second, actor="second-officer")
    assert case.package(arn).approval_status == "Approved"


def test_one_does_not_take_back_a_decision(case: Case) -> None:
    arn = case.governed()
    case.decide(Gate.GOVERNANCE, arn, REJECT)
    with pytest.raises(DecisionRefused, match="decided already: rejected by governance-officer"):
        case.decide(Gate.GOVERNANCE, arn, APPROVE)
    assert case.package(arn).approval_status == "Rejected"


def test_a_warning_must_be_answered_in_the_comment(case: Case) -> None:
    case.approve_use_case()
    arn = case.candidate(warning=True)
    case.request(Gate.GOVERNANCE)
    with pytest.raises(
        DecisionRefused,
        match=r"answers its warnings: difference_in_proportions_of_labels 0.2 \(facet white\) exceeds 0.1",
    ):
        case.decide(Gate.GOVERNANCE, arn, comment="  ")
    case.decide(Gate.GOVERNANCE, arn, comment="it is in the labels")
    assert case.package(arn).approval_status == "Approved"


def test_a_warning_need_not_be_answered_to_reject(case: Case) -> None:
    case.approve_use_case()
    arn = case.candidate(warning=True)
    case.request(Gate.GOVERNANCE)
    case.decide(Gate.GOVERNANCE, arn, REJECT, comment="")
    assert case.package(arn).approval_status == "Rejected"


def test_a_card_edited_since_the_request_cannot_be_approved(case: Case) -> None:
    arn = case.governed()
    card = dict(case.package(arn).card)
    case.pipeline.registry.set_card(arn, {**card, "intended_uses": {"purpose_of_model": "another"}})
    with pytest.raises(DecisionRefused, match="card sections that people decide on changed since the request"):
        case.decide(Gate.GOVERNANCE, arn)
    case.decide(Gate.GOVERNANCE, arn, REJECT)


def test_a_policy_changed_since_the_request_stops_approvals(case: Case) -> None:
    arn = case.governed()
    case.edit_policy(lambda policy: policy.update(owner="model-owner"))
    with pytest.raises(DecisionRefused, match="the policy changed since the request"):
        case.decide(Gate.GOVERNANCE, arn)


def test_a_model_flipped_since_the_request_cannot_be_approved(case: Case) -> None:
    arn = case.governed()
    key = case.package(arn).model_data_url.split("/", 3)[3]
    case.principal("admin").artifacts.client.put_object(Bucket="model-governance", Key=key, Body=b"flipped")
    with pytest.raises(DecisionRefused, match="the model artifact changed since the request"):
        case.decide(Gate.GOVERNANCE, arn)


def test_a_report_flipped_since_the_request_cannot_be_approved(case: Case) -> None:
    arn = case.governed()
    key = case.package(arn).metrics["ModelQuality"]["Statistics"]["S3Uri"].split("/", 3)[3]
    case.principal("admin").artifacts.client.put_object(Bucket="model-governance", Key=key, Body=b"{}")
    with pytest.raises(DecisionRefused, match=r"evidence model_quality: .* holds sha256"):
        case.decide(Gate.GOVERNANCE, arn)


def test_a_failed_candidate_is_not_pending(case: Case) -> None:
    arn = case.produced()
    from model_governance.hooks.model_registry import StageStatus

    case.pipeline.registry.set_life_cycle(arn, "Production", StageStatus.FAILED, "smoke test failed")
    with pytest.raises(DecisionRefused, match="is not pending: the registry says Failed"):
        case.decide(Gate.PRODUCTION, arn)


def test_a_check_refuses_as_the_decision_would_and_records_nothing(case: Case) -> None:
    arn = case.governed()
    reader = case.principal("governance-officer")
    with pytest.raises(DecisionRefused, match="is its owner"):
        check_decision(reader, Gate.GOVERNANCE, case.name, arn, APPROVE, actor="model-owner", comment="")
    told = {"actor": "governance-officer", "comment": ""}
    heard = check_decision(reader, Gate.GOVERNANCE, case.name, arn, APPROVE, **told)
    assert isinstance(heard, Proposal)
    assert case.package(arn).approval_status == "PendingManualApproval"
    assert len(case.entries(EntryKind.DECISION)) == 1
    case.decide(Gate.GOVERNANCE, arn)
    held = check_decision(case.principal("governance-officer"), Gate.GOVERNANCE, case.name, arn, APPROVE, **told)
    assert held == case.entries(EntryKind.DECISION)[-1]


def test_two_approvals_of_distinct_people_where_the_policy_wants_two(case: Case) -> None:
    def add(people: list[dict[str, Any]]) -> None:
        officer = next(person for person in people if person["id"] == "governance-officer")
        people.append({**officer, "id": "second-officer", "airflow_user": "s2", "principal": "s2", "group": "legal"})

    def want_two(policy: dict[str, Any]) -> None:
        for tier in policy["gates"].values():
            tier["governance"]["approvals"] = 2

    case.edit_people(add)
    case.edit_policy(want_two)
    arn = case.governed()
    case.decide(Gate.GOVERNANCE, arn)
    case.decide(Gate.GOVERNANCE, arn)
    assert case.package(arn).approval_status == "PendingManualApproval"
    assert case.adjudicate(Gate.GOVERNANCE, arn).reason.startswith("1 of 2 approvals")
    case.decide(Gate.GOVERNANCE, arn, actor="second-officer")
    assert case.package(arn).approval_status == "Approved"
    assert [each.actor for each in case.open(Gate.GOVERNANCE).decisions] == ["governance-officer", "second-officer"]


def test_twenty_channels_at_once_make_one_decision(case: Case) -> None:
    """Half approve, half reject, each in a process of its own: one verdict stands and everybody else is told."""
    arn = case.governed()

    def try_to(number: int) -> str:
        verdict = APPROVE if number % 2 else REJECT
        try:
            case.decide(Gate.GOVERNANCE, arn, verdict, installation=case.principal("decision-service"))
        except DecisionRefused as refused:
            return str(refused)
        return verdict.value

    with ThreadPoolExecutor(20) as channels:
        outcomes = list(channels.map(try_to, range(20)))
    decisions = [entry for entry in case.entries(EntryKind.DECISION) if entry.subject == arn]
    assert len(decisions) == 1
    stands = decisions[0].body["verdict"]
    assert outcomes.count(stands) == 10
    assert all("decided already" in outcome for outcome in outcomes if outcome != stands)
    assert case.package(arn).approval_status == {"approve": "Approved", "reject": "Rejected"}[stands]


def test_a_crash_between_ledger_and_registry_is_mended_by_whoever_looks_next(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = case.governed()

    def crash(*_: object) -> None:
        raise ServiceUnavailable("the registry is out of reach")

    with monkeypatch.context() as patch:
        patch.setattr(deciding, "set_standing", crash)
        with pytest.raises(ServiceUnavailable):
            case.decide(Gate.GOVERNANCE, arn)
    assert case.package(arn).approval_status == "PendingManualApproval"
    assert case.adjudicate(Gate.GOVERNANCE, arn).outcome == "approved"
    assert case.package(arn).approval_status == "Approved"
    case.open(Gate.GOVERNANCE)
    assert len([entry for entry in case.entries(EntryKind.DECISION) if entry.subject == arn]) == 1


def test_who_decided_production_does_not_decide_governance_again(case: Case) -> None:
    """Governance lapses and is asked for again: its approval by the same person would only close production."""

    def also_officer(people: list[dict[str, Any]]) -> None:
        next(each for each in people if each["id"] == "production-approver")["roles"].append("governance_officer")

    def later(principal: str) -> Installation:
        known = case.principal(principal)
        return Installation(known.settings, known.clients, lambda: datetime.now(UTC) + timedelta(days=5))

    case.edit_people(also_officer)
    arn = case.governed()
    until = (datetime.now(UTC) + timedelta(days=3)).date()
    case.decide(Gate.GOVERNANCE, arn, comment=f"[until {until}: weekly review] fine")
    case.gather(arn, EvidenceKind.TEST_VALIDATION)
    case.request(Gate.PRODUCTION)
    case.decide(Gate.PRODUCTION, arn)
    request_approval(later("pipeline"), Gate.GOVERNANCE, case.name, run_id=case.run_id)
    with pytest.raises(DecisionRefused, match="production"):
        deciding.decide(
            later("decision-service"),
            Gate.GOVERNANCE,
            case.name,
            arn,
            DecisionVerdict.APPROVE,
            actor="production-approver",
            comment="again",
            channel=Channel.WEB,
        )
    assert replay(case.pipeline, case.name).differences == ()
