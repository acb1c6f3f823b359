"""Many processes write one ledger, and some are killed while they do: no fork, no gap, nothing acknowledged is lost."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from model_governance.domain.ledger import Entry
from model_governance.hooks.installation import Installation
from stack.credentials import DECISIONS_PUBLIC_KEY, LEDGER_PUBLIC_KEY, OVERSIGHT_PUBLIC_KEY, Credentials
from stack.settings import Settings

PROGRAM = Path(__file__).with_name("ledger_writer.py")
NAMES = (f"processes-{number}" for number in itertools.count())
Writer = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def name() -> str:
    return next(NAMES)


@pytest.fixture
def write(stack_settings: Settings, registry_server: None, name: str) -> Iterator[Writer]:
    credentials = Credentials(stack_settings.secrets)
    key = credentials.key("pipeline")
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
        "MODEL_GOVERNANCE_LEDGER_PUBLIC_KEY": str(credentials.path(LEDGER_PUBLIC_KEY)),
        "MODEL_GOVERNANCE_DECISIONS_PUBLIC_KEY": str(credentials.path(DECISIONS_PUBLIC_KEY)),
        "MODEL_GOVERNANCE_OVERSIGHT_PUBLIC_KEY": str(credentials.path(OVERSIGHT_PUBLIC_KEY)),
    }
    started: list[subprocess.Popen[str]] = []

    def start(writer: object, entries: int, die_at: str = "") -> subprocess.Popen[str]:
        command = [sys.executable, str(PROGRAM), str(writer), name, str(entries), die_at]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def acknowledged(process: subprocess.Popen[str]) -> list[tuple[int, str]]:
    said = [line for line in process.communicate(timeout=120)[0].splitlines(keepends=True) if line.endswith("\n")]
    return [(entry["sequence"], entry["digest"]) for entry in map(json.loads, said)]


def whole(installation_of: Callable[[str], Installation], name: str) -> tuple[Entry, ...]:
    """The chain, verified: a fork or a gap would not be."""
    entries = installation_of("pipeline").ledger(name).verify()
    assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
    return entries


def test_many_processes_make_one_chain(
    write: Writer, installation_of: Callable[[str], Installation], name: str
) -> None:
    writers = [write(number, 5) for number in range(6)]
    said = [each for writer in writers for each in acknowledged(writer)]
    entries = whole(installation_of, name)
    assert sorted(said) == [(entry.sequence, entry.digest) for entry in entries]
    assert {(entry.body["writer"], entry.body["number"]) for entry in entries} == {
        (str(writer), number) for writer in range(6) for number in range(5)
    }


@pytest.mark.parametrize(("die_at", "left"), [("signed", 2), ("sent", 2), ("stored", 3)])
def test_a_writer_killed_on_its_way_leaves_a_whole_chain(
    write: Writer, installation_of: Callable[[str], Installation], name: str, die_at: str, left: int
) -> None:
    killed = write("killed", 3, die_at)
    said = acknowledged(killed)
    assert killed.returncode == -signal.SIGKILL
    entries = whole(installation_of, name)
    assert [(entry.sequence, entry.digest) for entry in entries[:2]] == said
    assert len(entries) == left
    assert acknowledged(write("next", 1)) == [(left + 1, whole(installation_of, name)[-1].digest)]


def test_writers_killed_at_any_moment_lose_nothing_that_was_acknowledged(
    write: Writer, installation_of: Callable[[str], Installation], name: str
) -> None:
    chance = random.Random(7)
    said: list[tuple[int, str]] = []
    survivor = write("survivor", 40)
    for number in range(8):
        victim = write(number, 1000)
        assert victim.stdout is not None
        victim.stdout.readline()  # it has begun; its first line is given back below by the chain itself
        time.sleep(chance.uniform(0, 0.1))
        victim.kill()
        said += acknowledged(victim)
    said += acknowledged(survivor)
    entries = whole(installation_of, name)
    assert set(said) <= {(entry.sequence, entry.digest) for entry in entries}
    written = [(entry.body["writer"], entry.body["number"]) for entry in entries]
    assert len(set(written)) == len(written)
    for writer in {who for who, _ in written}:
        numbers = [number for who, number in written if who == writer]
        assert numbers == list(range(len(numbers)))
