"""Whatever an endpoint or a dependency answers, every test is run and ends in a verdict; none stops another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.model_governance.evaluation.validation.asking import Endpoint, sample

from model_governance.domain.dependency import Dependency, Downstream, Upstream
from model_governance.domain.evidence import EvidenceVerdict
from model_governance.domain.use_case import UseCase, parse_use_case
from model_governance.domain.validation import Contract, EdgeCase, Latency, Validation
from model_governance.evaluation.validation.assess import assess_validation, assessment_of, run_tests
from model_governance.evaluation.validation.dependencies import Calls
from model_governance.evaluation.validation.questions import Answer

EXAMPLE = Path(__file__).parents[4] / "include" / "use_cases" / "loan-approval" / "use_case.yaml"
VALIDATION = Validation(
    contract=Contract(accepts=("text/csv", "application/json"), answers=("text/csv", "application/json")),
    latency=Latency(requests=2, warm_up=0, concurrency=1),
    edge_cases=tuple(
        EdgeCase.model_validate({"name": f"case_{number}", **declared})
        for number, declared in enumerate(
            (
                {"values": {"income": 1}, "expected": "at_least"},
                {"values": {"income": 1}, "rows": 8, "expected": "equal"},
                {"values": {"income": 1}, "expected": "in_range", "minimum": 0},
                {"values": {"income": 1}, "expected": "refused"},
            )
        )
    ),
    upstream=(Upstream(name="source", url="https://x.example/{entity}", entities=("a",)),),
    downstream=(Downstream(name="queue", url="https://x.example", answer_schema={"type": "object"}),),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
BODIES = st.one_of(
    st.binary(max_size=50),
    st.lists(st.floats().map(repr), max_size=9).map(lambda lines: "\n".join(lines).encode()),
    st.just(b'{"predictions": [{"score": 1' + b"0" * 400 + b"}]}"),
    st.lists(JSON, max_size=3).map(lambda scores: repr({"predictions": scores}).replace("'", '"').encode()),
)
ANSWERS = st.builds(
    Answer,
    st.none() | st.sampled_from([100, 200, 202, 204, 302, 400, 404, 424, 429, 500, 503]),
    BODIES,
    st.sampled_from(["", "text/csv", "application/json"]),
    st.floats(0, 100),
    st.sampled_from(["", "", "broken off"]),
)


def use_case() -> UseCase:
    declared = parse_use_case(EXAMPLE.read_text(), file="use_case.yaml", folder="loan-approval")
    deployment = declared.deployment.model_copy(update={"validation": VALIDATION, "sample_rows": 8})
    return declared.model_copy(update={"deployment": deployment})


@settings(deadline=None, max_examples=150)
@given(st.lists(ANSWERS, min_size=1, max_size=4), ANSWERS)
def test_any_answers_lead_to_a_verdict_on_every_test(answers: list[Answer], around: Answer) -> None:
    endpoint = Endpoint(lambda question, number: answers[number % len(answers)])

    def post(one: Dependency, entity: str, told: dict[str, Any]) -> Answer:
        return around

    calls = Calls(lambda one, entity: around, post, lambda one, entity: f"CALL {one.name}")
    checks = run_tests(endpoint, calls, sample(), use_case())
    names = [one.measurement.name for one in checks]
    assert len(set(names)) == len(names) >= 27
    assert {"edge_case.case_3", "upstream.source", "downstream.queue", "latency_p95_ms"} < set(names)
    assessment = assess_validation(checks, use_case(), attempt=1, basis={})
    assert assessment.verdict is EvidenceVerdict.FAIL  # refused nonsense and right answers cannot both come of these
    assert assessment_of(assessment.report).measurements == assessment.measurements
    assert assessment.content
