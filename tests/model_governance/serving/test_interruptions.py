"""A worker that is killed after any change, an outage in the middle, two runs at once: never half deployed."""

from __future__ import annotations

import os
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
from model_governance.hooks.aws import Clients
from model_governance.hooks.installation import Installation
from model_governance.serving import roll_back as rolling_back
from model_governance.serving.records import note_deployment
from model_governance.serving.roll_back import settle_abandoned
from model_governance.serving.rollout import advance
from model_governance.serving.version import Version
from stack.settings import Settings

__all__ = ["case", "plant"]

with_kills = pytest.mark.skipif(not os.environ.get("KILLS"), reason="takes minutes: KILLS is not set (make kills)")

CHANGES = ("Put", "Create", "Update", "Delete", "Add")


class Killed(BaseException):
    """The process ends here; nothing that catches errors sees it."""


@dataclass
class Interrupted:
    """Clients of one worker, which is killed right after the change of a number; whatever it did before stands."""

    clients: Clients
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

    def _after(self, model: Any, http_response: Any, **_: Any) -> None:
        if not model.name.startswith(CHANGES) or http_response.status_code >= 300:
            return  # what is there already, or refused, has changed nothing
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


@with_kills
@pytest.mark.timeout(1200)
def test_workers_killed_after_any_change_leave_what_the_next_one_brings_to_its_end(
    plant: Plant, worker: Callable[[int], tuple[Installation, Interrupted]]
) -> None:
    """A worker remembers nothing, so that one deployment walks every point: each worker makes so many changes."""
    plant.declare(canary_percent_steps=[50])
    plant.served()
    for changes in (1, 3):
        version = plant.version()

        def deploy(hands: Installation, version: Version = version) -> None:
            plant.deploy(of(version, hands))

        kills = carried_on(deploy, worker, changes)
        assert kills >= 15 // changes
        where = f"each worker killed after {changes} changes"
        assert plant.serves(version), where
        deployments = [e for e in plant.entries(EntryKind.DEPLOYMENT) if e.subject == version.arn]
        steps = [e for e in plant.entries(EntryKind.DEPLOYMENT_STEP) if e.subject == version.arn]
        assert len(deployments) == 1, where
        assert len({gate["gate"] for gate in deployments[0].body["authority"]}) == 2, where
        assert [e.body.get("percent") for e in steps] == [None, 0, 50], where
    assert plant.entries(EntryKind.ROLL_BACK) == []


@with_kills
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("steps", [[], [50]], ids=["all at once", "canary"])
def test_workers_killed_while_they_roll_back_leave_what_the_next_one_undoes(
    plant: Plant, worker: Callable[[int], tuple[Installation, Interrupted]], steps: list[int]
) -> None:
    plant.declare(canary_percent_steps=steps)
    first = plant.served()
    worse = plant.version("wrong")

    def fail(hands: Installation) -> None:
        with pytest.raises(EvaluationRefused, match="differently"):
            drive(of(worse, hands))

    assert carried_on(fail, worker, 1) >= 8
    assert plant.serves(first)
    assert plant.status(worse) == "Production RolledBack"
    assert [e.body["serves"] for e in plant.entries(EntryKind.ROLL_BACK)] == [first.config]


def carried_on(
    work: Callable[[Installation], None], worker: Callable[[int], tuple[Installation, Interrupted]], changes: int
) -> int:
    """Has worker after worker go on with something, each killed after so many changes; how many were."""
    for killed in range(100):
        installation, hands = worker(changes)
        try:
            work(installation)
            return killed
        except Killed:
            print(f"worker {killed + 1} was killed after {hands.made}")
    raise AssertionError("a hundred workers did not bring it to its end")


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


def later_by(plant: Plant, hours: float) -> Installation:
    """The pipeline's installation so much later."""
    known = plant.pipeline
    return Installation(known.settings, known.clients, lambda: plant.case.pipeline.now() + timedelta(hours=hours))


def test_a_deployment_that_nobody_goes_on_with_is_rolled_back_by_the_watch(plant: Plant) -> None:
    plant.declare(canary_percent_steps=[50])
    plant.served()
    abandoned, later = plant.version(), plant.version()
    awaited = ""
    while plant.production.attempt is None or plant.production.attempt.percent is None:
        awaited = getattr(advance(abandoned, awaited), "config", "")
        plant.settled()
    wait = advance(later)
    assert "deploys version 2" in getattr(wait, "why", "")
    said = settle_abandoned(plant.pipeline, plant.name)
    assert said == ""
    for hours in (2, 2.25, 2.5):  # the watch's ticks: the endpoint may take one to take the canary's share away
        said = said if "Rolled back" in said else settle_abandoned(later_by(plant, hours), plant.name)
        plant.settled()
    assert "Rolled back" in said
    [entry] = plant.entries(EntryKind.ROLL_BACK)
    assert entry.subject == abandoned.arn and "nobody went on" in entry.body["reason"]
    plant.settled()
    plant.deploy(of(later, plant.pipeline))
    assert plant.serves(later)


def test_a_roll_back_whose_process_ended_half_way_is_finished_by_the_next_tick_of_the_watch(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant.declare(canary_percent_steps=[50])
    first, second = plant.served(), plant.version()
    awaited = ""
    while plant.production.attempt is None or plant.production.attempt.percent is None:
        awaited = getattr(advance(second, awaited), "config", "")
        plant.settled()
    with monkeypatch.context() as patch:
        patch.setattr(rolling_back, "_give_back", lambda *_: False)  # the endpoint takes its time; nobody asks again
        assert settle_abandoned(later_by(plant, 2), plant.name) == "is being rolled back"
    assert settle_abandoned(later_by(plant, 2.01), plant.name) == ""
    said = ""
    for hours in (2.25, 2.5):
        said = said or settle_abandoned(later_by(plant, hours), plant.name).replace("is being rolled back", "")
        plant.settled()
    assert "Rolled back" in said
    assert plant.serves(first)
    assert len(plant.entries(EntryKind.ROLL_BACK)) == 1


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
