"""Many gates waiting in one triggerer, Airflow's metadata in PostgreSQL: what they cost, and how soon they end.

``BENCH_WAITERS`` (1,000) says how many, ``BENCH_OUTAGE_SECONDS`` (60) how long the registry is out of reach.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import httpx
import psutil
from botocore.config import Config
from tests.benchmarks import waiters
from tests.benchmarks.measure import Figure, at_most, percentile, say
from tests.benchmarks.relay import Relay, running_relay
from tests.running_stack import RunningStack, stack_folder, started_stack
from tests.sagemaker_server.running_postgres import postgres_is_there, running_postgres

from model_governance.hooks.changes import DEEP_EVERY, OVERLAP
from stack.environment import Program
from stack.supervision import parts

_AT_ONCE = 50
_WINDOW_SECONDS = 30
_CALLS_A_POLL = 2
_STEADY_SECONDS = 5
_BURST_SECONDS = (OVERLAP + DEEP_EVERY).total_seconds()
_PATIENCE_SECONDS = 1800


def run() -> list[Figure]:
    """Waits, decides and cuts off; each figure of the benchmark, none where PostgreSQL is not on this machine."""
    if not postgres_is_there():
        say("left out: needs PostgreSQL's programs, and its driver (uv sync --extra postgres)")
        return []
    count = int(os.environ.get("BENCH_WAITERS", "1000"))
    outage = float(os.environ.get("BENCH_OUTAGE_SECONDS", "60"))
    wanted = waiters.names(count)
    with _stack(count) as (stack, relay), stack.airflow("admin") as airflow:
        few = wanted[: max(_AT_ONCE, count // 10)]
        figures = _wait(stack, airflow, relay, few, already=0)[-1:]
        figures += _wait(stack, airflow, relay, wanted[len(few) :], already=len(few))
        figures.append(_calls_grow(figures, count / len(few)))
        figures += _held(stack, airflow, count)
        figures += _decisions_at_once(stack, airflow, wanted[:_AT_ONCE])
        figures += _outage(stack, airflow, relay, wanted[_AT_ONCE : 2 * _AT_ONCE], outage)
    return figures


@contextmanager
def _stack(count: int) -> Iterator[tuple[RunningStack, Relay]]:
    """A stack on PostgreSQL whose parts reach the SageMaker server through a relay, with room for that many."""
    with tempfile.TemporaryDirectory() as folder, stack_folder() as environment, running_postgres() as database:
        use_cases, dags = Path(folder) / "use_cases", Path(folder) / "dags"
        say(f"{count} use cases")
        waiters.write_use_cases(use_cases, count)
        dags.mkdir()
        (dags / "waiting.py").write_text(waiters.DAG_FILE)
        with running_relay(int(environment["MODEL_GOVERNANCE_SAGEMAKER_PORT"])) as relay:
            changes = {
                "MODEL_GOVERNANCE_DATABASE_URL": database,
                "MODEL_GOVERNANCE_USE_CASES": str(use_cases),
                "MODEL_GOVERNANCE_DAGS": str(dags),
                "MODEL_GOVERNANCE_SAGEMAKER_URL": relay.url,
                "MODEL_GOVERNANCE_TRIGGERER_CAPACITY": str(count + 100),
            }
            with started_stack({**environment, **changes}) as stack:
                yield stack, relay


def _wait(
    stack: RunningStack, airflow: httpx.Client, relay: Relay, wanted: Sequence[str], already: int
) -> list[Figure]:
    """Lets these wait beside those that do; how long that took, and the calls a minute once they do."""
    total = already + len(wanted)
    say(f"{len(wanted)} requests")
    waiters.request(stack, wanted)
    _until(lambda: airflow.get(f"/api/v2/dags/{waiters.DAG}").is_success, "Airflow reads the DAG")
    say(f"{len(wanted)} runs")
    began = time.monotonic()
    waiters.start(airflow, wanted)
    _until(lambda: waiters.count_in_state(airflow, "deferred") == total, f"all {total} are deferred")
    deferred = time.monotonic() - began
    _until(lambda: _is_steady(relay), "each has looked for itself")
    looked = time.monotonic() - began - _STEADY_SECONDS
    say(f"{total} wait; counting calls for {_WINDOW_SECONDS} seconds")
    burst = _calls_a_minute(relay)
    say("and again once the poll no longer reads these new cards as changed lately")
    time.sleep(max(0.0, began + _BURST_SECONDS - time.monotonic()))
    calls = _calls_a_minute(relay)
    bound = _CALLS_A_POLL * 60 / stack.settings.poll_seconds  # whoever waits; fewer on a machine that is slow to answer
    return [
        Figure(f"from the first of {len(wanted)} runs to all deferred", deferred, "s"),
        Figure(f"from the first of {len(wanted)} runs until each has looked for itself", looked, "s"),
        Figure(f"registry calls a minute just after {len(wanted)} cards have changed", burst, "calls"),
        at_most(f"registry calls a minute, {total} gates waiting", calls, "calls", bound),
    ]


def _calls_a_minute(relay: Relay) -> float:
    before = relay.calls.total()
    time.sleep(_WINDOW_SECONDS)
    return (relay.calls.total() - before) * 60 / _WINDOW_SECONDS


def _is_steady(relay: Relay) -> bool:
    """Whether nothing but the shared poll has called for a while."""
    before = relay.calls.copy()
    time.sleep(_STEADY_SECONDS)
    return not (relay.calls - before).keys() - {"Search"}


def _calls_grow(figures: Sequence[Figure], waiters: float) -> Figure:
    few, many = (figure.value for figure in (figures[0], figures[-1]))
    return Figure(f"registry calls a minute with {waiters:g} times as many gates waiting", many / few, "times")


def _held(stack: RunningStack, airflow: httpx.Client, count: int) -> list[Figure]:
    pool = airflow.get("/api/v2/pools/default_pool").raise_for_status().json()
    held = pool["running_slots"] + pool["queued_slots"] + pool["scheduled_slots"]
    triggerer = next(part.pid for part in parts(stack.settings) if part.name == Program.TRIGGERER)
    memory = sum(each.memory_full_info().pss for each in _family(triggerer)) / 1e6
    return [
        at_most(f"worker slots held by {count} waiting gates", held, "slots", 0),
        Figure(f"memory of the triggerer, {count} gates waiting", memory, "MB"),
    ]


def _decisions_at_once(stack: RunningStack, airflow: httpx.Client, wanted: Sequence[str]) -> list[Figure]:
    """Approves all of these at once by boto3 and times each waiting task from its own answer to its end."""
    load, before = os.getloadavg()[0], _cpu_seconds(stack)
    say(f"{len(wanted)} decisions at once")
    decided = _decide(stack, wanted)
    _until(lambda: _ended(airflow) == len(wanted), "all decided gates end")
    spent = {part: seconds - before[part] for part, seconds in _cpu_seconds(stack).items()}
    ended = waiters.ends(airflow, wanted)
    if wrong := {name: state for name, (state, _) in ended.items() if state != "success"}:
        raise RuntimeError(f"approved gates ended otherwise: {wrong}")
    seconds = [(datetime.fromisoformat(ended[name][1]) - decided[name]).total_seconds() for name in wanted]
    return [
        at_most(f"{len(wanted)} decisions at once: to the end of the task, p50", percentile(seconds, 0.5), "s", 1.0),
        at_most(f"{len(wanted)} decisions at once: to the end of the task, p95", percentile(seconds, 0.95), "s", 2.0),
        Figure(f"{len(wanted)} decisions at once: to the end of the task, longest", max(seconds), "s"),
        *_split(stack, decided, {name: end for name, (_, end) in ended.items()}),
        Figure("load of the machine in the minute before (of others, too)", load, ""),
        *(Figure(f"processor time of {part} meanwhile", seconds, "s") for part, seconds in spent.items()),
    ]


def _split(stack: RunningStack, decided: dict[str, datetime], ended: dict[str, str]) -> Iterator[Figure]:
    """Which part of it passes until the trigger knows, and which then, in Airflow, until the task has ended."""
    known = {name: datetime.fromisoformat(time) for name, time in waiters.found(stack).items() if name in ended}
    if len(known) < len(ended):
        say(f"the logs tell of {len(known)} of {len(ended)} gates when they were found open: those are divided")
    until = [(known[name] - decided[name]).total_seconds() for name in known]
    after = [(datetime.fromisoformat(ended[name]) - known[name]).total_seconds() for name in known]
    for share in (0.5, 0.95) if known else ():
        yield Figure(f"... until its trigger has found the gate open, p{share * 100:g}", percentile(until, share), "s")
        yield Figure(
            f"... from there to the task's end, Airflow's own, p{share * 100:g}", percentile(after, share), "s"
        )


def _cpu_seconds(stack: RunningStack) -> dict[str, float]:
    """Processor time that each part and its children have taken so far.

    The triggerer's own process is Airflow's, which reads and writes the metadata; its child runs the triggers.
    """
    spent = {part.name: sum(map(_cpu_seconds_of, _family(part.pid))) for part in parts(stack.settings) if part.pid}
    triggerer = next(part.pid for part in parts(stack.settings) if part.name == Program.TRIGGERER)
    return {**spent, f"{Program.TRIGGERER} without its triggers": _cpu_seconds_of(psutil.Process(triggerer))}


def _cpu_seconds_of(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _family(pid: int) -> list[psutil.Process]:
    return [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]


def _decide(stack: RunningStack, wanted: Sequence[str]) -> dict[str, datetime]:
    """When the registry had taken each of these approvals, all sent at the same moment and not through the relay."""
    client = _client_past_the_relay(stack, connections=len(wanted))
    together = threading.Barrier(len(wanted))

    def approve(name: str) -> tuple[str, datetime]:
        together.wait()
        client.update_model_card(ModelCardName=name, ModelCardStatus="Approved")
        return name, datetime.now(UTC)

    with ThreadPoolExecutor(len(wanted)) as pool:
        return dict(pool.map(approve, wanted))


def _client_past_the_relay(stack: RunningStack, connections: int) -> Any:
    values = stack.environment_of("business-approver")
    return boto3.client(
        "sagemaker",
        endpoint_url=f"http://{stack.settings.host}:{stack.settings.sagemaker_port}",
        region_name=stack.settings.region,
        aws_access_key_id=values["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=values["AWS_SECRET_ACCESS_KEY"],
        config=Config(max_pool_connections=connections),
    )


def _ended(airflow: httpx.Client) -> int:
    return waiters.count_in_state(airflow, "success", "failed", "up_for_retry", "upstream_failed")


def _outage(
    stack: RunningStack, airflow: httpx.Client, relay: Relay, wanted: Sequence[str], seconds: float
) -> list[Figure]:
    """Keeps the registry from the stack, decides meanwhile, and lets it through again."""
    say(f"the registry is out of reach for {seconds:g} seconds, {len(wanted)} decisions meanwhile")
    waiting, before = waiters.count_in_state(airflow, "deferred"), _ended(airflow)
    relay.cut()
    time.sleep(seconds / 2)
    _decide(stack, wanted)
    time.sleep(seconds / 2)
    lost = waiting - waiters.count_in_state(airflow, "deferred")
    relay.mend()
    began = time.monotonic()
    _until(lambda: _ended(airflow) == before + len(wanted), "decisions made meanwhile are seen")
    seen = time.monotonic() - began
    lost += sum(state != "success" for state, _ in waiters.ends(airflow, wanted).values())
    return [
        at_most(f"waiters lost by an outage of {seconds:g} s", lost, "tasks", 0),
        Figure("from the outage's end until all decisions made meanwhile are seen", seen, "s"),
    ]


def _until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {_PATIENCE_SECONDS} seconds: {what}")
        time.sleep(1)
