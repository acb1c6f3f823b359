"""``model-governance approve``, ``reject`` and ``missing``: a gate from the command line.

A decision here is made under the caller's own AWS principal: everything is checked first, then the registry's status is
set, and the gate's adjudicator records in the ledger who did it, by the registry's own approval record.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import Annotated

import typer

from model_governance.cli.terminal import installation, say, say_indented
from model_governance.decisions.address import Named, named_subject
from model_governance.decisions.adjudicate import gate_verdict
from model_governance.decisions.decide import check_decision
from model_governance.decisions.missing import outlook
from model_governance.decisions.subject import Standing, answer, read_subject
from model_governance.domain.canonical import is_text
from model_governance.domain.condition import write_remark
from model_governance.domain.decision import DecisionVerdict, Gate
from model_governance.domain.ledger import Entry, EntryKind
from model_governance.domain.people import Person
from model_governance.errors import DecisionRefused, GateClosed
from model_governance.hooks.aws import calling
from model_governance.hooks.card_tags import comment_from, comment_tags
from model_governance.hooks.configuration import refuse_unfit_name
from model_governance.hooks.installation import Installation

_RECORDED_SECONDS = 60.0
_POLL_SECONDS = 0.5
_LONGEST_COMMENT = 1024
"""What the registry's descriptions hold; a person's words are refused sooner than cut."""


def _fit_name(name: str) -> str:
    """The name, if a use case can be called so; before a store or a registry is asked for it.

    Raises:
        RecordMissing: None can.
    """
    refuse_unfit_name(name)
    return name


UseCaseName = Annotated[str, typer.Argument(help="Name of the use case, such as loan-approval.", callback=_fit_name)]
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
    version: Annotated[
        int | None, typer.Argument(help="Version of the model; the newest by default.", min=1, show_default=False)
    ] = None,
    gate: Annotated[Gate, typer.Option(help="The last gate to ask about.")] = Gate.PRODUCTION,
) -> None:
    """Say what is missing for the next stage and on to production, each with owner and remedy; exit status 1 if any."""
    known = installation()
    has_version = version is not None or known.registry.group_exists(use_case)
    subject = named_subject(known, Gate.PRODUCTION, use_case, version) if has_version else None
    found = outlook(known, use_case, subject.arn if subject else None)
    order = list(Gate)
    asked = {each: items for each, items in found.items.items() if order.index(each) <= order.index(gate)}
    for place, (each, items) in enumerate(asked.items()):
        about = subject.name if subject and each is not Gate.USE_CASE else use_case
        say(f"{'next' if place == 0 else 'then'}: the {each} gate of {about}", style="bold")
        for item in items:
            say_indented(f"- {item.what}: {item.reason}", indent="  ")
            say_indented(f"owner {item.owner}; {item.how}", indent="    ", hanging="")
    if asked:
        raise typer.Exit(1)
    say(f"{subject.name if subject else use_case}: nothing is missing for the {gate} gate")


def _decide(use_case: str, gate: Gate, version: int | None, verdict: DecisionVerdict, comment: str) -> None:
    known = installation()
    person = caller(known)
    subject = named_subject(known, gate, use_case, version)
    comment = _whole(comment, gate)
    heard = check_decision(known, gate, use_case, subject.arn, verdict, actor=person.id, comment=comment)
    if isinstance(heard, Entry):
        stands = _standing(known, gate, use_case, subject)
        say(f"recorded before, as entry {heard.sequence} of the ledger; {stands}")
        return
    seen = len(known.ledger(use_case).entries())
    standing = Standing.APPROVED if verdict is DecisionVerdict.APPROVE else Standing.REJECTED
    answer(known, read_subject(known, gate, use_case, subject.arn), standing, comment)
    entry = _wait_until_recorded(known, use_case, subject, person, seen)
    if entry.kind is EntryKind.REFUSAL:
        raise DecisionRefused(str(entry.body.get("reason", "the adjudicator set the status back")))
    said = {"approve": "approved", "reject": "rejected"}[entry.body["verdict"]]
    say(
        f"{subject.name}: {said} at the {gate} gate by {entry.body['actor']} as {entry.body['role']}, by "
        f"{entry.body['channel']}; recorded as entry {entry.sequence} of the ledger; "
        f"{_standing(known, gate, use_case, subject)}"
    )


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


def _whole(comment: str, gate: Gate) -> str:
    """The comment on one line.

    Raises:
        DecisionRefused: It is longer than the registry can hold, or no text.
    """
    line = " ".join(comment.split())
    if not is_text(line):
        raise DecisionRefused("the comment cannot be recorded: some of it is no text in UTF-8")
    if len(line) > _LONGEST_COMMENT or (gate is Gate.USE_CASE and comment_from(comment_tags(line)) != line):
        raise DecisionRefused(
            f"a comment of {len(line)} characters is longer than the registry holds: {_LONGEST_COMMENT} at most, and "
            "less at the use_case gate where they are not plain letters; say it shorter"
        )
    return line


def _standing(known: Installation, gate: Gate, use_case: str, subject: Named) -> str:
    verdict = gate_verdict(known, gate, use_case, subject.arn)
    until = f" until {verdict.holds_until:%Y-%m-%d %H:%M} UTC" if verdict.is_open and verdict.holds_until else ""
    return f"the gate is {verdict.state}{until}" + (f": {'; '.join(verdict.reasons)}" if verdict.reasons else "")


def _wait_until_recorded(known: Installation, use_case: str, subject: Named, person: Person, seen: int) -> Entry:
    until = time.monotonic() + _RECORDED_SECONDS
    while time.monotonic() < until:
        for entry in known.ledger(use_case).entries()[seen:]:
            if entry.subject == subject.arn and _is_answer_to(entry, person, known):
                return entry
        time.sleep(_POLL_SECONDS)
    raise GateClosed(
        f"the registry has the status, but nobody recorded it within {_RECORDED_SECONDS:.0f} seconds: the ledger takes "
        "it when the lifecycle waits at this gate and Airflow's triggerer runs; until then the gate stays closed"
    )


def _is_answer_to(entry: Entry, person: Person, known: Installation) -> bool:
    if entry.kind is EntryKind.DECISION:
        return bool(entry.body.get("actor") == person.id)
    return entry.kind is EntryKind.REFUSAL and known.people.by_principal(str(entry.body.get("principal"))) == person
