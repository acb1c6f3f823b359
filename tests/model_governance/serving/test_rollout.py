"""A version goes to production all at once or by steps, is asked at each, and gives way where it does not hold."""

from __future__ import annotations

import pytest
from tests.model_governance.serving.conftest import Plant, case, drive, plant

from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import EntryKind
from model_governance.errors import EvaluationRefused

__all__ = ["case", "plant"]

STEPS = [10, 50]


def test_the_first_version_is_created_and_the_second_takes_its_place_all_at_once(plant: Plant) -> None:
    plant.declare()
    first = plant.served()
    assert plant.serves(first)
    second = plant.served()
    assert plant.serves(second)
    assert plant.status(first) == "Production Replaced"
    assert [entry.body["version"] for entry in plant.entries(EntryKind.DEPLOYMENT)] == [1, 2]


def test_a_canary_takes_its_shares_one_after_the_other_and_each_is_on_record(plant: Plant) -> None:
    plant.declare(canary_percent_steps=STEPS)
    first = plant.served()
    second = plant.version()
    drive(second)
    assert plant.production.served is not None and plant.production.served.subject == second.arn
    steps = [e.body for e in plant.entries(EntryKind.DEPLOYMENT_STEP) if e.body["run_id"] == second.candidate.run_id]
    assert [(each["step"], each.get("percent")) for each in steps] == [
        ("begin", None),
        ("canary", 0),
        ("canary", 10),
        ("canary", 50),
    ]
    assert all(each["smoke"]["rows"] == 3 and each["smoke"]["malformed_refused"] for each in steps[1:])
    assert plant.pipeline.endpoints_in(Environment.PRODUCTION).configs.exists(second.canary_config(first))
    plant.deploy(second)
    assert plant.serves(second)


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        ("wrong", "differently from the batch transform"),
        ("slow", "95th percentile"),
        ("dying", "does not hold"),
        ("lax", "instead of refusing"),
        ("unable", "does not go over"),
    ],
)
@pytest.mark.parametrize("steps", [[], STEPS], ids=["all at once", "canary"])
def test_what_does_not_hold_gives_way_to_what_served(plant: Plant, mode: str, why: str, steps: list[int]) -> None:
    plant.declare(canary_percent_steps=steps, latency_budget_ms=1000)
    first = plant.served()
    worse = plant.version(mode)
    with pytest.raises(EvaluationRefused, match=why) as refusal:
        drive(worse)
    assert f"serves {first.config} again" in str(refusal.value)
    assert plant.serves(first)
    assert plant.status(worse) == "Production RolledBack"
    [entry] = plant.entries(EntryKind.ROLL_BACK)
    assert (entry.body["version"], entry.body["serves"], entry.subject) == (2, first.config, worse.arn)
    assert why in entry.body["reason"]


def test_a_first_version_that_does_not_start_leaves_no_endpoint(plant: Plant) -> None:
    plant.declare()
    with pytest.raises(EvaluationRefused, match=r"(?s)does not start.*nothing was served before"):
        drive(plant.version("unable"))
    assert plant.settled() is None
    assert plant.production.served is None
