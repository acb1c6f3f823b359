"""Lifecycles go on while processes of the stack are killed at random; what anybody decided is on record once.

Six kills by default; ``make kills KILLS=100`` for all. The module's name sorts behind the others that share the stack.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.lifecycle.conftest import publish_data, write_use_case
from tests.lifecycle.deciding import Lifecycles
from tests.lifecycle.following import Lifecycle
from tests.lifecycle.killing import Killer
from tests.running_stack import RunningStack

from model_governance.decisions.record import candidate_of_run
from model_governance.domain.decision import Gate
from model_governance.domain.ledger import Entry, EntryKind
from stack.lifecycle import wait_until_healthy

KILLS = int(os.environ.get("KILLS", "6"))
SEED = int(os.environ.get("KILLS_SEED", "20261122"))
MEAN_SECONDS = float(os.environ.get("KILLS_EVERY", "8" if KILLS > 10 else "4"))
USE_CASES = [f"steady-{number}" for number in range(1, 3 if KILLS > 10 else 2)]
PATIENCE_SECONDS = 1200.0

pytestmark = [pytest.mark.stack, pytest.mark.timeout(int(1800 + 40 * KILLS))]


@dataclass(frozen=True)
class Endured:
    """What is there after the kills.

    Attributes:
        stack: The stack, every part healthy again.
        lifecycles: What ran and was decided, by use case.
        killed: How often each part was hit.
    """

    stack: RunningStack
    lifecycles: tuple[Lifecycles, ...]
    killed: Counter[str]


@pytest.fixture(scope="module")
def endured(stack: RunningStack, use_cases: Path) -> Endured:
    """Runs lifecycles of every use case while processes are killed, and goes on until the last one has ended."""
    began = time.monotonic()
    for name in USE_CASES:
        write_use_case(use_cases, name)
    publish_data(stack)
    stopped = threading.Event()
    running = [Lifecycles(stack, name, SEED + place, PATIENCE_SECONDS) for place, name in enumerate(USE_CASES)]
    killer = Killer(stack, KILLS, MEAN_SECONDS, SEED)
    with ThreadPoolExecutor(len(running)) as pool:
        followed = [pool.submit(each.run, told=_tell, stopped=stopped) for each in running]
        try:
            assert running[0].started.wait(300)
            killer.run(told=_tell)
        finally:
            stopped.set()
        for each in followed:
            each.result()
    wait_until_healthy(stack.settings, print)
    ended = sum(len(each.ended) for each in running)
    decided = Counter(decision.channel for each in running for decision in each.acknowledged)
    _tell(
        f"{killer.killed.total()} kills, {ended} lifecycles ended, acknowledged decisions: {dict(decided)}, "
        f"{time.monotonic() - began:.0f} s; killed: {dict(killer.killed)}; tasks cleared: "
        f"{ {each.use_case: each.repairs for each in running if each.repairs} }"
    )
    return Endured(stack, tuple(running), killer.killed)


def test_as_many_processes_were_killed_and_every_lifecycle_was_brought_to_its_end(endured: Endured) -> None:
    assert endured.killed.total() == KILLS
    for each in endured.lifecycles:
        assert each.ended
        assert {Lifecycle(endured.stack, each.use_case, run_id).run_state() for run_id in each.ended} == {"success"}


def test_every_acknowledged_decision_is_in_the_ledger_exactly_once(endured: Endured) -> None:
    for each in endured.lifecycles:
        entries = _entries(endured, each.use_case)
        recorded = Counter(
            (entry.subject, entry.body["gate"], entry.body["actor"], entry.body["verdict"])
            for entry in entries
            if entry.kind is EntryKind.DECISION
        )
        assert set(recorded.values()) == {1}, recorded
        for decision in each.acknowledged:
            subject = _subject(endured, each.use_case, decision.run_id, decision.gate, entries)
            assert recorded[(subject, decision.gate.value, decision.actor, "approve")] == 1, decision


def test_every_run_that_ended_has_one_candidate_and_one_deployment_by_its_own_authority(endured: Endured) -> None:
    for each in endured.lifecycles:
        entries = _entries(endured, each.use_case)
        for run_id in each.ended:
            made = [e for e in entries if e.kind is EntryKind.CANDIDATE and e.body["run_id"] == run_id]
            deployed = [
                e.body["authority"]
                for e in entries
                if e.kind is EntryKind.DEPLOYMENT and e.body["run_id"] == run_id and e.body["stage"] == "Production"
            ]
            assert (len(made), len(deployed)) == (1, 1), run_id
            assert [each["actor"] for each in deployed[0]] == ["governance-officer", "production-approver"]


def test_every_chain_holds_its_published_heads_agree_and_replay_finds_no_difference(endured: Endured) -> None:
    run = Lifecycle(endured.stack, USE_CASES[0]).command
    for name in (*USE_CASES, "policies"):
        verified = run("data-scientist", "ledger", "verify", name)
        assert verified.returncode == 0, verified.stderr
    replayed = run("data-scientist", "replay", "--all")
    assert replayed.returncode == 0, replayed.stdout
    assert all(line.endswith(" 0 differences") for line in replayed.stdout.splitlines())


def _entries(endured: Endured, use_case: str) -> tuple[Entry, ...]:
    return Lifecycle(endured.stack, use_case).installation().ledger(use_case).verify()


def _subject(endured: Endured, use_case: str, run_id: str, gate: Gate, entries: tuple[Entry, ...]) -> str:
    if gate is Gate.USE_CASE:
        return Lifecycle(endured.stack, use_case).installation().cards.describe(use_case).arn
    candidate = candidate_of_run(entries, run_id)
    assert candidate is not None
    return candidate.model_package_arn


def _tell(line: str) -> None:
    print(line, flush=True)
