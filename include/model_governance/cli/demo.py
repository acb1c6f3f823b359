"""``model-governance demo``: the example's whole lifecycle, followed in the terminal, from published data to an answer.

The people of the example act here only by the channels that everybody has: a mark over Airflow's API, this command
line, boto3; each signed in as himself.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

import typer

from model_governance.cli.demo_run import Approve, DemoRun
from model_governance.cli.gate_notice import program, stack_command
from model_governance.cli.stack_people import StackPerson
from model_governance.cli.terminal import say, say_indented
from model_governance.domain.candidate import split_prefix
from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import EntryKind
from model_governance.errors import GateClosed, RecordMissing
from model_governance.hooks.airflow_api import DAG_PREFIX, AirflowApi
from model_governance.hooks.aws import calling
from model_governance.hooks.installation import Installation

_POLL_SECONDS = 1.0
_DAG_SECONDS = 180
_INTERRUPTED = 130


def demo(
    approve: Annotated[
        Approve, typer.Option(help="auto: the example's own approvers decide, each by another channel.")
    ] = Approve.ASK,
    use_case: Annotated[str, typer.Option(help="The use case to take through its lifecycle.")] = "loan-approval",
    minutes: Annotated[int, typer.Option(min=1, help="How long the whole may take with automatic approvals.")] = 30,
) -> None:
    """Take the example through its lifecycle and follow it; ends with the production endpoint's answer.

    A run that is under way already is followed in place of a new one.
    """
    run: DemoRun | None = None
    try:
        run = start(use_case)
        deadline = time.monotonic() + minutes * 60 if approve is Approve.AUTO else None
        state = run.follow(approve, deadline)
        if state != "success":
            raise GateClosed(f"the run ended {state}: {run.why_it_failed()}")
        _ask_production(run)
    except KeyboardInterrupt:
        _say_what_goes_on(run)
        raise typer.Exit(_INTERRUPTED) from None


def start(use_case: str) -> DemoRun:
    """A run of the lifecycle: the newest that is under way since the last clean-up, or a new one on published data.

    Raises:
        RecordMissing: There is no such use case, or Airflow does not read its DAG.
        AccessRefused, ServiceUnavailable: As the services answer.
    """
    scientist = StackPerson("data-scientist")
    airflow, installation = scientist.airflow(), scientist.installation()
    declared = installation.use_case(use_case)
    dag_id = f"{DAG_PREFIX}{declared.name}"
    _wait_for_dag(airflow, dag_id)
    cleaned_up = [e.time for e in installation.ledger(use_case).entries() if e.kind is EntryKind.CLEAN_UP]
    under_way = [each for each in airflow.runs_under_way(dag_id) if not cleaned_up or each.queued_at > cleaned_up[-1]]
    if under_way:
        run = DemoRun(installation, airflow, use_case, under_way[0].run_id)
        say(f"run {run.run_id} is under way already; following it: {run.page}")
        return run
    publish(installation, use_case)
    run = DemoRun(installation, airflow, use_case, f"demo__{datetime.now(UTC):%Y-%m-%dT%H-%M-%S}")
    airflow.trigger(dag_id, run.run_id)
    say(f"run {run.run_id} is started: {run.page}")
    return run


def publish(installation: Installation, use_case: str, changed: Callable[[bytes], bytes] | None = None) -> bool:
    """Publishes the use case's data set to its source in the landing bucket, as a data engineer does.

    The folder's ``data.py`` writes it; a folder without one brings its data by other ways, and nothing is published.

    Args:
        installation: As a person of the stack reaches it.
        use_case: The use case's name.
        changed: What becomes of the data before; None where nothing does.

    Returns:
        Whether anything was published.

    Raises:
        RecordMissing: ``data.py`` did not write the data.
        AccessRefused, ServiceUnavailable: As the store answers.
    """
    script = installation.configuration.folder(use_case) / "data.py"
    source = installation.use_case(use_case).data.source
    if not script.is_file() or not source.startswith("s3://"):
        return False
    made = subprocess.run([sys.executable, str(script)], capture_output=True, check=False, timeout=120)
    if made.returncode != 0 or not made.stdout:
        said = made.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise RecordMissing(f"{script} wrote no data: {' '.join(said) or f'exit status {made.returncode}'}")
    content = changed(made.stdout) if changed else made.stdout
    bucket, _, key = source.removeprefix("s3://").partition("/")
    with calling("s3", f"PutObject {source}"):
        installation.clients.client("s3").put_object(Bucket=bucket, Key=key, Body=content)
    say(f"published {len(content):,} bytes to {source}")
    return True


def _wait_for_dag(airflow: AirflowApi, dag_id: str) -> None:
    until = time.monotonic() + _DAG_SECONDS
    while not airflow.dag_is_known(dag_id):
        if time.monotonic() > until:
            faults = "; ".join(airflow.import_errors().values()) or "no import error is shown"
            raise RecordMissing(f"Airflow has not read {dag_id} within {_DAG_SECONDS} seconds: {faults}")
        time.sleep(_POLL_SECONDS)


def _ask_production(run: DemoRun) -> None:
    """Sends a held-out application to the production endpoint and shows what it answers."""
    candidate = next(
        entry.body
        for entry in reversed(run.installation.ledger(run.use_case).entries())
        if entry.kind is EntryKind.CANDIDATE and entry.body["run_id"] == run.run_id
    )
    declared = run.installation.use_case(run.use_case)
    held_out = run.installation.artifacts.get(f"{split_prefix(declared, candidate['data_sha256'])}holdout.csv")
    application = held_out.decode().splitlines()[0]
    endpoints = run.installation.endpoints_in(Environment.PRODUCTION)
    answer = endpoints.invoke(run.use_case, application + "\n").strip()
    say(f"production endpoint {run.use_case} (version {candidate['version']}) answers an application it never saw:")
    values = application.split(",")
    say_indented(", ".join(f"{name} {value}" for name, value in zip(declared.data.features, values, strict=True)))
    label_values = " or ".join(map(str, declared.data.label.favourable))
    say_indented(f"probability of {declared.data.label.column} = {label_values}: {float(answer):.4f}")
    say("who decided what, on which evidence:")
    stack = stack_command("env", "data-scientist")
    say(f'  (eval "$({stack})" && {program("model-governance")} ledger show {run.use_case})')


def _say_what_goes_on(run: DemoRun | None) -> None:
    if run is None:
        say("stopped before a run was started; the stack is still up: make status shows it, make down stops it")
        return
    say(f"no longer followed; the lifecycle goes on by itself: {run.page}")
    say("make demo follows it again, make status shows the stack, make down stops it; state and waiting gates are kept")
