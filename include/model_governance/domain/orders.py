"""Orders: what a person has had the pipeline do to production, and why the pipeline cannot do it in anybody's name.

Whoever has the operations key stops, resumes, goes back or retires himself, and signs it. The pipeline has not: what it
enters of these kinds names an order in the same chain, which the web server entered for a person who was signed in, and
whose key the pipeline has not either. An entry that no order stands behind breaks the chain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from model_governance.domain.ledger import NAMES_ORDER, Entry, EntryKind
from model_governance.errors import LedgerBroken

ORDERS_COUNT_FOR = timedelta(hours=1)
_MINUTES = ORDERS_COUNT_FOR.total_seconds() / 60


class Operation(StrEnum):
    """What can be done to production; the policy has a rule for each under that name."""

    STOP = "stop"
    ROLL_BACK = "roll_back"
    RESUME = "resume"
    RETIRE = "retire"


OPERATION_OF: Mapping[EntryKind, Operation] = {
    EntryKind.STOP: Operation.STOP,
    EntryKind.RESUME: Operation.RESUME,
    EntryKind.REVERSION: Operation.ROLL_BACK,
    EntryKind.RETIREMENT: Operation.RETIRE,
}
"""By which kind of entry each is on record."""


class GivenOrder(BaseModel):
    """The body of an order.

    Attributes:
        operation: What is to be done.
        order_id: What tells it from others: DAG and run.
        actor: Id of the person who gave it.
        role: In which role, or as which part of the use case.
        channel: How.
        reason: Why.
        policy_digest, people_digest: By which policy and people file.
        to_version: Of a roll-back: which version is to serve; None for whichever served before.
        drill: Of a stop: whether it is an exercise.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    operation: Operation
    order_id: str = Field(min_length=1)
    actor: str = Field(min_length=1)
    role: str
    channel: str
    reason: str
    policy_digest: str
    people_digest: str
    to_version: int | None = Field(default=None, strict=True, ge=1)
    drill: bool = Field(default=False, strict=True)


def read_order(entry: Entry) -> GivenOrder:
    """What an entry of kind order says.

    Raises:
        LedgerBroken: It holds something else.
    """
    try:
        return GivenOrder.model_validate(entry.body)
    except ValidationError as faults:
        raise LedgerBroken(
            f"ledger of {entry.use_case}, entry {entry.sequence}: holds no order: {faults.error_count()} faults"
        ) from None


def order_given(entries: Sequence[Entry], order_id: str) -> Entry | None:
    """The order of that id; None where there is none."""
    return next((e for e in entries if e.kind is EntryKind.ORDER and e.body.get("order_id") == order_id), None)


def why_unordered(kind: EntryKind, body: Mapping[str, Any], time: datetime, before: Sequence[Entry]) -> str:
    """Why no order stands behind an entry that names one; empty where one does, or where none needs to.

    A stop may name none (null): it was made while the ledger could not be reached, and opens nothing.

    Args:
        kind: The entry's kind.
        body: Its body.
        time: When it was written, aware.
        before: The chain up to it.

    Raises:
        LedgerBroken: The order that it names holds something else than an order.
    """
    if kind not in OPERATION_OF or NAMES_ORDER not in body:
        return ""
    named = body[NAMES_ORDER]
    if named is None and kind is EntryKind.STOP:
        return ""
    if not isinstance(named, int) or isinstance(named, bool) or not 0 < named <= len(before):
        return f"a {kind.value} names no order before it: {named!r}"
    order = before[named - 1]
    if order.kind is not EntryKind.ORDER:
        return f"a {kind.value} names entry {named} as its order, which is a {order.kind.value}"
    why = _why_not_said(read_order(order), kind, body) or _why_too_late(order, kind, time, before[named:])
    return f"a {kind.value} names entry {named} as its order, {why}" if why else ""


def _why_not_said(given: GivenOrder, kind: EntryKind, body: Mapping[str, Any]) -> str:
    """How what was ordered is something else; empty where it is this."""
    if (given.operation, given.actor) != (OPERATION_OF[kind], body.get("actor")):
        return f"by which {given.actor} had something else done: {given.operation}"
    if kind is EntryKind.REVERSION and given.to_version not in (None, body.get("version")):
        return f"which is to have version {given.to_version} serve, not {body.get('version')}"
    if kind is EntryKind.STOP and given.drill is not body.get("drill"):
        return f"which is to be {'a' if given.drill else 'no'} drill"
    return ""


def _why_too_late(order: Entry, kind: EntryKind, time: datetime, since: Sequence[Entry]) -> str:
    """Why an order counts no longer, by the time and by what lies between; empty where it does."""
    if abs(time - order.time) > ORDERS_COUNT_FOR:  # two clocks: either may be ahead
        minutes = (time - order.time).total_seconds() / 60
        return f"which was given {minutes:.0f} minutes before; it counts for {_MINUTES:.0f}"
    spent = next((e for e in since if e.kind in OPERATION_OF and e.body.get(NAMES_ORDER) == order.sequence), None)
    if spent is not None:
        return f"which entry {spent.sequence} has carried out already"
    stop = next((e for e in since if e.kind is EntryKind.STOP), None)
    if stop is not None and kind is EntryKind.RESUME:
        return f"which was given before the stop of entry {stop.sequence}"
    return ""


def refuse_unordered(before: Sequence[Entry], fresh: Sequence[Entry]) -> None:
    """Raises for the first entry that no order stands behind and one must.

    Args:
        before: The chain as far as it is known to hold.
        fresh: What follows.

    Raises:
        LedgerBroken: Naming the entry, and why.
    """
    ordered = [entry for entry in fresh if entry.kind in OPERATION_OF and NAMES_ORDER in entry.body]
    chain = (*before, *fresh) if ordered else ()
    for entry in ordered:
        why = why_unordered(entry.kind, entry.body, entry.time, chain[: entry.sequence - 1])
        if why:
            raise LedgerBroken(f"ledger of {entry.use_case}, entry {entry.sequence}: {why}")
