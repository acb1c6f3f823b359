"""What served at a time, by whose authority and on what evidence, from the ledger's entries alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from pydantic import ValidationError

from model_governance.domain.decision import Decision
from model_governance.domain.ledger import Entry, EntryKind
from model_governance.domain.production import Attempt, changes, read_production
from model_governance.domain.request import GateRequest
from model_governance.errors import LedgerBroken

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
        until: The entry that ended it: a later deployment, a stop, a roll-back, retirement, a clean-up; None while it
            stands.
        authorities: The approvals that it rests on, in the ledger's order.
        since: The entry from which it served: its own, or the roll-back or resumption that brought it back.
        canary: The version that was being deployed beside it, with the share of the traffic that it had; None if none.
    """

    deployment: Entry
    until: Entry | None
    authorities: tuple[Authority, ...]
    since: Entry | None = None
    canary: Attempt | None = None


def served_at(entries: Sequence[Entry], time: datetime) -> Served | None:
    """What served in production at a time; None where nothing did.

    Args:
        entries: A use case's ledger, verified.
        time: Aware. An entry counts from the time it was written, which is after the endpoint began to serve.

    Raises:
        LedgerBroken: An entry that it rests on holds something else than its kind.
    """
    found = changes(entries)
    standing = [place for place, change in enumerate(found) if change.time <= time]
    if not standing:
        return None
    change = found[standing[-1]]
    deployment = change.after.served
    if deployment is None:
        return None
    until = found[standing[-1] + 1].entry if len(found) > standing[-1] + 1 else None
    canary = read_production([entry for entry in entries if entry.time <= time]).attempt
    authorities = _authorities(entries[: deployment.sequence - 1], deployment)
    return Served(deployment, until, authorities, change.after.since, canary)


def out_of_service_at(entries: Sequence[Entry], time: datetime) -> Entry | None:
    """The entry since which nothing served at a time: a stop, a retirement, a clean-up; None where something did.

    Raises:
        LedgerBroken: As ``served_at``.
    """
    before = [change for change in changes(entries) if change.time <= time]
    return before[-1].entry if before and before[-1].after.served is None else None


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
