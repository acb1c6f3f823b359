"""The watch: what time alone brings about at gates, looked for by the clock; its tasks belong to no use case's run.

Apart from the stages of the lifecycle because a gate that waits holds nothing: no worker, no timer, no call. A tick
reads each ledger once, and of the store one list for each use case with something to tell; what it does is safe to
repeat, and a tick that is missed is made up for by the next.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import CronTriggerTimetable, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from model_governance.domain.decision import Gate
from model_governance.domain.request import GateRequest
from model_governance.domain.use_case import POLICIES_LEDGER
from model_governance.errors import GovernanceError, RecordMissing
from model_governance.hooks.airflow_api import DAG_PREFIX
from model_governance.hooks.aws import PIPELINE_CONNECTION, AirflowClients
from model_governance.hooks.installation import Installation

log = logging.getLogger(__name__)

EVERY_QUARTER_HOUR = CronTriggerTimetable("*/15 * * * *", timezone="UTC")
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
"""Long past, so that an installation begins with a look at once: what fell due while it was down is told then."""

WATCH_DEFAULTS: dict[str, Any] = {"retries": 2, "retry_delay": timedelta(seconds=60)}
"""For the watch's tasks: an outage of minutes is waited for; a longer one is made up for by a later tick."""

_SETTLED_SECONDS = 600.0
"""An endpoint that was changed later than that may be somebody's who is resuming, and has not entered it yet."""
_ENDED = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})


@task(do_xcom_push=False)
def tell_deciders() -> None:
    """Remind those who may decide a waiting gate, tell deputies, and send what could not be sent before."""
    from model_governance.decisions.waiting import use_cases_on_record
    from model_governance.notifiers.dispatch import Dispatch

    dispatch = Dispatch.of(Installation.load(AirflowClients(PIPELINE_CONNECTION)))
    is_awaited = is_awaited_in_airflow(get_current_context()["ti"])
    with a_missing_bucket_skips_the_task():
        names = use_cases_on_record(dispatch.installation)
    each_by_itself(names, lambda name: dispatch.tell_deciders(name, is_awaited))


@task(do_xcom_push=False)
def tell_owners() -> None:
    """Flag what serves although its approval has run out, tell its owner, and take flags back that no longer hold."""
    from model_governance.decisions.waiting import use_cases_on_record
    from model_governance.notifiers.dispatch import Dispatch

    dispatch = Dispatch.of(Installation.load(AirflowClients(PIPELINE_CONNECTION)))
    with a_missing_bucket_skips_the_task():
        on_record = use_cases_on_record(dispatch.installation)
    each_by_itself(on_record, lambda name: flag_and_tell(dispatch, name))  # what serves, declared still or no more


@task(do_xcom_push=False)
def settle_deployments() -> None:
    """Roll back what nobody goes on deploying, end what serves though stopped, fail on what serves off the record."""
    from model_governance.decisions.waiting import use_cases_on_record
    from model_governance.serving.deviation import refuse_deviation
    from model_governance.serving.reversion import settle_reversion
    from model_governance.serving.roll_back import end_what_may_not_serve, settle_abandoned

    installation = Installation.load(AirflowClients(PIPELINE_CONNECTION))
    with a_missing_bucket_skips_the_task():
        names = use_cases_on_record(installation)

    def settle(name: str) -> None:
        said = (
            settle_abandoned(installation, name)
            or settle_reversion(installation, name)
            or end_what_may_not_serve(installation, name, unchanged_seconds=_SETTLED_SECONDS)
        )
        if said:
            log.warning("%s: %s", name, said)
        refuse_deviation(installation, name, unchanged_seconds=_SETTLED_SECONDS)

    each_by_itself(names, settle)


@task(do_xcom_push=False)
def publish_heads() -> None:
    """Publish the heads of ledgers that a kill kept from it; fail on a ledger that was cut off since the last one."""
    from model_governance.decisions.publish import publish_what_was_left, witnessed_entries
    from model_governance.decisions.waiting import use_cases_on_record

    installation = Installation.load(AirflowClients(PIPELINE_CONNECTION))
    with a_missing_bucket_skips_the_task():
        names = use_cases_on_record(installation)

    def look_after(name: str) -> None:
        if name == POLICIES_LEDGER:  # which its owners alone may publish
            witnessed_entries(installation, name)
        else:
            publish_what_was_left(installation, name)

    each_by_itself((*names, POLICIES_LEDGER), look_after)


@contextmanager
def a_missing_bucket_skips_the_task() -> Iterator[None]:
    """What is called within: in an installation so new that its bucket is not there yet, there is nothing to look at.

    Raises:
        AirflowSkipException: In place of the store's answer, with its words.
    """
    try:
        yield
    except RecordMissing as missing:
        raise AirflowSkipException(f"nothing is on record yet: {missing}") from missing


def flag_and_tell(dispatch: Any, use_case: str) -> None:
    """Closes the matter of one use case: flagged and told, or the flag taken back; owners of findings told.

    Args:
        dispatch: A ``notifiers.dispatch.Dispatch``.
        use_case: The use case.

    Raises:
        GovernanceError: As the hooks raise.
    """
    try:
        _flag_or_take_it_back(dispatch, use_case)
    finally:  # findings of monitoring whose owner could not be told at once
        dispatch.tell_findings(use_case)


def _flag_or_take_it_back(dispatch: Any, use_case: str) -> None:
    from model_governance.decisions.expiry import expired_approval, flag, take_flag_back

    expired = expired_approval(dispatch.installation, use_case)
    if expired is None:
        take_flag_back(dispatch.installation, use_case)
        return
    log.warning("%s", expired.sentence)
    try:
        flag(dispatch.installation, expired)
    finally:  # the owner is told also of an endpoint that could not be flagged
        dispatch.tell_owner(expired)


def each_by_itself(use_cases: tuple[str, ...], look: Callable[[str], object]) -> None:
    """Looks at every use case, whatever becomes of the others.

    Raises:
        Exception: The first failure, when all have been looked at; every one is logged.
    """
    failures: list[Exception] = []
    for name in use_cases:
        try:
            look(name)
        except Exception as fault:  # whatever a ledger's entry may hold: one use case must not silence the others
            known = isinstance(fault, GovernanceError)
            log.error("%s: %s: %s", name, type(fault).__name__, fault, exc_info=not known)
            failures.append(fault)
    if failures:
        raise failures[0]


def is_awaited_in_airflow(task_instance: Any) -> Callable[[GateRequest], bool]:
    """Whether the run that asked still waits, by Airflow; a run that was ended or deleted by hand has withdrawn.

    A use case is asked for once for all of its runs: its request is awaited as long as any of them waits.

    Args:
        task_instance: The task that asks, through Airflow's own interface for tasks.
    """

    def is_awaited(request: GateRequest) -> bool:
        if not request.run_id:
            return True
        wait = f"{request.gate.value}_approval.wait"
        runs = {} if request.gate is Gate.USE_CASE else {"run_ids": [request.run_id]}
        try:
            states = task_instance.get_task_states(dag_id=f"{DAG_PREFIX}{request.use_case}", task_ids=[wait], **runs)
        except Exception as fault:  # rather told once too often than never
            log.warning("Airflow does not say whether %s of %s waits: %s", wait, request.run_id, fault)
            return True
        return any(wait in found and found[wait] not in _ENDED for found in states.values())

    return is_awaited
