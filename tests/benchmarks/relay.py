"""A relay before the SageMaker server: counts the calls that pass, by action, and can be cut as a network is.

It passes bytes on unchanged, for every call is signed. Who is given the server's own address goes round it.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum

from tests.benchmarks.measure import free_port

_TARGET = re.compile(rb"x-amz-target: *\w+\.(\w+)\r\n", re.IGNORECASE)
_LENGTH = re.compile(rb"content-length: *(\d+)\r\n", re.IGNORECASE)
_CHUNK = 65536
_LONGEST_HEADER = 200


def _answer(status: str, kind: str) -> bytes:
    body = f'{{"__type": "{kind}", "message": "out of reach"}}'
    headers = f"Content-Type: application/x-amz-json-1.1\r\nContent-Length: {len(body)}\r\nConnection: close"
    return f"HTTP/1.1 {status}\r\n{headers}\r\n\r\n{body}".encode()


class Fault(Enum):
    """How a registry can be out of reach; a value of bytes is what every request is answered."""

    CUT = "connections are broken"
    SILENT = "requests are taken and never answered"
    FAILING = _answer("503 Service Unavailable", "ServiceUnavailable")
    THROTTLED = _answer("400 Bad Request", "ThrottlingException")


@dataclass
class Relay:
    """A relay that runs.

    Attributes:
        port: Where it listens, on loopback.
        server_port: Where it passes everything on to.
        calls: How many calls passed, by action.
        fault: What is wrong with it; None while it relays.
    """

    port: int
    server_port: int
    calls: Counter[str] = field(default_factory=Counter)
    fault: Fault | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def cut(self, fault: Fault = Fault.CUT) -> None:
        """Breaks every connection, and treats each new one by the fault, until ``mend``."""
        self.fault = fault
        self._loop.call_soon_threadsafe(self._break_all)

    def mend(self) -> None:
        """Lets connections through again, new ones."""
        self.fault = None
        self._loop.call_soon_threadsafe(self._break_all)

    async def serve(self, ready: threading.Event, ended: asyncio.Event) -> None:
        """Relays until ``ended``."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        async with server:
            ready.set()
            await ended.wait()
            self._break_all()

    def _break_all(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _accept(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        if self.fault is not None:
            await self._fail(self.fault, client, to_client)
            return
        try:
            server, to_server = await asyncio.open_connection("127.0.0.1", self.server_port)
        except OSError:
            to_client.transport.abort()
            return
        self._writers |= {to_client, to_server}
        await asyncio.gather(
            self._pass(client, to_server, counted=True), self._pass(server, to_client), return_exceptions=True
        )
        self._writers -= {to_client, to_server}

    async def _fail(self, fault: Fault, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        self._writers.add(to_client)
        try:
            if fault is not Fault.CUT:
                header = await client.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(header)
                await client.readexactly(int(length[1]) if length else 0)
            if isinstance(fault.value, bytes):
                to_client.write(fault.value)
                await to_client.drain()
                to_client.close()
            elif fault is Fault.SILENT:
                await client.read()
            else:
                to_client.transport.abort()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client was first
        finally:
            self._writers.discard(to_client)

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, counted: bool = False) -> None:
        held = b""
        try:
            while chunk := await source.read(_CHUNK):
                if counted:
                    held = self._count(held + chunk)
                target.write(chunk)
                await target.drain()
        finally:
            target.close()

    def _count(self, data: bytes) -> bytes:
        """Counts the whole headers in the data and returns what may be the beginning of another."""
        end = 0
        for found in _TARGET.finditer(data):
            self.calls[found[1].decode()] += 1
            end = found.end()
        return data[end:][-_LONGEST_HEADER:]


@contextmanager
def running_relay(server_port: int) -> Iterator[Relay]:
    """A relay to that port of loopback, in a thread of its own."""
    relay = Relay(free_port(), server_port)
    ready, ended = threading.Event(), asyncio.Event()
    thread = threading.Thread(target=relay._loop.run_until_complete, args=(relay.serve(ready, ended),), daemon=True)
    thread.start()
    try:
        if not ready.wait(10):
            raise RuntimeError("the relay does not start")
        yield relay
    finally:
        relay._loop.call_soon_threadsafe(ended.set)
        thread.join(10)
