"""``python -m stack.launch <program> <command...>``: becomes the command, with that program's environment and no other.

Supervisor's file and docker-compose.yaml start every program through this, so that both hold the same commands and
neither holds a value.
"""

from __future__ import annotations

import os
import sys

from stack.environment import Program, environment_of, machine_environment
from stack.errors import StackError
from stack.processes import end_idle_orphans
from stack.settings import Settings


def main(arguments: list[str]) -> None:
    """Replace this process by the command.

    Args:
        arguments: The program's name, then the command and its arguments.
    """
    try:
        program, command = Program(arguments[0]), arguments[1:]
        settings = Settings.from_environment()
        settings.refuse_what_is_unsafe()
        first = settings.environments / "s3" / "bin" if program is Program.S3 else None
        environment = {**machine_environment(first_on_path=first), **environment_of(program, settings, os.environ)}
        if program is Program.SCHEDULER:
            end_idle_orphans(settings.home)
    except (StackError, ValueError) as fault:
        sys.exit(f"stack: {fault}")
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606
    except FileNotFoundError:
        sys.exit(f"stack: {command[0]} is not on the path; make setup installs it")


if __name__ == "__main__":
    main(sys.argv[1:])
