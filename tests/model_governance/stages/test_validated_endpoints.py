"""Validation against real endpoints of the embedded server: a right model, and models with one fault each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from tests.model_governance.evaluation.validation.asking import sample
from tests.sagemaker_server.conftest import server_and_store, workshop
from tests.sagemaker_server.workshop import SCIKIT_LEARN, Workshop

from model_governance.domain.evidence import EvidenceVerdict
from model_governance.domain.validation import Contract, EdgeCase, Latency
from model_governance.errors import ServiceUnavailable
from model_governance.evaluation.validation.checks import Check
from model_governance.evaluation.validation.contract import check_contract
from model_governance.evaluation.validation.edge_cases import check_edge_case
from model_governance.evaluation.validation.latency import check_latency
from model_governance.evaluation.validation.parity import check_parity
from model_governance.evaluation.validation.questions import Ask, Question
from model_governance.hooks.invocations import asked_once

__all__ = ["server_and_store", "workshop"]

MODEL = """
import csv, io, json, math, os, time

def model_fn(model_dir):
    return 1

def input_fn(body, content_type):
    if content_type != "text/csv":
        raise ValueError("only text/csv")
    text = body if isinstance(body, str) else bytes(body).decode()
    rows = [row for row in csv.reader(io.StringIO(text), strict=True) if row]
    if not rows:
        raise ValueError("no rows")
    for row in rows:
        if len(row) != 2 or row[1] != "clerk":
            {malformed}
    return [float(row[0] or 50) for row in rows]

def predict_fn(incomes, model):
    {before}
    return [{score} for income in incomes]

def output_fn(scores, accept):
    return "\\n".join(repr(score) for score in scores)
"""
LOAD = Latency(requests=12, warm_up=2, concurrency=2, p95_ms=20_000, max_ms=20_000)


def script(
    malformed: str = "raise ValueError('no application')", before: str = "pass", score: str = "min(1.0, income / 100)"
) -> str:
    return MODEL.replace("{malformed}", malformed).replace("{before}", before).replace("{score}", score)


def every_test(ask: Ask) -> tuple[Check, ...]:
    case = EdgeCase.model_validate(
        {"name": "income", "values": {"income": 90}, "compared_with": {"income": 10}, "expected": "at_least"}
    )
    return (
        check_parity(ask, sample()),
        *check_contract(ask, sample(), Contract()),
        check_edge_case(ask, sample(), case),
        *check_latency(ask, sample(), LOAD),
    )


@pytest.fixture
def failures(workshop: Workshop) -> Iterator[Callable[[str], dict[str, str]]]:
    """The failures of an endpoint of that script, by the names of their tests."""

    def of(text: str) -> dict[str, str]:
        workshop.endpoint(text, image=SCIKIT_LEARN)
        checks = every_test(asked_once(workshop.runtime, workshop.name))
        failed = [one.measurement for one in checks if one.measurement.verdict is EvidenceVerdict.FAIL]
        return {one.name: one.sentence for one in failed}

    yield of
    workshop.sagemaker.delete_endpoint(EndpointName=workshop.name)


def test_a_right_model_passes(failures: Callable[[str], dict[str, str]]) -> None:
    assert failures(script()) == {}


def test_a_5xx_to_malformed_input_is_a_failure(failures: Callable[[str], dict[str, str]]) -> None:
    # What input_fn raises is taken for the caller's fault unless it is none of its business.
    failed = failures(script(malformed="raise RuntimeError('no such customer')"))
    assert {
        "malformed_input.too_few_columns",
        "malformed_input.too_many_columns",
        "malformed_input.one_bad_row_among_good",
        "malformed_input.huge_line",
    } == set(failed)
    assert "500" in failed["malformed_input.too_few_columns"]
    assert "no such customer" in failed["malformed_input.too_few_columns"]


def test_a_model_that_dies_of_malformed_input_is_seen_though_it_is_started_again(
    failures: Callable[[str], dict[str, str]],
) -> None:
    failed = failures(script(malformed="os._exit(3)"))
    assert "500 exceeds 499: answered 500: the serving process ended" in failed["malformed_input.too_few_columns"]


def test_a_model_that_answers_nonsense_is_seen(failures: Callable[[str], dict[str, str]]) -> None:
    failed = failures(script(malformed="return [50.0]"))
    assert "200 is below 400" in failed["malformed_input.too_many_columns"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"score": "math.nan"}, "NaN"),
        ({"score": "income"}, "outside [0, 1]"),
        ({"score": "(0.1, 0.9)"}, "is not"),
        ({"before": "incomes = incomes * 2"}, "answered 16 lines for 8"),
    ],
    ids=["nan", "beyond", "two-in-a-row", "two-rows"],
)
def test_answers_that_are_no_predictions_fail_everywhere(
    failures: Callable[[str], dict[str, str]], fault: dict[str, str], said: str
) -> None:
    failed = failures(script(**fault))
    assert said in failed["largest_difference_from_batch_transform"]
    assert said in failed["answers_of_another_kind"]
    assert {"accepts.text/csv", "edge_case.income", "latency_error_rate", "latency_p95_ms"} < set(failed)


def test_a_slow_model_misses_its_budget_and_nothing_else(workshop: Workshop) -> None:
    workshop.endpoint(script(before="time.sleep(0.3)"), image=SCIKIT_LEARN)
    ask = asked_once(workshop.runtime, workshop.name)
    budget = Latency(requests=4, warm_up=0, concurrency=2, p50_ms=250, p95_ms=None, max_ms=60_000)
    found = {one.measurement.name: one.measurement for one in check_latency(ask, sample(), budget)}
    workshop.sagemaker.delete_endpoint(EndpointName=workshop.name)
    assert found["latency_p50_ms"].verdict is EvidenceVerdict.FAIL
    assert (found["latency_p50_ms"].value or 0) >= 300
    assert found["latency_error_rate"].verdict is found["latency_max_ms"].verdict is EvidenceVerdict.PASS


def test_nothing_is_asked_twice_and_sagemaker_itself_away_is_an_outage(workshop: Workshop) -> None:
    workshop.endpoint(script(before="raise RuntimeError('broken')"), image=SCIKIT_LEARN)
    ask = asked_once(workshop.runtime, workshop.name)
    assert ask(Question(b"10,clerk\n")).status == 500
    asked: list[str] = []
    until = time.monotonic() + 20
    while not asked and time.monotonic() < until:  # the log comes a moment after the answer
        asked = [line for line in workshop.log_of(workshop.name).splitlines() if "RuntimeError: broken" in line]
    assert len(asked) == 1
    workshop.sagemaker.delete_endpoint(EndpointName=workshop.name)
    away = workshop.server.client("sagemaker-runtime")
    away.meta.events.register("before-send", lambda request, **_: (_ for _ in ()).throw(_refused()))
    with pytest.raises(ServiceUnavailable):
        asked_once(away, workshop.name)(Question(b"10,clerk\n"))


def _refused() -> Exception:
    from botocore.exceptions import EndpointConnectionError

    return EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
