"""Percentiles by hand and by properties; a load that counts what was not answered right."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.model_governance.evaluation.validation.asking import Endpoint, answered, sample

from model_governance.domain.evidence import EvidenceVerdict, Measurement
from model_governance.domain.validation import Latency
from model_governance.evaluation.validation.latency import (
    ERROR_RATE,
    LONGEST,
    P50,
    P95,
    check_latency,
    percentile,
    put_under_load,
)
from model_governance.evaluation.validation.questions import Answer, Question


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([15, 20, 35, 40, 50], 0.3, 20),
        ([15, 20, 35, 40, 50], 0.4, 20),
        ([15, 20, 35, 40, 50], 0.5, 35),
        ([15, 20, 35, 40, 50], 1.0, 50),
        ([3], 0.01, 3),
        (list(range(1, 101)), 0.95, 95),
        (list(range(1, 21)), 0.95, 19),
        (list(range(1, 22)), 0.95, 20),
    ],
)
def test_a_percentile_is_the_nearest_rank(values: list[float], share: float, expected: float) -> None:
    assert percentile(values, share) == expected


@given(st.lists(st.floats(0, 100), min_size=1, max_size=200), st.floats(0.01, 1))
def test_at_least_that_share_does_not_exceed_it_and_it_was_measured(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6


def measured(endpoint: Endpoint, budget: Latency) -> dict[str, Measurement]:
    return {one.measurement.name: one.measurement for one in check_latency(endpoint, sample(), budget)}


def test_the_stated_requests_are_sent_and_the_warm_up_is_not_measured() -> None:
    endpoint = Endpoint(lambda question, number: answered([0.1], seconds=60) if number <= 5 else None)
    found = measured(endpoint, Latency(requests=40, warm_up=5, concurrency=4))
    assert len(endpoint.asked) == 45
    assert found[LONGEST].value == 10.0
    assert {each.verdict for each in found.values()} == {EvidenceVerdict.PASS}


def test_a_budget_that_is_missed_says_the_number_and_the_load() -> None:
    endpoint = Endpoint(lambda question, number: None if number <= 18 else answered([0.1], seconds=2))
    found = measured(endpoint, Latency(requests=20, warm_up=0, concurrency=1, p50_ms=100, p95_ms=500, max_ms=3000))
    assert found[P95].verdict is EvidenceVerdict.PASS
    assert found[ERROR_RATE].verdict is EvidenceVerdict.FAIL  # 0.1 is another row's


def test_slow_answers_miss_their_budget() -> None:
    def slow(question: Question, number: int) -> Answer | None:
        right = Endpoint().right(question)
        return Answer(200, right.body, right.content_type, 0.2 if number % 2 else 0.6)

    found = measured(Endpoint(slow), Latency(requests=20, warm_up=0, concurrency=1, p50_ms=100, p95_ms=500, max_ms=700))
    assert (found[P50].value, found[P50].verdict) == (200.0, EvidenceVerdict.FAIL)
    assert (found[P95].value, found[P95].verdict) == (600.0, EvidenceVerdict.FAIL)
    assert found[LONGEST].verdict is EvidenceVerdict.PASS
    assert "latency_p95_ms 600 exceeds 500: milliseconds; load: 20 requests of 1 row(s), 1 at once" in (
        found[P95].sentence
    )


def test_refusals_count_as_errors_and_make_nothing_look_fast() -> None:
    def instead(question: Question, number: int) -> Answer | None:
        return Answer(503, b"busy", seconds=0.0001) if number % 4 == 0 else None

    found = measured(Endpoint(instead), Latency(requests=40, warm_up=0, concurrency=1, error_rate=0.1))
    assert (found[ERROR_RATE].value, found[ERROR_RATE].verdict) == (0.25, EvidenceVerdict.FAIL)
    assert "10 of 40 requests" in found[ERROR_RATE].detail
    assert "answered 503: busy" in found[ERROR_RATE].detail
    assert found[P50].value == 10.0


def test_with_no_right_answer_nothing_passes() -> None:
    found = measured(Endpoint(lambda question, number: Answer(500, b"broken")), Latency(requests=10, error_rate=0.9))
    assert found[P95].verdict is found[LONGEST].verdict is EvidenceVerdict.FAIL
    assert found[ERROR_RATE].value == 1.0


def test_answers_that_are_mixed_up_under_load_are_errors() -> None:
    found = measured(Endpoint(lambda question, number: answered([0.3])), Latency(requests=16, warm_up=0))
    assert found[ERROR_RATE].value == 14 / 16
    assert "another row's prediction" in found[ERROR_RATE].detail


def test_as_many_are_under_way_at_once_as_stated() -> None:
    under_way, most, lock = 0, 0, threading.Lock()
    together = threading.Barrier(3)

    def instead(question: Question, number: int) -> Answer | None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        together.wait(timeout=30)
        with lock:
            under_way -= 1
        together.wait(timeout=30)
        return None

    load = put_under_load(Endpoint(instead), sample(), Latency(requests=9, warm_up=0, concurrency=3))
    assert (load.requests, most) == (9, 3)


def test_a_load_of_seconds_ends() -> None:
    def instead(question: Question, number: int) -> Answer | None:
        time.sleep(0.005)
        return None

    load = put_under_load(Endpoint(instead), sample(), Latency(seconds=0.2, warm_up=0, concurrency=2))
    assert load.requests > 0
    assert load.faults == ()


def test_requests_of_several_rows_hold_all_rows_in_turn() -> None:
    endpoint = Endpoint()
    put_under_load(endpoint, sample(8), Latency(requests=3, warm_up=0, concurrency=1, rows=3))
    assert [question.body.count(b"\n") for question in endpoint.asked] == [3, 3, 2]
