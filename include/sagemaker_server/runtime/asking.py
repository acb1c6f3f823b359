"""HTTP to a serving process over its unix socket, on connections kept open; apart from the process's life.

The standard library's reader of answers with a request written in one piece: a general client takes longer for a
request than most models do for their answer.
"""

from __future__ import annotations

import http.client
import re
import select
import socket
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LARGEST_ANSWER = 128 << 20
BLOCK = 1 << 20
MOST_KEPT_OPEN = 64
_CARRIED_BY_A_HEADER = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


class NotReached(Exception):
    """Nobody listens: the request has reached no process."""


class NotAnswered(Exception):
    """The process ended, or said what is no answer, after the request had been sent."""


class AnswerTooLarge(Exception):
    """The answer has more than ``LARGEST_ANSWER`` bytes."""


class HeaderRefused(ValueError):
    """A header's value cannot be carried by HTTP."""


@dataclass(frozen=True)
class Reply:
    """What a container answered.

    Attributes:
        status: HTTP status.
        body: The bytes.
        content_type: Their type; ``application/octet-stream`` where it names none that could be passed on.
    """

    status: int
    body: bytes
    content_type: str


class SocketClient:
    """Asks one process; from as many threads as like to."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._idle: deque[socket.socket] = deque()
        self._is_closed = False

    def answers_ping(self, timeout: float = 2.0) -> bool:
        """Whether ``GET /ping`` is answered with 200 in time."""
        try:
            return self._ask("GET", "/ping", b"", {}, timeout).status == 200
        except (NotReached, NotAnswered, AnswerTooLarge, TimeoutError):
            return False

    def invoke(self, body: bytes, headers: Mapping[str, str], timeout: float) -> Reply:
        """The answer to ``POST /invocations``.

        Args:
            body: The request's body.
            headers: Its headers, but for those that HTTP itself needs.
            timeout: Seconds in which each part of the answer must come.

        Raises:
            NotReached: There is nobody to ask; it may be asked again.
            NotAnswered: It was asked and ended; whether it did anything is not known.
            AnswerTooLarge: As it says.
            HeaderRefused: A header cannot be sent.
            TimeoutError: It did not answer in time.
        """
        return self._ask("POST", "/invocations", body, headers, timeout)

    def close(self) -> None:
        """Closes what is kept open; who still waits for an answer gets it."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().close()

    def _ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str], timeout: float) -> Reply:
        request = _head(method, path, headers, len(body)) + body
        connection = self._connected(timeout)
        try:
            connection.sendall(request)
            answer = http.client.HTTPResponse(connection, method=method)
            try:
                answer.begin()
                content = _content(answer)
                stays_open = not answer.will_close
            finally:
                answer.close()
        except TimeoutError:
            connection.close()
            raise
        except (OSError, http.client.HTTPException, ValueError) as fault:
            connection.close()
            raise NotAnswered(repr(fault)) from fault
        except AnswerTooLarge:
            connection.close()
            raise
        self._keep(connection, stays_open=stays_open)
        return Reply(answer.status, content, _plain(answer.headers.get("Content-Type", "")))

    def _connected(self, timeout: float) -> socket.socket:
        """A connection that is open, as far as can be told before it is used."""
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread was faster
                break
            if not _is_readable(connection):  # readable though nothing was asked: the other side has closed it
                connection.settimeout(timeout)
                return connection
            connection.close()
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(timeout)
        try:
            connection.connect(self._path)
        except TimeoutError:
            connection.close()
            raise
        except OSError as fault:
            connection.close()
            raise NotReached(str(fault)) from fault
        return connection

    def _keep(self, connection: socket.socket, *, stays_open: bool) -> None:
        if stays_open and not self._is_closed and len(self._idle) < MOST_KEPT_OPEN:
            self._idle.append(connection)
        else:
            connection.close()


def _head(method: str, path: str, headers: Mapping[str, str], length: int) -> bytes:
    """The request line and headers.

    Raises:
        HeaderRefused: A value holds what would end the header.
    """
    for name, value in headers.items():
        if not _CARRIED_BY_A_HEADER.fullmatch(value):
            raise HeaderRefused(f"{name} {value[:100]!r}")
    lines = [f"{method} {path} HTTP/1.1", "Host: container", f"Content-Length: {length}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _content(answer: http.client.HTTPResponse) -> bytes:
    """The answer's body, of which no more is taken than a request may have.

    Raises:
        AnswerTooLarge: It has more.
    """
    if answer.length is None and not answer.chunked:
        raise http.client.HTTPException("the answer names no length: it cannot be told from one that was cut off")
    if answer.length is not None and answer.length <= BLOCK:
        return answer.read()
    received = bytearray()
    while block := answer.read(BLOCK):
        received += block
        if len(received) > LARGEST_ANSWER:
            raise AnswerTooLarge
    if answer.length:  # with a size given, read() does not tell that the other side broke off
        raise http.client.IncompleteRead(bytes(received[:100]), answer.length)
    return bytes(received)


def _plain(content_type: str) -> str:
    is_plain = content_type.isascii() and content_type.isprintable() and content_type
    return content_type if is_plain else "application/octet-stream"


def _is_readable(connection: socket.socket) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))
