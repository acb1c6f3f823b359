"""``model-governance served``: what served at a time, by whose authority, on what evidence; from the ledger alone."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

import typer

from model_governance.cli.ledger_verify import refuse_no_name
from model_governance.cli.terminal import installation, say
from model_governance.cli.use_cases import refuse_unknown
from model_governance.decisions.publish import witnessed_entries
from model_governance.domain.ledger import Entry
from model_governance.domain.served import Served, out_of_service_at, served_at
from model_governance.errors import RequestRefused

_TIME = re.compile(r"[0-9W-]+([Tt ][0-9:]+(?P<fraction>[.,][0-9]+)?(Z|[+-][0-9:]+)?)?")


def served(
    use_case: Annotated[str, typer.Argument(help="Name of the use case, such as loan-approval.")],
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            help="ISO 8601, such as 2026-03-01T12:00; UTC unless it says; the end of that second without a fraction.",
        ),
    ] = None,
) -> None:
    """Say what served in production at a time (now without --at), by whose authority and on what evidence.

    Times are shown to the second: without a fraction, --at is the end of its second, so that a time shown can be asked.
    """
    known = installation()
    now = known.now()
    time = now if at is None else parse_time(at)
    if time > now:
        raise RequestRefused(f"--at {at}: what will serve then is on no record; it is {now:%Y-%m-%dT%H:%M} UTC")
    if at is not None and not _has_fraction(at):
        time = min(time.replace(microsecond=999_999), now)
    refuse_no_name(known, use_case)
    entries = witnessed_entries(known, use_case)
    refuse_unknown(known, use_case, entries)
    for line in lines(use_case, time, served_at(entries, time), out_of_service_at(entries, time)):
        say(line)


def parse_time(text: str) -> datetime:
    """The time in a text, aware.

    Raises:
        RequestRefused: It is no time.
    """
    try:
        if not _TIME.fullmatch(text):  # datetime takes any character between day and hour, and one that ends a string
            raise ValueError
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise RequestRefused(
            f"--at {text!r} is no time: write it as ISO 8601, such as 2026-03-01T12:00 or 2026-03-01T12:00+01:00"
        ) from None


def _has_fraction(text: str) -> bool:
    found = _TIME.fullmatch(text)
    return found is not None and found["fraction"] is not None


def lines(use_case: str, time: datetime, found: Served | None, ended: Entry | None = None) -> list[str]:
    """What is told, line by line."""
    when = f"{_shown(time)} UTC"
    if found is None:
        nothing = f"{use_case}: nothing served in production at {when}"
        return [nothing, f"  {_ended(ended)}"] if ended else [nothing]
    entry, body = found.deployment, found.deployment.body
    until = f", until {_shown(found.until.time)} (entry {found.until.sequence})" if found.until else ""
    again = ""
    if found.since is not None and found.since.sequence != entry.sequence:
        again = f", again since {_shown(found.since.time)} ({_kind(found.since)}, entry {found.since.sequence})"
    told = [
        f"{use_case}: version {body.get('version')} served in production at {when}",
        f"  from endpoint {body.get('endpoint')} ({body.get('endpoint_config')})",
        f"  model sha256 {body.get('model_sha256')}",
        f"  since {_shown(entry.time)} (entry {entry.sequence}, run {body.get('run_id')}){again}{until}",
    ]
    if found.canary is not None and found.canary.percent is not None:
        told.append(f"  beside version {found.canary.version} as canary with {found.canary.percent} % of the traffic")
    for authority in found.authorities:
        decision = authority.decision
        told.append(
            f"  {decision.gate.value}: approved by {decision.actor} as {decision.role} by {decision.channel.value} at "
            f"{_shown(decision.time)} (entry {authority.sequence}): {decision.comment or 'no comment'}"
        )
        for piece in authority.request.evidence if authority.request else ():
            told.append(f"    on {piece.kind.value}: {piece.verdict.value}, sha256 {piece.sha256}, {piece.uri}")
    return told


def _ended(entry: Entry) -> str:
    """Since when and why nothing served."""
    body = entry.body
    who = f" by {body['actor']}" if body.get("actor") else ""
    why = f": {body['reason']}" if body.get("reason") else ""
    what = "drill" if body.get("drill") else _kind(entry)
    return f"since {_shown(entry.time)} ({what}{who}, entry {entry.sequence}){why}"


def _shown(time: datetime) -> str:
    """UTC, to the second."""
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "seconds")


def _kind(entry: Entry) -> str:
    return entry.kind.value.replace("_", " ")
