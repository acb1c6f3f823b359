"""A worker that is killed after any change, an outage in the middle, two runs at once: never half deployed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from tests.model_governance.conftest import named_clients
from tests.model_governance.serving.conftest import Plant, case, drive, plant

from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import EntryKind
from model_governance.domain.production import read_production
from model_governance.errors import EvaluationRefused, GovernanceError, ServiceUnavailable
from model_governance.hooks.aws import EnvironmentClients
from model_governance.hooks.installation import Installation
from model_governance.serving.records import note_deployment
from model_governance.serving.rollout import advance
from model_governance.serving.version import Version
from stack.settings import Settings

__all__ = ["case", "plant"]

CHANGES = ("Put", "Create", "Update", "Delete", "Add")


class Killed(BaseException):
    """The process ends here; nothing that catches errors sees it."""


@dataclass
class Interrupted:
    """Clients of one worker, which is killed right after the change of a number; whatever it did before stands."""

    clients: EnvironmentClients
    kill_after: int = 10**9
    made: list[str] = field(default_factory=list)
    away: tuple[str, int] = ("", 0)
    whole: Interrupted | None = None

    def client(self, service: Any) -> Any:
        client = self.clients.client(service)
        events = client.meta.events
        events.register("after-call.*.*", self._after, unique_id=f"after-{id(self)}")
        events.register("before-call.*.*", self._before, unique_id=f"before-{id(self)}")
        return client

    def within(self, environment: Environment, role_arn: str) -> Interrupted:
        there = Interrupted(self.clients.within(environment, role_arn), self.kill_after, self.made, self.away)
        there.whole = self.whole or self
        return there

    def _before(self, model: Any, **_: Any) -> None:
        worker = self.whole or self
        service, times = worker.away
        if model.service_model.service_name == service and times and len(self.made) >= self.kill_after:
            worker.away = (service, times - 1)
            raise EndpointConnectionError(endpoint_url=service)

    def _after(self, model: Any, **_: Any) -> None:
        if not model.name.startswith(CHANGES):
            return
        self.made.append(model.name)
        if len(self.made) == self.kill_after and not (self.whole or self).away[0]:
            raise Killed


@pytest.fixture
def worker(plant: Plant, stack_settings: Settings) -> Callable[[int], tuple[Installation, Interrupted]]:
    """A worker of its own, by the number of the change after which it is killed."""

    def made(kill_after: int) -> tuple[Installation, Interrupted]:
        hands = Interrupted(named_clients(stack_settings, "pipeline"), kill_after)
        return Installation.load(hands, plant.pipeline.settings), hands

    return made


def of(version: Version, installation: Installation) -> Version:
    return Version.of_run(installation, version.name, version.candidate.run_id)


@pytest.mark.timeout(1500)
def test_a_worker_killed_after_any_change_leaves_what_the_next_one_brings_to_its_end(
    plant: Plant, worker: Callable[[int], tuple[Installation, Interrupted]]
) -> None:
    plant.declare(canary_percent_steps=[50])
    plant.served()
    point, was_killed = 1, True
    while was_killed:
        version = plant.version()
        installation, hands = worker(point)
        try:
            plant.deploy(of(version, installation))
            was_killed = False
        except Killed:
            plant.deploy(of(version, plant.pipeline))
        where = f"killed after change {point}: {hands.made}"
        assert plant.serves(version), where
        deployments = [e for e in plant.entries(EntryKind.DEPLOYMENT) if e.subject == version.arn]
        steps = [e for e in plant.entries(EntryKind.DEPLOYMENT_STEP) if e.subject == version.arn]
        assert len(deployments) == 1, where
        assert len({gate["gate"] for gate in deployments[0].body["authority"]}) == 2, where
        assert [e.body.get("percent") for e in steps] == [None, 0, 50], where
        point += 1
    assert point > 15
    assert plant.entries(EntryKind.ROLL_BACK) == []


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("steps", [[], [50]], ids=["all at once", "canary"])
def test_a_worker_killed_while_it_rolls_back_leaves_what_the_next_one_undoes(
    plant: Plant, worker: Callable[[int], tuple[Installation, Interrupted]], steps: list[int]
) -> None:
    plant.declare(canary_percent_steps=steps)
    first = plant.served()
    point, was_killed = 5, True
    while was_killed:
        worse = plant.version("wrong")
        installation, hands = worker(point)
        try:
            drive(of(worse, installation))
        except EvaluationRefused:
            was_killed = False
        except Killed:
            with pytest.raises(EvaluationRefused, match="differently"):
                drive(of(worse, plant.pipeline))
        assert plant.serves(first), f"killed after change {point}: {hands.made}"
        assert plant.status(worse) == "Production RolledBack", hands.made
        point += 1
    assert {e.body["serves"] for e in plant.entries(EntryKind.ROLL_BACK)} == {first.config}


@pytest.mark.parametrize("service", ["s3", "sagemaker"])
def test_an_outage_in_the_middle_is_waited_out(
    plant: Plant, worker: Callable[[int], tuple[Installation, Interrupted]], service: str
) -> None:
    plant.declare(canary_percent_steps=[50])
    plant.served()
    version = plant.version()
    installation, hands = worker(5)
    hands.away = (service, 3)
    taken = of(version, installation)
    failures = 0
    while True:
        try:
            drive(taken)
            break
        except ServiceUnavailable:
            failures += 1
    assert failures
    note_deployment(taken)
    assert plant.serves(version)
    assert plant.entries(EntryKind.ROLL_BACK) == []


def test_two_runs_that_deploy_at_once_take_turns_and_the_later_version_serves(plant: Plant) -> None:
    plant.declare(canary_percent_steps=[50])
    plant.served()
    versions = [plant.version(), plant.version()]
    refused: list[GovernanceError] = []

    def deploy(version: Version) -> None:
        try:
            plant.deploy(version)
        except GovernanceError as refusal:
            refused.append(refusal)

    threads = [threading.Thread(target=deploy, args=[of(each, plant.pipeline)]) for each in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert plant.serves(versions[1])
    assert all("has been since" in str(refusal) for refusal in refused), refused
    assert plant.entries(EntryKind.ROLL_BACK) == []


def test_a_deployment_that_nobody_goes_on_with_is_rolled_back_by_the_next_run(plant: Plant) -> None:
    plant.declare(canary_percent_steps=[50])
    plant.served()
    abandoned, later = plant.version(), plant.version()
    awaited = ""
    while plant.production.attempt is None or plant.production.attempt.percent is None:
        awaited = getattr(advance(abandoned, awaited), "config", "")
        plant.settled()
    wait = advance(later)
    assert "deploys version 2" in getattr(wait, "why", "")
    installation = plant.pipeline
    late = Installation(
        installation.settings, installation.clients, lambda: plant.case.pipeline.now() + timedelta(hours=2)
    )
    advance(of(later, late))
    [entry] = plant.entries(EntryKind.ROLL_BACK)
    assert entry.subject == abandoned.arn and "nobody went on" in entry.body["reason"]
    plant.settled()
    plant.deploy(of(later, plant.pipeline))
    assert plant.serves(later)


def test_between_steps_the_worker_is_free_and_the_canary_keeps_its_share(plant: Plant) -> None:
    plant.declare(canary_percent_steps=[50], minutes_between=60)
    plant.served()
    second = plant.version()
    awaited, wait = "", None
    until = time.monotonic() + 60
    while not hasattr(wait, "until"):
        wait = advance(second, awaited)
        awaited = getattr(wait, "config", "")
        plant.settled()
        assert time.monotonic() < until
    assert "keeps 50 %" in getattr(wait, "why", "")
    assert read_production(plant.pipeline.ledger(plant.name).entries()).attempt is not None
    found = plant.settled()
    assert found is not None and found.weights == {"AllTraffic": 50.0, "Canary": 50.0}
