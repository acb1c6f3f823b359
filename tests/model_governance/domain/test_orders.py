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
from model_governance.domain.orders import (
    OPERATION_OF,
    Operation,
    order_given,
    refuse_unordered,
    why_not_begun,
    why_unordered,
)
from model_governance.domain.served import served_at
from model_governance.errors import LedgerBroken

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
Told = tuple[EntryKind, dict[str, Any], float]


WORDS = {"order_id": "production_control/1", "role": "owner", "channel": "Airflow form", "reason": "it errs"}


def ordered(operation: str, actor: str = "olivia", **said: Any) -> dict[str, Any]:
    to_version = 3 if operation == "roll_back" else None
    known = {"operation": operation, "actor": actor, "policy_digest": "p", "people_digest": "q"}
    return {**known, **WORDS, "to_version": to_version, "drill": False, **said}


def deed(kind: EntryKind, order: object, actor: str = "olivia", **said: Any) -> dict[str, Any]:
    known = {"drill": False} if kind is EntryKind.STOP else {"version": 3} if kind is EntryKind.REVERSION else {}
    return {"actor": actor, "order": order, **WORDS, **known, **said}


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
    assert "which was carried out by entry 2 already" in fault_in(chain(order, done, done))
    assert not fault_by_the_script(chain(order, done)) and fault_by_the_script(chain(order, done, done))


STOP, RESUME, BACK, RETIRED = EntryKind.STOP, EntryKind.RESUME, EntryKind.REVERSION, EntryKind.RETIREMENT
ORDER = EntryKind.ORDER
BY_HAND: Told = (STOP, {"actor": "olivia", "drill": False}, 1.0)
WITHDRAWN: Told = (EntryKind.WITHDRAWAL, {"order": 1, "reason": "Airflow answered 500"}, 1.0)
DECIDED_LATE: Told = (EntryKind.DECISION, {}, 121.0)
ORDERED_LATE: Told = (ORDER, ordered("stop", order_id="production_control/2"), 122.0)


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
        ("to have version None serve", [(ORDER, ordered("roll_back", to_version=None), 0), (BACK, deed(BACK, 1), 0)]),
        ("given 121 minutes before", [(ORDER, ordered("retire"), 0), (RETIRED, deed(RETIRED, 1), 121)]),
        ("given -121 minutes before", [(ORDER, ordered("retire"), 121), (RETIRED, deed(RETIRED, 1), 0)]),
        ("given 121 minutes before", [(ORDER, ordered("retire"), 0), DECIDED_LATE, (RETIRED, deed(RETIRED, 1), 1)]),
        ("given 122 minutes before", [(ORDER, ordered("retire"), 0), ORDERED_LATE, (RETIRED, deed(RETIRED, 1), 1)]),
        ("which was withdrawn by entry 2", [(ORDER, ordered("stop"), 0), WITHDRAWN, (STOP, deed(STOP, 1), 1)]),
        (
            "another order_id: 'production_control/1'",
            [(ORDER, ordered("stop"), 0), (STOP, deed(STOP, 1, order_id="2"), 0)],
        ),
        ("another role: 'owner'", [(ORDER, ordered("stop"), 0), (STOP, deed(STOP, 1, role="officer"), 0)]),
        ("another channel", [(ORDER, ordered("stop"), 0), (STOP, deed(STOP, 1, channel="command line"), 0)]),
        ("another reason: 'it errs'", [(ORDER, ordered("stop"), 0), (STOP, deed(STOP, 1, reason="he told me"), 0)]),
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
        [(ORDER, ordered("roll_back", to_version=3), 0), (BACK, deed(BACK, 1), 120)],
        [(ORDER, ordered("retire"), 0), (EntryKind.EVIDENCE, {}, 121), (RETIRED, deed(RETIRED, 1), 1)],
        [(ORDER, ordered("retire"), 0), (EntryKind.WITHDRAWAL, {"order": True}, 0), (RETIRED, deed(RETIRED, 1), 1)],
        [(ORDER, ordered("resume"), 2), (RESUME, deed(RESUME, 1), 0)],
        [(ORDER, ordered("retire"), 0), BY_HAND, (RETIRED, deed(RETIRED, 1), 2)],
    ],
)
def test_what_was_ordered_in_time_or_done_by_hand_holds(told: list[Told]) -> None:
    assert (fault_in(chain(*told)), fault_by_the_script(chain(*told))) == ("", False)


@pytest.mark.parametrize(
    "changed",
    [
        {"extra": 1},
        {"reason": None},
        {"role": 1},
        {"actor": ""},
        {"order_id": ""},
        {"to_version": 0},
        {"to_version": "3"},
        {"to_version": True},
        {"drill": 0},
        {"operation": "explode"},
    ],
)
def test_an_order_that_is_none_cannot_be_carried_out(changed: dict[str, Any]) -> None:
    entries = chain((ORDER, {**ordered("stop"), **changed}, 0), (STOP, {**deed(STOP, 1), **changed}, 0))
    assert "entry 1: holds no order" in fault_in(entries)
    assert fault_by_the_script(entries)


@pytest.mark.parametrize("missing", sorted(ordered("stop")))
def test_an_order_leaves_nothing_out(missing: str) -> None:
    body = {name: value for name, value in ordered("stop").items() if name != missing}
    entries = chain((ORDER, body, 0), (STOP, deed(STOP, 1), 0))
    assert "entry 1: holds no order" in fault_in(entries)
    assert fault_by_the_script(entries)


def test_what_is_not_begun_within_an_hour_or_not_any_more_is_not_begun_at_all() -> None:
    entries = chain((ORDER, ordered("retire"), 0), BY_HAND, WITHDRAWN)
    order, an_hour = entries[0], timedelta(minutes=60)
    assert why_not_begun(order, NOON + an_hour, entries[:2]) == ""
    assert "given 61 minutes before; it counts for 60" in why_not_begun(
        order, NOON + timedelta(minutes=61), entries[:2]
    )
    assert "it was withdrawn by entry 3 already" in why_not_begun(order, NOON, entries)


def test_a_stop_that_nobody_ordered_says_nothing_of_what_served_long_before() -> None:
    stage = {"stage": "Production"}
    served = (EntryKind.DEPLOYMENT, {**stage, "version": 1, "run_id": "a", "authority": []}, 0)
    for minutes_before in (30, 110):
        said = {"out_of_service_at": (NOON + timedelta(minutes=120 - minutes_before)).isoformat()}
        entries = chain(served, (STOP, {**stage, "actor": "olivia", "drill": False, "order": None, **said}, 120.0))
        assert (served_at(entries, NOON + timedelta(minutes=119)) is None) is (minutes_before == 30)


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
    st.floats(0, 180),
)
DEEDS = st.builds(
    lambda kind, named, actor, version, drill, minutes: (
        kind,
        {**WORDS, "actor": actor, "version": version, "drill": drill, "order": named}
        if named != "by hand"
        else {"actor": actor, "version": version, "drill": drill},
        minutes,
    ),
    st.sampled_from(list(OPERATION_OF)),
    st.one_of(st.integers(0, 6), st.none(), st.just("by hand"), st.booleans()),
    PEOPLE,
    VERSIONS,
    st.booleans(),
    st.floats(0, 180),
)


OTHERS = st.builds(
    lambda kind, named, minutes: (kind, {"order": named}, minutes),
    st.sampled_from([EntryKind.WITHDRAWAL, EntryKind.DECISION, EntryKind.EVIDENCE, EntryKind.FINDING]),
    st.one_of(st.integers(0, 6), st.booleans()),
    st.floats(0, 180),
)


@given(told=st.lists(st.one_of(ORDERS, DEEDS, OTHERS), max_size=7), seen=st.integers(0, 7))
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
