"""Supervisor, started and spoken to over its socket in the state folder; nothing else knows its protocol."""

from __future__ import annotations

import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import Faults, SupervisorTransport

from stack.environment import MARK, machine_environment, notice_connections
from stack.errors import NotRunning, StackError, Stopping
from stack.processes import end_processes
from stack.settings import Settings

CONFIGURATION = Path(__file__).with_name("supervisord.conf")


@dataclass(frozen=True)
class Part:
    """A program as supervisor sees it.

    Attributes:
        name: The program's name.
        state: Supervisor's word: RUNNING, STARTING, BACKOFF, FATAL, STOPPED, EXITED, ...
        pid: Its process; 0 without one.
        started: When, in seconds since the epoch.
    """

    name: str
    state: str
    pid: int
    started: float


def is_running(settings: Settings) -> bool:
    """Whether the stack's supervisor is there, be it that it is stopping."""
    try:
        _call(settings, "getState")
    except Stopping:
        return True
    except NotRunning:
        return False
    return True


def parts(settings: Settings) -> list[Part]:
    """The programs, in the order in which they start.

    Raises:
        NotRunning: Supervisor does not answer.
    """
    listed: list[dict[str, Any]] = _call(settings, "getAllProcessInfo")
    return [Part(entry["name"], entry["statename"], entry["pid"], float(entry["start"])) for entry in listed]


def start(settings: Settings, given: Mapping[str, str]) -> None:
    """Start supervisor, which starts everything else, and wait until it answers.

    Args:
        settings: The installation.
        given: Whence the user's own connections for notices; supervisor holds them in memory, and no file does.

    Raises:
        StackError: It does not start; the message holds what it said.
    """
    command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(CONFIGURATION)]
    environment = {
        **machine_environment(),
        **settings.exported,
        **notice_connections(settings, given),
        MARK: str(settings.home),
        "MODEL_GOVERNANCE_SOCKET": str(settings.socket),
        "MODEL_GOVERNANCE_PROJECT": str(settings.project),
        "MODEL_GOVERNANCE_S3_IS_OURS": str(settings.s3_is_ours).lower(),
    }
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True, start_new_session=True)
    if done.returncode:
        raise StackError(f"supervisor did not start: {(done.stderr or done.stdout).strip()}")
    deadline = time.monotonic() + 20
    while not is_running(settings):
        if time.monotonic() > deadline:
            raise StackError(f"supervisor does not answer; see {settings.home / 'logs' / 'supervisord.log'}")
        time.sleep(0.1)


def stop(settings: Settings) -> int:
    """Stop every part, then supervisor, then whatever is left of them.

    Returns:
        How many processes had to be ended beside those that supervisor stopped.
    """
    if is_running(settings):
        with suppress(Stopping):
            _call(settings, "shutdown")
        deadline = time.monotonic() + 120
        while is_running(settings) and time.monotonic() < deadline:
            time.sleep(0.2)
    time.sleep(0.2)  # supervisor answers no more a moment before it has gone
    ended = end_processes(settings.home)
    for left in (settings.socket, settings.home / "run" / "supervisord.pid"):
        left.unlink(missing_ok=True)
    return ended


def abandon(settings: Settings) -> None:
    """End every process at once, without the order that parts at work are stopped in: for a start that was cut off."""
    end_processes(settings.home, patience=3)


def restart(settings: Settings, name: str) -> None:
    """Stop one program and start it again.

    Raises:
        NotRunning: Supervisor does not answer.
        StackError: There is no such program.
    """
    if name not in (known := [part.name for part in parts(settings)]):
        raise StackError(f"there is no part {name}: there are {', '.join(known)}")
    if next(part for part in parts(settings) if part.name == name).state in {"RUNNING", "STARTING"}:
        _call(settings, "stopProcess", name)
    _call(settings, "startProcess", name, False)


def _call(settings: Settings, method: str, *arguments: str | bool) -> Any:
    transport = SupervisorTransport(None, None, f"unix://{settings.socket}")
    try:
        with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport) as server:
            return getattr(server.supervisor, method)(*arguments)
    except (OSError, HTTPException):
        raise NotRunning("the stack is not running: make up starts it") from None
    except xmlrpc.client.Fault as fault:
        if fault.faultCode == Faults.SHUTDOWN_STATE:
            raise Stopping("the stack is being stopped: wait until that is done") from None
        raise StackError(f"supervisor refused {method}: {fault.faultString}") from None
