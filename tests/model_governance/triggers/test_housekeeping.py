"""Airflow's supervisor keeps house at intervals, and handles every event in the rounds between."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.jobs.triggerer_job_runner import TriggerRunnerSupervisor

from model_governance.triggers.housekeeping import PAUSE_SECONDS, SHARE, keep_house_at_intervals


class Clock:
    """Time that passes when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def held(clock: Clock, seconds: float = 0.0) -> tuple[Any, list[str]]:
    """Airflow's own supervisor, whose housekeeping takes that long, connected to nobody."""
    done: list[str] = []

    def load_triggers(self: Any) -> None:
        done.append("load")
        clock.now += seconds

    def clean_unused(self: Any) -> None:
        done.append("clean")
        clock.now += seconds

    def service(self: Any, max_wait_time: float) -> None:
        done.append("serve")

    def nothing(self: Any) -> None:
        pass

    body = {
        "load_triggers": load_triggers,
        "clean_unused": clean_unused,
        "_service_subprocess": service,
        "handle_events": lambda self: done.append("events"),
        "handle_failed_triggers": nothing,
        "heartbeat": nothing,
        "emit_metrics": nothing,
    }
    supervisor = type("Supervisor", (TriggerRunnerSupervisor,), body)
    assert keep_house_at_intervals(supervisor, clock)
    return supervisor.__new__(supervisor), done


def test_events_are_handled_in_every_round_and_house_is_kept_once_in_a_while() -> None:
    clock = Clock()
    supervisor, done = held(clock)
    for _ in range(10):
        supervisor.run_once()
        clock.now += PAUSE_SECONDS / 4
    assert done.count("events") == done.count("serve") == 10
    assert (done.count("load"), done.count("clean")) == (3, 3)


def test_a_round_a_second_keeps_house_as_airflow_does() -> None:
    clock = Clock()
    supervisor, done = held(clock)
    for _ in range(5):
        supervisor.run_once()
        clock.now += 1.0
    assert (done.count("load"), done.count("clean")) == (5, 5)


def test_housekeeping_that_takes_long_takes_a_share_of_the_time() -> None:
    clock = Clock()
    supervisor, done = held(clock, seconds=1.0)
    while clock.now < 1000:
        supervisor.run_once()
        clock.now += 0.01
    assert done.count("load") <= 1000 / SHARE
    assert done.count("clean") <= 1000 / SHARE
    assert min(done.count("load"), done.count("clean")) > 1000 / SHARE / 2
    assert done.count("events") > 4 * done.count("load")


def test_housekeeping_that_fails_is_tried_in_the_next_round() -> None:
    clock = Clock()
    tried: list[float] = []

    class Supervisor:
        def load_triggers(self) -> None:
            tried.append(clock.now)
            raise OSError("the database is away")

        def clean_unused(self) -> None: ...

        def run_once(self) -> None:
            self.load_triggers()

    assert keep_house_at_intervals(Supervisor, clock)
    for _ in range(2):
        with pytest.raises(OSError, match="away"):
            Supervisor().run_once()
    assert len(tried) == 2


def test_a_supervisor_that_is_not_known_is_left_as_it_is() -> None:
    class Supervisor:
        def load_triggers(self) -> None: ...

    before = Supervisor.load_triggers
    assert not keep_house_at_intervals(Supervisor)
    assert Supervisor.load_triggers is before
