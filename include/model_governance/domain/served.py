"""What served at a time, by whose authority and on what evidence, from the ledger's entries alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from pydantic import ValidationError

from model_governance.domain.decision import Decision
from model_governance.domain.ledger import Entry, EntryKind
from model_governance.domain.request import GateRequest
from model_governance.errors import LedgerBroken

_PRODUCTION = "Production"
_Record = TypeVar("_Record", GateRequest, Decision)


@dataclass(frozen=True)
class Authority:
    """An approval that a deployment rests on.

    Attributes:
        decision: What was decided.
        sequence: The ledger entry that holds it.
        request: What was asked, with its evidence; None where it is not on record.
    """

    decision: Decision
    sequence: int
    request: GateRequest | None


@dataclass(frozen=True)
class Served:
    """A deployment that stood at a time.

    Attributes:
        deployment: The ledger entry.
        until: The entry that ended it, a later deployment or a clean-up; None while it stands.
        authorities: The approvals that it rests on, in the ledger's order.
    """

    deployment: Entry
    until: Entry | None
    authorities: tuple[Authority, ...]


def served_at(entries: Sequence[Entry], time: datetime) -> Served | None:
    """What served in production at a time; None where nothing did.

    Args:
        entries: A use case's ledger, verified.
        time: Aware. An entry counts from the time it was written, which is after the endpoint began to serve.

    Raises:
        LedgerBroken: An entry that it rests on holds something else than its kind.
    """
    changes = [
        entry
        for entry in entries
        if entry.kind is EntryKind.CLEAN_UP
        or (entry.kind is EntryKind.DEPLOYMENT and entry.body.get("stage") == _PRODUCTION)
    ]
    standing = [place for place, entry in enumerate(changes) if entry.time <= time]
    if not standing or changes[standing[-1]].kind is EntryKind.CLEAN_UP:
        return None
    deployment = changes[standing[-1]]
    until = changes[standing[-1] + 1] if len(changes) > standing[-1] + 1 else None
    return Served(deployment, until, _authorities(entries[: deployment.sequence - 1], deployment))


def _authorities(before: Sequence[Entry], deployment: Entry) -> tuple[Authority, ...]:
    try:
        named = {
            (authority.get("gate"), authority.get("actor"), authority.get("request_digest"))
            for authority in deployment.body.get("authority", [])
        }
    except (AttributeError, TypeError):
        raise LedgerBroken(
            f"ledger of {deployment.use_case}, entry {deployment.sequence}: holds no deployment: "
            "its authority is no list of decisions"
        ) from None
    about = [entry for entry in before if entry.subject == deployment.subject]
    requests = {}
    for entry in about:
        if entry.kind is EntryKind.REQUEST:
            request = _read(GateRequest, entry)
            requests[request.digest] = request
    found = []
    for entry in about:
        if entry.kind is EntryKind.DECISION:
            decision = _read(Decision, entry)
            if (decision.gate.value, decision.actor, decision.request_digest) in named:
                found.append(Authority(decision, entry.sequence, requests.get(decision.request_digest)))
    return tuple(found)


def _read(model: type[_Record], entry: Entry) -> _Record:
    try:
        return model.model_validate(entry.body)
    except ValidationError as faults:
        raise LedgerBroken(
            f"ledger of {entry.use_case}, entry {entry.sequence}: holds no {entry.kind.value}: "
            f"{faults.error_count()} faults"
        ) from None
