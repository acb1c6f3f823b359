"""People stop production, resume it, go back to an earlier version and retire a use case, if the policy lets them."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.model_governance.serving.conftest import Plant, case, drive, plant

from model_governance.decisions.oversight import open_finding
from model_governance.domain.ledger import Entry, EntryKind
from model_governance.domain.orders import Operation
from model_governance.domain.oversight import Severity
from model_governance.domain.served import out_of_service_at, served_at
from model_governance.errors import DecisionRefused, GateClosed, GovernanceError, RecordMissing, ServiceUnavailable
from model_governance.hooks.installation import Installation
from model_governance.serving.orders import OperationChannel, Order, order
from model_governance.serving.resume import resume
from model_governance.serving.retirement import refuse_retired, retire
from model_governance.serving.reversion import have_earlier_version_serve
from model_governance.serving.rollout import advance
from model_governance.serving.stop import record_stop, take_out_of_service

__all__ = ["case", "plant"]


def given(plant: Plant, operation: Operation, actor: str, installation: Installation | None = None) -> Order:
    """An order under the person's own principal."""
    hands = installation or plant.case.principal(actor)
    return order(
        hands, operation, plant.name, actor=actor, channel=OperationChannel.COMMAND_LINE, reason="because it must be"
    )


def stop(plant: Plant, actor: str = "model-owner", *, drill: bool = False) -> Entry:
    wanted = given(plant, Operation.STOP, actor)
    return record_stop(wanted, take_out_of_service(wanted, time.monotonic()), drill=drill)


def back(plant: Plant, to: int | None = None) -> Entry:
    return have_earlier_version_serve(given(plant, Operation.ROLL_BACK, "production-approver"), to)


def again(plant: Plant, actor: str = "production-approver") -> Entry:
    return resume(given(plant, Operation.RESUME, actor))


def served_version(plant: Plant) -> int | None:
    found = served_at(plant.pipeline.ledger(plant.name).entries(), datetime.now(UTC))
    return int(found.deployment.body["version"]) if found else None


def test_a_stop_by_its_owner_is_at_once_and_on_record_and_nothing_is_deployed_until_another_resumes(
    plant: Plant,
) -> None:
    plant.declare()
    first = plant.served()
    waiting = plant.version()
    entry = stop(plant)
    assert plant.settled() is None
    assert (entry.kind, entry.body["actor"], entry.body["role"], entry.body["drill"]) == (
        EntryKind.STOP,
        "model-owner",
        "owner",
        False,
    )
    assert entry.body["version"] == 1 and entry.body["seconds"] < 5
    assert plant.status(first) == "Production Stopped"
    assert served_version(plant) is None
    ended = out_of_service_at(plant.pipeline.ledger(plant.name).entries(), datetime.now(UTC))
    assert ended == entry
    for version in (first, waiting):
        with pytest.raises(GateClosed, match=r"stopped by model-owner.*model-governance resume"):
            advance(version)
    assert plant.settled() is None
    with pytest.raises(DecisionRefused, match="production_approver"):
        again(plant, "model-owner")
    resumed = again(plant)
    assert resumed.body["smoke"]["rows"] == 3
    assert plant.serves(first)
    plant.deploy(waiting)
    assert plant.serves(waiting)


def test_a_drill_ends_by_the_same_person_and_a_stop_does_not(plant: Plant) -> None:
    plant.declare()
    first = plant.served()
    stop(plant, "production-approver", drill=True)
    assert again(plant).body["drill"] is True
    assert plant.serves(first)
    stop(plant, "production-approver")
    with pytest.raises(DecisionRefused, match="another person lifts a stop"):
        again(plant)
    assert plant.settled() is None


@pytest.mark.parametrize(
    ("operation", "actor"),
    [
        (Operation.STOP, "data-scientist"),
        (Operation.STOP, "admin"),
        (Operation.ROLL_BACK, "model-owner"),
        (Operation.ROLL_BACK, "governance-officer"),
        (Operation.RESUME, "governance-officer"),
        (Operation.RETIRE, "production-approver"),
        (Operation.RETIRE, "nobody"),
    ],
)
def test_who_has_no_role_for_it_may_not(plant: Plant, operation: Operation, actor: str) -> None:
    with pytest.raises(DecisionRefused, match=f"{actor} may not {operation.replace('_', ' ')} {plant.name}"):
        given(plant, operation, actor, plant.pipeline)


def test_a_stop_whose_ledger_is_away_is_made_seen_by_deployments_and_entered_by_stopping_again(plant: Plant) -> None:
    plant.declare()
    first = plant.served()
    waiting = plant.version()
    wanted = given(plant, Operation.STOP, "model-owner")
    out = take_out_of_service(wanted, time.monotonic())
    assert plant.settled() is None

    class Away:
        def __getattr__(self, _: str) -> Any:
            raise ServiceUnavailable("the bucket is away")

    cut_off = replace(wanted.installation)
    cut_off.__dict__["artifacts"] = Away()
    with pytest.raises(ServiceUnavailable):
        record_stop(replace(wanted, installation=cut_off), out, drill=False)
    assert plant.entries(EntryKind.STOP) == []
    assert plant.status(first) == "Production Stopped"
    for version in (first, waiting):
        with pytest.raises(GateClosed, match="the registry says that it was stopped"):
            advance(version)
    entry = stop(plant)
    assert "stopped at" in entry.body["registry_says"] and entry.subject == first.arn
    assert stop(plant) == entry
    again(plant)
    assert plant.serves(first)


def test_a_stop_in_the_middle_of_a_canary_leaves_nothing_that_serves(plant: Plant) -> None:
    plant.declare(canary_percent_steps=[10])
    first = plant.served()
    second = plant.version()
    until_canary(plant, second)
    stop(plant)
    with pytest.raises(GateClosed, match="stopped by model-owner"):
        drive(second)
    assert plant.settled() is None
    production = plant.production
    assert (production.served, production.attempt) == (None, None)
    again(plant)
    assert plant.serves(first)


def until_canary(plant: Plant, version: Any) -> None:
    from tests.model_governance.serving.conftest import settled

    awaited = ""
    while plant.production.attempt is None or plant.production.attempt.percent != 10:
        wait = advance(version, awaited)
        settled(version.installation, version.endpoint)
        awaited = getattr(wait, "config", "")


def test_a_person_goes_back_to_what_served_before_and_its_run_does_not_bring_it_again(plant: Plant) -> None:
    plant.declare()
    first, second = plant.served(), plant.served()
    entry = back(plant)
    assert (entry.kind, entry.body["version"], entry.body["from_version"]) == (EntryKind.REVERSION, 1, 2)
    assert plant.serves(first)
    assert plant.status(second) == "Production RolledBack"
    assert served_version(plant) == 1
    assert back(plant, 1) == entry
    with pytest.raises(GateClosed, match="production-approver had version 1 serve"):
        advance(second)
    back(plant, 2)
    assert plant.serves(second)


def test_a_person_ends_a_canary(plant: Plant) -> None:
    plant.declare(canary_percent_steps=[10])
    first = plant.served()
    second = plant.version()
    until_canary(plant, second)
    back(plant)
    assert plant.serves(first)
    with pytest.raises(GateClosed, match="had version 1 serve"):
        drive(second)
    assert plant.serves(first)


def test_nobody_goes_back_to_what_may_not_serve_any_more(plant: Plant) -> None:
    plant.declare()
    first = plant.served()
    with pytest.raises(DecisionRefused, match="no other version has served"):
        back(plant)
    with pytest.raises(DecisionRefused, match="never deployed"):
        back(plant, 7)
    second = plant.served()
    open_finding(
        plant.case.principal("policy-owner"),
        plant.name,
        actor="policy-owner",
        title="leaks",
        severity=Severity.HIGH,
        owner="model-owner",
        due=datetime(2027, 1, 1, tzinfo=UTC).date(),
        version=1,
    )
    with pytest.raises(GateClosed, match="leaks"):
        back(plant)
    assert plant.serves(second)
    uri = plant.pipeline.registry.describe(first.arn).model_data_url
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    plant.case.principal("admin").clients.client("s3").put_object(Bucket=bucket, Key=key, Body=b"other bytes")
    with pytest.raises(GovernanceError, match="the model artifact changed"):
        back(plant)
    assert plant.serves(second)


def test_a_retired_use_case_serves_nothing_keeps_its_records_and_is_refused_until_it_is_approved_anew(
    plant: Plant,
) -> None:
    plant.declare()
    first = plant.served()
    waiting = plant.version()
    before = len(plant.pipeline.ledger(plant.name).verify())
    entry = retire(given(plant, Operation.RETIRE, "governance-officer"))
    assert retire(given(plant, Operation.RETIRE, "governance-officer")) == entry
    assert (entry.sequence, entry.body["versions"], entry.body["served"]) == (before + 1, [1, 2], 1)
    assert plant.settled() is None
    for version in (first, waiting):
        package = plant.pipeline.registry.describe(version.arn)
        assert (package.approval_status, package.stage, package.card_status) == ("Rejected", "Retired", "Archived")
        with pytest.raises(GateClosed, match="retired by governance-officer"):
            advance(version)
    assert plant.pipeline.artifacts.exists(plant.pipeline.registry.describe(first.arn).model_data_url)
    assert served_version(plant) is None
    with pytest.raises(GateClosed, match="retired by governance-officer"):
        refuse_retired(plant.pipeline, plant.name, brings_back=False)
    refuse_retired(plant.pipeline, plant.name, brings_back=True)
    plant.made += 1
    plant.case.run_id = "manual__anew"
    plant.case.approve_use_case()
    refuse_retired(plant.pipeline, plant.name, brings_back=False)
    third = plant.served()
    assert plant.serves(third)


def test_what_bears_no_known_name_is_not_said_to_be_stopped(plant: Plant) -> None:
    wanted = replace(given(plant, Operation.STOP, "production-approver"), use_case="lone-approval")
    out = take_out_of_service(wanted, time.monotonic())
    assert out.found is None
    with pytest.raises(RecordMissing, match=f"no use case 'lone-approval'.*{plant.name}"):
        record_stop(wanted, out, drill=False)
