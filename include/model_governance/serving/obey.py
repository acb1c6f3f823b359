"""Obeying: the pipeline does to production what a person has ordered by the form, and enters it under that order."""

from __future__ import annotations

from typing import Any

from model_governance.domain.ledger import Entry
from model_governance.domain.orders import GivenOrder, Operation, order_given, read_order
from model_governance.domain.production import read_production
from model_governance.errors import DecisionRefused, LedgerBroken, ServiceUnavailable
from model_governance.hooks.installation import Installation
from model_governance.serving.order_entry import given_order, order_as_entered, order_by_user
from model_governance.serving.orders import Order, carried_out_before
from model_governance.serving.resume import finish_resumption, resume
from model_governance.serving.retirement import retire
from model_governance.serving.reversion import have_earlier_version_serve
from model_governance.serving.stop import record_stop, take_out_of_service


def obey(installation: Installation, order_id: str, user: str, form: Any, began: float) -> Entry:
    """Carries out the order of a run; safe to repeat.

    Args:
        installation: The pipeline's.
        order_id: DAG and run.
        user: The Airflow user who triggered the run; taken for a stop only that is not on record.
        form: The run's Params; of an order on record only the use case counts, the rest is said there.
        began: When, by ``time.monotonic``.

    Returns:
        The entry that says it was done.

    Raises:
        GovernanceError: As the order or the operation is refused, or the hooks raise.
    """
    ordered = _order_on_record(installation, order_id, form)
    given, said = ordered or _unrecorded_stop(installation, order_id, user, form)
    return _carried_out(given, said, began)


def _order_on_record(installation: Installation, order_id: str, form: Any) -> tuple[Order, GivenOrder] | None:
    """The order that the web server entered for this run, and what it says; None where there is none.

    Also where the form asks for a stop and the ledger cannot be read: a stop does not wait for it.

    Raises:
        DecisionRefused: The person may not give it any more.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the ledger is read.
    """
    try:
        entered = order_given(installation.ledger(str(form["use_case"])).entries(), order_id)
    except (LedgerBroken, ServiceUnavailable):
        if form["action"] != Operation.STOP:
            raise
        return None
    if entered is None:
        return None
    said = read_order(entered)
    return order_as_entered(installation, entered, said), said


def _unrecorded_stop(installation: Installation, order_id: str, user: str, form: Any) -> tuple[Order, GivenOrder]:
    """A stop by the person behind the Airflow user who triggered the run; nothing else is done without an order.

    Raises:
        DecisionRefused: It is no stop, nobody in the people file has this user, or the person may not.
    """
    if form["action"] != Operation.STOP:
        raise DecisionRefused(
            f"no order of run {order_id} is on record: nobody gave it in Airflow's pages or API, where Airflow knows "
            "who is signed in. Trigger production_control there; a run started by airflow dags trigger, a backfill or "
            "a DAG orders nothing but a stop"
        )
    given = order_by_user(
        installation, user, Operation.STOP, str(form["use_case"]), order_id=order_id, reason=str(form["reason"])
    )
    return given, given_order(given, drill=bool(form["drill"]))


def _carried_out(given: Order, said: GivenOrder, began: float) -> Entry:
    before = _carried_out_before(given)
    if before is not None:
        return _finished(given, before)
    if given.operation is Operation.STOP:
        return record_stop(given, take_out_of_service(given, began), drill=said.drill)
    if given.operation is Operation.RESUME:
        return resume(given)
    if given.operation is Operation.RETIRE:
        return retire(given)
    return have_earlier_version_serve(given, said.to_version)


def _finished(given: Order, made: Entry) -> Entry:
    """What is on record already, with what whoever entered it was killed before doing.

    Raises:
        GovernanceError: As the operation refuses, or the hooks.
    """
    production = read_production(given.installation.ledger(given.use_case).entries())
    if given.operation is Operation.ROLL_BACK:
        return have_earlier_version_serve(given, made.body.get("version"))
    if given.operation is Operation.RESUME and production.stop is None:
        finish_resumption(given)
    if given.operation is Operation.RETIRE and production.retirement == made:
        return retire(given)
    return made


def _carried_out_before(given: Order) -> Entry | None:
    try:
        return carried_out_before(given)
    except (LedgerBroken, ServiceUnavailable):
        if given.operation is not Operation.STOP:
            raise
        return None  # a stop does not wait for the ledger
