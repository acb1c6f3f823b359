"""Policy and people count in the version that their owner has entered, and in no other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from model_governance.decisions.adjudicate import gate_verdict
from model_governance.decisions.in_force import PolicyFile, document_of, enter_versions, policy_in_force
from model_governance.decisions.outcome import Outcome
from model_governance.domain.decision import Gate
from model_governance.domain.gate import GateState
from model_governance.domain.ledger import EntryKind
from model_governance.domain.use_case import POLICIES_LEDGER
from model_governance.errors import AccessRefused, DecisionRefused, GateClosed, PolicyNotEntered
from model_governance.hooks.installation import Installation
from model_governance.hooks.model_registry import ApprovalStatus

if TYPE_CHECKING:
    from conftest import Case


def name_the_author_officer(people: list[dict[str, Any]]) -> None:
    author = next(person for person in people if person["id"] == "data-scientist")
    people.append({**author, "id": "friend", "airflow_user": "f", "principal": "f", "roles": ["governance_officer"]})


def loosen(policy: dict[str, Any]) -> None:
    for tier in policy["gates"].values():
        tier["governance"] = {**tier["governance"], "evidence": []}


def test_a_changed_policy_counts_only_after_its_owner_entered_it(case: Case) -> None:
    case.approve_use_case()
    case.candidate()
    case.edit_policy(loosen, entered=False)
    with pytest.raises(PolicyNotEntered) as refusal:
        case.request(Gate.GOVERNANCE)
    said = str(refusal.value)
    assert case.pipeline.policy.digest[:12] in said
    assert "Its owner, policy-owner, enters it with: model-governance policy enter" in said
    with pytest.raises(GateClosed, match="has not been entered"):
        case.open(Gate.USE_CASE)
    case.enter_policy()
    assert policy_in_force(case.pipeline).digest == case.pipeline.policy.digest


def test_a_people_file_changed_by_the_author_decides_nothing(case: Case) -> None:
    arn = case.governed()
    case.edit_people(name_the_author_officer, entered=False)
    with pytest.raises(DecisionRefused, match=r"people\.yaml .* has not been entered"):
        case.decide(Gate.GOVERNANCE, arn, actor="friend")
    assert gate_verdict(case.decisions, Gate.GOVERNANCE, case.name, arn).state is GateState.BLOCKED
    assert case.adjudicate(Gate.GOVERNANCE, arn).outcome is Outcome.BLOCKED
    case.principal("governance-officer").registry.set_approval(arn, ApprovalStatus.APPROVED, "yes")
    assert case.adjudicate(Gate.GOVERNANCE, arn).outcome is Outcome.UNDONE
    assert "has not been entered" in case.package(arn).approval_description
    with pytest.raises(GateClosed, match="has not been entered"):
        case.open(Gate.GOVERNANCE)
    case.enter_policy()
    case.principal("governance-officer").registry.set_approval(arn, ApprovalStatus.APPROVED, "yes")
    assert case.adjudicate(Gate.GOVERNANCE, arn).outcome is Outcome.APPROVED


def test_a_decision_made_before_stays_while_a_file_is_not_entered(case: Case) -> None:
    arn = case.governed()
    case.decide(Gate.GOVERNANCE, arn)
    case.edit_people(name_the_author_officer, entered=False)
    assert case.adjudicate(Gate.GOVERNANCE, arn).outcome is Outcome.BLOCKED
    assert case.package(arn).approval_status == "Approved"


@pytest.mark.parametrize("principal", ["pipeline", "decision-service", "governance-officer", "data-scientist", "admin"])
def test_nobody_else_can_write_the_ledger_of_versions(case: Case, principal: str) -> None:
    """Not even by claiming to be the owner: the store refuses, whatever the entry says."""
    case.edit_policy(loosen, entered=False)
    with pytest.raises(AccessRefused):
        enter_versions(case.principal(principal), "policy-owner")
    with pytest.raises(PolicyNotEntered, match="may not enter a policy: its owner in this installation is"):
        enter_versions(case.principal(principal), principal)


def test_the_owner_comes_from_the_installation(case: Case) -> None:
    """An entry by somebody whom this installation does not name is none."""
    known = case.pipeline
    other = Installation.load(known.clients, replace(known.settings, policy_owners=("chief-risk-officer",)))
    with pytest.raises(PolicyNotEntered, match="chief-risk-officer"):
        policy_in_force(other)


def test_entering_again_adds_nothing_and_a_first_start_leaves_later_versions_alone(case: Case) -> None:
    owner = case.principal("policy-owner")
    before = owner.ledger(POLICIES_LEDGER).entries()
    enter_versions(owner, "policy-owner")
    case.edit_policy(loosen, entered=False)
    enter_versions(owner, "policy-owner", only_first=True)
    assert owner.ledger(POLICIES_LEDGER).entries() == before
    with pytest.raises(PolicyNotEntered):
        policy_in_force(owner)


def test_every_version_ever_entered_can_be_had_by_its_digest(case: Case) -> None:
    old = case.pipeline.policy
    case.edit_policy(loosen)
    entries = case.principal("pipeline").ledger(POLICIES_LEDGER).verify()
    assert document_of(entries, PolicyFile.POLICY, old.digest) == old
    assert document_of(entries, PolicyFile.POLICY, case.pipeline.policy.digest) == case.pipeline.policy
    assert document_of(entries, PolicyFile.PEOPLE, case.pipeline.people.digest) == case.pipeline.people
    assert document_of(entries, PolicyFile.POLICY, "0" * 64) is None
    assert entries[-1].kind is EntryKind.POLICY_VERSION
