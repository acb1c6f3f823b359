"""Waits in the triggerer for a gate to be decided, and ends the task there, without a worker.

One poll of the registry serves every waiter of the triggerer (Airflow's shared stream). A waiter looks for itself once it
has subscribed, and again whenever its candidate or its use case's card has changed; what it finds is adjudicated first, so
that a status set by boto3 or in a console becomes a decision, or is undone, before anything goes on.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import structlog
from airflow.triggers.base import BaseEventTrigger, TaskFailedEvent, TaskSuccessEvent, TriggerEvent

from model_governance.domain.decision import Gate
from model_governance.domain.gate import GateState, GateVerdict
from model_governance.errors import GovernanceError

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
        super().__init__()
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
        watch = None
        failures = 0
        while True:
            try:
                watch = watch or await asyncio.to_thread(cls.open_watch)
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
    def open_watch() -> Any:
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
        told: tuple[str, ...] = ()
        verdict = await self._look_until_answered()
        while verdict.state not in (GateState.OPEN, GateState.REJECTED):
            if verdict.reasons != told:
                told = verdict.reasons
                self.log.info("the gate is %s: %s", verdict.state, "; ".join(told))
            await self._next_change(shared_stream)
            verdict = await self._look_until_answered()
        yield self._end(verdict)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Waits with a poll of its own, where Airflow runs a trigger alone, as ``dag.test()`` does."""
        async for event in self.filter_shared_stream(self.open_shared_stream(self.serialize()[1])):
            yield event

    def look(self) -> GateVerdict:
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

    async def _look_until_answered(self) -> GateVerdict:
        failures = 0
        while True:
            try:
                return await asyncio.to_thread(self.look)
            except Exception as fault:
                failures += 1
                known = isinstance(fault, GovernanceError)
                self.log.warning("the gate cannot be read now, trying again: %s", fault, exc_info=not known)
                await asyncio.sleep(pause(failures))

    def _end(self, verdict: GateVerdict) -> TriggerEvent:
        if verdict.state is GateState.OPEN:
            for decision in verdict.decided_by:
                said = f": {decision.comment}" if decision.comment else ""
                self.log.info("approved by %s as %s by %s%s", decision.actor, decision.role, decision.channel, said)
            return TaskSuccessEvent()
        self.log.error("the %s gate of %s is closed: %s", self.gate, self.use_case, "; ".join(verdict.reasons))
        return TaskFailedEvent()


def pause(failures: int) -> float:
    """Seconds until the next try: the poll interval, doubled with each failure in a row, 30 at most."""
    return min(LONGEST_PAUSE_SECONDS, poll_seconds() * 2.0 ** min(failures, 10))
