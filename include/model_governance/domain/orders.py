"""Orders: what a person has had the pipeline do to production, and why the pipeline cannot do it in anybody's name.

Whoever has the operations key stops, resumes, goes back or retires himself, and signs it. The pipeline has not: what it
enters of these kinds names an order in the same chain, which the web server entered for a person who was signed in, and
whose key the pipeline has not either. An entry that no order stands behind breaks the chain.

When an entry was made is its writer's word. So an order ends also with whatever somebody else than the pipeline entered
too long after it, and with its withdrawal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from model_governance.domain.ledger import NAMES_ORDER, Authority, Entry, EntryKind, authority_over
from model_governance.errors import LedgerBroken

BEGUN_WITHIN = timedelta(hours=1)
"""After an order: what begins later is not begun."""
ENTERED_WITHIN = timedelta(hours=2)
"""After an order: what was begun in time may take this long before it is on record."""


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

_SPENDS = {**dict.fromkeys(OPERATION_OF, "carried out"), EntryKind.WITHDRAWAL: "withdrawn"}
_WORDS = ("order_id", "role", "channel", "reason")


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
        to_version: Of a roll-back: which version is to serve; None for other operations.
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
    to_version: int | None = Field(strict=True, ge=1)
    drill: bool = Field(strict=True)


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


def carried_out_or_withdrawn(order: Entry, entries: Sequence[Entry]) -> Entry | None:
    """The entry that has spent an order; None while none has."""
    named = (each for each in entries if each.kind in _SPENDS and each.body.get(NAMES_ORDER) == order.sequence)
    return next((each for each in named if not isinstance(each.body[NAMES_ORDER], bool)), None)


def is_unordered(entry: Entry) -> bool:
    """Whether a stop is the pipeline's word alone: it was made while the ledger could not be reached."""
    return entry.kind is EntryKind.STOP and NAMES_ORDER in entry.body and entry.body[NAMES_ORDER] is None


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
    ended = _why_ended(order, kind, time, before[named:], ENTERED_WITHIN)
    why = _why_not_said(read_order(order), kind, body) or (f"which {ended}" if ended else "")
    return f"a {kind.value} names entry {named} as its order, {why}" if why else ""


def why_not_begun(order: Entry, at: datetime, entries: Sequence[Entry]) -> str:
    """Why an order is not to be carried out any more, before anything is touched; empty where it is.

    Args:
        order: Its entry.
        at: Now, aware.
        entries: The chain as it is.
    """
    operation = read_order(order).operation
    kind = next(kind for kind, each in OPERATION_OF.items() if each is operation)
    why = _why_ended(order, kind, at, entries[order.sequence :], BEGUN_WITHIN)
    return f"the order of entry {order.sequence} is not carried out: it {why}" if why else ""


def _why_not_said(given: GivenOrder, kind: EntryKind, body: Mapping[str, Any]) -> str:
    """How what was ordered is something else; empty where it is this, in the person's own words."""
    if (given.operation, given.actor) != (OPERATION_OF[kind], body.get("actor")):
        return f"by which {given.actor} had something else done: {given.operation}"
    if kind is EntryKind.REVERSION and given.to_version != body.get("version"):
        return f"which is to have version {given.to_version} serve, not {body.get('version')}"
    if kind is EntryKind.STOP and given.drill is not body.get("drill"):
        return f"which is to be {'a' if given.drill else 'no'} drill"
    other = next((name for name in _WORDS if body.get(name) != getattr(given, name)), None)
    return f"which says another {other}: {getattr(given, other)!r}" if other else ""


def _why_ended(order: Entry, kind: EntryKind, time: datetime, since: Sequence[Entry], limit: timedelta) -> str:
    """Why an order counts no longer, by the time and by what was entered since; empty where it does."""
    late = next((e.time for e in since if _is_by_others(e) and e.time - order.time > ENTERED_WITHIN), time)
    if not -ENTERED_WITHIN <= late - order.time <= limit:  # two clocks: either may be ahead
        minutes = (late - order.time).total_seconds() / 60
        return f"was given {minutes:.0f} minutes before; it counts for {limit.total_seconds() / 60:.0f}"
    spent = carried_out_or_withdrawn(order, since)
    if spent is not None:
        return f"was {_SPENDS[spent.kind]} by entry {spent.sequence} already"
    stop = next((e for e in since if e.kind is EntryKind.STOP), None)
    if stop is not None and kind is EntryKind.RESUME:
        return f"was given before the stop of entry {stop.sequence}"
    return ""


def _is_by_others(entry: Entry) -> bool:
    """Whether somebody else than the pipeline has entered it."""
    return authority_over(entry.kind, entry.body) is not Authority.LEDGER


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
