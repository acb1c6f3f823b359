"""Where a triggerer's gates wait: who is woken by a change, and how many may look at the registry at once.

Apart from the trigger, of which there is one a gate: here is what a thousand of them share. A change wakes those alone
whom it concerns, and they look before those who have only just come. What need not be done before a gate's task goes on
is done afterwards, when nobody who was woken waits for a turn.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import itertools
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from enum import IntEnum
from typing import TypeVar

_Found = TypeVar("_Found")

LOOKS_AT_ONCE = 4
"""More gain nothing: on few cores they only end together later, and on AWS they would be throttled."""


class _Rank(IntEnum):
    """Whose turn comes first."""

    WOKEN = 0
    AFTERWARDS = 1
    NEWCOMER = 2


class Waiter:
    """One waiting gate; of the event loop that it waits in.

    Attributes:
        use_case: The use case whose changes wake it.
    """

    def __init__(self, use_case: str) -> None:
        self.use_case = use_case
        self._changed = asyncio.Event()
        self._turn: asyncio.Future[None] | None = None

    @property
    def is_woken(self) -> bool:
        """Whether something changed that it has not looked at."""
        return self._changed.is_set()

    @property
    def _rank(self) -> _Rank:
        return _Rank.WOKEN if self.is_woken else _Rank.NEWCOMER

    def wake(self) -> None:
        """Has it look, now or, if it looks already, once more."""
        self._changed.set()

    async def until_woken(self) -> None:
        """Waits for a change."""
        await self._changed.wait()


class WaitingRoom:
    """The waiters of one event loop, and their turns to look.

    Args:
        looks_at_once: How many look at once; the others wait for their turn, the woken ones before the newcomers.
    """

    def __init__(self, looks_at_once: int = LOOKS_AT_ONCE) -> None:
        self._waiters: defaultdict[str, set[Waiter]] = defaultdict(set)
        self._threads = ThreadPoolExecutor(looks_at_once, thread_name_prefix="look")
        self._free = looks_at_once
        self._queue: list[tuple[_Rank, int, asyncio.Future[None]]] = []
        self._number = itertools.count()
        self._afterwards: set[asyncio.Task[None]] = set()

    @contextmanager
    def waiting_for(self, use_case: str) -> Iterator[Waiter]:
        """A waiter that changes of this use case wake, as long as the block runs."""
        waiter = Waiter(use_case)
        self._waiters[use_case].add(waiter)
        try:
            yield waiter
        finally:
            self._waiters[use_case].discard(waiter)
            if not self._waiters[use_case]:
                del self._waiters[use_case]

    def wake(self, use_cases: Iterable[str]) -> None:
        """Wakes whoever waits for one of these, and nobody else."""
        for use_case in use_cases:
            for waiter in self._waiters.get(use_case, ()):
                waiter.wake()
                if waiter._turn is not None and not waiter._turn.done():
                    self._enqueue(waiter._turn, _Rank.WOKEN)  # its place among the newcomers passes unused

    async def look(self, waiter: Waiter, look: Callable[[], _Found]) -> _Found:
        """What a look finds, in a thread, once it is this waiter's turn; changes from here on wake it again.

        Args:
            waiter: Whose.
            look: The look; blocks.
        """
        await self._turn_of(waiter)
        try:
            was_woken = waiter.is_woken
            waiter._changed.clear()  # before the look: what changes during it is looked at again
            context = contextvars.copy_context()  # the thread logs for this waiter's task
            try:
                return await asyncio.get_running_loop().run_in_executor(self._threads, context.run, look)
            except Exception:
                if was_woken:
                    waiter.wake()
                raise
        finally:
            self._pass_on()

    def afterwards(self, work: Callable[[], Awaitable[None]]) -> None:
        """Has something done that nobody waits for; lost if the process ends first.

        Args:
            work: Does it, and tells of its faults itself; it takes its turns by ``do``.
        """
        doing = asyncio.ensure_future(work())
        self._afterwards.add(doing)
        doing.add_done_callback(self._afterwards.discard)

    async def do(self, work: Callable[[], _Found]) -> _Found:
        """What some work comes to, in a thread, once nobody who was woken waits for a turn.

        Args:
            work: The work; blocks.
        """
        await self._turn(asyncio.get_running_loop().create_future(), _Rank.AFTERWARDS)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._pass_on()

    async def _turn_of(self, waiter: Waiter) -> None:
        waiter._turn = asyncio.get_running_loop().create_future()
        try:
            await self._turn(waiter._turn, waiter._rank)
        finally:
            waiter._turn = None

    async def _turn(self, turn: asyncio.Future[None], rank: _Rank) -> None:
        if self._free:
            self._free -= 1
            return
        self._enqueue(turn, rank)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it came together with the cancellation
                self._pass_on()
            raise

    def _enqueue(self, turn: asyncio.Future[None], rank: _Rank) -> None:
        heapq.heappush(self._queue, (rank, next(self._number), turn))

    def _pass_on(self) -> None:
        while self._queue:
            *_, turn = heapq.heappop(self._queue)
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
