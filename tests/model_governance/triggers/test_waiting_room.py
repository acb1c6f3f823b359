"""Who is woken, in which order waiters look, and that what happens during a look is not missed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import ExitStack
from typing import Any

import pytest

from model_governance.triggers.waiting_room import Waiter, WaitingRoom


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(story, 30))


async def settled() -> None:
    """Until whatever can go on has gone on."""
    for _ in range(20):
        await asyncio.sleep(0)


class Looks:
    """Looks that last until they are let go, in the order in which they began."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.may_end = threading.Event()

    def of(self, name: str) -> Any:
        def look() -> str:
            self.begun.append(name)
            assert self.may_end.wait(20)
            return name

        return look


def test_a_change_wakes_those_whom_it_concerns_and_nobody_else() -> None:
    async def story() -> None:
        room = WaitingRoom()
        with room.waiting_for("loans") as one, room.waiting_for("loans") as two, room.waiting_for("cards") as other:
            room.wake({"loans", "nobody's"})
            assert [waiter.is_woken for waiter in (one, two, other)] == [True, True, False]

    run(story())


def test_who_has_left_is_not_woken() -> None:
    async def story() -> None:
        room = WaitingRoom()
        with room.waiting_for("loans") as waiter:
            pass
        room.wake({"loans"})
        assert not waiter.is_woken

    run(story())


def test_a_change_during_a_look_is_looked_at_again() -> None:
    async def story() -> None:
        room, looks = WaitingRoom(), Looks()
        with room.waiting_for("loans") as waiter:
            looking = asyncio.create_task(room.look(waiter, looks.of("first")))
            while not looks.begun:
                await asyncio.sleep(0.01)
            room.wake({"loans"})
            looks.may_end.set()
            await looking
            assert waiter.is_woken
            await room.look(waiter, looks.of("second"))
            assert not waiter.is_woken

    run(story())


def test_the_woken_look_before_the_newcomers_and_no_more_than_allowed_at_once() -> None:
    async def story() -> None:
        room, looks = WaitingRoom(looks_at_once=1), Looks()
        with ExitStack() as stay:
            names = ["busy", "new-1", "new-2", "decided"]
            waiters = {name: stay.enter_context(room.waiting_for(name)) for name in names}
            looking = []
            for name in names:
                looking.append(asyncio.create_task(room.look(waiters[name], looks.of(name))))
                await settled()
            room.wake({"decided"})
            await settled()
            assert looks.begun == ["busy"]
            looks.may_end.set()
            await asyncio.gather(*looking)
        assert looks.begun == ["busy", "decided", "new-1", "new-2"]

    run(story())


def test_what_is_done_afterwards_lets_the_woken_look_first_and_the_newcomers_last() -> None:
    async def story() -> None:
        room, looks = WaitingRoom(looks_at_once=1), Looks()
        with ExitStack() as stay:
            names = ["busy", "new", "decided"]
            waiters = {name: stay.enter_context(room.waiting_for(name)) for name in names}
            looking = [asyncio.create_task(room.look(waiters["busy"], looks.of("busy")))]
            await settled()
            published = asyncio.Event()

            async def publish() -> None:
                assert await room.do(looks.of("publish")) == "publish"
                published.set()

            looking.append(asyncio.create_task(room.look(waiters["new"], looks.of("new"))))
            room.afterwards(publish)
            await settled()
            waiters["decided"].wake()
            looking.append(asyncio.create_task(room.look(waiters["decided"], looks.of("decided"))))
            await settled()
            looks.may_end.set()
            await asyncio.gather(*looking, published.wait())
        assert looks.begun == ["busy", "decided", "publish", "new"]

    run(story())


def test_who_leaves_while_waiting_for_a_turn_leaves_it_to_the_next() -> None:
    async def story() -> None:
        room, looks = WaitingRoom(looks_at_once=1), Looks()
        waiters = {name: Waiter(name) for name in ("busy", "gone", "next")}
        looking = {}
        for name, waiter in waiters.items():
            looking[name] = asyncio.create_task(room.look(waiter, looks.of(name)))
            await settled()
        looking["gone"].cancel()
        await settled()
        looks.may_end.set()
        assert await looking["busy"] == "busy"
        assert await looking["next"] == "next"
        assert looks.begun == ["busy", "next"]
        assert await room.look(waiters["gone"], looks.of("again")) == "again"

    run(story())


def test_a_look_that_fails_leaves_its_waiter_woken_and_its_turn_to_others() -> None:
    async def story() -> None:
        room = WaitingRoom(looks_at_once=1)

        def failing() -> None:
            raise OSError("reset")

        with room.waiting_for("loans") as waiter:
            for is_woken in (False, True):
                if is_woken:
                    room.wake({"loans"})
                with pytest.raises(OSError, match="reset"):
                    await room.look(waiter, failing)
                assert waiter.is_woken is is_woken
            assert await room.look(waiter, lambda: 1) == 1

    run(story())
