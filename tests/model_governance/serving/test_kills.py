"""A process that changes production is killed after its changes, and another one goes on: never half deployed.

By default a few cases, each worker killed after so many changes as a seed (``KILLS_SEED``) says. With ``KILLS`` set
(``make kills``) all cases, and every worker is killed after its first change too, so that one deployment walks every
point: with the next worker at once, with the endpoint at rest by then, and with a service away instead of the kill.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from itertools import repeat

import pytest
from tests.model_governance.serving.by_form import filled
from tests.model_governance.serving.conftest import Plant, case, drive, plant
from tests.model_governance.serving.killing import Workers, hold_to_the_law
from tests.model_governance.serving.test_operations import given, stop, until_canary

from model_governance.domain.ledger import EntryKind
from model_governance.domain.orders import Operation
from model_governance.errors import DecisionRefused, EvaluationRefused
from model_governance.hooks.installation import Installation
from model_governance.serving.orders import Order
from model_governance.serving.resume import resume
from model_governance.serving.retirement import retire
from model_governance.serving.reversion import have_earlier_version_serve
from model_governance.serving.version import Version
from stack.settings import Settings

__all__ = ["case", "plant"]

pytestmark = pytest.mark.usefixtures("every_call_by_its_client")

KILLS = bool(os.environ.get("KILLS"))
SEED = int(os.environ.get("KILLS_SEED", "20261122"))
PACES = ["by seed", *(["every change", "every change, at rest", "s3 away", "sagemaker away"] if KILLS else [])]

with_kills = pytest.mark.skipif(not KILLS, reason="all cases take minutes: KILLS is not set (make kills)")

CarryOn = Callable[..., list[str]]


@pytest.fixture(scope="module")
def workers(stack_settings: Settings) -> Workers:
    return Workers(stack_settings)


@pytest.fixture(params=PACES)
def carry_on(request: pytest.FixtureRequest, plant: Plant, workers: Workers) -> CarryOn:
    """Has workers carry something on at the test's pace; what is left is held to the law."""
    pace = request.param
    chance = random.Random(f"{SEED} {request.node.name}")
    drawn: Iterator[int] = iter(lambda: chance.randint(1, 3), 0)

    def carried(work: Callable[[Installation], None], who: str = "pipeline") -> list[str]:
        changes = drawn if pace == "by seed" else repeat(1)
        away = pace.removesuffix(" away") if pace.endswith(" away") else ""
        ended = workers.carry_on(plant, work, changes, who=who, settled="at rest" in pace, away=away)
        assert ended
        hold_to_the_law(plant)
        return ended

    return carried


def of(version: Version, installation: Installation) -> Version:
    return Version.of_run(installation, version.name, version.candidate.run_id)


@pytest.mark.parametrize(
    "steps", [pytest.param([], marks=with_kills, id="all at once"), pytest.param([50], id="canary")]
)
def test_a_killed_deployment_is_brought_to_its_end(plant: Plant, carry_on: CarryOn, steps: list[int]) -> None:
    plant.declare(canary_percent_steps=steps)
    plant.served()
    version = plant.version()
    carry_on(lambda hands: plant.deploy(of(version, hands)))
    assert plant.serves(version)
    entered = [e.body.get("percent") for e in plant.entries(EntryKind.DEPLOYMENT_STEP) if e.subject == version.arn]
    assert entered == [None, *([0, *steps] if steps else [])]
    assert plant.entries(EntryKind.ROLL_BACK) == []


@pytest.mark.parametrize(
    "steps", [pytest.param([], marks=with_kills, id="all at once"), pytest.param([50], id="canary")]
)
def test_a_killed_roll_back_is_brought_to_its_end_and_what_gave_way_does_not_come_again(
    plant: Plant, carry_on: CarryOn, steps: list[int]
) -> None:
    plant.declare(canary_percent_steps=steps)
    first = plant.served()
    worse = plant.version("wrong")

    def fail(hands: Installation) -> None:
        with pytest.raises(EvaluationRefused, match="differently"):
            drive(of(worse, hands))

    carry_on(fail)
    assert plant.serves(first)
    assert plant.status(worse) == "Production RolledBack"
    assert [e.body["serves"] for e in plant.entries(EntryKind.ROLL_BACK)] == [first.config]


def test_a_first_version_that_does_not_start_leaves_nothing_whoever_is_killed(plant: Plant, carry_on: CarryOn) -> None:
    plant.declare()
    unable = plant.version("unable")

    def fail(hands: Installation) -> None:
        with pytest.raises(EvaluationRefused, match="does not start"):
            drive(of(unable, hands))

    carry_on(fail)
    assert plant.production.served is None
    assert plant.status(unable) == "Production RolledBack"


@pytest.mark.parametrize(
    ("by", "during_canary"),
    [
        pytest.param("form", True, id="form, canary"),
        pytest.param("command", False, marks=with_kills, id="command, deployed"),
        pytest.param("command", True, marks=with_kills, id="command, canary"),
        pytest.param("form", False, marks=with_kills, id="form, deployed"),
    ],
)
def test_a_person_whose_roll_back_is_killed_finishes_it_by_repeating_it(
    plant: Plant, carry_on: CarryOn, by: str, during_canary: bool
) -> None:
    plant.declare(canary_percent_steps=[10] if during_canary else [])
    first = plant.served()
    second = plant.version() if during_canary else plant.served()
    if during_canary:
        until_canary(plant, second)

    def by_command(hands: Installation) -> Order:
        return given(plant, Operation.ROLL_BACK, "production-approver", hands)

    if by == "form":
        carry_on(filled(plant, Operation.ROLL_BACK, "production-approver").enter().obey)
    else:
        carry_on(lambda hands: have_earlier_version_serve(by_command(hands)), "production-approver")
    assert plant.serves(first)
    assert plant.status(second) == "Production RolledBack"
    assert len(plant.entries(EntryKind.REVERSION)) == 1


@pytest.mark.parametrize("by", [pytest.param("command", marks=with_kills), "form"])
def test_a_person_whose_resumption_is_killed_finishes_it_by_repeating_it(
    plant: Plant, carry_on: CarryOn, by: str
) -> None:
    plant.declare()
    first = plant.served()
    stop(plant)

    def again(hands: Installation) -> None:
        try:
            resume(given(plant, Operation.RESUME, "production-approver", hands))
        except DecisionRefused as refusal:
            assert "no stop stands" in str(refusal)

    if by == "form":
        carry_on(filled(plant, Operation.RESUME, "production-approver").enter().obey)
    else:
        carry_on(again, "production-approver")
    assert plant.serves(first)
    assert len(plant.entries(EntryKind.RESUME)) == 1
    plant.served()


@with_kills
@pytest.mark.parametrize("by", ["command", "form"])
def test_a_person_whose_retirement_is_killed_finishes_it_by_repeating_it(
    plant: Plant, carry_on: CarryOn, by: str
) -> None:
    plant.declare()
    versions = [plant.served(), plant.version()]

    if by == "form":
        carry_on(filled(plant, Operation.RETIRE, "governance-officer").enter().obey)
    else:
        carry_on(
            lambda hands: retire(given(plant, Operation.RETIRE, "governance-officer", hands)), "governance-officer"
        )
    taken_back = "PendingManualApproval" if by == "form" else "Rejected"
    for version in versions:
        package = plant.pipeline.registry.describe(version.arn)
        assert (package.approval_status, package.stage, package.card_status) == (taken_back, "Retired", "Archived")
    assert len(plant.entries(EntryKind.RETIREMENT)) == 1
