"""Replay: every decision of a ledger judged again from its own policy, people and evidence; changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from model_governance.decisions.publish import witnessed_entries
from model_governance.decisions.record import read_record, since_clean_up
from model_governance.domain.decision import Decision
from model_governance.domain.evidence import Evidence
from model_governance.domain.ledger import Entry, EntryKind
from model_governance.domain.replay import Circumstances, differences
from model_governance.domain.request import GateRequest
from model_governance.domain.use_case import UseCase
from model_governance.errors import ArtifactChanged, LedgerBroken, PolicyInvalid, RecordMissing
from model_governance.hooks.installation import Installation


@dataclass(frozen=True)
class Difference:
    """What would come out otherwise.

    Attributes:
        sequence: The entry, a decision or a deployment.
        what: In one sentence.
    """

    sequence: int
    what: str


@dataclass(frozen=True)
class Replay:
    """What a replay found.

    Attributes:
        use_case: Whose ledger.
        decisions: How many decisions were judged again.
        deployments: How many deployments had their authority looked up again.
        differences: Empty when everything comes out as it did.
    """

    use_case: str
    decisions: int
    deployments: int
    differences: tuple[Difference, ...]


def replay(installation: Installation, use_case: str) -> Replay:
    """Judges every decision of a use case again, and looks up every deployment's authority.

    Raises:
        LedgerBroken: The ledger does not hold, or the witness knows a later head.
        AccessRefused, ServiceUnavailable: As the store answers.
    """
    entries = witnessed_entries(installation, use_case)
    found: list[Difference] = []
    counts = {EntryKind.DECISION: 0, EntryKind.DEPLOYMENT: 0}
    for place, entry in enumerate(entries):
        if entry.kind not in counts:
            continue
        counts[entry.kind] += 1
        judge = _decision if entry.kind is EntryKind.DECISION else _deployment
        try:
            said = judge(installation, entry, entries[:place])
        except (ValidationError, AttributeError, TypeError) as fault:
            said = (f"it, or what it rests on, holds no {entry.kind.value}: {type(fault).__name__}",)
        found += [Difference(entry.sequence, what) for what in said]
    return Replay(use_case, counts[EntryKind.DECISION], counts[EntryKind.DEPLOYMENT], tuple(found))


def _decision(installation: Installation, entry: Entry, before: Sequence[Entry]) -> tuple[str, ...]:
    try:
        decision = Decision.model_validate(entry.body)
        then = _circumstances(installation, entry, decision, before)
    except ValidationError as faults:
        return (f"it holds no decision: {faults.error_count()} faults",)
    except (RecordMissing, ArtifactChanged, PolicyInvalid, LedgerBroken) as fault:
        return (f"it cannot be judged again: {fault}",)
    return differences(decision, then)


def _circumstances(
    installation: Installation, entry: Entry, decision: Decision, before: Sequence[Entry]
) -> Circumstances:
    record = read_record(before, decision.gate, entry.subject)
    if record.request is None or record.entry is None:
        raise RecordMissing(f"there was no request for the {decision.gate.value} gate of {entry.subject} before it")
    asked = record.entry.sequence
    evidence = [
        Evidence.model_validate(each.body)
        for each in since_clean_up(before)
        if each.kind is EntryKind.EVIDENCE and each.subject == entry.subject and each.sequence < asked
    ]
    return Circumstances(
        request=record.request,
        before=record.decisions,
        evidence=evidence,
        policy=installation.texts.policy(record.request.policy_digest),
        people=installation.texts.people(decision.people_digest),
        oversight=record.oversight,
        use_case=_declaration(before, record.request.use_case_digest),
        recorded=max(entry.time, decision.time),
    )


def _declaration(before: Sequence[Entry], digest: str) -> UseCase | None:
    declared = (
        each.body.get("declaration")
        for each in reversed(before)
        if each.kind is EntryKind.USE_CASE and each.body.get("use_case_digest") == digest
    )
    text = next(declared, None)
    return UseCase.model_validate(text) if text is not None else None


def _deployment(installation: Installation, entry: Entry, before: Sequence[Entry]) -> tuple[str, ...]:
    """Each authority that a deployment names must be a decision on a request that was on record before it."""
    standing = since_clean_up(before)
    decided = {
        (str(each.body.get("gate")), str(each.body.get("actor")), str(each.body.get("role")), _answers(each))
        for each in standing
        if each.kind is EntryKind.DECISION and each.subject == entry.subject and each.body.get("verdict") == "approve"
    }
    asked = {
        GateRequest.model_validate(each.body).digest
        for each in standing
        if each.kind is EntryKind.REQUEST and each.subject == entry.subject
    }
    named = [
        tuple(str(authority.get(part)) for part in ("gate", "actor", "role", "request_digest"))
        for authority in entry.body.get("authority", [])
    ]
    faults = [
        f"deployed by authority of {actor} as {role} at the {gate} gate, which is not on record before it"
        for gate, actor, role, request in named
        if (gate, actor, role, request) not in decided or request not in asked
    ]
    gates = {gate for gate, *_ in named}
    if str(entry.body.get("stage")) == "Production" and not {"governance", "production"} <= gates:
        faults.append(f"deployed to production by authority of {', '.join(sorted(gates)) or 'no gate'} alone")
    return tuple(faults)


def _answers(entry: Entry) -> str:
    return str(entry.body.get("request_digest"))
