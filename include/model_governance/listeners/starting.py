"""Loads, when Airflow's scheduler starts, what every task would load anew: a task is forked from that process.

A task's own work is often a second or less, and loading its modules took as long. The workers of LocalExecutor are
forked from the scheduler, and tasks from the workers; the processor of DAG files forks for each file. All of them run
the process in the version that it had when Airflow was started, be it on AWS or here: after a change of anything but
DAG files and use cases, restart Airflow.
"""

from __future__ import annotations

import importlib
import time
from typing import Any

import structlog
from airflow.listeners import hookimpl
from airflow.sdk import Asset

log = structlog.get_logger(__name__)

_LOADED_BY_TASKS = (
    "airflow.providers.amazon.aws.operators.sagemaker",
    "airflow.providers.amazon.aws.triggers.sagemaker",
    "airflow.providers.standard.decorators.python",
    "boto3.s3.transfer",
    "botocore.httpsession",
    "model_governance.notifiers.dispatch",
    "model_governance.stages.bias_evaluation",
    "model_governance.stages.data_quality",
    "model_governance.stages.declared",
    "model_governance.stages.governance_approval",
    "model_governance.stages.monitoring",
    "model_governance.stages.production_approval",
    "model_governance.stages.production_deployment",
    "model_governance.stages.retraining",
    "model_governance.stages.test_deployment",
    "model_governance.stages.training",
    "model_governance.stages.use_case_approval",
    "model_governance.stages.watch",
)
"""Nothing of these starts a thread: a fork would lose it. Those that do (numpy, Great Expectations) are left out."""


@hookimpl
def on_starting(component: Any) -> None:
    """Loads ahead where processes will be forked for tasks and DAG files; a task itself is told of its start too."""
    if type(component).__module__ == "airflow.jobs.job":
        load_ahead()


def load_ahead() -> None:
    """Loads the modules of every task, and what botocore reads for its clients."""
    began = time.perf_counter()
    for name in _LOADED_BY_TASKS:
        importlib.import_module(name)
    from model_governance.hooks.aws_session import read_ahead

    read_ahead()
    Asset("s3://any/thing")  # has the providers' kinds of assets looked up, once
    log.info("loaded ahead what every task needs", seconds=round(time.perf_counter() - began, 1))
