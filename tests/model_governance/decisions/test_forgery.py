"""Who may do the pipeline's work cannot make a decision, and who records decisions cannot make evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from model_governance.decisions.adjudicate import adjudicate
from model_governance.decisions.record import read_record
from model_governance.domain.decision import Channel, Decision, DecisionVerdict, Gate
from model_governance.domain.ledger import Authority, Entry, EntryKind, next_entry
from model_governance.errors import AccessRefused, DecisionRefused, GateClosed, LedgerBroken
from model_governance.hooks.installation import Installation
from model_governance.hooks.model_registry import ApprovalStatus

if TYPE_CHECKING:
    from conftest import Case


def forged_decision(case: Case, gate: Gate, subject: str) -> dict[str, Any]:
    """What an honest decision would be, made by whoever can read the ledger."""
    request = read_record(case.pipeline.ledger(case.name).entries(), gate, subject).request
    assert request is not None
    return Decision(
        gate=gate,
        subject=subject,
        verdict=DecisionVerdict.APPROVE,
        actor="governance-officer",
        role="governance_officer",
        comment="of course",
        channel=Channel.WEB,
        time=case.pipeline.now(),
        policy_digest=request.policy_digest,
        people_digest=case.pipeline.people.digest,
        evidence_digest=request.evidence_digest,
        card_digest=request.card_digest,
        request_digest=request.digest,
    ).model_dump(mode="json")


def put_signed_as(installation: Installation, case: Case, signed_as: Authority, entry: Entry) -> None:
    """Past the ledger's own code: any program that holds the principal's credentials can do this."""
    signature = installation.signers[signed_as].sign(entry.signed_bytes)
    installation.artifacts.put_new(f"ledger/{case.name}/{entry.sequence:012d}.json", entry.signed(signature).raw)


def follow(
    case: Case, kind: EntryKind, subject: str, body: dict[str, Any], key: Authority, named: Authority | None = None
) -> Entry:
    public = case.pipeline.public_keys[named or key]
    return next_entry(
        case.pipeline.ledger(case.name).entries()[-1],
        use_case=case.name,
        kind=kind,
        subject=subject,
        body=body,
        time=case.pipeline.now(),
        key_id=f"alias/model-governance-{key.value}",
        key_sha256=public.fingerprint,
    )


def test_pipeline_cannot_have_a_decision_signed(case: Case) -> None:
    arn = case.governed()
    forged = forged_decision(case, Gate.GOVERNANCE, arn)
    with pytest.raises(AccessRefused, match="model-governance-decisions"):
        case.pipeline.ledger(case.name).append(EntryKind.DECISION, arn, forged)
    with pytest.raises(AccessRefused):
        case.pipeline.signers[Authority.DECISIONS].sign(b"anything")
    assert case.adjudicate(Gate.GOVERNANCE, arn).outcome == "waiting"


@pytest.mark.parametrize("named", list(Authority))
def test_a_decision_that_pipeline_has_signed_opens_nothing(case: Case, named: Authority) -> None:
    """Signed with the key the pipeline may use, whichever key the entry says it is."""
    arn = case.governed()
    entry = follow(case, EntryKind.DECISION, arn, forged_decision(case, Gate.GOVERNANCE, arn), Authority.LEDGER, named)
    put_signed_as(case.pipeline, case, Authority.LEDGER, entry)
    with pytest.raises(LedgerBroken, match=f"entry {entry.sequence}: .*decisions"):
        adjudicate(case.principal("decision-service"), Gate.GOVERNANCE, case.name, arn)
    assert case.package(arn).approval_status == ApprovalStatus.PENDING
    with pytest.raises((GateClosed, LedgerBroken)):
        case.open(Gate.GOVERNANCE)


@pytest.mark.parametrize("kind", [EntryKind.EVIDENCE, EntryKind.REQUEST, EntryKind.CANDIDATE, EntryKind.DEPLOYMENT])
def test_decision_service_cannot_forge_what_the_pipeline_records(case: Case, kind: EntryKind) -> None:
    case.approve_use_case()
    arn = case.register()
    with pytest.raises(AccessRefused):
        case.decisions.ledger(case.name).append(kind, arn, {})
    entry = follow(case, kind, arn, {}, Authority.DECISIONS)
    put_signed_as(case.decisions, case, Authority.DECISIONS, entry)
    with pytest.raises(LedgerBroken, match=f"entry {entry.sequence}: .*ledger key"):
        case.principal("pipeline").ledger(case.name).entries()


DEEDS = [EntryKind.STOP, EntryKind.RESUME, EntryKind.REVERSION, EntryKind.RETIREMENT]


@pytest.mark.parametrize("kind", [*DEEDS, EntryKind.ORDER])
def test_pipeline_cannot_act_on_production_in_its_own_name(case: Case, kind: EntryKind) -> None:
    case.approve_use_case()
    with pytest.raises(AccessRefused, match=r"alias/model-governance-(operations|decisions)"):
        case.pipeline.ledger(case.name).append(kind, case.name, {"actor": "production-approver"})
    with pytest.raises(AccessRefused):
        case.pipeline.signers[Authority.OPERATIONS].sign(b"anything")


@pytest.mark.parametrize("order", [None, 0, 1, 2, 10**6, True, "1", [1]])
@pytest.mark.parametrize("kind", [EntryKind.RESUME, EntryKind.REVERSION, EntryKind.RETIREMENT])
def test_what_pipeline_says_a_person_ordered_breaks_the_chain_unless_he_did(
    case: Case, kind: EntryKind, order: object
) -> None:
    """Past the ledger's own code, with every name that an order could be given."""
    arn = case.governed()
    body = {"actor": "production-approver", "order": order, "stage": "Production", "version": 1}
    ledger = case.pipeline.ledger(case.name)
    with pytest.raises(DecisionRefused, match="not entered"):
        ledger.append(kind, arn, body)
    entry = follow(case, kind, arn, body, Authority.LEDGER)
    put_signed_as(case.pipeline, case, Authority.LEDGER, entry)
    for look in (ledger.entries, case.principal("decision-service").ledger(case.name).verify):
        with pytest.raises(LedgerBroken, match=f"entry {entry.sequence}: a {kind.value} names"):
            look()
    with pytest.raises((GateClosed, LedgerBroken)):
        case.open(Gate.GOVERNANCE)


def test_decision_service_cannot_carry_out_what_it_enters(case: Case) -> None:
    case.approve_use_case()
    for kind in DEEDS:
        with pytest.raises(AccessRefused):
            case.decisions.ledger(case.name).append(kind, case.name, {"actor": "production-approver"})


@pytest.mark.parametrize("principal", ["caretaker", "pipeline"])
def test_a_key_called_by_its_arn_is_refused_as_well(case: Case, principal: str) -> None:
    kms = case.principal("admin").clients.client("kms")
    arn = kms.get_public_key(KeyId="alias/model-governance-decisions")["KeyId"]
    theirs = case.principal(principal).clients.client("kms")
    for name in (arn, arn.rsplit("/", 1)[-1]):
        with pytest.raises(theirs.exceptions.ClientError, match="not authorized to perform: kms:Sign"):
            theirs.sign(KeyId=name, Message=b"m", SigningAlgorithm="ED25519_SHA_512")


def test_people_sign_nothing_but_what_they_do_to_production(case: Case) -> None:
    """The policy's operations are theirs: whom it names for none of them signs nothing at all."""
    keepers = {"governance-officer", "production-approver"}
    for person in (*keepers, "business-approver", "admin", "data-scientist"):
        for authority in set(Authority) - ({Authority.OPERATIONS} if person in keepers else set()):
            with pytest.raises(AccessRefused):
                case.principal(person).signers[authority].sign(b"anything")


@pytest.mark.parametrize(
    "kind", [EntryKind.EXCEPTION, EntryKind.FINDING, EntryKind.FINDING_CLOSURE, EntryKind.POLICY_VERSION]
)
def test_pipeline_cannot_say_what_people_have_to_say(case: Case, kind: EntryKind) -> None:
    arn = case.governed()
    with pytest.raises(AccessRefused, match="model-governance-oversight"):
        case.pipeline.ledger(case.name).append(kind, arn, {})
