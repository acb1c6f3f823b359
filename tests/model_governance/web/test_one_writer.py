"""The turns of changing requests, before an application that notes which of them it serves at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from model_governance.web.one_writer import OneWriterMiddleware

DAG = "/api/v2/dags/governance_watch"


class Route:
    """Takes a moment for each request, and notes the most it served at once and what came."""

    def __init__(self) -> None:
        self.serving = 0
        self.most = 0
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.serving += 1
        self.most = max(self.most, self.serving)
        try:
            message = await receive()
            self.bodies.append(message["body"])
            if message["body"] == b"fault":
                raise RuntimeError("a fault of the route")
            await asyncio.sleep(0.01)
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        finally:
            self.serving -= 1


@pytest.fixture
def route() -> Route:
    return Route()


def client_of(route: Route) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(OneWriterMiddleware(route))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://airflow")


async def ask_together(route: Route, *requests: tuple[str, str]) -> list[int]:
    async with client_of(route) as client:
        answers = await asyncio.gather(*(client.request(method, path) for method, path in requests))
    return [answer.status_code for answer in answers]


@pytest.mark.parametrize("path", [DAG, "/execution/task-instances/1/heartbeat"])
@pytest.mark.parametrize("method", ["PATCH", "POST", "PUT", "DELETE"])
def test_changing_requests_are_served_one_after_the_other(route: Route, method: str, path: str) -> None:
    assert asyncio.run(ask_together(route, *[(method, path), ("PATCH", DAG)] * 4)) == [200] * 8
    assert route.most == 1


@pytest.mark.parametrize("passing", [("GET", DAG), ("HEAD", DAG), ("POST", "/model-governance/api/gates")])
def test_reading_ones_and_the_plugins_own_wait_for_nobody(route: Route, passing: tuple[str, str]) -> None:
    assert asyncio.run(ask_together(route, ("PATCH", DAG), *[passing] * 3)) == [200] * 4
    assert route.most == 4


def test_a_body_in_pieces_comes_whole_and_a_slow_client_holds_up_nobody(route: Route) -> None:
    async def pieces(others_done: asyncio.Event) -> AsyncIterator[bytes]:
        yield b"slow "
        await others_done.wait()
        yield b"client"

    async def run() -> None:
        others_done = asyncio.Event()
        async with client_of(route) as client:
            slow = asyncio.ensure_future(client.patch(DAG, content=pieces(others_done)))
            await asyncio.sleep(0)
            await asyncio.wait_for(client.patch(DAG, content=b"quick"), 10)
            others_done.set()
            await slow

    asyncio.run(run())
    assert route.bodies == [b"quick", b"slow client"]


def test_a_fault_gives_the_turn_back(route: Route) -> None:
    async def run() -> int:
        async with client_of(route) as client:
            with pytest.raises(RuntimeError):
                await client.patch(DAG, content=b"fault")
            return (await asyncio.wait_for(client.patch(DAG), 10)).status_code

    assert asyncio.run(run()) == 200
