"""What serves, by the ledger: every kind of entry that changes it, and none that does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from model_governance.domain.deployment import Rollout
from model_governance.domain.ledger import Entry, EntryKind
from model_governance.domain.production import changes, read_production
from model_governance.domain.served import out_of_service_at, served_at
from model_governance.errors import LedgerBroken

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def ledger(*said: tuple[EntryKind, dict[str, Any]]) -> list[Entry]:
    """Entries an hour apart, from 01:00 on, each about the version it names."""
    return [
        Entry(
            use_case="loans",
            sequence=place,
            previous="0" * 64,
            time=BEGAN + timedelta(hours=place),
            kind=kind,
            subject=f"arn:version/{body.get('version')}",
            body={"stage": "Production", **body},
            key_id="key",
            key_sha256="0" * 64,
        )
        for place, (kind, body) in enumerate(said, start=1)
    ]


def deployed(version: int) -> tuple[EntryKind, dict[str, Any]]:
    config = f"loans-v{version}-production"
    return EntryKind.DEPLOYMENT, {"version": version, "run_id": f"run-{version}", "endpoint_config": config}


def begun(version: int) -> tuple[EntryKind, dict[str, Any]]:
    return EntryKind.DEPLOYMENT_STEP, {"version": version, "run_id": f"run-{version}", "step": "begin"}


def served(entries: list[Entry], hour: float) -> int | None:
    found = served_at(entries, BEGAN + timedelta(hours=hour))
    return found.deployment.body["version"] if found else None


def test_a_stop_a_resumption_a_reversion_and_a_retirement_change_what_served_when() -> None:
    stop = EntryKind.STOP, {"version": 2, "out_of_service_at": (BEGAN + timedelta(hours=2.5)).isoformat()}
    entries = ledger(
        deployed(1),
        deployed(2),
        stop,
        (EntryKind.RESUME, {}),
        (EntryKind.REVERSION, {"version": 1}),
        (EntryKind.RETIREMENT, {}),
    )
    assert [served(entries, hour) for hour in (0.5, 1, 2, 2.6, 4, 5, 6)] == [None, 1, 2, None, 2, 1, None]
    ended = out_of_service_at(entries, BEGAN + timedelta(hours=2.6))
    assert ended is not None and ended.kind is EntryKind.STOP
    assert len(changes(entries)) == 6


def test_a_deployment_under_way_and_one_that_gave_way_leave_what_serves() -> None:
    steps = [deployed(1), begun(2), (EntryKind.DEPLOYMENT_STEP, {"run_id": "run-2", "step": "canary", "percent": 10})]
    under_way = read_production(ledger(*steps))
    assert under_way.attempt is not None and under_way.served is not None
    assert (under_way.served.body["version"], under_way.attempt.version, under_way.attempt.percent) == (1, 2, 10)
    back = EntryKind.ROLL_BACK, {"run_id": "run-2", "version": 2, "serves": "loans-v1-production"}
    after = read_production(ledger(*steps, back))
    assert after.attempt is None and after.served is not None and after.served.body["version"] == 1
    assert after.attempts == {"run-2": 1}


def test_an_attempt_that_gave_way_is_known_until_its_run_begins_another() -> None:
    back = EntryKind.ROLL_BACK, {"run_id": "run-2", "version": 2, "serves": "loans-v1-production", "reason": "it errs"}
    steps = [deployed(1), begun(2), back]
    ended = read_production(ledger(*steps)).given_way["run-2"]
    assert (ended.given_up, ended.last.kind, ended.asked) == ("it errs", EntryKind.ROLL_BACK, "")
    assert read_production(ledger(*steps, begun(3))).given_way.keys() == {"run-2"}
    assert read_production(ledger(*steps, begun(2))).given_way == {}


def test_a_roll_back_of_what_was_on_record_already_brings_the_one_before() -> None:
    back = EntryKind.ROLL_BACK, {"run_id": "run-2", "version": 2, "serves": "loans-v1-production"}
    after = read_production(ledger(deployed(1), deployed(2), back))
    assert after.served is not None and after.served.body["version"] == 1
    assert read_production(ledger(deployed(2), back)).served is None


def test_a_deployment_does_not_lift_a_stop() -> None:
    after = read_production(ledger(deployed(1), (EntryKind.STOP, {"version": 1}), deployed(2)))
    assert after.stop is not None and after.served is None


def test_what_a_person_took_back_is_known_until_it_serves_again() -> None:
    entries = [deployed(1), deployed(2), (EntryKind.REVERSION, {"version": 1})]
    assert set(read_production(ledger(*entries)).taken_back) == {2}
    assert read_production(ledger(*entries, (EntryKind.REVERSION, {"version": 2}))).taken_back.keys() == {1}


def test_a_retirement_stands_until_the_use_case_is_approved_anew() -> None:
    retired = [deployed(1), (EntryKind.RETIREMENT, {})]
    assert read_production(ledger(*retired)).retirement is not None
    other = EntryKind.DECISION, {"gate": "production", "verdict": "approve"}
    assert read_production(ledger(*retired, other)).retirement is not None
    anew = EntryKind.DECISION, {"gate": "use_case", "verdict": "approve"}
    assert read_production(ledger(*retired, anew)).retirement is None


def test_a_reversion_to_what_never_served_breaks_the_ledger() -> None:
    with pytest.raises(LedgerBroken, match="never served"):
        read_production(ledger(deployed(1), (EntryKind.REVERSION, {"version": 9})))


@pytest.mark.parametrize("steps", [[0], [100], [50, 10], [10, 10], list(range(1, 22))])
def test_steps_that_do_not_rise_below_a_hundred_are_refused(steps: list[int]) -> None:
    with pytest.raises(ValueError, match="whole percentages"):
        Rollout(canary_percent_steps=tuple(steps))
