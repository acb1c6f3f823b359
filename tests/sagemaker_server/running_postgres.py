"""A PostgreSQL server of the tests' own, reached over a socket in a temporary folder and gone with it."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_UNPRIVILEGED = "nobody"


def _program(name: str) -> str | None:
    found = shutil.which(name)
    beside = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return found or (str(beside[-1]) if beside else None)


def postgres_is_there() -> bool:
    """Whether PostgreSQL's programs and the driver are installed."""
    programs = all(_program(name) for name in ("initdb", "postgres", "pg_ctl"))
    return programs and importlib.util.find_spec("psycopg2") is not None


@contextmanager
def running_postgres() -> Iterator[str]:
    """A server that runs while the block does; its URL."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    as_user: dict[str, Any] = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        user = pwd.getpwnam(_UNPRIVILEGED)
        os.chown(folder, user.pw_uid, user.pw_gid)
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def run(program: str, *arguments: str) -> None:
        command = [str(_program(program)), *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd=folder, timeout=120, **as_user)

    data = folder / "data"
    try:
        run("initdb", "-D", str(data), "-U", "tests", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-k {folder} -c listen_addresses=''"
        run("pg_ctl", "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start")
        try:
            yield f"postgresql+psycopg2://tests@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
