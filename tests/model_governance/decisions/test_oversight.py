"""Time, exceptions, findings and newer versions, on the real registry and ledger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.model_governance.decisions.conftest import BEFORE_GOVERNANCE
from tests.model_governance.notifiers.telling import Recording, TaggedEndpoint

from model_governance.decisions.adjudicate import adjudicate
from model_governance.decisions.expiry import expired_approvals, flag_expired
from model_governance.decisions.open import open_gate
from model_governance.decisions.outcome import Outcome
from model_governance.decisions.oversight import close_finding, grant_exception, open_finding
from model_governance.decisions.request import request_approval
from model_governance.decisions.supersede import supersede_older
from model_governance.domain.decision import DecisionVerdict, Gate
from model_governance.domain.deployment import Environment
from model_governance.domain.evidence import EvidenceKind, EvidenceVerdict, Measurement
from model_governance.domain.ledger import EntryKind
from model_governance.domain.oversight import Severity
from model_governance.errors import AccessRefused, DecisionRefused, EvidenceMissing, GateClosed, RecordMissing
from model_governance.hooks.installation import Installation
from model_governance.hooks.model_registry import StageStatus
from model_governance.notifiers.dispatch import Dispatch
from model_governance.stages.watch import flag_and_tell

if TYPE_CHECKING:
    from conftest import Case

TODAY = datetime.now(UTC).date()
SOON = TODAY + timedelta(days=30)
BIASED = Measurement(
    name="disparate_impact", value=0.7, facet="white", minimum=0.8, severity="fail", verdict=EvidenceVerdict.FAIL
)


def later(case: Case, principal: str, **delta: float) -> Installation:
    """The installation some time from now."""
    known = case.principal(principal)
    return Installation(known.settings, known.clients, lambda: datetime.now(UTC) + timedelta(**delta))


def gather_biased(case: Case) -> str:
    case.approve_use_case()
    arn = case.register()
    case.train(arn)
    found_fine = (kind for kind in BEFORE_GOVERNANCE if kind is not EvidenceKind.POST_TRAINING_BIAS)
    case.gather(arn, *found_fine)
    case.gather(arn, EvidenceKind.POST_TRAINING_BIAS, verdict=EvidenceVerdict.FAIL, measurements=(BIASED,))
    return arn


def except_(case: Case, actor: str = "policy-owner", **changes: Any) -> None:
    said: dict[str, Any] = {
        "reason": "few cases",
        "compensating_control": "a second reader",
        "owner": "model-owner",
        "until": SOON,
        **changes,
    }
    item = said.pop("item", "post_training_bias.disparate_impact")
    version = said.pop("version", 1)
    principal = said.pop("principal", "policy-owner")
    grant_exception(case.principal(principal), case.name, version, item, actor=actor, **said)


def test_an_exception_lets_a_limit_be_missed_until_it_expires(case: Case) -> None:
    arn = gather_biased(case)
    with pytest.raises(EvidenceMissing, match=r"disparate_impact 0\.7 "):
        case.request(Gate.GOVERNANCE)
    except_(case)
    case.request(Gate.GOVERNANCE)
    case.decide(Gate.GOVERNANCE, arn)
    assert case.open(Gate.GOVERNANCE).decisions
    expired = later(case, "pipeline", days=32)
    with pytest.raises(GateClosed, match="its exception expired at"):
        open_gate(expired, Gate.GOVERNANCE, case.name, run_id=case.run_id)
    with pytest.raises(EvidenceMissing, match="its exception expired at"):
        request_approval(expired, Gate.GOVERNANCE, case.name, run_id=case.run_id)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"actor": "governance-officer"}, "may not grant an exception"),
        ({"actor": "model-owner"}, "the policy names risk_manager for it; model-owner holds no role"),
        ({"actor": "nobody"}, "is not in the people file"),
        ({"until": TODAY - timedelta(days=1)}, "ends after today"),
        ({"until": TODAY + timedelta(days=91)}, "within 90 days"),
        ({"reason": " "}, "reason: String should have at least 1 character"),
        ({"item": "vibes"}, "names no evidence"),
        ({"owner": "nobody"}, "owner 'nobody' is nobody in the people file"),
    ],
    ids=str,
)
def test_an_exception_that_may_not_be_is_refused(case: Case, changes: dict[str, Any], said: str) -> None:
    gather_biased(case)
    with pytest.raises(DecisionRefused, match=said):
        except_(case, **changes)


def test_an_exception_is_for_a_version_there_is_and_by_who_can_write_it(case: Case) -> None:
    gather_biased(case)
    with pytest.raises(RecordMissing, match="has no version 7"):
        except_(case, version=7)
    with pytest.raises(AccessRefused):
        except_(case, principal="data-scientist")


def test_a_grave_finding_holds_a_gate_that_was_open_until_it_is_closed(case: Case) -> None:
    arn = case.governed()
    case.decide(Gate.GOVERNANCE, arn)
    owner = case.principal("policy-owner")
    said = {"actor": "policy-owner", "title": "drift", "owner": "model-owner", "due": SOON}
    entry = open_finding(owner, case.name, severity=Severity.HIGH, version=1, **said)  # type: ignore[arg-type]
    with pytest.raises(GateClosed, match=r"finding-1: high finding is open, due .*: drift"):
        case.open(Gate.GOVERNANCE)
    with pytest.raises(DecisionRefused, match="without a comment"):
        close_finding(owner, case.name, entry.body["id"], actor="policy-owner", comment=" ")
    with pytest.raises(DecisionRefused, match="the policy names risk_manager"):
        close_finding(owner, case.name, "finding-1", actor="governance-officer", comment="done")
    with pytest.raises(RecordMissing, match="has no finding 'finding-9'"):
        close_finding(owner, case.name, "finding-9", actor="policy-owner", comment="done")
    close_finding(owner, case.name, "finding-1", actor="policy-owner", comment="mended")
    assert case.open(Gate.GOVERNANCE).decisions
    open_finding(owner, case.name, severity=Severity.LOW, **said)  # type: ignore[arg-type]
    assert case.open(Gate.GOVERNANCE).decisions


def test_the_owner_of_a_finding_does_not_close_it(case: Case) -> None:
    case.governed()
    owner = case.principal("policy-owner")
    open_finding(
        owner,
        case.name,
        actor="policy-owner",
        title="policy unclear",
        severity=Severity.HIGH,
        owner="policy-owner",
        due=SOON,
    )
    with pytest.raises(DecisionRefused, match="its owner mends it"):
        close_finding(owner, case.name, "finding-1", actor="policy-owner", comment="mended")


def test_a_conditional_approval_closes_the_gate_at_its_end_and_can_be_asked_for_again(case: Case) -> None:
    arn = case.governed()
    until = (TODAY + timedelta(days=3)).isoformat()
    made = case.decide(Gate.GOVERNANCE, arn, comment=f"[until {until}: weekly review] fine")
    assert (made.comment, made.condition, made.group) == ("fine", "weekly review", "risk")
    assert case.open(Gate.GOVERNANCE).decisions == (made,)
    expired = later(case, "pipeline", days=5)
    with pytest.raises(GateClosed, match=r"expired at .*\(condition: weekly review\); request the gate again"):
        open_gate(expired, Gate.GOVERNANCE, case.name, run_id=case.run_id)
    request_approval(expired, Gate.GOVERNANCE, case.name, run_id=case.run_id)
    assert case.package(arn).approval_status == "PendingManualApproval"
    asked = [entry for entry in case.entries(EntryKind.REQUEST) if entry.subject == arn]
    assert len(asked) == 2
    assert adjudicate(later(case, "decision-service", days=5), Gate.GOVERNANCE, case.name, arn).outcome == "waiting"


@pytest.mark.parametrize("comment", ["[until yesterday] yes", "[until 2020-01-01: x] yes"])
def test_a_condition_that_cannot_be_is_refused(case: Case, comment: str) -> None:
    arn = case.governed()
    with pytest.raises(DecisionRefused, match=r"not understood|a day that has passed"):
        case.decide(Gate.GOVERNANCE, arn, comment=comment)


@pytest.mark.parametrize(("days", "said"), [(180, "revalidation was due"), (365, "approvals hold 365 days")])
def test_time_alone_stops_a_deployment(case: Case, days: int, said: str) -> None:
    arn = case.produced()
    case.decide(Gate.PRODUCTION, arn)
    open_gate(later(case, "pipeline", days=179), Gate.PRODUCTION, case.name, run_id=case.run_id)
    with pytest.raises(GateClosed, match=said):
        open_gate(later(case, "pipeline", days=days), Gate.PRODUCTION, case.name, run_id=case.run_id)


def test_a_version_that_reaches_production_supersedes_the_older_waiting_ones(case: Case) -> None:
    first = case.governed()
    case.run_id = "manual__2"
    case.register()
    second = case.candidate()
    case.request(Gate.GOVERNANCE)
    case.run_id = "manual__3"
    third = case.candidate()
    case.request(Gate.GOVERNANCE)
    (entry,) = supersede_older(case.pipeline, case.name, 2)
    assert (entry.kind, entry.subject, entry.body["by_version"]) == (EntryKind.SUPERSEDED, first, 2)
    assert supersede_older(case.pipeline, case.name, 2) == (entry,)
    package = case.package(first)
    assert package.stage_status == "Superseded"
    assert "superseded by version 2" in package.stage_description
    found = case.adjudicate(Gate.GOVERNANCE, first)
    assert (found.outcome, found.is_final) == (Outcome.SUPERSEDED, True)
    with pytest.raises(DecisionRefused, match="version 1 was superseded by version 2"):
        case.decide(Gate.GOVERNANCE, first)
    case.run_id = "manual__1"
    with pytest.raises(GateClosed, match="version 2 has reached production since"):
        case.request(Gate.GOVERNANCE)
    for arn in (second, third):
        assert case.adjudicate(Gate.GOVERNANCE, arn).outcome is Outcome.WAITING


def test_the_same_group_twice_does_not_count_twice(case: Case) -> None:
    def add(people: list[dict[str, Any]]) -> None:
        officer = next(person for person in people if person["id"] == "governance-officer")
        for name, group in (("second", "risk"), ("third", "legal")):
            people.append({**officer, "id": name, "airflow_user": name, "principal": name, "group": group})

    def want_two(policy: dict[str, Any]) -> None:
        for tier in policy["gates"].values():
            tier["governance"] = {**tier["governance"], "approvals": 2}

    case.edit_people(add)
    case.edit_policy(want_two)
    arn = case.governed()
    case.decide(Gate.GOVERNANCE, arn)
    case.decide(Gate.GOVERNANCE, arn, actor="second")
    found = case.adjudicate(Gate.GOVERNANCE, arn)
    assert found.outcome is Outcome.WAITING
    assert "1 of 2 approvals; who may decide: governance_officer (third); from 2 distinct groups" in found.reason
    case.decide(Gate.GOVERNANCE, arn, actor="third")
    assert case.package(arn).approval_status == "Approved"
    assert len(case.open(Gate.GOVERNANCE).decisions) == 3


def test_what_serves_after_its_approval_ended_is_named_with_its_owner(case: Case) -> None:
    arn = case.produced()
    until = (TODAY + timedelta(days=3)).isoformat()
    case.decide(Gate.PRODUCTION, arn, comment=f"[until {until}: weekly review] fine")
    body = {"stage": "Production", "version": 1, "endpoint": case.name}
    case.pipeline.ledger(case.name).append(EntryKind.DEPLOYMENT, arn, body)
    case.pipeline.registry.set_life_cycle(arn, "Production", StageStatus.DEPLOYED, "serves")
    assert expired_approvals(case.pipeline) == ()
    (found,) = flag_expired(later(case, "pipeline", days=5))
    assert (found.version, found.owner, found.email) == (1, "model-owner", "model-owner@example.com")
    assert "(condition: weekly review)" in found.reasons[Gate.PRODUCTION]
    package = case.package(arn)
    assert package.stage_status == "Deployed"
    assert (
        "without standing approval: production gate: the approval by production-approver" in package.stage_description
    )


def serve_on_a_use_case_approved_for_days(case: Case) -> str:
    card = case.card()
    case.request(Gate.USE_CASE)
    until = (TODAY + timedelta(days=3)).isoformat()
    case.decide(Gate.USE_CASE, card, comment=f"[until {until}: weekly review] fine")
    arn = case.candidate()
    case.request(Gate.GOVERNANCE)
    case.decide(Gate.GOVERNANCE, arn)
    case.gather(arn, EvidenceKind.TEST_VALIDATION)
    case.request(Gate.PRODUCTION)
    case.decide(Gate.PRODUCTION, arn)
    body = {"stage": "Production", "version": 1, "endpoint": case.name}
    case.pipeline.ledger(case.name).append(EntryKind.DEPLOYMENT, arn, body)
    case.pipeline.registry.set_life_cycle(arn, "Production", StageStatus.DEPLOYED, "serves")
    return arn


def test_what_serves_after_its_use_cases_approval_ended_is_flagged_and_its_owner_told_once(case: Case) -> None:
    arn = serve_on_a_use_case_approved_for_days(case)
    endpoint, channel = TaggedEndpoint(), Recording()
    with pytest.raises(GateClosed, match="the use_case gate of"):
        open_gate(later(case, "pipeline", days=5), Gate.PRODUCTION, case.name, run_id=case.run_id)
    for days in (0, 5, 6):
        installation = later(case, "pipeline", days=days)
        vars(installation)["_endpoints"][Environment.PRODUCTION] = endpoint
        flag_and_tell(Dispatch(installation, (channel,)), case.name)
    ((notice, _),) = channel.sent
    assert [(each.id, each.email) for each in notice.addressees] == [("model-owner", "model-owner@example.com")]
    [fact] = [each for each in notice.facts if each.label == "use_case gate closed"]
    assert "(condition: weekly review)" in fact.text
    assert (endpoint.tags, endpoint.written) == ({"model-governance:approval": "expired: use_case gate"}, 1)
    assert "without standing approval: use_case gate: the approval by" in case.package(arn).stage_description


def test_a_new_declaration_takes_nothing_from_what_serves_and_its_approval_lets_it_serve_on(case: Case) -> None:
    serve_on_a_use_case_approved_for_days(case)
    case.edit_declaration(purpose="To be decided on anew.")
    card = case.card()
    case.request(Gate.USE_CASE)
    assert expired_approvals(case.pipeline) == ()
    [found] = expired_approvals(later(case, "pipeline", days=5))
    assert "(condition: weekly review)" in found.reasons[Gate.USE_CASE]
    case.decide(Gate.USE_CASE, card, DecisionVerdict.REJECT)
    assert expired_approvals(case.pipeline) == ()
    case.edit_declaration(purpose="To be decided on once more.")
    case.card()
    case.request(Gate.USE_CASE)
    case.decide(Gate.USE_CASE, card)
    assert expired_approvals(later(case, "pipeline", days=5)) == ()
