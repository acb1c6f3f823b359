"""Waits in the triggerer for a gate to be decided, and ends the task there, without a worker.

One poll of the registry serves every waiter of the triggerer (Airflow's shared stream). A waiter looks for itself once
it has subscribed, and again whenever its candidate or its use case's card has changed; what it finds is adjudicated
first, so that a status set by boto3 or in a console becomes a decision, or is undone, before anything goes on.

A decision's head is published when its task has been let go: that takes as long as deciding, and nobody waits for it.
What a kill or a long outage keeps from being published, ``governance_watch`` publishes.

The poll wakes the waiters concerned by itself and gives the stream nothing: Airflow would hand every change to every
waiter, and fail those that lie a thousand changes behind, as one does that looks at a ledger out of reach.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import structlog
from airflow.triggers.base import BaseEventTrigger, TaskFailedEvent, TaskSuccessEvent, TriggerEvent

from model_governance.domain.decision import Gate
from model_governance.errors import GovernanceError
from model_governance.triggers.waiting_room import Waiter, WaitingRoom

if TYPE_CHECKING:
    from model_governance.decisions.outcome import Adjudication
    from model_governance.domain.ledger import Entry
    from model_governance.triggers.registry_watch import RegistryWatch

POLL_SETTING = "MODEL_GOVERNANCE_POLL_SECONDS"
LONGEST_PAUSE_SECONDS = 30.0
_TRIES_TO_PUBLISH = 10

log = structlog.get_logger(__name__)


def poll_seconds() -> float:
    """Seconds between two polls of the registry, from the installation's settings; 1 unless set, never below 0.1."""
    return max(0.1, float(os.environ.get(POLL_SETTING, "1")))


@cache
def _room_of(loop: asyncio.AbstractEventLoop) -> WaitingRoom:
    return WaitingRoom()


class ApprovalTrigger(BaseEventTrigger):
    """Ends its task when the gate is decided: success if it is open, failed if it was rejected.

    Args:
        use_case: The use case's name.
        gate: The gate's name.
        run_id: The DAG run whose candidate the gate is about; ``{{ run_id }}``, which the triggerer puts in, when the
            sensor starts from its trigger. No other template is rendered there.
    """

    def __init__(self, use_case: str, gate: str, run_id: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.use_case = use_case
        self.gate = gate
        self.run_id = run_id
        self._unpublished: list[Entry] = []

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class path and fields, from which the triggerer makes it again."""
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        return path, {"use_case": self.use_case, "gate": self.gate, "run_id": self.run_id}

    def shared_stream_key(self) -> tuple[str, ...]:
        """One key for all waiters of the installation."""
        return (f"{type(self).__module__}.{type(self).__qualname__}",)

    @classmethod
    async def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncIterator[None]:
        """Polls the registry and wakes the waiters; never ends and never raises for an outage, which would fail them.

        Yields:
            Nothing.
        """
        structlog.contextvars.clear_contextvars()  # the poll is nobody's: its lines do not belong in one waiter's log
        watch: RegistryWatch | None = None
        failures = 0
        room = _room_of(asyncio.get_running_loop())
        while True:
            try:
                if watch is None:
                    watch = await asyncio.to_thread(cls.open_watch)
                room.wake(await asyncio.to_thread(watch.changed_use_cases))
            except Exception as fault:
                failures += 1
                await log.awarning("the registry cannot be polled; waiting gates wait on", error=str(fault))
            else:
                failures = 0
            await asyncio.sleep(pause(failures))
        yield  # type: ignore[unreachable]  # makes this a stream

    @staticmethod
    def open_watch() -> RegistryWatch:
        """What reads the registry's changes. Blocks."""
        from model_governance.triggers.registry_watch import RegistryWatch

        return RegistryWatch.open()

    async def filter_shared_stream(self, shared_stream: AsyncIterator[None]) -> AsyncIterator[TriggerEvent]:
        """Ends the task as soon as its gate is decided.

        Args:
            shared_stream: The poll, which runs as long as it is read, and tells only if it can run no longer. Changes
                before this waiter came have woken nobody, which is why it looks once at the beginning.
        """
        self.log.info("waiting for a decision on the %s gate of %s", self.gate, self.use_case)
        room = _room_of(asyncio.get_running_loop())
        with room.waiting_for(self.use_case) as waiter:
            poll = asyncio.ensure_future(_read_to_its_end(shared_stream))
            poll.add_done_callback(lambda _: waiter.wake())
            try:
                found = await self._wait(room, waiter, poll)
            finally:
                poll.cancel()
        yield self._end(found)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Waits with a poll of its own, where Airflow runs a trigger alone, as ``dag.test()`` does.

        Whose event loop ends with the first event: what is left to publish then is left to the watch.
        """
        async for event in self.filter_shared_stream(self.open_shared_stream(self.serialize()[1])):
            yield event

    def look(self) -> Adjudication:
        """How the gate stands after adjudication. Blocks.

        Raises:
            GovernanceError: It cannot be told now.
        """
        from model_governance.triggers.registry_watch import look

        return look(Gate(self.gate), self.use_case, self.run_id, self._unpublished.append)

    async def _wait(self, room: WaitingRoom, waiter: Waiter, poll: asyncio.Future[None]) -> Adjudication:
        """Looks at the beginning and after each change, until the gate is decided."""
        told = ""
        found = await self._look_until_answered(room, waiter)
        while not found.is_final:
            if told != (told := f"{found.outcome}: {found.reason}"):
                self.log.info("the gate is %s", told)
            await waiter.until_woken()
            if poll.done():
                poll.result()
                raise RuntimeError("the poll of the registry has ended, which it never should")
            found = await self._look_until_answered(room, waiter)
        return found

    async def _look_until_answered(self, room: WaitingRoom, waiter: Waiter) -> Adjudication:
        """Looks until the gate can be read and whoever set its status is known."""
        failures = 0
        while True:
            try:
                found = await room.look(waiter, self.look)
            except Exception as fault:
                known = isinstance(fault, GovernanceError)
                self.log.warning("the gate cannot be read now, trying again: %s", fault, exc_info=not known)
            else:
                if found.outcome != "unattributed":
                    self._publish_afterwards(room)
                    return found
                if failures == 0:
                    self.log.info("the status was set by nobody on record yet, looking again: %s", found.reason)
            failures += 1
            await asyncio.sleep(pause(failures))

    def _publish_afterwards(self, room: WaitingRoom) -> None:
        for entry in self._unpublished:
            room.afterwards(partial(_publish, room, entry))
        self._unpublished.clear()

    def _end(self, found: Adjudication) -> TriggerEvent:
        """Says in the task's log who decided and why, and how the task ends."""
        if found.outcome != "approved":
            self.log.error("the %s gate of %s is closed: %s", self.gate, self.use_case, found.reason)
            return TaskFailedEvent()
        for decision in found.decisions:
            by = f"{decision.actor} as {decision.role}, by {decision.channel}"
            self.log.info("approved by %s: %s", by, decision.comment or "no comment")
        return TaskSuccessEvent()


async def _publish(room: WaitingRoom, entry: Entry) -> None:
    structlog.contextvars.clear_contextvars()  # the task of the gate has ended, and its log with it
    for failures in range(1, _TRIES_TO_PUBLISH + 1):
        try:
            await room.do(partial(_publish_now, entry))
        except Exception as fault:
            await log.awarning(
                "the head of a ledger is not published yet",
                ledger=entry.use_case,
                entry=entry.sequence,
                error=str(fault),
            )
            await asyncio.sleep(pause(failures))
        else:
            return


def _publish_now(entry: Entry) -> None:
    from model_governance.triggers.registry_watch import publish

    publish(entry)


async def _read_to_its_end(stream: AsyncIterator[None]) -> None:
    async for _ in stream:
        pass


def pause(failures: int) -> float:
    """Seconds until the next try: the poll interval, doubled with each failure in a row, 30 at most."""
    return min(LONGEST_PAUSE_SECONDS, poll_seconds() * 2.0 ** min(failures, 10))
