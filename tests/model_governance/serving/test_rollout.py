"""A version goes to production all at once or by steps, is asked at each, and gives way where it does not hold."""

from __future__ import annotations

import pytest
from tests.model_governance.serving.conftest import Plant, case, drive, plant

from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import EntryKind
from model_governance.errors import EvaluationRefused
from model_governance.serving.rollout import advance

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


def test_what_gave_way_is_tried_anew_only_if_it_is_asked_for_anew(plant: Plant) -> None:
    """A retry of the task is the same asking; a person who clears it asks anew."""
    plant.declare()
    first, worse = plant.served(), plant.version("wrong")
    with pytest.raises(EvaluationRefused, match="differently"):
        drive(worse)
    before = len(plant.pipeline.ledger(plant.name).verify())
    with pytest.raises(EvaluationRefused, match=rf"differently.*serves {first.config} again.*Clear this stage's"):
        advance(worse)
    assert len(plant.pipeline.ledger(plant.name).verify()) == before
    assert plant.serves(first)
    advance(worse, asked="cleared")
    with pytest.raises(EvaluationRefused, match="differently"):
        drive(worse)
    assert plant.serves(first)
    assert [each.body["attempt"] for each in plant.entries(EntryKind.ROLL_BACK)] == [1, 2]


def test_what_was_on_record_and_holds_no_more_gives_way_to_the_one_before(plant: Plant) -> None:
    plant.declare()
    first, second = plant.served(), plant.served()
    plant.pipeline.endpoints_in(Environment.PRODUCTION).delete(plant.name)
    assert plant.settled() is None
    plant.answers[second.candidate.run_id] = 0.99
    with pytest.raises(EvaluationRefused, match=f"serves {first.config} again"):
        drive(second)
    assert plant.serves(first)
    assert plant.status(second) == "Production RolledBack"
