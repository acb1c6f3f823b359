"""Production control: the form by which a person stops, resumes, rolls back or retires from Airflow's pages."""

from __future__ import annotations

import logging
import os
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Param, get_current_context, task

from model_governance.domain.orders import BEGUN_WITHIN, Operation
from model_governance.errors import DecisionRefused
from model_governance.hooks.aws import PIPELINE_CONNECTION, AirflowClients
from model_governance.hooks.configuration import Configuration
from model_governance.hooks.installation import Installation
from model_governance.hooks.settings import Settings
from model_governance.operators.refusals import refusals_end_the_task
from model_governance.serving.obey import obey
from model_governance.serving.order_entry import REASON_TO_FILL_IN

log = logging.getLogger(__name__)

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
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
            REASON_TO_FILL_IN,
            type="string",
            minLength=1,
            maxLength=1000,
            title="Reason",
            description="Goes into the ledger.",
        ),
    }


@task(do_xcom_push=False)
def carry_out() -> None:
    """Do what the form says, by the order that the web server entered for whoever triggered the run."""
    began = time.monotonic()
    context = get_current_context()
    run, form = context["dag_run"], context["params"]
    with refusals_end_the_task():
        installation = Installation.load(AirflowClients(PIPELINE_CONNECTION))
        refuse_stale(run.run_after, installation.now())
        order_id = f"{run.dag_id}/{run.run_id}"
        user = getattr(run, "triggering_user_name", None) or ""
        entry = obey(installation, order_id, user, form, began)
        log.info("%s %s: entry %d of the ledger", entry.kind.value, entry.use_case, entry.sequence)


def refuse_stale(given_at: datetime, now: datetime) -> None:
    """Raises for an order of long ago: whoever clears its task is not who gave it.

    Raises:
        DecisionRefused: It was given more than an hour ago.
    """
    if now - given_at > BEGUN_WITHIN:
        raise DecisionRefused(
            f"this order was given at {given_at:%Y-%m-%d %H:%M} UTC and counts no longer: an order counts for "
            f"{BEGUN_WITHIN.total_seconds() / 60:.0f} minutes. Trigger a new run"
        )
