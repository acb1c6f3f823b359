"""What somebody tries who wants a model to serve that may not: each is refused, and what served goes on or stops."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.model_governance.serving.conftest import Plant, archive, case, drive, later_by, plant
from tests.model_governance.serving.test_operations import again, back, given, stop, until_canary

from model_governance.decisions.oversight import open_finding
from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import EntryKind
from model_governance.domain.orders import Operation
from model_governance.domain.oversight import Severity
from model_governance.errors import ArtifactChanged, DecisionRefused, GateClosed, GovernanceError, RequestRefused
from model_governance.hooks.installation import Installation
from model_governance.serving import resume as resumption
from model_governance.serving import reversion, service
from model_governance.serving.deviation import refuse_deviation
from model_governance.serving.orders import OperationChannel, order
from model_governance.serving.retirement import retire
from model_governance.serving.roll_back import end_what_may_not_serve
from model_governance.serving.rollout import advance
from model_governance.serving.stop import record_stop, take_out_of_service
from model_governance.serving.version import ALL_TRAFFIC, Version

__all__ = ["case", "plant"]


def sagemaker(plant: Plant) -> Any:
    """SageMaker of the production account, by the pipeline's own hands."""
    return plant.pipeline.endpoints_in(Environment.PRODUCTION).client


def tamper(plant: Plant, version: Version) -> None:
    """Puts other bytes in the place of a version's model."""
    uri = plant.pipeline.registry.describe(version.arn).model_data_url
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    store = plant.case.principal("admin").clients.client("s3")
    store.put_object(Bucket=bucket, Key=key, Body=archive("good", "0.66"))


def a_policy_that_nobody_entered(plant: Plant, _: Version) -> None:
    plant.case.edit_policy(lambda policy: policy["operations"]["roll_back"]["roles"].append("author"), entered=False)


def a_high_finding(plant: Plant, version: Version) -> None:
    officer = plant.case.principal("policy-owner")
    due = datetime(2027, 1, 1, tzinfo=UTC).date()
    open_finding(
        officer,
        plant.name,
        actor="policy-owner",
        title="leaks",
        severity=Severity.HIGH,
        owner="model-owner",
        due=due,
        version=version.number,
    )


@pytest.mark.parametrize("attack", [tamper, a_policy_that_nobody_entered, a_high_finding])
def test_what_changes_in_the_middle_of_a_canary_ends_it_and_the_old_version_serves(plant: Plant, attack: Any) -> None:
    plant.declare(canary_percent_steps=[10])
    first, second = plant.served(), plant.version()
    until_canary(plant, second)
    attack(plant, second)
    with pytest.raises(GovernanceError, match="Rolled back"):
        drive(Version.of_run(plant.case.principal("pipeline"), plant.name, second.candidate.run_id))
    assert plant.serves(first)
    assert plant.status(second) == "Production RolledBack"


def test_an_automatic_roll_back_loads_no_bytes_but_those_that_were_deployed(plant: Plant) -> None:
    plant.declare()
    first, worse = plant.served(), plant.version("wrong")
    advance(worse)
    plant.settled()
    tamper(plant, first)
    with pytest.raises(GovernanceError, match=r"the model of version 1 in the store has sha256 \w+, deployed was"):
        drive(worse)
    assert plant.settled() is None
    assert plant.production.serving is None


def test_a_model_or_configuration_made_beforehand_is_not_taken_for_ones_own(plant: Plant) -> None:
    plant.declare()
    first, second = plant.served(), plant.version()
    variant = {
        "VariantName": ALL_TRAFFIC,
        "ModelName": first.job_name,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    sagemaker(plant).create_endpoint_config(EndpointConfigName=second.config, ProductionVariants=[variant])
    with pytest.raises(RequestRefused, match=f"serves {first.job_name} otherwise"):
        drive(second)
    assert plant.serves(first)
    third = plant.version()
    role = third.installation.settings.execution_role_in(Environment.PRODUCTION)
    container = {"ModelPackageName": first.arn}
    sagemaker(plant).create_model(ModelName=third.job_name, PrimaryContainer=container, ExecutionRoleArn=role)
    with pytest.raises(RequestRefused, match=f"made of {first.arn}"):
        drive(third)
    assert plant.serves(first)


def test_an_endpoint_made_by_hand_while_production_is_stopped_is_ended_by_the_watch(plant: Plant) -> None:
    plant.declare()
    first = plant.served()
    assert end_what_may_not_serve(later_by(plant, 1), plant.name, unchanged_seconds=600) == ""
    assert plant.serves(first)
    stop(plant)
    sagemaker(plant).create_endpoint(EndpointName=plant.name, EndpointConfigName=first.config)
    plant.settled()
    assert end_what_may_not_serve(plant.pipeline, plant.name, unchanged_seconds=600) == ""  # somebody may be resuming
    said = end_what_may_not_serve(later_by(plant, 1), plant.name, unchanged_seconds=600)
    assert said is not None and f"({first.config}) is deleted: {plant.name} may not serve since its stop" in said
    assert plant.settled() is None
    assert end_what_may_not_serve(later_by(plant, 1), plant.name) == ""


def test_an_endpoint_moved_by_hand_to_what_nobody_had_serve_is_told_of_until_it_is_stopped(plant: Plant) -> None:
    plant.declare()
    first, second = plant.served(), plant.version()
    hour = later_by(plant, 1)
    refuse_deviation(hour, plant.name, unchanged_seconds=600)
    second.make_config()
    sagemaker(plant).update_endpoint(EndpointName=plant.name, EndpointConfigName=second.config)
    plant.settled()
    refuse_deviation(plant.pipeline, plant.name, unchanged_seconds=600)  # somebody may be about to enter it
    with pytest.raises(
        GateClosed, match=rf"serves {second.config}, but the ledger has version 1 serve by {first.config}"
    ):
        refuse_deviation(hour, plant.name, unchanged_seconds=600)
    stop(plant)
    refuse_deviation(hour, plant.name, unchanged_seconds=600)
    again(plant)
    assert plant.serves(first)
    refuse_deviation(hour, plant.name, unchanged_seconds=600)


def test_nobody_goes_back_by_a_configuration_that_was_made_anew(plant: Plant) -> None:
    plant.declare()
    first, second = plant.served(), plant.served()
    client = sagemaker(plant)
    variants = client.describe_endpoint_config(EndpointConfigName=second.config)["ProductionVariants"]
    client.delete_endpoint_config(EndpointConfigName=first.config)
    client.create_endpoint_config(EndpointConfigName=first.config, ProductionVariants=variants)
    with pytest.raises(ArtifactChanged, match="somebody made it anew"):
        back(plant)
    assert plant.serves(second)


def test_an_endpoint_of_somebody_elses_by_that_name_is_left_as_it_is(plant: Plant) -> None:
    plant.declare()
    first = plant.version()
    made = first.make_config()
    variants = sagemaker(plant).describe_endpoint_config(EndpointConfigName=made)["ProductionVariants"]
    told = [
        {key: each[key] for key in ("VariantName", "ModelName", "InstanceType", "InitialInstanceCount")}
        for each in variants
    ]
    other = f"others-{plant.name}"
    sagemaker(plant).create_endpoint_config(EndpointConfigName=other, ProductionVariants=told)
    sagemaker(plant).create_endpoint(EndpointName=plant.name, EndpointConfigName=other)
    plant.settled()
    with pytest.raises(GateClosed, match=f"it serves {other} and bears no tag"):
        advance(first)
    found = plant.settled()
    assert found is not None and found.config == other
    assert plant.entries(EntryKind.DEPLOYMENT_STEP) == []


def test_an_endpoint_deleted_by_hand_is_brought_back_by_its_own_task_or_replaced_by_the_next(plant: Plant) -> None:
    plant.declare(canary_percent_steps=[10])
    first = plant.served()
    plant.pipeline.endpoints_in(Environment.PRODUCTION).delete(plant.name)
    assert plant.settled() is None
    drive(first)
    assert plant.serves(first)


def test_a_stop_while_somebody_goes_back_leaves_nothing_that_serves(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant.declare()
    first, second = plant.served(), plant.served()
    really = service.serve

    def stopped_meanwhile(version: Version) -> None:
        stop(plant)
        really(version)

    monkeypatch.setattr(reversion, "serve", stopped_meanwhile)
    with pytest.raises(GateClosed, match="stopped by model-owner"):
        back(plant)
    assert plant.settled() is None
    assert plant.production.served is None
    assert (plant.status(first), plant.status(second)) == ("Production Replaced", "Production Stopped")


def test_who_resumes_lifts_no_stop_that_was_made_meanwhile(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant.declare()
    plant.served()
    stop(plant)
    really = service.serve

    def stopped_once_more(version: Version) -> None:
        really(version)
        stop(plant, "governance-officer")

    monkeypatch.setattr(resumption, "serve", stopped_once_more)
    with pytest.raises(DecisionRefused, match="stopped once more meanwhile"):
        again(plant)
    assert plant.settled() is None
    assert plant.production.stop is not None


def test_a_drill_takes_the_place_of_no_stop_and_a_second_stop_frees_nobody(plant: Plant) -> None:
    plant.declare()
    first = plant.served()
    entry = stop(plant, "production-approver")
    for actor, is_drill in (("production-approver", True), ("governance-officer", False)):
        plant.pipeline.endpoints_in(Environment.PRODUCTION).create(plant.name, first.config, first.tags)  # by hand
        plant.settled()
        stop(plant, actor, drill=is_drill)
        assert plant.settled() is None
        with pytest.raises(DecisionRefused, match=f"production-approver stopped it .ledger entry {entry.sequence}"):
            again(plant)


def test_a_run_that_had_not_seen_the_retirement_leaves_no_endpoint(plant: Plant) -> None:
    plant.declare()
    first = plant.served()
    config, tags = first.config, first.tags
    retire(given(plant, Operation.RETIRE, "governance-officer"))
    plant.pipeline.endpoints_in(Environment.PRODUCTION).create(plant.name, config, tags)
    plant.settled()
    with pytest.raises(GateClosed, match="retired by governance-officer"):
        drive(first)
    assert plant.settled() is None
    for refused in (back, again):
        with pytest.raises(GovernanceError):
            refused(plant)


def test_an_approval_that_ran_out_between_two_steps_ends_the_canary(plant: Plant) -> None:
    plant.declare(canary_percent_steps=[10])
    first, second = plant.served(), plant.version()
    until_canary(plant, second)
    late = plant.case.principal("pipeline")
    years = Installation(late.settings, late.clients, lambda: datetime.now(UTC) + timedelta(days=3650))
    with pytest.raises(GovernanceError, match="Rolled back"):
        drive(Version.of_run(years, plant.name, second.candidate.run_id))
    assert plant.serves(first)
    with pytest.raises(GovernanceError):
        back(plant, 2)


@pytest.mark.parametrize("reason", ["\x1b[31m\x00it errs\u202e", "it errs " * 1_500_000, "it errs \udcff"])
def test_whatever_the_reason_holds_a_stop_is_made_and_entered(plant: Plant, reason: str) -> None:
    plant.declare()
    plant.served()
    wanted = order(
        plant.case.principal("model-owner"),
        Operation.STOP,
        plant.name,
        actor="model-owner",
        channel=OperationChannel.COMMAND_LINE,
        reason=reason,
    )
    entry = record_stop(wanted, take_out_of_service(wanted, time.monotonic()), drill=False)
    assert entry.body["reason"].isprintable() and "it errs" in entry.body["reason"]
    assert len(entry.body["reason"]) <= 1000
    assert plant.settled() is None
