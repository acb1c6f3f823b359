"""A serving process seen from the server: started, asked over its socket, started again when it dies, ended."""

from __future__ import annotations

import secrets
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from sagemaker_server.runtime.asking import (
    LARGEST_ANSWER,
    AnswerTooLarge,
    HeaderRefused,
    NotAnswered,
    NotReached,
    Reply,
    SocketClient,
)
from sagemaker_server.runtime.containers import Container, lay_out
from sagemaker_server.runtime.launching import Child, Workload
from sagemaker_server.runtime.logs import last_words

INVOCATION_TIMEOUT = 60.0
STARTUP_TIMEOUT = 300.0
REVIVAL_TIMEOUT = 15.0
DRAINING_TIME = 60.0
LONGEST_PAUSE = 30.0
ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"


class NotHealthy(Exception):
    """A serving process did not come up; the message ends with its last words."""


class NotServing(Exception):
    """No serving process is there to answer just now; worth trying again."""


class ServingFailed(Exception):
    """The serving process died or hung while answering."""


@dataclass(frozen=True)
class Place:
    """Where a serving process lives.

    Attributes:
        python: The interpreter of its image.
        staged: The folder with its archives.
        sockets: The folder for its socket.
        log: The file for its output.
        home: The server's home.
    """

    python: Path
    staged: Path
    sockets: Path
    log: Path
    home: Path


class Replica:
    """One serving process and its successors: whenever one dies, the next is started."""

    def __init__(self, container: Container, place: Place) -> None:
        self._container = container
        self._place = place
        self._socket = place.sockets / f"{secrets.token_hex(8)}.sock"
        self._run = place.staged / "run"
        self._ready, self._ended, self._answering = threading.Event(), threading.Event(), threading.Condition()
        self._first_failure: str | None = None
        self._first_attempt_is_over = threading.Event()
        self._in_flight = 0
        self._last_answer = 0.0
        self._child: Child | None = None
        self._client = SocketClient(self._socket)
        self._keeper = threading.Thread(target=self._keep, name=f"replica {place.staged.name}", daemon=True)

    def start(self) -> None:
        """Starts the process; returns at once."""
        self._keeper.start()

    def wait_until_ready(self, timeout: float = STARTUP_TIMEOUT) -> None:
        """Waits for the first ``/ping`` that is answered with 200.

        Raises:
            NotHealthy: The process ended before, or took too long.
        """
        if not self._first_attempt_is_over.wait(timeout):
            raise NotHealthy(f"/ping was not answered within {timeout:.0f} s: {last_words(self._place.log)}")
        if self._first_failure is not None:
            raise NotHealthy(self._first_failure)

    def invoke(self, body: bytes, headers: dict[str, str], timeout: float = INVOCATION_TIMEOUT) -> Reply:
        """Asks the process; waits a little if it is just being started again.

        A request that reached no process is sent to the next; one that did is not repeated.

        Args:
            body: The request's body.
            headers: ``Content-Type``, ``Accept`` and custom attributes.
            timeout: Seconds for the answer.

        Raises:
            NotServing: There is none to ask.
            ServingFailed: It died or took longer; one that hangs is killed, and so replaced.
        """
        began = time.monotonic()
        while self._ready.wait(max(0.0, began + REVIVAL_TIMEOUT - time.monotonic())) and not self._ended.is_set():
            client = self._client
            try:
                reply = client.invoke(body, headers, timeout)
                self._last_answer = time.monotonic()
                return reply
            except HeaderRefused as fault:
                return Reply(400, f"a header cannot be passed on: {fault}".encode(), "text/plain")
            except NotReached:
                self._give_up(client)
            except AnswerTooLarge as fault:
                raise ServingFailed(f"the model answered with more than {LARGEST_ANSWER} bytes") from fault
            except TimeoutError as fault:
                if self._last_answer < began:  # it answers nobody: it hangs
                    self._give_up(client)
                raise ServingFailed(f"the model did not answer within {timeout:.0f} s") from fault
            except NotAnswered as fault:
                self._give_up(client)
                raise ServingFailed("the serving process ended before it answered; it is started again") from fault
        raise NotServing(f"the serving process is not up: {last_words(self._place.log, 200)}")

    def enter(self) -> None:
        """Counts a request in: ``drain`` waits until it has left."""
        with self._answering:
            self._in_flight += 1

    def leave(self) -> None:
        """Counts a request out."""
        with self._answering:
            self._in_flight -= 1
            self._answering.notify_all()

    def drain(self) -> None:
        """Lets the requests that have entered be finished, then ends the process."""
        with self._answering:
            self._answering.wait_for(lambda: self._in_flight == 0, DRAINING_TIME)
        self.kill()

    def stop(self, grace: float = 0.0) -> None:
        """Ends the process; a serving process gets no grace."""
        self.kill()

    def kill(self) -> None:
        """Ends the process; returns when nothing of it is left."""
        self._ended.set()
        self._kill_child()
        if self._keeper.is_alive():
            self._keeper.join()
        self._ready.set()  # whoever waits need not wait any longer
        self._client.close()
        self._socket.unlink(missing_ok=True)
        shutil.rmtree(self._run, ignore_errors=True)

    def _give_up(self, client: SocketClient) -> None:
        """Makes an end of the process that a client talks to, unless its successor is there already."""
        with self._answering:
            is_current = client is self._client
            if is_current:
                self._ready.clear()
        if is_current:
            self._kill_child()

    def _keep(self) -> None:
        """Starts a process, waits for its end, and so on until stopped; the pauses between failures grow."""
        pause = 0.1
        while not self._ended.is_set():
            came_up, ending = False, "the serving process ended before it answered /ping"
            try:
                came_up = self._serve_once()
            except OSError as fault:
                ending = f"the serving process could not be started: {fault}"
            if not self._first_attempt_is_over.is_set():
                self._first_failure = f"{ending}: {last_words(self._place.log)}"
                self._first_attempt_is_over.set()
                return
            pause = 0.1 if came_up else min(pause * 2, LONGEST_PAUSE)
            self._ended.wait(pause)

    def _serve_once(self) -> bool:
        """One process from its start to its end; whether it ever was ready."""
        lay_out(self._place.staged, self._run)
        self._socket.unlink(missing_ok=True)
        place = self._place
        arguments = ("serving", str(self._run), str(self._socket))
        workload = Workload(place.python, arguments, self._run, place.log, place.home, self._container.variables)
        self._child = child = Child(workload)
        if self._ended.is_set():
            child.kill()
        client = SocketClient(self._socket)
        while (is_over := child.wait(0.05)) is None and not client.answers_ping():
            pass
        came_up = is_over is None
        if came_up:
            with self._answering:
                self._client, former = client, self._client
                self._ready.set()
            former.close()
            self._first_attempt_is_over.set()
            child.wait()
            self._ready.clear()
        return came_up

    def _kill_child(self) -> None:
        if self._child is not None:
            self._child.kill()
