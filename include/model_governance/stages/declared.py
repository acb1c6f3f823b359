"""What the DAG files are made from: the use cases of the installation, their schedules, and the form of a run."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Asset, AssetAny, AssetOrTimeSchedule, CronTriggerTimetable, Param, get_parsing_context

from model_governance.domain.use_case import UseCase
from model_governance.errors import UseCaseInvalid
from model_governance.hooks.airflow_api import DAG_PREFIX, MONITORING_PREFIX
from model_governance.hooks.configuration import Configuration
from model_governance.hooks.settings import Settings
from model_governance.operators.run import retraining_uri
from model_governance.stages.failure import record_failure

TASK_DEFAULTS: dict[str, Any] = {
    "retries": 5,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=5),
    "on_failure_callback": record_failure,
}
"""For every task: an outage is waited for with growing pauses (a refusal fails at once), and a failure is recorded."""


def use_cases() -> tuple[UseCase, ...]:
    """The use cases whose folder validates, by name; a task that is being executed reads only its own.

    Raises:
        UseCaseInvalid, RecordMissing: The executed task's folder does not validate, or has gone.
    """
    executed = get_parsing_context().dag_id or ""
    for prefix in (DAG_PREFIX, MONITORING_PREFIX):
        if executed.startswith(prefix):
            return (_configuration().use_case(executed.removeprefix(prefix)),)
    return tuple(_configuration().use_cases().valid.values())


def refuse_invalid_folders() -> None:
    """Raises if a folder does not validate, with every fault of every folder.

    Raises:
        UseCaseInvalid: Naming file, field and reason.
    """
    faults = _configuration().use_cases().faults
    if faults:
        raise UseCaseInvalid("\n" + "\n".join(str(fault) for fault in faults.values()))


def schedule_of(use_case: UseCase) -> Any:
    """When a use case's lifecycle runs by itself: at its cron times, when any of its assets is updated, or both.

    One of the assets is monitoring's, where a breach is to start a retraining.
    """
    assets = [Asset(uri) for uri in use_case.retrain_on]
    if use_case.monitoring is not None and use_case.monitoring.retrain:
        assets.append(retraining_asset(use_case.name))
    cron = CronTriggerTimetable(use_case.schedule, timezone="UTC") if use_case.schedule else None
    if cron and assets:
        return AssetOrTimeSchedule(timetable=cron, assets=AssetAny(*assets))
    return cron or (AssetAny(*assets) if assets else None)


def retraining_asset(use_case: str) -> Asset:
    """What monitoring updates to have a use case's model trained anew."""
    return Asset(retraining_uri(use_case))


def declared_since(use_case: UseCase) -> datetime:
    """When the use case was last declared: the schedule counts from then.

    Airflow makes up for the newest missed time of a schedule even without catching up; with an earlier start, a new
    installation would begin with a run that nobody asked for.
    """
    file = Settings.from_environment(os.environ).use_cases / use_case.name / "use_case.yaml"
    return datetime.fromtimestamp(file.stat().st_mtime, tz=UTC)


def run_form(use_case: UseCase) -> dict[str, Param]:
    """The Params of a run, which Airflow shows as a form."""
    return {
        "reason": Param(
            "", type="string", title="Reason", description="Why this run is started; goes into the ledger."
        ),
        "data_source": Param(
            None,
            type=["null", "string"],
            pattern=r"^(s3|https)://.+",
            title="Data source",
            description=f"Another data set than {use_case.data.source}.",
        ),
        "hyperparameters": Param(
            {},
            type="object",
            title="Hyperparameters",
            description=f"Take the place of the declared ones, such as {use_case.training.hyperparameters}.",
        ),
        "bring_back": Param(
            False, type="boolean", title="Bring it back", description="Ask anew for the approval of a retired use case."
        ),
    }


def _configuration() -> Configuration:
    settings = Settings.from_environment(os.environ)
    return Configuration(settings.use_cases, settings.policies)
