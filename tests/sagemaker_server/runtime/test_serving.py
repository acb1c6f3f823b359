"""A serving process that is slow, hangs or says nonsense, seen from the server's side of its socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sagemaker_server.runtime.asking import HeaderRefused, NotAnswered, NotReached, SocketClient

WELL = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: 2\r\n\r\n42"


@contextmanager
def listening(folder: Path, *answers: bytes) -> Iterator[tuple[SocketClient, list[bytes]]]:
    """A process that gives an answer a request, each on a connection as long as the client keeps it; then none."""
    path, got = folder / "s", []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(path))
        server.listen()
        ended = threading.Event()

        def serve() -> None:
            left = list(answers)
            while not ended.is_set():
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    while request := connection.recv(1 << 16):
                        got.append(request)
                        if not left:
                            ended.wait(10)
                            return
                        connection.sendall(answer := left.pop(0))
                        if answer is not WELL:
                            break

        thread = threading.Thread(target=serve)
        thread.start()
        client = SocketClient(path)
        try:
            yield client, got
        finally:
            client.close()
            ended.set()
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_connection_is_kept_open_and_one_that_was_closed_is_not_used_again(tmp_path: Path) -> None:
    closing = WELL.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with listening(tmp_path, WELL, closing, WELL) as (client, got):
        replies = [client.invoke(b"x", {"Accept": "text/csv"}, 5) for _ in range(3)]
    assert [(reply.status, reply.body, reply.content_type) for reply in replies] == [(200, b"42", "text/csv")] * 3
    assert got[0] == b"POST /invocations HTTP/1.1\r\nHost: container\r\nContent-Length: 1\r\nAccept: text/csv\r\n\r\nx"


def test_process_that_does_not_answer_in_time_is_told_from_one_that_ended(tmp_path: Path) -> None:
    with listening(tmp_path) as (client, _), pytest.raises(TimeoutError):
        client.invoke(b"x", {}, 0.2)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n42",
        b"HTTP/1.1 200 OK\r\nA: b",
        b"HTTP/1.1 200 OK\r\n\r\nuntil when?",
    ],
    ids=["nothing", "no HTTP", "cut off", "cut off in a header", "without a length"],
)
def test_answer_that_is_none_is_an_ending(tmp_path: Path, answer: bytes) -> None:
    with listening(tmp_path, answer) as (client, _), pytest.raises(NotAnswered):
        client.invoke(b"x", {}, 5)


def test_answer_in_chunks_is_read_to_its_end(tmp_path: Path) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    with listening(tmp_path, chunked) as (client, _):
        reply = client.invoke(b"x", {}, 5)
    assert (reply.body, reply.content_type) == (b"abcde", "application/octet-stream")


def test_request_that_reaches_nobody_says_so(tmp_path: Path) -> None:
    client = SocketClient(tmp_path / "absent")
    with pytest.raises(NotReached):
        client.invoke(b"x", {}, 5)
    assert not client.answers_ping()


@pytest.mark.parametrize("value", ["a\r\nX-Other: b", "a\nb", "é\0", "€"])
def test_header_that_would_end_itself_is_refused(tmp_path: Path, value: str) -> None:
    with listening(tmp_path, WELL) as (client, got), pytest.raises(HeaderRefused):
        client.invoke(b"x", {"Accept": value}, 5)
    assert got == []
