"""A gate opens on what registry, ledger and store agree on, and on nobody's word."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from model_governance.decisions.missing import missing_for
from model_governance.decisions.open import open_gate
from model_governance.domain.decision import Decision, Gate
from model_governance.domain.evidence import EvidenceKind
from model_governance.domain.ledger import Authority, EntryKind
from model_governance.errors import AccessRefused, GateClosed, LedgerBroken
from model_governance.hooks.artifacts import Artifacts
from model_governance.hooks.installation import Installation
from model_governance.hooks.model_cards import CardStatus
from model_governance.hooks.model_registry import ApprovalStatus, StageStatus
from model_governance.hooks.signer import PublicKey

if TYPE_CHECKING:
    from conftest import Case


def put(case: Case, uri: str, data: bytes) -> None:
    admin = case.principal("admin").artifacts
    admin.client.put_object(Bucket="model-governance", Key=uri.split("/", 3)[3], Body=data)


def test_every_gate_is_closed_before_it_is_asked_for(case: Case) -> None:
    case.approve_use_case()
    case.candidate()
    for gate in (Gate.GOVERNANCE, Gate.PRODUCTION):
        with pytest.raises(GateClosed, match="has not been requested"):
            case.open(gate)


def test_a_gate_of_a_use_case_without_a_card_is_closed(case: Case) -> None:
    with pytest.raises(GateClosed, match="the use_case gate"):
        case.open(Gate.USE_CASE)


def test_a_waiting_gate_is_closed_and_says_for_whom_it_waits(case: Case) -> None:
    case.governed()
    with pytest.raises(GateClosed, match="0 of 1 approvals; who may decide: governance_officer"):
        case.open(Gate.GOVERNANCE)


def test_a_status_alone_opens_nothing(case: Case) -> None:
    """Marked in the registry by who may, yet not decided: nothing is in the ledger."""
    arn = case.governed()
    case.principal("governance-officer").registry.set_approval(arn, ApprovalStatus.APPROVED, "yes")
    with pytest.raises(GateClosed):
        case.open(Gate.GOVERNANCE)


def test_a_ledger_alone_opens_nothing(case: Case) -> None:
    arn = case.governed()
    case.decide(Gate.GOVERNANCE, arn)
    case.pipeline.registry.set_approval(arn, ApprovalStatus.PENDING, "on second thoughts")
    with pytest.raises(GateClosed, match="the registry says PendingManualApproval, not Approved"):
        case.open(Gate.GOVERNANCE)


def test_production_is_closed_when_the_model_was_flipped_after_approval(case: Case) -> None:
    arn = case.produced()
    case.decide(Gate.PRODUCTION, arn)
    case.open(Gate.PRODUCTION)
    put(case, case.package(arn).model_data_url, b"flipped")
    with pytest.raises(GateClosed, match="the model artifact changed since the request"):
        case.open(Gate.PRODUCTION)


def test_production_is_closed_when_the_model_is_gone(case: Case) -> None:
    arn = case.produced()
    case.decide(Gate.PRODUCTION, arn)
    case.principal("admin").artifacts.delete_prefix(case.package(arn).model_data_url.split("/", 3)[3])
    with pytest.raises(GateClosed, match="none now"):
        case.open(Gate.PRODUCTION)


def test_production_is_closed_when_a_report_was_flipped_after_approval(case: Case) -> None:
    arn = case.produced()
    case.decide(Gate.PRODUCTION, arn)
    put(case, case.package(arn).metrics["ModelQuality"]["Statistics"]["S3Uri"], b"{}")
    with pytest.raises(GateClosed, match="evidence model_quality"):
        case.open(Gate.PRODUCTION)


def test_production_is_closed_when_the_policy_was_changed_after_approval(case: Case) -> None:
    arn = case.produced()
    case.decide(Gate.PRODUCTION, arn)
    case.edit_policy(lambda policy: policy.update(name="another"))
    with pytest.raises(GateClosed, match="the policy changed"):
        case.open(Gate.PRODUCTION)


def test_production_is_closed_when_governance_is_no_longer_open(case: Case) -> None:
    arn = case.produced()
    case.decide(Gate.PRODUCTION, arn)
    case.pipeline.registry.set_approval(arn, ApprovalStatus.PENDING, "")
    with pytest.raises(GateClosed, match="the governance gate"):
        case.open(Gate.PRODUCTION)


def test_production_is_closed_when_the_use_case_is_no_longer_approved(case: Case) -> None:
    arn = case.produced()
    case.decide(Gate.PRODUCTION, arn)
    case.pipeline.cards.set_status(case.name, CardStatus.PENDING)
    with pytest.raises(GateClosed, match="the use_case gate"):
        case.open(Gate.PRODUCTION)


@pytest.mark.parametrize("status", [StageStatus.DEPLOYING, StageStatus.DEPLOYED, StageStatus.FAILED])
def test_a_version_that_is_served_or_failed_to_be_keeps_its_gate_open(case: Case, status: StageStatus) -> None:
    arn = case.produced()
    case.decide(Gate.PRODUCTION, arn)
    case.pipeline.registry.set_life_cycle(arn, "Production", status, "")
    case.open(Gate.PRODUCTION)


def test_a_version_declared_deployed_without_a_decision_opens_nothing(case: Case) -> None:
    arn = case.produced()
    case.pipeline.registry.set_life_cycle(arn, "Production", StageStatus.DEPLOYED, "")
    with pytest.raises(GateClosed, match="0 of 1 approvals"):
        case.open(Gate.PRODUCTION)


def test_a_version_of_a_declaration_that_nobody_approved_opens_nothing(case: Case) -> None:
    """The run was started by a declaration that was changed back before anybody looked at it."""
    case.approve_use_case()
    approved = (case.folder / "use_case.yaml").read_text()
    case.edit_declaration(owner="data-scientist", author="data-scientist")
    arn = case.candidate()
    (case.folder / "use_case.yaml").write_text(approved)
    case.card()
    case.edit_declaration(owner="data-scientist", author="data-scientist")
    case.request(Gate.GOVERNANCE)
    case.decide(Gate.GOVERNANCE, arn)
    with pytest.raises(GateClosed, match="nobody has approved the use case as it was declared"):
        case.open(Gate.GOVERNANCE)


def test_a_run_without_a_candidate_finds_its_gate_closed(case: Case) -> None:
    case.governed()
    case.run_id = "manual__other"
    with pytest.raises(GateClosed, match="has no candidate in the ledger"):
        case.open(Gate.GOVERNANCE)


def test_another_runs_version_does_not_open_this_runs_gate(case: Case) -> None:
    arn = case.governed()
    case.decide(Gate.GOVERNANCE, arn)
    case.run_id = "manual__2"
    second = case.candidate()
    assert second != arn
    with pytest.raises(GateClosed, match="has not been requested"):
        case.open(Gate.GOVERNANCE)


class Flipped:
    """The store, with one ledger entry's bytes replaced on their way: the store itself lets nobody do it."""

    def __init__(self, client: Any, key: str, data: bytes) -> None:
        self._client, self._key, self._data = client, key, data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def get_object(self, **asked: Any) -> Any:
        found = self._client.get_object(**asked)
        if asked["Key"] == self._key:
            found["Body"].read = lambda: self._data
        return found


def test_nothing_opens_on_a_ledger_that_was_tampered_with(case: Case) -> None:
    arn = case.governed()
    case.decide(Gate.GOVERNANCE, arn)
    entry = case.entries(EntryKind.DECISION)[-1]
    body = {**entry.body, "actor": "production-approver"}
    forged = entry.model_copy(update={"body": body})
    installation = case.principal("pipeline")
    flipped = Flipped(installation.artifacts.client, f"ledger/{case.name}/{entry.sequence:012d}.json", forged.raw)
    installation.__dict__["artifacts"] = Artifacts(flipped, "model-governance")
    with pytest.raises(LedgerBroken, match=f"entry {entry.sequence}: its signature does not hold"):
        open_gate(installation, Gate.GOVERNANCE, case.name, run_id=case.run_id)


def test_a_connection_pointed_at_another_registry_opens_nothing(case: Case, tmp_path: Path) -> None:
    """There everything may be approved and signed: the public keys are the installation's, not the connection's."""
    arn = case.produced()
    case.decide(Gate.PRODUCTION, arn)
    here = case.principal("pipeline")
    files = {}
    for authority in Authority:
        files[authority] = tmp_path / f"{authority.value}.pem"
        files[authority].write_text(PublicKey(Ed25519PrivateKey.generate().public_key()).pem)
    settings = replace(
        here.settings,
        ledger_public_key=files[Authority.LEDGER],
        decisions_public_key=files[Authority.DECISIONS],
        oversight_public_key=files[Authority.OVERSIGHT],
    )
    elsewhere = Installation.load(here.clients, settings)
    with pytest.raises(LedgerBroken, match=r"entry 1: .* it names no known key"):
        open_gate(elsewhere, Gate.PRODUCTION, case.name, run_id=case.run_id)
    assert open_gate(here, Gate.PRODUCTION, case.name, run_id=case.run_id).subject == arn


@pytest.mark.parametrize("person", ["data-scientist", "model-owner", "governance-officer", "admin"])
def test_people_cannot_write_the_ledger(case: Case, person: str) -> None:
    arn = case.governed()
    installation: Installation = case.principal(person)
    with pytest.raises(AccessRefused, match=person):
        installation.ledger(case.name).append(EntryKind.DECISION, arn, {})


def test_a_decision_made_by_someone_who_may_not_does_not_count_even_in_the_ledger(case: Case) -> None:
    """Whoever can sign could write an entry; the gate still asks whether that person may decide."""
    arn = case.governed()
    true = case.decide(Gate.GOVERNANCE, arn)
    case.run_id = "manual__2"
    second = case.candidate()
    entry = case.request(Gate.GOVERNANCE)
    from model_governance.domain.request import GateRequest

    request = GateRequest.model_validate(entry.body)
    forged: Decision = true.model_copy(
        update={"subject": second, "actor": "model-owner", "request_digest": request.digest}
    )
    case.decisions.ledger(case.name).append(EntryKind.DECISION, second, forged.model_dump(mode="json"))
    assert case.adjudicate(Gate.GOVERNANCE, second).outcome == "waiting"
    with pytest.raises(GateClosed):
        case.open(Gate.GOVERNANCE)


def test_what_is_missing_is_told_step_by_step(case: Case) -> None:
    def missing(gate: Gate, subject: str) -> list[str]:
        return [item.what for item in missing_for(case.pipeline, gate, case.name, subject)]

    card = case.card()
    assert missing(Gate.USE_CASE, card) == ["request"]
    case.request(Gate.USE_CASE)
    assert missing(Gate.USE_CASE, card) == ["approval"]
    case.decide(Gate.USE_CASE, card)
    assert missing(Gate.USE_CASE, card) == []
    arn = case.register()
    assert missing(Gate.GOVERNANCE, arn) == [
        "model",
        "data_quality",
        "pre_training_bias",
        "model_quality",
        "post_training_bias",
        "explainability",
    ]
    case.candidate()
    case.request(Gate.GOVERNANCE)
    assert missing(Gate.GOVERNANCE, arn) == ["approval"]
    assert missing(Gate.PRODUCTION, arn) == [EvidenceKind.TEST_VALIDATION.value]
    case.decide(Gate.GOVERNANCE, arn)
    assert missing(Gate.GOVERNANCE, arn) == []
