"""Finds and ends every process of a stack, also those whose parent was killed; nothing else here kills."""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path

import psutil

from stack.environment import MARK
from stack.errors import PortTaken
from stack.settings import Settings


def processes_of(home: Path) -> list[psutil.Process]:
    """Every process that a stack with this state folder started, however long ago, but this one and its parents."""
    here = psutil.Process()
    spared = {here.pid, *(parent.pid for parent in here.parents())}
    return [process for process in psutil.process_iter() if process.pid not in spared and _belongs(process, home)]


def end_processes(home: Path, *, patience: float = 10) -> int:
    """End every process of a stack: asked first, killed after a while.

    Args:
        home: The stack's state folder.
        patience: Seconds between asking and killing.

    Returns:
        How many there were.
    """
    ended = 0
    for _ in range(5):  # what was being started while we looked is found on the next round
        found = processes_of(home)
        if not found:
            break
        ended += len(found)
        for process in found:
            with suppress(psutil.Error):
                process.terminate()
        _, stubborn = psutil.wait_procs(found, timeout=patience)
        for process in stubborn:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(stubborn, timeout=5)
    return ended


def end_idle_orphans(home: Path) -> None:
    """End the idle workers of a scheduler that was killed: they wait for it for ever. Those at work may finish."""
    found = processes_of(home)
    for process in found:
        with suppress(psutil.Error):
            if process.parent() not in found and " ".join(process.cmdline()).strip().endswith("LocalExecutor: <idle>"):
                process.kill()


def refuse_taken_ports(settings: Settings) -> None:
    """Stop before anything starts if something else has one of the ports.

    Raises:
        PortTaken: Names the port, who has it where that can be told, and the setting.
    """
    for setting, port in settings.ports.items():
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.host, port))
            except OSError as fault:
                raise PortTaken(
                    f"port {port} is taken{_owner_of(port)} ({fault.strerror}): free it, or set {setting} to another"
                ) from None


def _belongs(process: psutil.Process, home: Path) -> bool:
    try:
        if process.environ().get(MARK) == str(home):
            return True
        # Jobs and endpoints are started with an empty environment, in a folder of the SageMaker server.
        return Path(process.cwd()).is_relative_to(home / "sagemaker") and "python" in process.name()
    except (psutil.Error, OSError):
        return False


def _owner_of(port: int) -> str:
    with suppress(psutil.Error):  # elsewhere than on Linux only root may ask
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,)
            if listens and connection.pid:
                return f" by process {connection.pid} ({psutil.Process(connection.pid).name()})"
    return ""
