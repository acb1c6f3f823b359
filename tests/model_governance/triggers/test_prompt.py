"""Airflow's own trigger runner tells at once what has ended, and everything once."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import pytest
from airflow.jobs.triggerer_job_runner import TriggerRunner

from model_governance.triggers import prompt


def held_runner(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, list[list[Any]]]:
    """Airflow's runner, connected to nobody, and what it sends."""
    sent: list[list[Any]] = []

    async def init_comms(self: Any) -> None:
        pass

    async def asend(self: Any, message: Any) -> None:
        sent.append(list(message.events or ()))
        await asyncio.sleep(0.01)

    held = type("Runner", (TriggerRunner,), {"init_comms": init_comms, "asend": asend})
    assert prompt.tell_at_once(held)
    monkeypatch.setattr(prompt, "LOOK_SECONDS", 0.01)
    runner = held.__new__(held)
    runner.stop, runner.events, runner.failed_triggers = False, deque(), deque()
    return runner, sent


def test_events_are_sent_as_they_come_and_each_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        runner, sent = held_runner(monkeypatch)
        await runner.init_comms()
        for number in range(50):
            runner.events.append((number, "ended", None))
            await asyncio.sleep(0.002)
            if number % 10 == 0:
                await runner.sync_state_to_supervisor([])  # the runner's own round
        while sum(map(len, sent)) < 50:
            await asyncio.sleep(0.01)
        runner.stop = True
        await runner._telling
        assert [entry[0] for message in sent for entry in message] == list(range(50))

    monkeypatch.setattr("airflow.jobs.triggerer_job_runner.messages.TriggerStateChanges", Message)
    asyncio.run(asyncio.wait_for(story(), 30))


class Message:
    """What the runner sends, unchecked."""

    def __init__(self, events: Any, finished: Any, failures: Any) -> None:
        self.events = events


def test_nothing_is_sent_while_nothing_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        runner, sent = held_runner(monkeypatch)
        await runner.init_comms()
        await asyncio.sleep(0.1)
        runner.stop = True
        await runner._telling
        assert sent == []

    asyncio.run(asyncio.wait_for(story(), 30))


def test_a_runner_that_is_not_known_is_left_as_it_is() -> None:
    class Runner:
        pass

    assert not prompt.tell_at_once(Runner)
    assert not hasattr(Runner, "init_comms")
