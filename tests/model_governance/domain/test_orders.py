"""Which order stands behind what was done in a person's name, by the ledger's readers and by the auditor's script."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_governance.cli.verify_export import DoesNotHold, verify_order
from model_governance.domain.ledger import Entry, EntryKind, next_entry
from model_governance.domain.orders import OPERATION_OF, Operation, order_given, refuse_unordered, why_unordered
from model_governance.errors import LedgerBroken

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
Told = tuple[EntryKind, dict[str, Any], float]


def ordered(operation: str, actor: str = "olivia", **said: Any) -> dict[str, Any]:
    known = {"operation": operation, "order_id": "production_control/1", "actor": actor, "role": "owner"}
    words = {"channel": "Airflow form", "reason": "it errs", "policy_digest": "p", "people_digest": "q"}
    return {**known, **words, "to_version": None, "drill": False, **said}


def deed(kind: EntryKind, order: object, actor: str = "olivia", **said: Any) -> dict[str, Any]:
    known = {"drill": False} if kind is EntryKind.STOP else {"version": 3} if kind is EntryKind.REVERSION else {}
    return {"actor": actor, "order": order, **known, **said}


def chain(*told: Told) -> list[Entry]:
    """Entries of these kinds and bodies, so many minutes after noon; unsigned: who signed is held elsewhere."""
    entries: list[Entry] = []
    for kind, body, minutes in told:
        entries.append(
            next_entry(
                entries[-1] if entries else None,
                use_case="loans",
                kind=kind,
                subject="loans",
                body=body,
                time=NOON + timedelta(minutes=minutes),
                key_id="k",
                key_sha256="0" * 64,
            )
        )
    return entries


def fault_by_the_script(entries: list[Entry]) -> bool:
    orders: dict[int, dict[str, Any]] = {}
    try:
        for entry in entries:
            verify_order(json.loads(entry.raw), orders)
    except DoesNotHold:
        return True
    return False


def fault_in(entries: list[Entry]) -> str:
    try:
        refuse_unordered((), entries)
    except LedgerBroken as fault:
        return str(fault)
    return ""


@pytest.mark.parametrize("kind", list(OPERATION_OF))
def test_what_a_person_has_ordered_may_be_done_once(kind: EntryKind) -> None:
    order, done = (EntryKind.ORDER, ordered(OPERATION_OF[kind]), 0.0), (kind, deed(kind, 1), 5.0)
    assert fault_in(chain(order, done)) == ""
    assert "which entry 2 has carried out already" in fault_in(chain(order, done, done))
    assert not fault_by_the_script(chain(order, done)) and fault_by_the_script(chain(order, done, done))


STOP, RESUME, BACK, RETIRED = EntryKind.STOP, EntryKind.RESUME, EntryKind.REVERSION, EntryKind.RETIREMENT
ORDER = EntryKind.ORDER
BY_HAND: Told = (STOP, {"actor": "olivia", "drill": False}, 1.0)


@pytest.mark.parametrize(
    ("why", "told"),
    [
        ("names no order before it: None", [(RESUME, deed(RESUME, None), 0)]),
        ("names no order before it: 1", [(RETIRED, deed(RETIRED, 1), 0)]),
        ("names no order before it: 2", [(ORDER, ordered("retire"), 0), (RETIRED, deed(RETIRED, 2), 0)]),
        ("names no order before it: True", [(ORDER, ordered("retire"), 0), (RETIRED, deed(RETIRED, True), 0)]),
        ("names no order before it: 0", [(ORDER, ordered("stop"), 0), (STOP, deed(STOP, 0), 0)]),
        ("names no order before it: '1'", [(ORDER, ordered("stop"), 0), (STOP, deed(STOP, "1"), 0)]),
        ("which is a evidence", [(EntryKind.EVIDENCE, ordered("stop"), 0), (STOP, deed(STOP, 1), 0)]),
        ("had something else done: stop", [(ORDER, ordered("stop"), 0), (RESUME, deed(RESUME, 1), 0)]),
        ("had something else done", [(ORDER, ordered("resume"), 0), (RESUME, deed(RESUME, 1, "paul"), 0)]),
        ("to have version 2 serve, not 3", [(ORDER, ordered("roll_back", to_version=2), 0), (BACK, deed(BACK, 1), 0)]),
        ("is to be no drill", [(ORDER, ordered("stop"), 0), (STOP, deed(STOP, 1, drill=True), 0)]),
        ("is to be a drill", [(ORDER, ordered("stop", drill=True), 0), (STOP, deed(STOP, 1), 0)]),
        ("given 61 minutes before", [(ORDER, ordered("retire"), 0), (RETIRED, deed(RETIRED, 1), 61)]),
        ("given -61 minutes before", [(ORDER, ordered("retire"), 61), (RETIRED, deed(RETIRED, 1), 0)]),
        ("before the stop of entry 2", [(ORDER, ordered("resume"), 0), BY_HAND, (RESUME, deed(RESUME, 1), 2)]),
    ],
)
def test_what_nobody_has_ordered_breaks_the_chain(why: str, told: list[Told]) -> None:
    entries = chain(*told)
    assert fault_in(entries).startswith(f"ledger of loans, entry {len(told)}: a {told[-1][0].value} names ")
    assert why in fault_in(entries)
    assert fault_by_the_script(entries)


@pytest.mark.parametrize(
    "told",
    [
        [(STOP, deed(STOP, None), 0)],
        [BY_HAND, (RESUME, {"actor": "paul"}, 5)],
        [(ORDER, ordered("roll_back", to_version=3), 0), (BACK, deed(BACK, 1), 60)],
        [(ORDER, ordered("resume"), 2), (RESUME, deed(RESUME, 1), 0)],
        [(ORDER, ordered("retire"), 0), BY_HAND, (RETIRED, deed(RETIRED, 1), 2)],
    ],
)
def test_what_was_ordered_in_time_or_done_by_hand_holds(told: list[Told]) -> None:
    assert (fault_in(chain(*told)), fault_by_the_script(chain(*told))) == ("", False)


def test_an_order_that_is_none_cannot_be_carried_out() -> None:
    assert "entry 1: holds no order" in fault_in(chain((ORDER, {"operation": "stop"}, 0), (STOP, deed(STOP, 1), 0)))


def test_an_order_is_found_by_its_id_and_not_what_it_did() -> None:
    entries = chain((ORDER, ordered("stop"), 0), (STOP, deed(STOP, 1, order_id="production_control/1"), 1))
    assert order_given(entries, "production_control/1") == entries[0]
    assert order_given(entries[1:], "production_control/1") is None


PEOPLE = st.sampled_from(["olivia", "paul"])
VERSIONS = st.sampled_from([None, 1, 2])
ORDERS = st.builds(
    lambda operation, actor, to, drill, minutes: (
        ORDER,
        ordered(operation, actor, to_version=to, drill=drill),
        minutes,
    ),
    st.sampled_from([each.value for each in Operation]),
    PEOPLE,
    VERSIONS,
    st.booleans(),
    st.floats(0, 90),
)
DEEDS = st.builds(
    lambda kind, named, actor, version, drill, minutes: (
        kind,
        {"actor": actor, "version": version, "drill": drill} | ({} if named == "by hand" else {"order": named}),
        minutes,
    ),
    st.sampled_from(list(OPERATION_OF)),
    st.one_of(st.integers(0, 6), st.none(), st.just("by hand"), st.booleans()),
    PEOPLE,
    VERSIONS,
    st.booleans(),
    st.floats(0, 90),
)


@given(told=st.lists(st.one_of(ORDERS, DEEDS), max_size=7), seen=st.integers(0, 7))
def test_readers_writers_and_the_auditors_script_agree(told: list[Told], seen: int) -> None:
    """And a chain read in two parts is judged as in one."""
    entries = chain(*told)
    fault = fault_in(entries)
    assert fault_by_the_script(entries) is bool(fault)
    by_writers = [why_unordered(e.kind, e.body, e.time, entries[: e.sequence - 1]) for e in entries]
    assert any(by_writers) is bool(fault)
    if not fault_in(entries[:seen]):
        try:
            refuse_unordered(entries[:seen], entries[seen:])
        except LedgerBroken as again:
            assert str(again) == fault
        else:
            assert fault == ""
