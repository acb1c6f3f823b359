"""``model-governance approve``, ``reject`` and ``missing``: a gate from the command line.

A decision here is made under the caller's own AWS principal: everything is checked first, then the registry's status is
set, and the gate's adjudicator records in the ledger who did it, by the registry's own approval record.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import Annotated

import typer

from model_governance.cli.terminal import console, installation
from model_governance.decisions.adjudicate import gate_verdict
from model_governance.decisions.decide import check_decision
from model_governance.decisions.missing import missing_for
from model_governance.decisions.subject import Standing, answer, read_subject
from model_governance.domain.condition import write_remark
from model_governance.domain.decision import DecisionVerdict, Gate
from model_governance.domain.gate import GateState
from model_governance.domain.ledger import Entry, EntryKind
from model_governance.domain.people import Person
from model_governance.errors import DecisionRefused, GateClosed, RecordMissing
from model_governance.hooks.aws import calling
from model_governance.hooks.installation import Installation

_RECORDED_SECONDS = 60.0
_POLL_SECONDS = 0.5

UseCaseName = Annotated[str, typer.Argument(help="Name of the use case, such as loan-approval.")]
GateName = Annotated[Gate, typer.Argument(help="The gate.")]
Version = Annotated[int | None, typer.Option(help="Version of the model; the newest by default.", min=1)]
Comment = Annotated[str, typer.Option(help="Why; required when the evidence has warnings.")]


def approve(
    use_case: UseCaseName,
    gate: GateName,
    version: Version = None,
    comment: Comment = "",
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The last day, UTC, on which the approval holds; without it, always."),
    ] = None,
    condition: Annotated[str, typer.Option(help="What the approval depends on; needs --until.")] = "",
) -> None:
    """Approve at a gate, under your own AWS principal."""
    said = write_remark(comment, until.date() if until else None, condition)
    _decide(use_case, gate, version, DecisionVerdict.APPROVE, said)


def reject(use_case: UseCaseName, gate: GateName, version: Version = None, comment: Comment = "") -> None:
    """Reject at a gate, under your own AWS principal."""
    _decide(use_case, gate, version, DecisionVerdict.REJECT, comment)


def missing(
    use_case: UseCaseName,
    version: Version = None,
    gate: Annotated[Gate, typer.Option(help="The gate to ask about.")] = Gate.PRODUCTION,
) -> None:
    """Say what stands between a version and a gate, with owner and remedy; exit status 1 if anything does."""
    known = installation()
    items = missing_for(known, gate, use_case, _subject(known, use_case, gate, version))
    for item in items:
        console.print(f"• {item.sentence}", highlight=False, markup=False, soft_wrap=True)
    if items:
        raise typer.Exit(1)
    console.print(f"{use_case}: nothing is missing for the {gate} gate")


def _decide(use_case: str, gate: Gate, version: int | None, verdict: DecisionVerdict, comment: str) -> None:
    known = installation()
    person = caller(known)
    arn = _subject(known, use_case, gate, version)
    check_decision(known, gate, use_case, arn, verdict, actor=person.id, comment=comment)
    seen = len(known.ledger(use_case).entries())
    subject = read_subject(known, gate, use_case, arn)
    standing = Standing.APPROVED if verdict is DecisionVerdict.APPROVE else Standing.REJECTED
    answer(known, subject, standing, comment)
    entry = _wait_until_recorded(known, use_case, arn, seen)
    if entry.kind is EntryKind.REFUSAL:
        raise DecisionRefused(str(entry.body.get("reason", "the adjudicator set the status back")))
    console.print(
        f"recorded as entry {entry.sequence} of the ledger: {gate} {entry.body['verdict']} by {entry.body['actor']} "
        f"as {entry.body['role']}, by {entry.body['channel']}",
        highlight=False,
        soft_wrap=True,
    )
    stands = gate_verdict(known, gate, use_case, arn)
    if stands.state is GateState.WAITING:
        console.print(f"the gate waits on: {'; '.join(stands.reasons)}", highlight=False, soft_wrap=True)
    elif stands.is_open and stands.holds_until:
        console.print(f"the gate is open until {stands.holds_until:%Y-%m-%d %H:%M} UTC", highlight=False)


def caller(known: Installation) -> Person:
    """Who the caller's AWS principal is.

    Raises:
        DecisionRefused: Nobody in the people file acts under it.
    """
    with calling("sts", "GetCallerIdentity"):
        arn = str(known.clients.client("sts").get_caller_identity()["Arn"])
    person = known.people.by_principal(arn)
    if person is None:
        raise DecisionRefused(f"{arn} is nobody in the people file: decisions are made by people named there")
    return person


def _subject(known: Installation, use_case: str, gate: Gate, version: int | None) -> str:
    """ARN of what the gate stands before.

    Raises:
        RecordMissing: There is no such card, group or version.
    """
    if gate is Gate.USE_CASE:
        return known.cards.describe(use_case).arn
    versions = {each.version: each.arn for each in known.registry.versions(use_case)}
    wanted = version or max(versions, default=0)
    if wanted not in versions:
        held = ", ".join(map(str, sorted(versions))) or "none"
        raise RecordMissing(f"{use_case} has no version {wanted or 'at all'}; there are: {held}")
    return versions[wanted]


def _wait_until_recorded(known: Installation, use_case: str, arn: str, seen: int) -> Entry:
    until = time.monotonic() + _RECORDED_SECONDS
    while time.monotonic() < until:
        for entry in known.ledger(use_case).entries()[seen:]:
            if entry.subject == arn and entry.kind in (EntryKind.DECISION, EntryKind.REFUSAL):
                return entry
        time.sleep(_POLL_SECONDS)
    raise GateClosed(
        f"the registry has the status, but nobody recorded it within {_RECORDED_SECONDS:.0f} seconds: the ledger takes "
        "it when the lifecycle waits at this gate and Airflow's triggerer runs; until then the gate stays closed"
    )
