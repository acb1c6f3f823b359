"""Past decisions come out as they did, by policy, people and evidence of their time; or it is said where not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from model_governance.cli.served import lines, parse_time
from model_governance.decisions.open import open_gate
from model_governance.decisions.replay import replay
from model_governance.domain.canonical import sha256_hex
from model_governance.domain.decision import Decision, DecisionVerdict, Gate
from model_governance.domain.evidence import EvidenceKind
from model_governance.domain.ledger import Entry, EntryKind
from model_governance.domain.served import served_at
from model_governance.errors import AccessRefused, ArtifactChanged, RecordMissing, RequestRefused
from model_governance.hooks.aws import calling

if TYPE_CHECKING:
    from conftest import Case


def deploy(case: Case, arn: str, version: int = 1) -> Entry:
    """As the last stage records it."""
    opened = [
        open_gate(case.principal("pipeline"), gate, case.name, run_id=case.run_id, subject=arn)
        for gate in (Gate.GOVERNANCE, Gate.PRODUCTION)
    ]
    authority = [
        {"gate": each.gate.value, "actor": by.actor, "role": by.role, "request_digest": each.request.digest}
        for each in opened
        for by in each.decisions
    ]
    body = {
        "stage": "Production",
        "run_id": case.run_id,
        "version": version,
        "endpoint": case.name,
        "endpoint_config": f"{case.name}-v{version}-production",
        "model_sha256": "0" * 64,
        "authority": authority,
    }
    return case.pipeline.ledger(case.name).append(EntryKind.DEPLOYMENT, arn, body)


def in_production(case: Case) -> tuple[str, Entry]:
    case.declare()
    arn = case.produced()
    case.decide(Gate.PRODUCTION, arn)
    return arn, deploy(case, arn)


def told(case: Case) -> list[str]:
    return [f"{each.sequence}: {each.what}" for each in replay(case.principal("pipeline"), case.name).differences]


def test_a_lifecycle_comes_out_as_it_did(case: Case) -> None:
    in_production(case)
    found = replay(case.principal("pipeline"), case.name)
    assert (found.decisions, found.deployments, found.differences) == (3, 1, ())


def test_it_does_so_after_policy_and_people_have_changed(case: Case) -> None:
    in_production(case)

    def harder(policy: dict[str, Any]) -> None:
        for gates in policy["gates"].values():
            gates["governance"]["roles"] = ["committee"]

    case.edit_policy(harder)
    case.edit_people(lambda people: people.clear())
    assert told(case) == []


def test_rejections_are_replayed_too(case: Case) -> None:
    arn = case.governed()
    case.decide(Gate.GOVERNANCE, arn, DecisionVerdict.REJECT, comment="no")
    assert told(case) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"actor": "model-owner"}, "model-owner is its owner"),
        ({"actor": "nobody"}, "nobody was not in the people file"),
        ({"actor": "production-approver"}, "it takes the role governance_officer"),
        ({"role": "committee"}, "decided as committee; by the files of the time it would be as governance_officer"),
        ({"evidence_digest": "0" * 64}, "the decision is on evidence 000000000000"),
        ({"card_digest": "0" * 64}, "the decision is on card 000000000000"),
        ({"policy_digest": "0" * 64}, "the decision is on policy 000000000000"),
        ({"request_digest": "0" * 64}, "the decision is on request 000000000000"),
        ({"people_digest": "0" * 64}, "it cannot be judged again"),
        ({"verdict": "perhaps"}, "it holds no decision"),
    ],
)
def test_a_decision_that_should_not_have_been_is_named(case: Case, changes: dict[str, str], said: str) -> None:
    """Entered by the decision service itself, past its own checks: the one thing that no signature shows."""
    true = case.entries(EntryKind.DECISION)[0] if case.approve_use_case() else None
    assert true is not None
    arn = case.candidate()
    entry = case.request(Gate.GOVERNANCE)
    from model_governance.domain.request import GateRequest

    request = GateRequest.model_validate(entry.body)
    honest = Decision.model_validate(true.body).model_copy(
        update={
            "gate": Gate.GOVERNANCE,
            "subject": arn,
            "actor": "governance-officer",
            "role": "governance_officer",
            "request_digest": request.digest,
            "evidence_digest": request.evidence_digest,
            "card_digest": request.card_digest,
        }
    )
    ledger = case.decisions.ledger(case.name)
    forged = ledger.append(EntryKind.DECISION, arn, {**honest.model_dump(mode="json"), **changes})
    assert any(each.startswith(f"{forged.sequence}: ") and said in each for each in told(case)), told(case)


def test_a_second_decision_on_a_decided_gate_is_named(case: Case) -> None:
    arn = case.governed()
    case.decide(Gate.GOVERNANCE, arn)
    first = case.entries(EntryKind.DECISION)[-1]
    again = case.decisions.ledger(case.name).append(EntryKind.DECISION, arn, first.body)
    assert told(case)[0] == f"{again.sequence}: the gate was open before it"


def test_evidence_that_was_not_on_record_before_the_request_is_named(case: Case) -> None:
    arn = case.governed()
    case.decide(Gate.GOVERNANCE, arn)
    entries = case.principal("pipeline").ledger(case.name).verify()
    from model_governance.decisions import replay as module

    hidden = [each for each in entries if each.body.get("kind") != EvidenceKind.MODEL_QUALITY.value]
    decision = entries.index(next(each for each in reversed(entries) if each.kind is EntryKind.DECISION))
    found = module._decision(case.principal("pipeline"), entries[decision], hidden[: decision - 1])
    assert any("the request's model_quality" in each for each in found)


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body | {"authority": body["authority"][:1]},
        lambda body: body | {"authority": []},
        lambda body: body | {"authority": [each | {"actor": "admin"} for each in body["authority"]]},
        lambda body: body | {"authority": [each | {"request_digest": "0" * 64} for each in body["authority"]]},
    ],
)
def test_a_deployment_without_its_authority_is_named(case: Case, change: Callable[[dict[str, Any]], Any]) -> None:
    arn, entry = in_production(case)
    forged = case.pipeline.ledger(case.name).append(EntryKind.DEPLOYMENT, arn, change(dict(entry.body)))
    assert told(case)[0].startswith(f"{forged.sequence}: deployed ")


def test_every_ledger_of_the_bucket_is_found(case: Case) -> None:
    case.approve_use_case()
    names = case.pipeline.ledgers()
    assert case.name in names
    assert not any(name.startswith("_") for name in names)


def test_texts_are_kept_once_and_read_by_digest(case: Case) -> None:
    case.approve_use_case()
    policy, people = case.pipeline.policy, case.pipeline.people
    texts = case.principal("pipeline").texts
    assert texts.policy(policy.digest) == policy
    assert texts.people(people.digest) == people
    with pytest.raises(RecordMissing):
        texts.policy("0" * 64)
    admin = case.principal("admin").clients.client("s3")
    key = f"ledger/_texts/{policy.digest}.json"
    with pytest.raises(AccessRefused), calling("s3", "PutObject"):
        admin.put_object(Bucket="model-governance", Key=key, Body=b"{}")
    with pytest.raises(AccessRefused), calling("s3", "DeleteObject"):
        admin.delete_object(Bucket="model-governance", Key=key)


def test_a_text_that_is_not_what_its_name_says_is_refused(case: Case) -> None:
    name = sha256_hex(case.name.encode())
    case.pipeline.artifacts.put_new(f"ledger/_texts/{name}.json", b"{}")
    with pytest.raises(ArtifactChanged, match="recorded is"):
        case.pipeline.texts.policy(name)


def test_what_served_is_told_with_its_authority_and_evidence(case: Case) -> None:
    _, entry = in_production(case)
    entries = case.principal("pipeline").ledger(case.name).verify()
    assert served_at(entries, entry.time - timedelta(seconds=1)) is None
    found = served_at(entries, entry.time)
    assert found is not None
    text = "\n".join(lines(case.name, entry.time, found))
    assert "version 1 served in production" in text
    assert "governance: approved by governance-officer as governance_officer by task-instance mark" in text
    assert "production: approved by production-approver" in text
    for kind in EvidenceKind:
        assert f"on {kind.value}: pass, sha256 " in text


def test_a_later_deployment_and_a_clean_up_end_what_served(case: Case) -> None:
    arn, first = in_production(case)
    second = deploy(case, arn, version=2)
    gone = case.principal("caretaker").ledger(case.name).append(EntryKind.CLEAN_UP, case.name, {})
    entries = case.principal("pipeline").ledger(case.name).verify()
    served = [served_at(entries, each.time) for each in (first, second, gone)]
    assert [each.deployment.body["version"] if each else None for each in served] == [1, 2, None]
    assert served[0] is not None
    assert served[0].until == second
    assert lines(case.name, gone.time, None)[0].startswith(f"{case.name}: nothing served in production at ")


def test_times_are_read_as_utc_unless_they_say_otherwise() -> None:
    assert parse_time("2026-03-01") == datetime(2026, 3, 1, tzinfo=UTC)
    assert parse_time("2026-03-01T12:00+01:00") == datetime(2026, 3, 1, 11, tzinfo=UTC)
    with pytest.raises(RequestRefused, match="is no time"):
        parse_time("yesterday")
