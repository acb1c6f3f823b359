"""Bringing the stack up and down: the steps in their order, each safe to repeat."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from stack.credentials import Credentials, make_credentials
from stack.environment import MARK, Program, machine_environment, person_environment
from stack.environments import make_object_store_environment
from stack.errors import NotHealthy, StackError
from stack.health import faults
from stack.processes import end_processes, refuse_taken_ports
from stack.settings import Settings
from stack.supervision import is_running, parts, start, stop

Say = Callable[[str], None]

PATIENCE = 300.0
"""Seconds in which every part must have become healthy; a first start on a busy machine takes about one minute."""


def remembered(environment: dict[str, str]) -> dict[str, str]:
    """The environment, with the settings that a running stack was started with where it does not say otherwise."""
    home = Settings.from_environment(environment).home
    try:
        saved: dict[str, str] = json.loads((home / "run" / "settings.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return environment
    return {**saved, **environment}


def up(settings: Settings, environment: dict[str, str], say: Say) -> None:
    """Start what does not run and wait until every part is healthy.

    Args:
        settings: The installation.
        environment: Where the settings came from, remembered while the stack runs.
        say: Told of each step, a line each.

    Raises:
        StackError: A setting, a port or a tool is in the way, or a part does not become healthy.
    """
    settings.refuse_what_is_unsafe()
    _make_folders(settings)
    with _alone(settings):
        if is_running(settings):
            if not faults(settings, parts(settings)):
                enter_policy(settings, lambda _: None)
                say(f"The stack is already running: {settings.airflow_url} (make status, make down).")
                return
            say("The stack is already running; waiting until every part is healthy.")
        else:
            _start(settings, environment, say)
        wait_until_healthy(settings, say)
        make_buckets(settings)
        enter_policy(settings, say)


def down(settings: Settings) -> bool:
    """Stop everything.

    Returns:
        Whether anything ran.
    """
    ran = is_running(settings)
    ended = stop(settings)
    (settings.home / "run" / "settings.json").unlink(missing_ok=True)
    return ran or ended > 0


def wait_until_healthy(settings: Settings, say: Say) -> None:
    """Wait for every part, telling of each that becomes healthy.

    Raises:
        NotHealthy: A part has failed for good, or time is up.
    """
    deadline = time.monotonic() + PATIENCE
    waiting: dict[str, str] | None = None
    while True:
        listed = parts(settings)
        found = faults(settings, listed)
        for part in listed:
            if part.name not in found and (waiting is None or part.name in waiting):
                say(f"  {part.name} is healthy")
        waiting = found
        if not found:
            return
        fatal = [part.name for part in listed if part.state == "FATAL"]
        if fatal or time.monotonic() > deadline:
            raise NotHealthy(_report(settings, fatal or list(found), found))
        time.sleep(0.5)


def make_buckets(settings: Settings) -> None:
    """Create the buckets that are not there yet, as the administrator."""
    key = Credentials(settings.secrets).key("admin")
    client = boto3.client(
        "s3",
        endpoint_url=settings.s3_url,
        region_name=settings.region,
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
        config=Config(s3={"addressing_style": "path"}),
    )
    for bucket in (settings.bucket, settings.landing_bucket):
        try:
            client.head_bucket(Bucket=bucket)
        except ClientError as fault:
            if fault.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise StackError(f"bucket {bucket} cannot be used: {fault}") from None
            client.create_bucket(Bucket=bucket)


def enter_policy(settings: Settings, say: Say) -> None:
    """At the first start, have the owner of the policy enter the files that are there, under his own principal.

    Later versions he enters himself: ``model-governance policy enter``.

    Raises:
        StackError: They cannot be entered; the message is the command's own.
    """
    owner = settings.policy_owner.replace(",", " ").split()[0]
    command = [sys.executable, "-c", "from model_governance.cli import main; main()", "policy", "enter", "--first"]
    environment = {**machine_environment(), **person_environment(owner, settings), MARK: str(settings.home)}
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        raise StackError(f"{owner} could not enter the policy: {(done.stderr or done.stdout).strip()}")
    for line in done.stdout.splitlines():
        say(f"  {line}")


def _start(settings: Settings, environment: dict[str, str], say: Say) -> None:
    if left := end_processes(settings.home):
        say(f"ended {left} processes that an earlier start had left")
    refuse_taken_ports(settings)
    make_credentials(settings)
    make_object_store_environment(settings, say)
    known = {name: environment[name] for name in settings.exported if name in environment}
    (settings.home / "run" / "settings.json").write_text(json.dumps(known), encoding="utf-8")
    _migrate(settings, say)
    say("starting the stack ...")
    start(settings, environment)


def _make_folders(settings: Settings) -> None:
    for name in ("", "run", "logs", "airflow", "sagemaker", "s3"):
        (settings.home / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    settings.home.chmod(0o700)
    folder = settings.socket.parent
    folder.mkdir(exist_ok=True, mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise StackError(f"{folder} must be a folder that user {os.getuid()} alone can open, for supervisor's socket")


def _migrate(settings: Settings, say: Say) -> None:
    """Bring Airflow's metadata to this version, once a version and database."""
    wanted = hashlib.sha256(f"{version('apache-airflow')} {settings.database_url}".encode()).hexdigest()
    stamp = settings.home / "airflow" / ".migrated"
    if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
        return
    say("preparing Airflow's database ...")
    log = settings.home / "logs" / "airflow-migrate.log"
    command = [sys.executable, "-m", "stack.launch", Program.MIGRATE, "airflow", "db", "migrate"]
    environment = {**machine_environment(), **settings.exported, MARK: str(settings.home)}
    with log.open("w", encoding="utf-8") as stream:
        done = subprocess.run(command, env=environment, check=False, stdout=stream, stderr=subprocess.STDOUT)
    if done.returncode:
        raise StackError(f"airflow db migrate failed:\n{_end_of(log)}")
    if settings.database_url.startswith("sqlite:///"):
        with sqlite3.connect(settings.database_url.removeprefix("sqlite:///")) as connection:
            connection.execute("PRAGMA journal_mode=WAL")  # kept in the file: readers no longer wait for writers
    stamp.write_text(wanted, encoding="ascii")


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """One ``up`` at a time for a state folder."""
    descriptor = os.open(settings.home / "run" / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise StackError(f"another start of the stack in {settings.home} is under way") from None
    finally:
        os.close(descriptor)


def _report(settings: Settings, names: list[str], found: dict[str, str]) -> str:
    lines = [f"not healthy after {PATIENCE:.0f} s or failed: " + ", ".join(f"{name} ({found[name]})" for name in names)]
    for name in names:
        lines.append(
            f"--- end of {settings.home / 'logs' / name}.log\n{_end_of(settings.home / 'logs' / f'{name}.log')}"
        )
    return "\n".join(lines)


def _end_of(file: Path, lines: int = 15) -> str:
    try:
        return "\n".join(file.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except OSError:
        return "(empty)"
