"""Monitoring: what came to the endpoint in each window is held to the version's own baselines, and what follows of it.

Apart from the lifecycle, which ends where a version serves. Every task goes through all windows that are due and finds
them for itself; whatever was killed goes on from what is written. Missed windows are made up for, ground truth that
comes late has its window assessed anew, and no task here can let anything pass a gate.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from airflow.sdk import CronTriggerTimetable, Param, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowRescheduleException, AirflowSkipException

from model_governance.domain.use_case import UseCase
from model_governance.errors import GovernanceError, ServiceUnavailable
from model_governance.operators.monitoring_run import DueWindow, MonitoringRun, current_monitoring_run
from model_governance.operators.refusals import refusals_end_the_task
from model_governance.stages.declared import TASK_DEFAULTS, use_cases
from model_governance.stages.monitoring_failure import record_monitoring_failure

log = logging.getLogger(__name__)

MONITORING_DEFAULTS: dict[str, Any] = {**TASK_DEFAULTS, "on_failure_callback": record_monitoring_failure}
"""As every task of the lifecycle's; only that a failure is no candidate's."""


_TIME = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}"


def monitored_use_cases() -> tuple[UseCase, ...]:
    """The use cases that declare monitoring, by name; a task that is being executed reads only its own.

    Raises:
        UseCaseInvalid, RecordMissing: The executed task's folder does not validate, or has gone.
    """
    return tuple(each for each in use_cases() if each.monitoring is not None)


def window_schedule(use_case: UseCase) -> CronTriggerTimetable:
    """When a use case's windows are assessed."""
    assert use_case.monitoring is not None  # noqa: S101 - of monitored_use_cases
    return CronTriggerTimetable(use_case.monitoring.schedule, timezone="UTC")


def window_form() -> dict[str, Param]:
    """The Params of a run, which Airflow shows as a form."""
    time: dict[str, Any] = {"type": ["null", "string"], "format": "date-time", "pattern": _TIME}
    return {
        "window_start": Param(
            None, **time, title="From", description="Start of the first window; by default all that were missed."
        ),
        "window_end": Param(None, **time, title="To", description="End of the last window, UTC."),
        "one_window": Param(
            False,
            type="boolean",
            title="One window",
            description="From and To are one window of its own, beside the schedule's.",
        ),
        "recompute": Param(
            False, type="boolean", title="Recompute", description="Assess windows anew that are on record; both stay."
        ),
    }


def _monitoring_task(**arguments: Any) -> Callable[[Callable[[MonitoringRun], None]], Callable[[str], Any]]:
    """A task that hands its run to the function; it takes the use case's name."""

    def made(function: Callable[[MonitoringRun], None]) -> Callable[[str], Any]:
        def with_its_run(use_case: str) -> None:
            with refusals_end_the_task():
                function(current_monitoring_run(use_case, get_current_context()))

        with_its_run.__name__ = with_its_run.__qualname__ = function.__name__
        with_its_run.__module__ = function.__module__
        with_its_run.__doc__ = function.__doc__
        return task(task_id=function.__name__, do_xcom_push=False, **arguments)(with_its_run)

    return made


@_monitoring_task()
def collect(run: MonitoringRun) -> None:
    """Find the windows that are due, and fix of which objects each is made."""
    settled = run.settled_at()
    if settled is not None:
        raise AirflowRescheduleException(settled)  # type: ignore[no-untyped-call]
    collect_windows(run)


@_monitoring_task()
def assess(run: MonitoringRun) -> None:
    """Hold each window to the baselines of the version that served it."""
    assess_windows(run)


@_monitoring_task(trigger_rule="none_skipped")
def record(run: MonitoringRun) -> None:
    """Put each result into the time series, the lineage, the ledger and the version's card."""
    record_windows(run)


@_monitoring_task(trigger_rule="all_done")
def open_findings(run: MonitoringRun) -> None:
    """Open a finding for each breach that has none, tell its owner, and put the version to review."""
    follow_breaches(run)


@task(task_id="outcome", do_xcom_push=False, trigger_rule="one_failed", retries=0, on_failure_callback=None)
def outcome() -> None:
    """Fail the run if a step has: the steps after it go on with the windows that it did not fail for."""
    raise AirflowFailException(
        "a step of this run has failed: see its log. Windows that are left come with the next run"
    )


def collect_windows(run: MonitoringRun) -> None:
    """Fixes what each due window is made of.

    Raises:
        AirflowSkipException: None is due; in words why.
        RequestRefused, LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    from model_governance.stages.monitoring_window import fix_inputs

    due, said = run.due_windows()
    if not due:
        raise AirflowSkipException(said)
    if said:
        log.warning("%s", said)
    for each in due:
        fix_inputs(run, each)


def assess_windows(run: MonitoringRun) -> None:
    """Assesses each due window whose data is fixed, whatever becomes of the others.

    Raises:
        GovernanceError: The first failure, when all have been tried; every one is logged.
    """
    from model_governance.stages.monitoring_window import INPUTS, assess

    artifacts = run.installation.artifacts
    due = [each for each in run.due_windows()[0] if artifacts.exists(f"{each.folder}{INPUTS}")]
    each_window_by_itself(due, lambda window: assess(run, window))


def record_windows(run: MonitoringRun) -> None:
    """Records each due window that was assessed, whatever becomes of the others; then tells the cards.

    Raises:
        GovernanceError: The first failure, when all have been tried; every one is logged.
    """
    from model_governance.stages.monitoring_record import note_in_cards, record_window, tell_witnesses

    recorded: list[Any] = []

    def look(window: DueWindow) -> None:
        entry = record_window(run, window)
        if entry is not None:
            recorded.append(entry)

    try:
        each_window_by_itself(run.due_windows()[0], look)
    finally:
        tell_witnesses(run, recorded)
        note_in_cards(run)


def follow_breaches(run: MonitoringRun) -> None:
    """Findings, the version's review, and notices; a notice that cannot leave is left to the watch.

    Raises:
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    from model_governance.decisions.breach import open_breaches
    from model_governance.notifiers.dispatch import Dispatch
    from model_governance.stages.watch import flag_and_tell

    for finding in open_breaches(run.installation, run.use_case):
        log.warning("%s (%s, owner %s): %s", finding.id, finding.severity, finding.owner, finding.title)
    flag_and_tell(Dispatch.of(run.installation), run.name)


def each_window_by_itself(windows: list[DueWindow] | tuple[DueWindow, ...], look: Callable[[DueWindow], None]) -> None:
    """Looks at every window, whatever becomes of the others.

    Raises:
        GovernanceError: A failure, when all have been looked at: one that is worth another try before others. Every one
            is logged.
    """
    failures: list[GovernanceError] = []
    for window in windows:
        try:
            look(window)
        except GovernanceError as fault:
            log.error("%s: %s: %s", window.words, type(fault).__name__, fault)
            failures.append(fault)
    if failures:
        raise next((each for each in failures if isinstance(each, ServiceUnavailable)), failures[0])
