"""A version that answers otherwise than it did is rolled back, and the ledger says to what and why."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from tests.model_governance.decisions.conftest import Case, case
from tests.model_governance.operators.test_run import run_of

from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import EntryKind
from model_governance.operators.endpoint import config_name
from model_governance.operators.run import Run
from model_governance.stages.production_deployment import roll_back

__all__ = ["case"]


@dataclass
class Endpoints:
    """Takes the place of endpoints, which need a model that runs; notes what was asked."""

    asked: list[tuple[str, ...]] = field(default_factory=list)

    def update(self, name: str, config: str) -> None:
        self.asked.append(("update", name, config))

    def delete(self, name: str) -> None:
        self.asked.append(("delete", name))


@pytest.fixture
def endpoints() -> Endpoints:
    return Endpoints()


def run_with(case: Case, endpoints: Endpoints) -> Run:
    installation = replace(case.pipeline, _endpoints={Environment.PRODUCTION: endpoints})
    return replace(run_of(case), installation=installation)


def roll_backs(case: Case) -> list[dict[str, object]]:
    return [entry.body for entry in case.pipeline.ledger(case.name).entries() if entry.kind is EntryKind.ROLL_BACK]


def test_what_served_before_serves_again_and_the_ledger_says_why(case: Case, endpoints: Endpoints) -> None:
    arn = case.governed()
    served = {"stage": "Production", "run_id": "earlier", "version": 1, "endpoint_config": "earlier-v1-production"}
    case.pipeline.ledger(case.name).append(EntryKind.DEPLOYMENT, arn, served)
    run = run_with(case, endpoints)
    said = roll_back(run, "it answers otherwise")
    assert said == f"Rolled back: {case.name} serves earlier-v1-production again"
    assert endpoints.asked == [("update", case.name, "earlier-v1-production")]
    [entry] = roll_backs(case)
    assert (entry["serves"], entry["reason"]) == ("earlier-v1-production", "it answers otherwise")
    assert entry["endpoint_config"] == config_name(run, Environment.PRODUCTION)


def test_a_first_version_leaves_nothing_to_serve(case: Case, endpoints: Endpoints) -> None:
    case.governed()
    assert roll_back(run_with(case, endpoints), "x" * 5000).endswith("as nothing was served before")
    assert endpoints.asked == [("delete", case.name)]
    [entry] = roll_backs(case)
    assert entry["serves"] == ""
    assert len(str(entry["reason"])) == 1000


def test_a_task_that_rolls_back_twice_is_on_record_once(case: Case, endpoints: Endpoints) -> None:
    case.governed()
    for _ in range(2):
        roll_back(run_with(case, endpoints), "it answers otherwise")
    assert len(roll_backs(case)) == 1
