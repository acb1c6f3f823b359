"""Dependencies judged by what they answered: which, which call, what was answered, what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.model_governance.evaluation.validation.asking import Endpoint, sample

from model_governance.domain.dependency import Dependency, Downstream, Upstream
from model_governance.domain.evidence import EvidenceVerdict, Measurement
from model_governance.evaluation.validation.dependencies import Calls, check_dependencies
from model_governance.evaluation.validation.questions import Answer

SOURCE = Upstream(
    name="source", url="https://source.example/{entity}", entities=("a", "b"), features_at="row", required=("row",)
)
CONSUMER = Downstream(
    name="queue",
    url="https://queue.example",
    status=(202,),
    answer_schema={"type": "object", "properties": {"accepted": {"const": True}}, "required": ["accepted"]},
)
RIGHT = {"row": {"income": 30, "job": "clerk"}}


def reply(body: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(body).encode(), "application/json")


class Around:
    """The systems around, and what they were sent."""

    def __init__(self, source: Answer, consumer: Answer) -> None:
        self.source, self.consumer, self.sent = source, consumer, []

    def judged(self, *upstream: Upstream) -> dict[str, Measurement]:
        def post(one: Dependency, entity: str, told: dict[str, Any]) -> Answer:
            self.sent.append(told)
            return self.consumer

        calls = Calls(lambda one, entity: self.source, post, lambda one, entity: f"CALL {one.name} {entity}")
        checks = check_dependencies(Endpoint(), calls, sample(), upstream or (SOURCE,), (CONSUMER,))
        return {one.measurement.name: one.measurement for one in checks}


def test_features_lead_to_an_answer_and_the_answer_to_an_acknowledgement() -> None:
    around = Around(reply(RIGHT), reply({"accepted": True}, 202))
    found = around.judged()
    assert {name: (each.value, each.verdict) for name, each in found.items()} == {
        "upstream.source": (200, EvidenceVerdict.PASS),
        "downstream.queue": (202, EvidenceVerdict.PASS),
    }
    assert around.sent == [{"entity": "a", "prediction": 0.3}, {"entity": "b", "prediction": 0.3}]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(None, problem="could not be reached: refused"), "could not be reached: refused"),
        (Answer(None, problem="did not answer within 5 s"), "did not answer within 5 s"),
        (reply({"error": "no such table"}, 500), "answered 500: {"),
        (Answer(302, problem="a redirect, which is not followed"), "302: a redirect"),
        (Answer(200, b"<html>", "text/html"), "answered 200, but no JSON"),
        (Answer(200, b'{"row": NaN}'), "NaN is no number of JSON"),
        (reply([RIGHT]), "without row"),
        (reply({"row": [1, 2]}), "no object of features at row"),
        (reply({"row": {"income": 30}}), "without the features job (1 of 2)"),
        (reply({"row": {"income": [30], "job": "clerk"}}), "no number and no text: income"),
        (reply({"row": {"income": True, "job": "clerk"}}), "no number and no text: income"),
        (reply({"row": {"income": 30, "job": "astronaut"}}), "no prediction: the endpoint: answered 400"),
    ],
)
def test_a_source_that_fails_is_named_with_call_answer_and_next_step(answer: Answer, said: str) -> None:
    around = Around(answer, reply({"accepted": True}, 202))
    found = around.judged()
    failed = found["upstream.source"]
    assert failed.verdict is EvidenceVerdict.FAIL
    assert failed.sentence.startswith("upstream.source ")
    for words in ("CALL source a", said, "2 of 2 calls failed", "Next: have the feature source answer", "clear test_"):
        assert words in failed.sentence, failed.sentence
    assert found["downstream.queue"].verdict is EvidenceVerdict.PASS
    assert around.sent == [{"entity": "held-out-row-1", "prediction": 0.1}]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (reply({"accepted": False}, 202), "not by its schema: at $.accepted: True was expected"),
        (reply({}, 202), "'accepted' is a required property"),
        (reply({"accepted": True}, 200), "answered 200"),
        (Answer(202, b""), "but no JSON"),
    ],
)
def test_a_consumer_that_does_not_acknowledge_fails(answer: Answer, said: str) -> None:
    failed = Around(reply(RIGHT), answer).judged()["downstream.queue"]
    assert failed.verdict is EvidenceVerdict.FAIL
    assert said in failed.detail
    assert "have the consumer take and acknowledge" in failed.detail


def test_other_names_of_features_are_taken_where_declared() -> None:
    source = SOURCE.model_copy(update={"names": {"income": "monthly_income"}})
    answer = reply({"row": {"monthly_income": None, "job": "clerk"}})
    around = Around(answer, reply({"accepted": True}, 202))
    assert around.judged(source)["upstream.source"].verdict is EvidenceVerdict.PASS
    assert around.sent[0]["prediction"] == 0.5
