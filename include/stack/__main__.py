"""``python -m stack``: the stack's commands, as the Makefile calls them."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from stack import lifecycle, supervision
from stack.credentials import Credentials, airflow_users, make_credentials
from stack.environment import Program, person_environment
from stack.environments import make_image_environments, make_object_store_environment
from stack.errors import StackError
from stack.health import faults
from stack.settings import Settings

commands = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


def _settings() -> Settings:
    return Settings.from_environment(lifecycle.remembered(dict(os.environ)))


@commands.command()
def up() -> None:
    """Start everything, wait until it is healthy, say where it is."""
    settings = _settings()
    for asked_to_stop in (signal.SIGINT, signal.SIGTERM):  # also where a shell started us with SIGINT ignored
        signal.signal(asked_to_stop, _interrupted)
    already = supervision.is_running(settings)
    try:
        lifecycle.up(settings, lifecycle.remembered(dict(os.environ)), typer.echo)
    except KeyboardInterrupt:
        if not already:
            typer.echo("stopping what was started ...")
            supervision.abandon(settings)
        sys.exit(130)
    if not already:
        typer.echo(f"Airflow:   {settings.public_url}  (users: {', '.join(airflow_users(settings))})")
        typer.echo("           a user's password: python -m stack password <user>; this sign-in is for demonstrations")
        typer.echo(f"SageMaker: {settings.sagemaker_url}")
        typer.echo(f"S3:        {settings.s3_url}")


@commands.command()
def down() -> None:
    """Stop everything; all state stays."""
    typer.echo("The stack is down." if lifecycle.down(_settings()) else "The stack was not running.")


@commands.command()
def status() -> None:
    """Say how each part is; exit status 1 unless all are healthy."""
    settings = _settings()
    listed = supervision.parts(settings)
    found = faults(settings, listed)
    for part in listed:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(part.started)) if part.pid else "-"
        typer.echo(f"{part.name:24}{part.pid or '-':>8}  since {since:20} {found.get(part.name, 'healthy')}")
    typer.echo(f"Airflow {settings.airflow_url}, SageMaker {settings.sagemaker_url}, S3 {settings.s3_url}")
    sys.exit(1 if found else 0)


@commands.command()
def restart(part: Annotated[str, typer.Argument(help="One part; everything without it.")] = "") -> None:
    """Restart one part, or everything, and wait until it is healthy."""
    settings = _settings()
    if part:
        supervision.restart(settings, part)
        lifecycle.wait_until_healthy(settings, typer.echo)
    else:
        environment = lifecycle.remembered(dict(os.environ))
        lifecycle.down(settings)
        lifecycle.up(settings, environment, typer.echo)


@commands.command()
def logs(
    part: Annotated[str, typer.Argument(help="One part; all without it.")] = "",
    lines: Annotated[int, typer.Option("--lines", "-n", help="Lines of each log.", min=0)] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines are written.")] = False,
) -> None:
    """Show the end of the logs."""
    folder = _settings().home / "logs"
    files = sorted(folder.glob(f"{part or '*'}.log"))
    if not files:
        raise StackError(f"there is no log {part or '*'}.log in {folder}")
    places = {file: _show(file, lines) for file in files}
    while follow:
        time.sleep(0.5)
        places = {file: _show_from(file, place) for file, place in places.items()}


@commands.command()
def env(person: Annotated[str, typer.Argument(help="A principal, such as governance-officer.")]) -> None:
    """Print the variables with which a person calls the servers as himself: eval "$(python -m stack env <person>)"."""
    for name, value in person_environment(person, _settings()).items():
        typer.echo(f"export {name}={shlex.quote(value)}")


@commands.command()
def password(user: Annotated[str, typer.Argument(help="A user of Airflow.")]) -> None:
    """Print a user's password for Airflow."""
    typer.echo(Credentials(_settings().secrets).password(user))


@commands.command()
def secrets() -> None:
    """Make the keys and passwords not there yet, without starting anything: docker-compose.yaml needs them."""
    typer.echo(f"The secrets are in {make_credentials(_settings()).folder}.")


@commands.command(hidden=True)
def healthy(program: Annotated[Program, typer.Argument(help="A program.")]) -> None:
    """Exit status 1 unless the program does its work: what docker-compose.yaml asks of each of its services."""
    here = supervision.Part(program, "RUNNING", os.getpid(), 0)
    if found := faults(_settings(), [here]):
        raise StackError(f"{program} {found[program]}")


@commands.command()
def environments() -> None:
    """Install the Python environments of the object store and of the container images."""
    make_object_store_environment(settings := _settings(), typer.echo)
    make_image_environments(settings, typer.echo)


def _show(file: Path, lines: int) -> int:
    text = file.read_text(encoding="utf-8", errors="replace")
    for line in text.splitlines()[-lines:] if lines else []:
        typer.echo(f"{file.stem} | {line}")
    return file.stat().st_size


def _show_from(file: Path, place: int) -> int:
    size = file.stat().st_size if file.exists() else 0
    if size <= place:
        return size  # nothing new, or rotated away
    with file.open("rb") as stream:
        stream.seek(place)
        for line in stream.read(size - place).decode("utf-8", "replace").splitlines():
            typer.echo(f"{file.stem} | {line}")
    return size


def _interrupted(*_: Any) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Run a command; what it refuses is one line on the standard error."""
    try:
        commands()
    except (StackError, OSError) as fault:
        sys.exit(f"stack: {fault}")


if __name__ == "__main__":
    main()
