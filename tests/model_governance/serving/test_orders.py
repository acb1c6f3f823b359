"""What people have done to production from Airflow's pages: by an order on record, by nothing else, and once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.model_governance.serving.by_form import filled
from tests.model_governance.serving.conftest import Plant, case, plant
from tests.model_governance.serving.test_operations import again, stop

from model_governance.domain.ledger import EntryKind
from model_governance.domain.orders import Operation
from model_governance.errors import (
    AccessRefused,
    DecisionRefused,
    GateClosed,
    LedgerBroken,
    RecordMissing,
    ServiceUnavailable,
)
from model_governance.hooks.artifacts import Artifacts
from model_governance.hooks.installation import Installation
from model_governance.serving import obey as obeying
from model_governance.serving import resume, reversion
from model_governance.serving.rollout import advance
from model_governance.serving.stop import take_out_of_service
from model_governance.serving.version import Version

__all__ = ["case", "plant"]

APPROVER, OWNER, OFFICER = "production-approver", "model-owner", "governance-officer"


def test_production_is_stopped_resumed_rolled_back_and_retired_by_the_form(plant: Plant) -> None:
    plant.declare()
    first, second = plant.served(), plant.served()
    for operation, user, kind in (
        (Operation.STOP, OWNER, EntryKind.STOP),
        (Operation.RESUME, APPROVER, EntryKind.RESUME),
        (Operation.ROLL_BACK, APPROVER, EntryKind.REVERSION),
        (Operation.RETIRE, OFFICER, EntryKind.RETIREMENT),
    ):
        order = filled(plant, operation, user, run=operation.value).enter()
        entry = order.obey()
        given = plant.entries(EntryKind.ORDER)[-1]
        assert (entry.kind, entry.body["order"], entry.body["actor"]) == (kind, given.sequence, user)
        assert (given.body["operation"], given.body["actor"]) == (operation, user)
        assert order.obey() == entry, "a task that is run once more does nothing new"
        if operation is Operation.RESUME:
            assert plant.serves(second)
        if operation is Operation.ROLL_BACK:
            assert plant.serves(first)
    assert plant.settled() is None
    plant.case.principal("data-scientist").ledger(plant.name).verify()


def test_what_nobody_ordered_is_not_done_but_a_stop(plant: Plant) -> None:
    """A run that Airflow's command line, a backfill or another DAG began, whoever it says triggered it."""
    plant.declare()
    plant.served()
    stop(plant)
    for operation in (Operation.RESUME, Operation.ROLL_BACK, Operation.RETIRE):
        with pytest.raises(DecisionRefused, match="no order of run production_control/1 is on record"):
            filled(plant, operation, APPROVER).obey()
    assert plant.production.stop is not None
    again(plant)
    assert filled(plant, Operation.STOP, OWNER).obey().body["order"] is None
    assert plant.settled() is None
    with pytest.raises(DecisionRefused, match="no person in people"):
        filled(plant, Operation.STOP, "stranger").obey()


@pytest.mark.parametrize(
    ("operation", "user", "said", "why"),
    [
        (Operation.ROLL_BACK, OWNER, {}, "the policy names production_approver"),
        (Operation.ROLL_BACK, "stranger", {}, "no person in people.yaml"),
        (Operation.ROLL_BACK, "", {}, "a run that no person triggered"),
        (Operation.STOP, OWNER, {"reason": "Say why"}, "left as it was"),
        (Operation.STOP, OWNER, {"reason": "\u200b \n"}, "without a reason"),
        (Operation.RESUME, APPROVER, {}, "no stop stands"),
        (Operation.ROLL_BACK, APPROVER, {}, "no other version has served"),
        (Operation.ROLL_BACK, APPROVER, {"to_version": 10**30}, "never deployed to production"),
    ],
)
def test_who_may_not_or_says_nothing_gives_no_order(
    plant: Plant, operation: Operation, user: str, said: dict[str, Any], why: str
) -> None:
    plant.declare()
    plant.served()
    with pytest.raises(DecisionRefused, match=why):
        filled(plant, operation, user, **said).enter()
    assert plant.entries(EntryKind.ORDER) == []


def test_a_use_case_that_is_not_there_is_named(plant: Plant) -> None:
    with pytest.raises(RecordMissing, match="there is no use case 'elsewhere'"):
        filled(plant, Operation.STOP, APPROVER, use_case="elsewhere").enter()


def test_an_order_to_lift_ones_own_stop_is_refused_when_it_is_given(plant: Plant) -> None:
    plant.declare()
    plant.served()
    stop(plant, APPROVER)
    with pytest.raises(DecisionRefused, match="another person lifts a stop"):
        filled(plant, Operation.RESUME, APPROVER).enter()


def test_an_order_does_nothing_else_than_it_says(plant: Plant) -> None:
    """The run's Params may say what they will: they are anybody's who can write DAG code."""
    plant.declare()
    first = plant.served()
    plant.served()
    order = filled(plant, Operation.ROLL_BACK, APPROVER, to_version=1).enter()
    entry = replace(order, user="stranger", said={**order.said, "to_version": 2, "reason": "other"}).obey()
    assert (entry.body["version"], entry.body["reason"]) == (1, "it errs")
    assert plant.serves(first)


def later(plant: Plant, minutes: float, who: str = "pipeline") -> Installation:
    return replace(plant.case.principal(who), now=lambda: plant.case.pipeline.now() + timedelta(minutes=minutes))


@pytest.mark.parametrize("operation", [Operation.RESUME, Operation.ROLL_BACK, Operation.RETIRE])
def test_an_order_is_begun_within_an_hour_and_afterwards_nothing_is_touched(plant: Plant, operation: Operation) -> None:
    plant.declare()
    plant.served()
    second = plant.served()
    if operation is Operation.RESUME:
        stop(plant)
    before = plant.settled()
    order = filled(plant, operation, OFFICER if operation is Operation.RETIRE else APPROVER).enter()
    with pytest.raises(DecisionRefused, match=r"given 61 minutes before; it counts for 60\. Give it anew"):
        order.obey(later(plant, 61))
    assert plant.settled() == before
    assert plant.serves(second) is (operation is not Operation.RESUME)
    with pytest.raises(DecisionRefused, match="is an old order"):
        order.enter(later(plant, 61, "decision-service"))


def test_a_stop_that_comes_late_is_made_and_is_on_record(plant: Plant) -> None:
    plant.declare()
    plant.served()
    order = filled(plant, Operation.STOP, OWNER).enter()
    assert order.obey(later(plant, 61)).body["order"] is None
    assert plant.settled() is None
    assert plant.production.stop is not None


def test_an_order_counts_for_its_giver_only_while_he_may(plant: Plant) -> None:
    plant.declare()
    plant.served()
    stop(plant)
    order = filled(plant, Operation.RESUME, APPROVER).enter()
    plant.case.edit_policy(lambda policy: policy["operations"]["resume"].update(roles=["governance_officer"]))
    with pytest.raises(DecisionRefused, match="the policy names governance_officer"):
        order.obey(plant.case.principal("pipeline"))


def test_an_order_that_was_withdrawn_is_not_carried_out_and_one_that_was_is_not_withdrawn(plant: Plant) -> None:
    plant.declare()
    plant.served()
    done = filled(plant, Operation.STOP, OWNER, run="done").enter()
    entry = done.obey()
    order = filled(plant, Operation.RESUME, APPROVER, run="gone").enter()
    for user in (OWNER, OFFICER, "data-scientist", "stranger"):
        order.withdraw("a request of the same id was refused", user)
    assert plant.entries(EntryKind.WITHDRAWAL) == []
    for each in (done, order, order, filled(plant, Operation.RETIRE, OFFICER, run="never entered")):
        each.withdraw("Airflow answered 500")
    [withdrawal] = plant.entries(EntryKind.WITHDRAWAL)
    assert withdrawal.body == {"order": plant.entries(EntryKind.ORDER)[-1].sequence, "reason": "Airflow answered 500"}
    with pytest.raises(DecisionRefused, match=f"was withdrawn by entry {withdrawal.sequence} already"):
        order.obey()
    assert done.obey() == entry


def test_an_order_that_nobody_carried_out_cannot_be_dated_back(plant: Plant) -> None:
    """When an entry was made is the pipeline's own word; what others entered since says otherwise."""
    plant.declare()
    plant.served()
    filled(plant, Operation.RETIRE, OFFICER).enter()
    [order] = plant.entries(EntryKind.ORDER)
    a_month = replace(plant.case.principal("decision-service"), now=lambda: order.time + timedelta(days=30))
    a_month.ledger(plant.name).append(EntryKind.REFUSAL, plant.name, {})
    forger = replace(plant.case.principal("pipeline"), now=lambda: order.time + timedelta(minutes=1))
    body = {**order.body, "order": order.sequence, "stage": "Production", "versions": []}
    with pytest.raises(DecisionRefused, match=r"not entered: .* given 43200 minutes before"):
        forger.ledger(plant.name).append(EntryKind.RETIREMENT, plant.name, body)


def test_a_stop_that_the_pipeline_made_up_keeps_nothing_in_service(plant: Plant) -> None:
    plant.declare()
    plant.served()
    order = filled(plant, Operation.STOP, OWNER).enter()
    made_up = {"order": None, "order_id": order.order_id, "actor": "whoever", "drill": True, "stage": "Production"}
    plant.pipeline.ledger(plant.name).append(EntryKind.STOP, plant.name, made_up)
    order.obey(plant.case.principal("pipeline"))
    assert plant.settled() is None


def test_a_form_that_asks_for_a_stop_does_nothing_else_whatever_bears_its_id(plant: Plant) -> None:
    plant.declare()
    plant.served()
    order = filled(plant, Operation.RETIRE, OFFICER).enter()
    stopping = filled(plant, Operation.STOP, OFFICER)
    with pytest.raises(DecisionRefused, match="another order of the id"):
        stopping.enter()
    assert stopping.order_id == order.order_id
    assert (stopping.obey().kind, plant.production.retirement) == (EntryKind.STOP, None)
    assert plant.settled() is None


def test_a_clean_up_lifts_no_stop(plant: Plant) -> None:
    plant.declare()
    plant.served()
    stop(plant)
    plant.pipeline.ledger(plant.name).append(EntryKind.CLEAN_UP, plant.name, {})
    assert plant.production.stop is not None


def test_a_roll_back_that_ends_a_deployment_is_entered_once_although_another_one_begins(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant.declare()
    plant.served()
    advance(plant.version())
    attempt = plant.production.attempt
    assert attempt is not None
    order = filled(plant, Operation.ROLL_BACK, APPROVER).enter()
    bring_back = reversion.serve

    def serve(version: Version) -> None:
        bring_back(version)
        begun = {**attempt.entry.body, "run_id": "another"}
        plant.pipeline.ledger(plant.name).append(EntryKind.DEPLOYMENT_STEP, attempt.entry.subject, begun)

    monkeypatch.setattr(reversion, "serve", serve)
    assert order.obey().kind is EntryKind.REVERSION
    assert len(plant.entries(EntryKind.REVERSION)) == 1


def test_a_stop_after_the_order_is_lifted_by_another_order_only(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant.declare()
    plant.served()
    stop(plant)
    order = filled(plant, Operation.RESUME, APPROVER).enter()
    again(plant)
    second = stop(plant)
    plant.settled()
    with monkeypatch.context() as watched:
        watched.setattr(resume, "serve", lambda version: pytest.fail("it was brought up against the stop"))
        with pytest.raises(DecisionRefused, match=f"given before the stop of entry {second.sequence}"):
            order.obey()
    with pytest.raises(GateClosed, match="stopped by"):
        advance(plant.version())


def test_a_second_order_of_the_same_run_is_refused_and_the_same_one_is_not_entered_twice(plant: Plant) -> None:
    plant.declare()
    plant.served()
    order = filled(plant, Operation.STOP, OWNER).enter().enter()
    with pytest.raises(DecisionRefused, match="another order of the id production_control/1"):
        replace(order, said={**order.said, "drill": True}).enter()
    assert len(plant.entries(EntryKind.ORDER)) == 1


@pytest.mark.parametrize(
    "fault", [ServiceUnavailable("the store is away"), LedgerBroken("entry 1: changed"), AccessRefused("token expired")]
)
def test_a_stop_asks_the_ledger_once_and_does_not_wait_for_it(
    plant: Plant, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    plant.declare()
    plant.served()
    order = filled(plant, Operation.STOP, OWNER)
    asked: list[str] = []

    def away(*_: object) -> object:
        asked.append("ledger")
        raise fault

    def out(*given: Any) -> Any:
        asked.append("out of service")
        return take_out_of_service(*given)

    monkeypatch.setattr(obeying, "take_out_of_service", out)
    with monkeypatch.context() as outage:
        outage.setattr(Artifacts, "list", away)
        with pytest.raises(type(fault)):
            order.obey(plant.case.principal("pipeline"))
    assert asked[:2] == ["ledger", "out of service"]
    assert plant.settled() is None
    entry = order.obey()
    assert (entry.kind, entry.body["order"]) == (EntryKind.STOP, None)
    again(plant)
    assert order.obey() == entry, "its task is cleared after somebody has resumed"
    assert plant.production.stop is None


def test_only_the_pipeline_carries_orders_out_in_a_persons_name(plant: Plant) -> None:
    """Whoever has the operations key has no need of it; whoever has the ledger's has no order of his own."""
    plant.declare()
    plant.served()
    stop(plant)
    order = filled(plant, Operation.RESUME, APPROVER).enter()
    hands: Installation = plant.case.principal(APPROVER)
    with pytest.raises(Exception, match="model-governance-ledger"):
        order.obey(hands)
