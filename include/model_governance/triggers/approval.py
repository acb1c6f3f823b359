"""Waits in the triggerer for a gate to be decided, and ends the task there, without a worker.

One poll of the registry serves every waiter of the triggerer (Airflow's shared stream). A waiter looks for itself once
it has subscribed, and again whenever its candidate or its use case's card has changed; what it finds is adjudicated
first, so that a status set by boto3 or in a console becomes a decision, or is undone, before anything goes on.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import structlog
from airflow.triggers.base import BaseEventTrigger, TaskFailedEvent, TaskSuccessEvent, TriggerEvent

from model_governance.domain.decision import Gate
from model_governance.errors import GovernanceError

if TYPE_CHECKING:
    from model_governance.decisions.adjudicate import Adjudication
    from model_governance.triggers.registry_watch import RegistryWatch

POLL_SETTING = "MODEL_GOVERNANCE_POLL_SECONDS"
LONGEST_PAUSE_SECONDS = 30.0

log = structlog.get_logger(__name__)


def poll_seconds() -> float:
    """Seconds between two polls of the registry, from the installation's settings; 1 unless set, never below 0.1."""
    return max(0.1, float(os.environ.get(POLL_SETTING, "1")))


class ApprovalTrigger(BaseEventTrigger):
    """Ends its task when the gate is decided: success if it is open, failed if it was rejected.

    Args:
        use_case: The use case's name; may be a template when the sensor starts from its trigger, as the other two.
        gate: The gate's name.
        run_id: The DAG run whose candidate the gate is about.
    """

    def __init__(self, use_case: str, gate: str, run_id: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.use_case = use_case
        self.gate = gate
        self.run_id = run_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class path and fields, from which the triggerer makes it again."""
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        return path, {"use_case": self.use_case, "gate": self.gate, "run_id": self.run_id}

    def shared_stream_key(self) -> tuple[str, ...]:
        """One key for all waiters of the installation."""
        return (f"{type(self).__module__}.{type(self).__qualname__}",)

    @classmethod
    async def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncIterator[frozenset[str]]:
        """Polls the registry for all waiters; never ends and never raises for an outage, which would fail them all.

        Yields:
            The names of the use cases of which something changed, never none.
        """
        structlog.contextvars.clear_contextvars()  # the poll is nobody's: its lines do not belong in one waiter's log
        watch: RegistryWatch | None = None
        failures = 0
        while True:
            try:
                if watch is None:
                    watch = await asyncio.to_thread(cls.open_watch)
                changed = await asyncio.to_thread(watch.changed_use_cases)
            except Exception as fault:
                failures += 1
                await log.awarning("the registry cannot be polled; waiting gates wait on", error=str(fault))
            else:
                failures = 0
                if changed:
                    yield changed
            await asyncio.sleep(pause(failures))

    @staticmethod
    def open_watch() -> RegistryWatch:
        """What reads the registry's changes. Blocks."""
        from model_governance.triggers.registry_watch import RegistryWatch

        return RegistryWatch.open()

    async def filter_shared_stream(self, shared_stream: AsyncIterator[frozenset[str]]) -> AsyncIterator[TriggerEvent]:
        """Ends the task as soon as its gate is decided.

        Args:
            shared_stream: The use cases of which something changed; items before this waiter subscribed are missed,
                which is why it looks once at the beginning.
        """
        self.log.info("waiting for a decision on the %s gate of %s", self.gate, self.use_case)
        told = ""
        found = await self._look_until_answered()
        while not found.is_final:
            if told != (told := f"{found.outcome}: {found.reason}"):
                self.log.info("the gate is %s", told)
            await self._next_change(shared_stream)
            found = await self._look_until_answered()
        yield self._end(found)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Waits with a poll of its own, where Airflow runs a trigger alone, as ``dag.test()`` does."""
        async for event in self.filter_shared_stream(self.open_shared_stream(self.serialize()[1])):
            yield event

    def look(self) -> Adjudication:
        """How the gate stands after adjudication. Blocks.

        Raises:
            GovernanceError: It cannot be told now.
        """
        from model_governance.triggers.registry_watch import look

        return look(Gate(self.gate), self.use_case, self.run_id)

    async def _next_change(self, shared_stream: AsyncIterator[frozenset[str]]) -> None:
        async for changed in shared_stream:
            if self.use_case in changed:
                return

    async def _look_until_answered(self) -> Adjudication:
        """Looks until the gate can be read and whoever set its status is known."""
        failures = 0
        while True:
            try:
                found = await asyncio.to_thread(self.look)
            except Exception as fault:
                known = isinstance(fault, GovernanceError)
                self.log.warning("the gate cannot be read now, trying again: %s", fault, exc_info=not known)
            else:
                if found.outcome != "unattributed":
                    return found
                if failures == 0:
                    self.log.info("the status was set by nobody on record yet, looking again: %s", found.reason)
            failures += 1
            await asyncio.sleep(pause(failures))

    def _end(self, found: Adjudication) -> TriggerEvent:
        """Says in the task's log who decided and why, and how the task ends."""
        if found.outcome != "approved":
            self.log.error("the %s gate of %s is closed: %s", self.gate, self.use_case, found.reason)
            return TaskFailedEvent()
        for decision in found.decisions:
            by = f"{decision.actor} as {decision.role}, by {decision.channel}"
            self.log.info("approved by %s: %s", by, decision.comment or "no comment")
        return TaskSuccessEvent()


def pause(failures: int) -> float:
    """Seconds until the next try: the poll interval, doubled with each failure in a row, 30 at most."""
    return min(LONGEST_PAUSE_SECONDS, poll_seconds() * 2.0 ** min(failures, 10))
