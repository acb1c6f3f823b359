"""Declarations of validation: defaults that test something, addresses that are refused, digests that stay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from model_governance.domain.dependency import Downstream, Upstream
from model_governance.domain.deployment import Deployment
from model_governance.domain.use_case import UseCase, parse_use_case
from model_governance.domain.validation import Contract, Latency, MalformedInput, Validation
from model_governance.errors import UseCaseInvalid

EXAMPLES = Path(__file__).parents[3] / "include" / "use_cases"


def example(name: str = "loan-approval", **validation: Any) -> UseCase:
    declared = yaml.safe_load((EXAMPLES / name / "use_case.yaml").read_text())
    declared["deployment"]["validation"] = validation
    return parse_use_case(yaml.safe_dump(declared), file="use_case.yaml", folder=name)


def test_a_use_case_that_declares_nothing_is_tested_all_the_same() -> None:
    validation = Deployment().validation
    assert set(validation.contract.malformed) == set(MalformedInput)
    assert validation.contract.refuses
    assert (validation.latency.measured_requests, validation.latency.p95_ms) == (50, 1000)


def test_a_declaration_without_validation_keeps_its_digest() -> None:
    assert "validation" not in Deployment().model_dump(mode="json")
    assert "validation" in Deployment(validation=Validation(latency=Latency(requests=5))).model_dump(mode="json")


@pytest.mark.parametrize("name", ["loan-approval", "abalone", "direct-marketing"])
def test_an_example_declares_edge_cases_and_both_directions(name: str) -> None:
    file = EXAMPLES / name / "use_case.yaml"
    validation = parse_use_case(file.read_text(), file=str(file), folder=name).deployment.validation
    assert len(validation.edge_cases) >= 3
    assert validation.upstream
    assert validation.downstream
    again = Deployment.model_validate(Deployment(validation=validation).model_dump(mode="json"))
    assert again.validation == validation


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("file:///etc/passwd", "by http or https, not 'file'"),
        ("ftp://x.example/{entity}", "by http or https"),
        ("gopher://x.example/{entity}", "by http or https"),
        ("//x.example/{entity}", "by http or https"),
        ("x.example/{entity}", "by http or https"),
        ("http:///{entity}", "host"),
        ("https://user@x.example/{entity}", "credentials"),
        ("https://user:hush@x.example/{entity}", "credentials"),
        ("http://169.254.169.254/{entity}", "no dependency lives there"),
        ("http://[fe80::1]/{entity}", "no dependency lives there"),
        ("http://[::ffff:169.254.169.254]/{entity}", "no dependency lives there"),
        ("http://[fd00:ec2::254]/{entity}", "no dependency lives there"),
        ("http://0.0.0.0/{entity}", "no dependency lives there"),
        ("http://{entity}/x", "stands in its address as it is"),
        ("http://x.example:{entity}/x", "no address"),
        ("https://x.example/{entity}#part", "never sent"),
        ("https://x.example/{entity}\nHost: y", "stands in its address as it is"),
        ("https://x.example/{entity.__class__}", "may name"),
        ("https://x.example/{entity:>999999999}", "each as it is"),
        ("https://x.example/{entity!r}", "each as it is"),
        ("https://x.example/{secret}", "may name"),
        ("https://x.example/{}", "may name"),
        ("https://x.example/{entity", "no template"),
        ("https://{stubs}/{entity}", "comes first"),
        ("https://x.example/all", "names no {entity}"),
    ],
)
def test_an_address_that_nobody_should_call_is_refused(url: str, said: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Upstream(name="source", url=url, entities=("a",))
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    "url",
    [
        "{stubs}/{use_case}/x/{entity}",
        "http://10.0.0.7:8080/{entity}",
        "http://127.0.0.1/{entity}",
        "https://x/{entity}",
    ],
)
def test_a_companys_own_addresses_are_taken(url: str) -> None:
    assert Upstream(name="source", url=url, entities=("a",)).url == url


def test_no_reference_of_a_schema_leads_out_of_it() -> None:
    with pytest.raises(ValidationError, match="a reference leads to the schema itself"):
        Downstream(name="queue", url="https://x.example", answer_schema={"$ref": "http://169.254.169.254/schema"})
    with pytest.raises(ValidationError, match="no JSON Schema"):
        Downstream(name="queue", url="https://x.example", answer_schema={"type": "obect"})


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"edge_cases": [{"name": "a", "values": {"race": 1}, "expected": "at_most"}]}, "race, which is no feature"),
        (
            {"edge_cases": [{"name": "a", "values": {"liq": n}, "expected": "at_most"} for n in (1, 2)]},
            "stands there twice",
        ),
        ({"contract": {"output": "number"}}, "is no answer of a binary_classification"),
        ({"contract": {"accepts": ["text/csv"], "refuses": ["text/csv"]}}, "both accepted and refused"),
        ({"contract": {"minimum": 2, "maximum": 1}}, "minimum 2"),
        ({"latency": {"requests": 5, "seconds": 5}}, "not both"),
        ({"latency": {"p95_ms": None, "max_ms": None}}, "needs p50_ms, p95_ms or max_ms"),
        (
            {
                "upstream": [
                    {"name": "a", "url": "{stubs}/{entity}", "entities": ["x"], "names": {"race": "r"}},
                ]
            },
            "race, which is no feature",
        ),
        (
            {
                "upstream": [{"name": "a", "url": "{stubs}/{entity}", "entities": ["x"]}],
                "downstream": [{"name": "a", "url": "{stubs}/x"}],
            },
            "dependency a: stands there twice",
        ),
    ],
)
def test_what_does_not_fit_the_use_case_is_refused(declared: dict[str, Any], said: str) -> None:
    with pytest.raises(UseCaseInvalid) as refusal:
        example(**declared)
    assert said in str(refusal.value)


def test_a_contract_may_be_narrower_than_its_kind() -> None:
    assert example(contract={"minimum": 0.01, "output": "probability"}).deployment.validation.contract == Contract(
        minimum=0.01, output="probability"
    )
