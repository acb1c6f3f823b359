"""What people are told at a gate that waits: who may decide, what the evidence says, and how, ready to be copied."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from rich.panel import Panel
from rich.text import Text

from model_governance.cli.terminal import console, say
from model_governance.domain.request import GateRequest
from model_governance.hooks.installation import Installation


def tell(request: GateRequest, installation: Installation, page: str) -> None:
    """Prints the notice; addresses and commands stand outside the frame, each unbroken on a line of its own.

    Args:
        request: What is asked.
        installation: Whose policy and people decide.
        page: Where the waiting task is shown in Airflow.
    """
    able = deciders(request, installation)
    console.print(_panel(request, installation, able))
    for person in able[:1]:
        say(f"in Airflow, as {person} (password: {stack_command('password', person)}):")
        say("mark the task success to approve or failed to reject, with your comment as the note, at")
        say(f"  {page}")
        say(f"or as {person} on the command line (reject in place of approve):")
        say(f"  {approval_command(request, person)}")


def deciders(request: GateRequest, installation: Installation) -> list[str]:
    """Ids of the people who may decide the request."""
    rule = installation.policy.rule(request.tier, request.gate)
    barred = request.barred(rule)
    holders = dict.fromkeys(person.id for role in rule.roles for person in installation.people.in_role(role))
    return [
        person for person in holders if person not in barred and (not request.approvers or person in request.approvers)
    ]


def approval_command(request: GateRequest, person: str) -> str:
    """The shell command by which the person approves, in a shell of its own that forgets the person's keys again."""
    version = f" --version {request.version}" if request.version else ""
    approve = f"{program('model-governance')} approve {request.use_case} {request.gate}{version}"
    return f'(eval "$({stack_command("env", person)})" && {approve} --comment "why you approve")'


def stack_command(name: str, person: str) -> str:
    """A command of the embedded stack about a person; it says where the stack is, if that was set."""
    home = os.environ.get("MODEL_GOVERNANCE_HOME")
    where = f"MODEL_GOVERNANCE_HOME={shlex.quote(home)} " if home else ""
    return f"{where}{program('python')} -m stack {name} {person}"


def program(name: str) -> str:
    """How a program beside this Python is called from the folder that the command runs in."""
    path = Path(sys.executable).with_name(name)
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


def _panel(request: GateRequest, installation: Installation, able: list[str]) -> Panel:
    rule = installation.policy.rule(request.tier, request.gate)
    text = Text()
    _add(text, "who may decide", f"{', '.join(able) or 'nobody'} (role {', '.join(rule.roles)}; risk {request.tier})")
    if request.evidence:
        _add(text, "evidence", ", ".join(f"{piece.kind} {piece.verdict}" for piece in request.evidence))
    for warning in request.warnings:
        _add(text, "answer in the comment", warning.sentence, style="bold yellow")
    text.rstrip()
    version = f", version {request.version}" if request.version else ""
    return Panel(text, title=f"gate {request.gate}: {request.use_case}{version}", title_align="left")


def _add(text: Text, what: str, said: str, style: str = "bold") -> None:
    text.append(what, style=style)
    text.append(f"  {said}\n")
