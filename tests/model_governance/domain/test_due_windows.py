"""Which windows there are, which the form of a run may ask for, and how results are named and kept small."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from pydantic import ValidationError

from model_governance.domain.due_windows import MOST_ASKED_FOR, asked_windows, own_window, windows_between
from model_governance.domain.monitoring import Monitoring
from model_governance.domain.monitoring_record import MOST_BREACHES, BreachNote, WindowResult, cut, window_folder
from model_governance.domain.oversight import Finding, Severity
from model_governance.errors import RequestRefused

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOURLY = Monitoring(schedule="0 * * * *", window_minutes=60)


def test_windows_end_at_the_ticks_newest_first_the_last_included_and_the_first_not() -> None:
    ends = [end for _, end in windows_between(HOURLY, NOON, NOON + timedelta(hours=3))]
    assert ends == [NOON + timedelta(hours=hours) for hours in (3, 2, 1)]
    assert list(windows_between(HOURLY, NOON, NOON + timedelta(minutes=59))) == []


def test_windows_longer_than_the_gap_overlap() -> None:
    daily = Monitoring(schedule="0 0 * * *", window_minutes=7 * 24 * 60)
    first, second = islice(windows_between(daily, NOON - timedelta(days=9), NOON), 2)
    assert second[1] - first[0] == timedelta(days=6)


@pytest.mark.parametrize("start", ["2026-03-01T10:00", "2026-03-01T10:00:00Z", "2026-03-01T11:00:00+01:00"])
def test_a_form_may_say_its_times_in_any_zone(start: str) -> None:
    assert asked_windows(HOURLY, start, "2026-03-01T12:00", NOON + timedelta(minutes=2)) == (
        NOON,
        NOON - timedelta(hours=1),
    )


@pytest.mark.parametrize(
    ("start", "end", "why"),
    [
        ("2026-03-01T10:00", "", "go together"),
        ("nonsense", "2026-03-01T10:00", "is no time"),
        ("2026-03-01T10:00", "2026-03-01T09:00", "is not after"),
        ("2026-03-01T10:00", "2026-03-01T12:00", "has not passed"),
        ("2026-03-01T10:10", "2026-03-01T10:50", "no window lies between"),
        ("2025-01-01T00:00", "2026-03-01T00:00", f"more than {MOST_ASKED_FOR}"),
    ],
)
def test_a_form_that_asks_for_what_is_no_window_is_refused(start: str, end: str, why: str) -> None:
    with pytest.raises(RequestRefused, match=why):
        asked_windows(HOURLY, start, end, NOON)


def test_a_form_may_ask_for_one_window_beside_the_schedule() -> None:
    asked = own_window(HOURLY, "2026-03-01T10:10", "2026-03-01T10:12:31Z", NOON)
    assert asked == (NOON.replace(hour=10, minute=10), NOON.replace(hour=10, minute=12, second=31))
    assert own_window(HOURLY, None, None, NOON) is None


@pytest.mark.parametrize(
    ("start", "end", "why"),
    [
        ("2026-03-01T10:00", "2026-03-01T10:12", "a window of '0 \\* \\* \\* \\*' begins then"),
        ("2026-03-01T10:10:30", "2026-03-01T10:12", "whole minute"),
        ("2026-03-01T11:50", "2026-03-01T11:59:30", "has not passed"),
        ("2026-03-01T10:10", None, "go together"),
    ],
)
def test_a_window_of_its_own_is_refused_where_it_would_be_mixed_up(start: str, end: str | None, why: str) -> None:
    with pytest.raises(RequestRefused, match=why):
        own_window(HOURLY, start, end, NOON)


def test_a_later_revision_lies_in_the_firsts_folder() -> None:
    first = window_folder("loans", 3, NOON, 1)
    assert first == "use-cases/loans/monitoring/v3/20260301T1200Z/"
    assert window_folder("loans", 3, NOON, 2) == f"{first}r2/"


def test_a_result_is_bounded() -> None:
    note = BreachNote(key="k", severity=Severity.LOW, sentence="s")
    said = {
        "start": NOON,
        "end": NOON,
        "version": 1,
        "revision": 1,
        "verdict": "breached",
        "sentence": cut("word " * 500),
        "folder": "f",
        "sha256": {},
        "traffic": "t",
        "truth": "t",
    }
    assert len(WindowResult(**said, breaches=(note,) * MOST_BREACHES).sentence) <= 600
    with pytest.raises(ValidationError):
        WindowResult(**said, breaches=(note,) * (MOST_BREACHES + 1))


def test_a_persons_finding_is_written_as_it_was_before_there_was_monitoring() -> None:
    said = {
        "id": "finding-1",
        "title": "odd",
        "severity": "low",
        "owner": "model-owner",
        "due": "2026-04-01",
        "version": None,
        "opened_by": "policy-owner",
        "time": NOON.isoformat(),
    }
    assert Finding.model_validate(said).model_dump(mode="json") == said
    assert Finding.model_validate({**said, "key": "k"}).model_dump(mode="json")["key"] == "k"
