"""``model-governance served``: what served at a time, by whose authority, on what evidence; from the ledger alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from model_governance.cli.terminal import console, installation
from model_governance.domain.served import Served, served_at
from model_governance.errors import RequestRefused


def served(
    use_case: Annotated[str, typer.Argument(help="Name of the use case, such as loan-approval.")],
    at: Annotated[str, typer.Option("--at", help="ISO 8601, such as 2026-03-01T12:00; UTC unless it says.")] = "",
) -> None:
    """Say what served in production at a time (now without --at), by whose authority and on what evidence."""
    known = installation()
    time = parse_time(at) if at else known.now()
    found = served_at(known.ledger(use_case).verify(), time)
    for line in lines(use_case, time, found):
        console.print(line, highlight=False, soft_wrap=True, markup=False)


def parse_time(text: str) -> datetime:
    """The time in a text, aware.

    Raises:
        RequestRefused: It is no time.
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise RequestRefused(
            f"--at {text!r} is no time: write it as ISO 8601, such as 2026-03-01T12:00 or 2026-03-01T12:00+01:00"
        ) from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def lines(use_case: str, time: datetime, found: Served | None) -> list[str]:
    """What is told, line by line."""
    when = f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    if found is None:
        return [f"{use_case}: nothing served in production at {when}"]
    entry, body = found.deployment, found.deployment.body
    until = f", until {found.until.time:%Y-%m-%d %H:%M:%S} (entry {found.until.sequence})" if found.until else ""
    told = [
        f"{use_case}: version {body.get('version')} served in production at {when}",
        f"  from endpoint {body.get('endpoint')} ({body.get('endpoint_config')})",
        f"  model sha256 {body.get('model_sha256')}",
        f"  since {entry.time:%Y-%m-%d %H:%M:%S} (entry {entry.sequence}, run {body.get('run_id')}){until}",
    ]
    for authority in found.authorities:
        decision = authority.decision
        told.append(
            f"  {decision.gate.value}: approved by {decision.actor} as {decision.role} by {decision.channel.value} at "
            f"{decision.time:%Y-%m-%d %H:%M:%S} (entry {authority.sequence}): {decision.comment or 'no comment'}"
        )
        for piece in authority.request.evidence if authority.request else ():
            told.append(f"    on {piece.kind.value}: {piece.verdict.value}, sha256 {piece.sha256}, {piece.uri}")
    return told
