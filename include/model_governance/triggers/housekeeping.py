"""Has Airflow's triggerer look after its rows at intervals, and not after each message of its runner.

Its supervisor asks the metadata which triggers there are and removes those that nobody needs in every round, and a
round ends with any line of any trigger's log: with thousands of triggers each round takes long, and an event that has
come meanwhile waits for it. Apart from ``prompt``, which is about the runner, the supervisor's child.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

PAUSE_SECONDS = 0.5
"""Between two times, at least; less than a round without messages takes, which is a second."""

SHARE = 4
"""Of its time the supervisor spends no more than one part in so many on this."""

_NEEDED = ("load_triggers", "clean_unused", "run_once")


def keep_house_at_intervals(supervisor: Any, clock: Callable[[], float] = time.monotonic) -> bool:
    """Has a supervisor pass over its housekeeping in rounds that follow each other quickly.

    Args:
        supervisor: Airflow's ``TriggerRunnerSupervisor``, the class.
        clock: Seconds that never go back.

    Returns:
        Whether it does; False where this Airflow's supervisor is not the one that is known here.
    """
    if not all(hasattr(supervisor, name) for name in _NEEDED):
        return False
    supervisor.load_triggers = _at_intervals(supervisor.load_triggers, clock)
    supervisor.clean_unused = _at_intervals(supervisor.clean_unused, clock)
    return True


def _at_intervals(work: Callable[[Any], None], clock: Callable[[], float]) -> Callable[[Any], None]:
    due = float("-inf")

    def work_if_due(self: Any) -> None:
        nonlocal due
        began = clock()
        if began < due:
            return
        work(self)
        ended = clock()
        due = ended + max(PAUSE_SECONDS, (SHARE - 1) * (ended - began))

    return work_if_due
