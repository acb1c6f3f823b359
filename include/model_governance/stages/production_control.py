"""Production control: the form by which a person stops, resumes, rolls back or retires from Airflow's pages."""

from __future__ import annotations

import logging
import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Param, get_current_context, task

from model_governance.domain.ledger import Entry
from model_governance.domain.production import read_production
from model_governance.errors import DecisionRefused, ServiceUnavailable
from model_governance.hooks.aws import PIPELINE_CONNECTION, AirflowClients
from model_governance.hooks.configuration import Configuration
from model_governance.hooks.installation import Installation
from model_governance.hooks.settings import Settings
from model_governance.operators.refusals import refusals_end_the_task
from model_governance.serving.orders import Operation, OperationChannel, Order, carried_out_before, order
from model_governance.serving.resume import finish_resumption, resume
from model_governance.serving.retirement import retire
from model_governance.serving.reversion import have_earlier_version_serve
from model_governance.serving.stop import record_stop, take_out_of_service

log = logging.getLogger(__name__)

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
ORDERS_COUNT_FOR = timedelta(hours=1)
CONTROL_DEFAULTS: dict[str, Any] = {
    "retries": 5,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=5),
}
"""An outage is waited for; what was done before it is found again."""


def control_form() -> dict[str, Param]:
    """The Params of a run, which Airflow shows as a form."""
    settings = Settings.from_environment(os.environ)
    names = list(Configuration(settings.use_cases, settings.policies).use_cases().valid)
    return {
        "action": Param(
            Operation.ROLL_BACK.value,
            type="string",
            enum=[each.value for each in Operation],
            title="What to do",
            description="stop, resume, roll_back or retire.",
        ),
        "use_case": Param(names[0] if names else "", type="string", examples=names, title="Use case"),
        "to_version": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            title="To version",
            description="Of a roll-back: a version that served before; by default the last that nobody took back.",
        ),
        "drill": Param(False, type="boolean", title="Drill", description="Of a stop: it is an exercise."),
        "reason": Param(
            "Say why", type="string", minLength=1, maxLength=1000, title="Reason", description="Goes into the ledger."
        ),
    }


@task(do_xcom_push=False)
def carry_out() -> None:
    """Do what the form says, if whoever triggered the run may."""
    began = time.monotonic()
    context = get_current_context()
    with refusals_end_the_task():
        installation = Installation.load(AirflowClients(PIPELINE_CONNECTION))
        user = getattr(context["dag_run"], "triggering_user_name", None) or ""
        refuse_stale(context["dag_run"].run_after, installation.now())
        order_id = f"{context['dag_run'].dag_id}/{context['dag_run'].run_id}"
        given = replace(order_of(installation, user, context["params"]), order_id=order_id)
        entry = carried_out(given, context["params"], began)
        log.info("%s %s: entry %d of the ledger", given.operation, given.use_case, entry.sequence)


def refuse_stale(given_at: datetime, now: datetime) -> None:
    """Raises for an order of long ago: whoever clears its task is not who gave it.

    Raises:
        DecisionRefused: It was given more than an hour ago.
    """
    if now - given_at > ORDERS_COUNT_FOR:
        raise DecisionRefused(
            f"this order was given at {given_at:%Y-%m-%d %H:%M} UTC and counts no longer: an order counts for "
            f"{ORDERS_COUNT_FOR.total_seconds() / 60:.0f} minutes. Trigger a new run"
        )


def order_of(installation: Installation, user: str, form: Any) -> Order:
    """The order in a form, by the person behind an Airflow user.

    Raises:
        DecisionRefused: Nobody in the people file has this user, or the person may not.
    """
    person = installation.people.by_airflow_user(user) if user else None
    if person is None:
        raise DecisionRefused(
            f"{user or 'a run that no person triggered'} may not control production: no person in people.yaml has this "
            "Airflow user"
        )
    reason = str(form["reason"])
    if reason.strip() == "Say why":
        raise DecisionRefused("the form's reason was left as it was: say why")
    return order(
        installation,
        Operation(form["action"]),
        str(form["use_case"]),
        actor=person.id,
        channel=OperationChannel.FORM,
        reason=reason,
    )


def carried_out(given: Order, form: Any, began: float) -> Entry:
    """Carries an order out.

    Args:
        given: The order.
        form: The run's Params.
        began: When, by ``time.monotonic``.

    Raises:
        GovernanceError: As the operation refuses, or the hooks.
    """
    before = _carried_out_before(given)
    if before is not None:
        return _finished(given, before)
    if given.operation is Operation.STOP:
        return record_stop(given, take_out_of_service(given, began), drill=bool(form["drill"]))
    if given.operation is Operation.RESUME:
        return resume(given)
    if given.operation is Operation.RETIRE:
        return retire(given)
    return have_earlier_version_serve(given, form["to_version"])


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
    except ServiceUnavailable:
        if given.operation is not Operation.STOP:
            raise
        return None  # a stop does not wait for the ledger
