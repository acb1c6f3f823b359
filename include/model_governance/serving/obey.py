"""Obeying: the pipeline does to production what a person has ordered by the form, and enters it under that order."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from model_governance.domain.ledger import Entry
from model_governance.domain.orders import Operation, order_given, read_order, why_not_begun
from model_governance.domain.production import read_production
from model_governance.errors import DecisionRefused, GovernanceError
from model_governance.hooks.installation import Installation
from model_governance.serving.order_entry import order_as_entered, order_by_user
from model_governance.serving.orders import Order, carried_out_before
from model_governance.serving.resume import finish_resumption, resume
from model_governance.serving.retirement import retire
from model_governance.serving.reversion import have_earlier_version_serve
from model_governance.serving.stop import record_stop, take_out_of_service

log = logging.getLogger(__name__)


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
    entries: Sequence[Entry] = ()
    try:
        entries = installation.ledger(str(form["use_case"])).entries()
    except GovernanceError as fault:
        if form["action"] != Operation.STOP:
            raise
        log.warning("the stop %s does not wait for the ledger: %s", order_id, fault)
    entered = order_given(entries, order_id)
    if entered is not None and (form["action"] != Operation.STOP or read_order(entered).operation is Operation.STOP):
        return _carry_out(installation, entered, entries, began)
    return _stop_unrecorded(installation, order_id, user, form, entries, began)


def _carry_out(installation: Installation, entered: Entry, entries: Sequence[Entry], began: float) -> Entry:
    """What an order on record says, if it still counts; a stop is made even if it does not, by the pipeline's word.

    Raises:
        DecisionRefused: The person may not give it any more, or it is too late, before anything is touched.
        GovernanceError: As the operation refuses, or the hooks.
    """
    said = read_order(entered)
    given = order_as_entered(installation, entered, said)
    made = carried_out_before(given, entries)
    if made is not None:
        return _finished(given, made)
    why = why_not_begun(entered, installation.now(), entries)
    if given.operation is Operation.STOP:
        given = replace(given, entered=None) if why else given
        return record_stop(given, take_out_of_service(given, began), drill=said.drill)
    if why:
        raise DecisionRefused(f"{why}. Give it anew")
    if given.operation is Operation.RESUME:
        return resume(given)
    if given.operation is Operation.RETIRE:
        return retire(given)
    return have_earlier_version_serve(given, said.to_version)


def _stop_unrecorded(
    installation: Installation, order_id: str, user: str, form: Any, entries: Sequence[Entry], began: float
) -> Entry:
    """A stop by the person behind the Airflow user who triggered the run; nothing else is done without an order.

    Raises:
        DecisionRefused: It is no stop, nobody in the people file has this user, or the person may not.
        GovernanceError: As the hooks raise.
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
    made = carried_out_before(given, entries)
    if made is not None and read_production(entries).stop is None:
        return made  # and somebody has resumed since
    return record_stop(given, take_out_of_service(given, began), drill=bool(form["drill"]))


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
