"""Asks for a retraining where breaches stand: an event of an asset, once for a finding while a candidate is on its way.

Apart from ``monitoring``, because the task's success is the event: nothing to ask for is a skipped task. A retraining
never promotes itself: it is a run of the lifecycle like any other, and waits at its gates.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from model_governance.decisions.breach import latest_results, monitoring_findings, retrainings
from model_governance.decisions.publish import publish_head
from model_governance.decisions.record import since_clean_up
from model_governance.domain.ledger import Entry, EntryKind, Proposal
from model_governance.domain.monitoring_record import Retraining
from model_governance.domain.oversight import Finding
from model_governance.domain.served import served_at
from model_governance.hooks.airflow_api import DAG_PREFIX
from model_governance.operators.monitoring_run import MonitoringRun, current_monitoring_run
from model_governance.operators.refusals import refusals_end_the_task
from model_governance.stages.declared import retraining_asset

log = logging.getLogger(__name__)

PAUSE = timedelta(hours=24)
"""How long after a retraining was asked for the same finding asks for no other, whatever became of it."""
_UNKNOWN_FOR = timedelta(days=7)
"""How long a run is taken to be under way of which Airflow says nothing."""
_BEGINS_WITHIN = timedelta(hours=1)
"""How long the run of a retraining that was asked for may take to begin."""
_ENDED = frozenset({"success", "failed"})
"""Airflow's states of a run that has ended."""

IsUnderWay = Callable[[str, datetime], bool]


def retrain(use_case: str) -> Any:
    """The task that asks for a retraining of a use case's model, if one is due."""

    @task(
        task_id="retrain",
        outlets=[retraining_asset(use_case)],
        do_xcom_push=False,
        trigger_rule="all_done",
        doc_md="Ask for a retraining, if a breach stands for which none is on its way.",
    )
    def ask(name: str) -> None:
        context = get_current_context()
        with refusals_end_the_task():
            run = current_monitoring_run(name, context)
            entry = ask_for_retraining(run, is_under_way_in_airflow(context["ti"], name, run.installation.now()))
        context["outlet_events"][retraining_asset(name)].extra = {
            "retraining": entry.sequence,
            "findings": list(entry.body["findings"]),
            "window": entry.body["window"],
        }

    return ask(use_case)


def ask_for_retraining(run: MonitoringRun, is_under_way: IsUnderWay) -> Entry:
    """Enters that a retraining is asked for, and for which findings; the event follows when the task has succeeded.

    A task that was killed between the two finds its entry, and the event comes.

    Args:
        run: The run.
        is_under_way: Whether a run of the lifecycle, asked for at a time, has not ended.

    Raises:
        AirflowSkipException: None is due; in words why.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    entries = run.entries()
    own = next((entry for each, entry in retrainings(entries) if each.run_id == run.run_id), None)
    if own is not None:
        return own
    if not run.monitoring.retrain:
        raise AirflowSkipException(f"{run.name} does not declare that a breach starts a retraining")
    served = served_at(entries, run.installation.now())
    if served is None:
        raise AirflowSkipException(f"no version of {run.name} serves")
    version = int(served.deployment.body["version"])
    due = _due_findings(entries, run, version, is_under_way)
    results = [each for each in latest_results(entries) if each.version == version]
    asked = Retraining(
        findings=tuple(each.id for each in due),
        version=version,
        window=results[-1].start.isoformat() if results else due[-1].window,
        run_id=run.run_id,
    )

    def propose(found: Sequence[Entry]) -> Proposal | Entry:
        same = (entry for each, entry in retrainings(found) if each.run_id == run.run_id)
        return next(same, Proposal(EntryKind.RETRAINING, served.deployment.subject, asked.model_dump(mode="json")))

    entry = run.installation.ledger(run.name).propose(propose)
    publish_head(run.installation, entry, on_card=False)
    log.warning("a retraining of %s is asked for: %s", run.name, ", ".join(asked.findings))
    return entry


_NO_MODELS_FAULT = "data_quality/baseline_integrity_check"
"""A baseline that was changed: no retraining mends that."""


def _due_findings(
    entries: Sequence[Entry], run: MonitoringRun, version: int, is_under_way: IsUnderWay
) -> tuple[Finding, ...]:
    """The findings that ask for a retraining of a version, at least one.

    Raises:
        AirflowSkipException: There is none, or a retraining is on its way.
    """
    now = run.installation.now()
    standing = [each.finding for each in monitoring_findings(entries) if each.is_open and each.finding.window]
    standing = [each for each in standing if each.version == version and not each.key.startswith(_NO_MODELS_FAULT)]
    due = tuple(each for each in standing if _is_due(entries, each, now, is_under_way))
    if not due:
        said = (
            f"{len(standing)} breaches stand, for each of which a retraining was asked" if standing else "none stands"
        )
        raise AirflowSkipException(f"no retraining of {run.name} is due: {said}")
    under_way = _under_way(entries, version, now, is_under_way)
    if under_way:
        raise AirflowSkipException(
            f"{len(due)} breaches ask for a retraining, and one is on its way: {under_way}. They ask again when it ends"
        )
    return due


def _is_due(entries: Sequence[Entry], finding: Finding, now: datetime, is_under_way: IsUnderWay) -> bool:
    """Whether a finding asks for a retraining: never asked for, or in vain and the breach has been seen since."""
    asked = [entry for each, entry in retrainings(entries) if finding.id in each.findings]
    if not asked:
        return True
    last = asked[-1]
    if now - last.time < PAUSE or any(is_under_way(run_id, last.time) for run_id in runs_asked_for(entries, last)):
        return False
    return any(
        result.end > last.time and any(note.key == finding.key for note in result.breaches)
        for result in latest_results(entries)
        if result.version == finding.version
    )


def _under_way(entries: Sequence[Entry], version: int, now: datetime, is_under_way: IsUnderWay) -> str:
    """The retraining of a version that is on its way for other findings, in words; "" where none is.

    A candidate that waits at a gate was trained on what has come since: a second one would only take its place.
    """
    for asked, entry in reversed(retrainings(entries)):
        if asked.version != version or now - entry.time > _UNKNOWN_FOR:
            continue
        runs = runs_asked_for(entries, entry)
        held = next((run_id for run_id in runs if is_under_way(run_id, entry.time)), "")
        if held:
            return f"run {held}, asked for at {entry.time:%Y-%m-%d %H:%M} UTC"
        if not runs and now - entry.time < _BEGINS_WITHIN:
            return f"asked for at {entry.time:%Y-%m-%d %H:%M} UTC, and about to begin"
    return ""


def runs_asked_for(entries: Sequence[Entry], asked: Entry) -> tuple[str, ...]:
    """Ids of the lifecycle's runs that began because of a retraining asked for."""
    return tuple(
        dict.fromkeys(
            str(entry.body.get("run_id"))
            for entry in since_clean_up(entries)
            if entry.kind is EntryKind.USE_CASE
            and any(each.get("retraining") == asked.sequence for each in entry.body.get("asked_by_monitoring", ()))
        )
    )


def is_under_way_in_airflow(task_instance: Any, use_case: str, now: datetime) -> IsUnderWay:
    """Whether a run of the lifecycle has not ended, by Airflow; one that it says nothing of, for a while.

    Args:
        task_instance: The task that asks, through Airflow's own interface for tasks.
        use_case: The use case's name.
        now: The time.
    """

    def is_under_way(run_id: str, asked: datetime) -> bool:
        try:
            state = task_instance.get_dagrun_state(dag_id=f"{DAG_PREFIX}{use_case}", run_id=run_id)
        except Exception as fault:  # whatever it answers for a run that was deleted
            log.warning("Airflow does not say how run %s stands: %s", run_id, fault)
            return now - asked < _UNKNOWN_FOR
        return str(state) not in _ENDED

    return is_under_way
