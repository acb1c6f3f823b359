"""The contract of an endpoint: what it takes and gives, and that nonsense is refused as the caller's fault."""

from __future__ import annotations

import json

import pytest
from tests.model_governance.evaluation.validation.asking import Endpoint, answered, sample

from model_governance.domain.evidence import EvidenceVerdict
from model_governance.domain.validation import Contract, MalformedInput, OwnMalformedInput
from model_governance.evaluation.validation.checks import Check
from model_governance.evaluation.validation.contract import (
    LIVES_ON,
    OUTPUT_FAULTS,
    OUTPUT_HIGHEST,
    check_contract,
    malformed_questions,
)
from model_governance.evaluation.validation.parity import PARITY, check_parity
from model_governance.evaluation.validation.questions import Answer, Question


def failures(checks: tuple[Check, ...]) -> dict[str, str]:
    return {
        one.measurement.name: one.measurement.sentence
        for one in checks
        if one.measurement.verdict is EvidenceVerdict.FAIL
    }


def test_a_right_model_passes_every_test_of_the_defaults() -> None:
    checks = check_contract(Endpoint(), sample(), Contract())
    assert failures(checks) == {}
    names = {one.measurement.name for one in checks}
    assert {"accepts.text/csv", "refuses.image/png", "malformed_input.huge_line", LIVES_ON} < names
    assert "malformed_input.broken_json" not in names  # no JSON is accepted


def test_each_malformed_request_is_followed_by_a_right_one() -> None:
    endpoint = Endpoint()
    check_contract(endpoint, sample(), Contract())
    malformed = list(malformed_questions(sample(), Contract()).values())
    last = endpoint.asked[-2 * len(malformed) :]
    assert last[::2] == malformed
    assert {(question.body, question.content_type) for question in last[1::2]} == {(b"10,clerk\n", "text/csv")}


@pytest.mark.parametrize("status", [500, 502, 503, 200])
def test_a_model_that_answers_malformed_input_with_anything_but_a_4xx_fails(status: int) -> None:
    def instead(question: Question, number: int) -> Answer | None:
        return Answer(status, b"0.5" if status == 200 else b"KeyError: 'x'") if question.body == b"" else None

    [(name, sentence)] = failures(check_contract(Endpoint(instead), sample(), Contract())).items()
    assert name == "malformed_input.empty_body"
    assert str(status) in sentence


def test_a_model_that_answers_nothing_right_after_malformed_input_did_not_live_on() -> None:
    dead: list[bool] = []

    def instead(question: Question, number: int) -> Answer | None:
        if dead:
            dead.clear()
            return Answer(503, b"the serving process is not up")
        if len(question.body) > 100_000:
            dead.append(True)
            return Answer(500, b"the serving process ended before it answered")
        return None

    failed = failures(check_contract(Endpoint(instead), sample(), Contract()))
    assert set(failed) == {"malformed_input.huge_line", LIVES_ON}
    assert "malformed_input.huge_line (answered 503" in failed[LIVES_ON]


def test_another_answer_after_malformed_input_is_no_life_either() -> None:
    poisoned: list[bool] = []

    def instead(question: Question, number: int) -> Answer | None:
        if question.body == b"":
            poisoned.append(True)
        return answered([0.9]) if poisoned and question.body == b"10,clerk\n" else None

    assert "another answer than before" in failures(check_contract(Endpoint(instead), sample(), Contract()))[LIVES_ON]


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ([0.1], "answered 1 lines for 8"),
        ([0.1] * 16, "answered 16 lines for 8"),
        ([0.1] * 7 + [float("nan")], "NaN"),
        ([0.1] * 7 + [1.5], "outside [0, 1]"),
        ([0.1] * 7 + [float("inf")], "no finite number"),
    ],
)
def test_answers_that_are_not_one_probability_a_row_are_named(scores: list[float], said: str) -> None:
    endpoint = Endpoint(lambda question, number: answered(scores) if question.body.count(b"\n") == 8 else None)
    assert said in failures(check_contract(endpoint, sample(), Contract()))[OUTPUT_FAULTS]
    parity = check_parity(endpoint, sample())
    assert (parity.measurement.name, parity.measurement.verdict) == (PARITY, EvidenceVerdict.FAIL)
    assert said in parity.measurement.detail


def test_two_answers_in_a_row_are_no_answer() -> None:
    endpoint = Endpoint(lambda question, number: Answer(200, b"0.1,0.9\n" * 8) if b"80" in question.body else None)
    assert "is not 1 number(s)" in failures(check_contract(endpoint, sample(), Contract()))[OUTPUT_FAULTS]


def test_a_narrower_range_is_held_and_the_answer_beyond_it_told() -> None:
    failed = failures(check_contract(Endpoint(), sample(), Contract(maximum=0.7)))
    assert failed == {OUTPUT_HIGHEST: "highest_answer 0.8 exceeds 0.7: of 8 answers"}


def test_a_class_is_0_or_1() -> None:
    failed = failures(check_contract(Endpoint(), sample(), Contract(output="class")))
    assert failed[OUTPUT_FAULTS].startswith("answers_of_another_kind 8 exceeds 0")


def test_json_that_is_declared_and_not_served_is_named_both_ways() -> None:
    contract = Contract(accepts=("text/csv", "application/json"), answers=("application/json",))
    failed = failures(check_contract(Endpoint(), sample(), contract))
    assert "answered 400" in failed["accepts.application/json"]
    assert "answers.application/json" in failed


def test_json_that_is_served_must_say_what_csv_says() -> None:
    wrong = json.dumps({"predictions": [{"score": 0.1}, {"score": 0.2}, {"score": 0.4}]}).encode()
    endpoint = Endpoint(lambda question, number: Answer(200, wrong) if question.accept != "text/csv" else None)
    failed = failures(check_contract(endpoint, sample(), Contract(answers=("application/json",))))
    assert "up to 0.1 from the batch transform's" in failed["answers.application/json"]


def test_a_use_cases_own_malformed_requests_are_sent() -> None:
    contract = Contract(
        malformed=(MalformedInput.EMPTY_BODY,),
        refuses=(),
        own_malformed=(OwnMalformedInput(name="accepted_nonsense", body="10,clerk\n"),),
    )
    assert set(failures(check_contract(Endpoint(), sample(), contract))) == {"malformed_input.accepted_nonsense"}


def test_a_request_without_any_answer_is_a_failure_and_the_others_are_still_asked() -> None:
    silent = Answer(None, problem="no answer within 30 s")
    endpoint = Endpoint(lambda question, number: silent if question.content_type == "image/png" else None)
    checks = check_contract(endpoint, sample(), Contract())
    assert "no answer within 30 s" in failures(checks)["refuses.image/png"]
    assert len(checks) == len(check_contract(Endpoint(), sample(), Contract()))


def test_a_wrong_answer_misses_parity_by_how_much() -> None:
    endpoint = Endpoint(lambda question, number: answered([0.1] * 8))
    measured = check_parity(endpoint, sample()).measurement
    assert (measured.value, measured.maximum, measured.verdict) == (0.7, 1e-6, EvidenceVerdict.FAIL)
    assert check_parity(Endpoint(), sample()).measurement.verdict is EvidenceVerdict.PASS
