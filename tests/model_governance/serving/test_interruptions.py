"""An outage in the middle, two runs at once, a deployment that nobody goes on with: never half deployed."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.model_governance.serving.conftest import Plant, case, drive, later_by, plant
from tests.model_governance.serving.killing import Killed, Life, Workers
from tests.model_governance.serving.test_operations import given, until_canary

from model_governance.domain.ledger import EntryKind
from model_governance.domain.orders import Operation
from model_governance.domain.production import read_production
from model_governance.errors import EvaluationRefused, GovernanceError, ServiceUnavailable
from model_governance.hooks.installation import Installation
from model_governance.serving import roll_back as rolling_back
from model_governance.serving.records import note_deployment
from model_governance.serving.reversion import have_earlier_version_serve, settle_reversion
from model_governance.serving.roll_back import settle_abandoned
from model_governance.serving.rollout import advance
from model_governance.serving.version import Version
from stack.settings import Settings

__all__ = ["case", "plant"]

pytestmark = pytest.mark.usefixtures("every_call_by_its_client")


@pytest.fixture(scope="module")
def workers(stack_settings: Settings) -> Workers:
    return Workers(stack_settings)


def of(version: Version, installation: Installation) -> Version:
    return Version.of_run(installation, version.name, version.candidate.run_id)


@pytest.mark.parametrize("service", ["s3", "sagemaker"])
def test_an_outage_in_the_middle_is_waited_out(plant: Plant, workers: Workers, service: str) -> None:
    plant.declare(canary_percent_steps=[50])
    plant.served()
    version = plant.version()
    taken = of(version, workers.worker(plant, "pipeline", Life(5, away=(service, 3))))
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

    with ThreadPoolExecutor(len(versions)) as pool:
        for deployment in [pool.submit(deploy, of(each, plant.pipeline)) for each in versions]:
            deployment.result()
    assert plant.serves(versions[1]), refused
    # Version 3 serves already: by the ledger, by the registry alone so far, or by version 2's own supersession.
    late = ("has been since", "the registry says Superseded", "version 2 was superseded by version 3")
    assert all(any(words in str(refusal) for words in late) for refusal in refused), refused
    assert plant.entries(EntryKind.ROLL_BACK) == []


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


def test_a_roll_back_whose_worker_was_killed_before_it_was_noted_is_noted_by_the_watch(
    plant: Plant, workers: Workers
) -> None:
    plant.declare()
    first, worse = plant.served(), plant.version("wrong")
    while not plant.entries(EntryKind.ROLL_BACK):
        with pytest.raises((Killed, EvaluationRefused)):
            drive(of(worse, workers.worker(plant, "pipeline", Life(1))))
    assert plant.status(worse) == "Production Deploying"
    assert settle_abandoned(plant.pipeline, plant.name) == ""
    assert plant.serves(first)
    assert plant.status(worse) == "Production RolledBack"


def test_a_roll_back_by_a_person_who_does_not_come_again_is_finished_by_the_watch(
    plant: Plant, workers: Workers
) -> None:
    plant.declare(canary_percent_steps=[10])
    first, second = plant.served(), plant.version()
    until_canary(plant, second)
    hands = workers.worker(plant, "production-approver", Life(1))
    with pytest.raises(Killed):
        have_earlier_version_serve(given(plant, Operation.ROLL_BACK, "production-approver", hands))
    assert [entry.body["version"] for entry in plant.entries(EntryKind.REVERSION)] == [1]
    found = plant.settled()
    assert found is not None and found.config != first.config
    assert settle_reversion(plant.pipeline, plant.name) == ""
    assert "version 1 serves" in settle_reversion(later_by(plant, 2), plant.name)
    assert plant.serves(first)
    assert plant.status(second) == "Production RolledBack"


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
