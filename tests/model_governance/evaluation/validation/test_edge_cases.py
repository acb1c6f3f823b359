"""Declared edge cases on a model whose answers are worked by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from tests.model_governance.evaluation.validation.asking import Endpoint, answered, sample

from model_governance.domain.data import Label
from model_governance.domain.evidence import EvidenceVerdict
from model_governance.domain.validation import EdgeCase
from model_governance.evaluation.validation.edge_cases import check_edge_case
from model_governance.evaluation.validation.questions import Answer, Sample

PASS, FAIL = EvidenceVerdict.PASS, EvidenceVerdict.FAIL


def judged(endpoint: Endpoint | None = None, **declared: Any) -> tuple[float | None, EvidenceVerdict, str]:
    case = EdgeCase.model_validate({"name": "case", **declared})
    measurement = check_edge_case(endpoint or Endpoint(), sample(), case).measurement
    return measurement.value, measurement.verdict, measurement.sentence


@pytest.mark.parametrize(
    ("declared", "value", "verdict"),
    [
        ({"values": {"income": 90}, "expected": "in_range", "minimum": 0.5, "maximum": 0.9}, 0.9, PASS),
        ({"values": {"income": 91}, "expected": "in_range", "minimum": 0.5, "maximum": 0.9}, 0.91, FAIL),
        ({"values": {"income": None}, "expected": "in_range", "minimum": 0.5}, 0.5, PASS),
        ({"held_out_row": 3, "expected": "in_range", "minimum": 0.3, "maximum": 0.3}, 0.3, PASS),
        ({"rows": 8, "expected": "in_range", "maximum": 0.75}, 0.8, FAIL),
        ({"values": {"income": 40}, "compared_with": {"income": 30}, "expected": "at_least"}, 0.1, PASS),
        ({"values": {"income": 30}, "compared_with": {"income": 40}, "expected": "at_least"}, -0.1, FAIL),
        (
            {"values": {"income": 30}, "compared_with": {"income": 40}, "expected": "at_least", "margin": -0.2},
            -0.1,
            PASS,
        ),
        ({"values": {"income": 40}, "compared_with": {"income": 30}, "expected": "at_least", "margin": 0.2}, 0.1, FAIL),
        ({"values": {"income": 30}, "compared_with": {"income": 40}, "expected": "at_most"}, -0.1, PASS),
        ({"values": {"income": 30}, "compared_with": {"income": 40}, "expected": "at_most", "margin": 0.2}, -0.1, FAIL),
        ({"values": {"income": 40}, "compared_with": {"income": 30}, "expected": "at_most"}, 0.1, FAIL),
        ({"values": {"income": "10.0"}, "rows": 1, "expected": "equal"}, 0.0, PASS),
        ({"values": {"income": 20}, "expected": "equal", "tolerance": 0.05}, 0.1, FAIL),
        ({"values": {"income": 20}, "expected": "equal", "tolerance": 0.2}, 0.1, PASS),
        ({"values": {"income": 45}, "rows": 8, "expected": "at_least"}, -0.35, FAIL),
        ({"values": {"job": "astronaut"}, "expected": "refused"}, 400, PASS),
        ({"values": {"job": "clerk"}, "expected": "refused"}, 200, FAIL),
    ],
)
def test_a_case_is_measured_and_judged(declared: dict[str, Any], value: float, verdict: EvidenceVerdict) -> None:
    found = judged(**declared)
    assert found[0] == pytest.approx(value)
    assert found[1] is verdict, found[2]


def test_the_worst_row_of_many_and_the_meaning_are_told() -> None:
    _, _, sentence = judged(values={"income": 45}, rows=8, expected="at_least", meaning="a middle income lowers no one")
    assert "a middle income lowers no one: answer 0.45 beside 0.8 (the worst of 8 held-out rows, row 8)" in sentence


def test_a_case_that_is_not_answered_fails_with_what_was_said() -> None:
    value, verdict, sentence = judged(values={"job": "astronaut"}, expected="in_range", minimum=0)
    assert (value, verdict) == (None, FAIL)
    assert "answered 400" in sentence


@pytest.mark.parametrize("answer", [Answer(500, b"KeyError"), Answer(None, problem="no answer"), answered([0.5])])
def test_only_a_4xx_is_a_refusal(answer: Answer) -> None:
    endpoint = Endpoint(lambda question, number: answer)
    assert judged(endpoint, values={"job": "astronaut"}, expected="refused")[1] is FAIL


def test_a_row_that_is_not_there_is_named() -> None:
    assert "there is no held-out row 9: there are 8" in judged(held_out_row=9, expected="in_range", minimum=0)[2]


def test_of_several_classes_the_favourable_ones_count_together() -> None:
    label = Label(column="y", classes=("low", "mid", "high"), positive=("mid", "high"))
    rows = sample(2)
    predicted = np.asarray([[0.5, 0.3, 0.2], [0.1, 0.4, 0.5]])
    of_classes = Sample(rows.features, label, rows.rows, predicted, 1e-6)

    def instead(question: Any, number: int) -> Answer:
        richer = b"90" in question.body
        return Answer(200, b"0.2,0.1,0.7\n" if richer else b"0.5,0.3,0.2\n")

    case = EdgeCase.model_validate({"name": "richer", "values": {"income": 90}, "expected": "at_least"})
    measurement = check_edge_case(Endpoint(instead), of_classes, case).measurement
    assert (measurement.value, measurement.verdict) == (pytest.approx(0.3), PASS)


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"expected": "in_range"}, "in_range needs minimum or maximum"),
        ({"expected": "equal", "values": {"a": 1}, "minimum": 0}, "nothing else takes them"),
        ({"expected": "at_least"}, "compares a row with itself"),
        ({"expected": "equal", "values": {"a": 1}, "compared_with": {"a": 1}}, "compares a row with itself"),
        ({"expected": "refused"}, "a refused row needs values"),
        ({"expected": "refused", "values": {"a": 1}, "compared_with": {"a": 2}}, "compares with nothing"),
        ({"expected": "at_least", "values": {"a": 1}, "rows": 2, "held_out_row": 3}, "not both"),
        ({"expected": "at_least", "values": {"a": True}}, "values"),
    ],
)
def test_a_case_that_cannot_be_judged_is_refused(declared: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        EdgeCase.model_validate({"name": "case", **declared})
