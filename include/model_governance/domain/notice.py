"""What people are told about a gate: the content of a message, without a channel's form, a secret or a row of data.

Texts that people have written (comments, names of columns, titles) are held as they are; ``notice_text`` makes them
harmless in the form of each channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from model_governance.domain.decision import Gate
from model_governance.domain.gate import GateVerdict
from model_governance.domain.shortfall import MissingItem
from model_governance.domain.waiting import Addressee, NoticeKind, WaitingRequest, escalation

_HEADLINES = {
    NoticeKind.OPENED: "{where} waits for a decision",
    NoticeKind.REMINDER: "Reminder: {where} still waits for a decision",
    NoticeKind.ESCALATION: "Escalation: {where} has waited {waited} for a decision",
}


@dataclass(frozen=True)
class Fact:
    """One line of a notice: what it is about, and what is said."""

    label: str
    text: str


@dataclass(frozen=True)
class Notice:
    """A message.

    Attributes:
        kind: What for.
        use_case: About which use case.
        headline: In a line; the subject of a mail.
        addressees: Who is told.
        facts: What they are told.
        page: Where to look, an address in Airflow.
        commands: What to type to decide, ready to be copied; empty where there is nothing to decide.
    """

    kind: NoticeKind
    use_case: str
    headline: str
    addressees: tuple[Addressee, ...]
    facts: tuple[Fact, ...]
    page: str
    commands: tuple[str, ...] = ()


def gate_notice(kind: NoticeKind, waiting: WaitingRequest, airflow_url: str) -> Notice:
    """The notice of a gate that waits.

    Args:
        kind: OPENED, REMINDER or ESCALATION.
        waiting: The request.
        airflow_url: Where people find Airflow.
    """
    request = waiting.request
    escalated = escalation(waiting) if kind is NoticeKind.ESCALATION else None
    told = escalated.addressees if escalated else tuple(Addressee(each.id, each.email) for each in waiting.deciders)
    facts = [
        Fact("for", ", ".join(each.named for each in told) or "nobody"),
        *(Fact("escalated because", words) for words in (escalated.words if escalated else ())),
        Fact("waits since", f"{waiting.asked:%Y-%m-%d %H:%M} UTC, {in_words(waiting.waited)}"),
        Fact("asked in", f"entry {request_place(waiting)}; risk tier {request.tier}"),
        Fact("who may decide", _deciders(waiting)),
        *_so_far(waiting),
        *_evidence(waiting),
        *_in_the_way(waiting),
        Fact("how", "mark the task on the page success to approve or failed to reject, your comment as its note"),
    ]
    headline = _HEADLINES[kind].format(where=_where(waiting), waited=in_words(waiting.waited))
    return Notice(
        kind=kind,
        use_case=request.use_case,
        headline=headline[0].upper() + headline[1:],
        addressees=told,
        facts=tuple(facts),
        page=_page(airflow_url, request.use_case, request.run_id, f"{request.gate.value}_approval.wait"),
        commands=tuple(_command(waiting, verb) for verb in ("approve", "reject")),
    )


def expiry_notice(
    use_case: str, version: int, endpoint: str, reasons: Mapping[Gate, str], owner: Addressee, airflow_url: str
) -> Notice:
    """The notice to the owner of what serves although its approval has run out.

    Args:
        use_case: The use case.
        version: The version that serves.
        endpoint: What serves it.
        reasons: Why it would not be let through now, by gate, as ``reasons_without_data`` has them.
        owner: Who is told.
        airflow_url: Where people find Airflow.
    """
    return Notice(
        kind=NoticeKind.EXPIRED,
        use_case=use_case,
        headline=f"Endpoint {endpoint} serves {use_case} version {version} without standing approval",
        addressees=(owner,),
        facts=(
            Fact("for", owner.named),
            *(Fact(f"{gate.value} gate closed", reason) for gate, reason in reasons.items()),
            Fact("flagged", "the endpoint by the tag model-governance:approval, and the version in its life cycle"),
            Fact(
                "how", "have the gate requested and approved anew (a new run, or clear its request task), or delete it"
            ),
        ),
        page=f"{airflow_url}/dags/{quote(f'model_lifecycle.{use_case}', safe='')}",
    )


def reasons_without_data(verdict: GateVerdict) -> str:
    """Why a gate is not open, without what the records quote of a data set: what is missing is named only."""
    quoted = {item.sentence for item in verdict.missing}
    kept = [reason for reason in verdict.reasons if reason not in quoted]
    return "; ".join([*kept, *(_missing(item) for item in verdict.missing)])


def request_place(waiting: WaitingRequest) -> str:
    """Where the ledger holds the request."""
    return f"{waiting.sequence} of the ledger of {waiting.request.use_case}"


def in_words(waited: timedelta) -> str:
    """A duration as people say it, such as ``2 d 3 h``; rounded down to the minute."""
    minutes = int(waited.total_seconds() // 60)
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def _where(waiting: WaitingRequest) -> str:
    request = waiting.request
    version = f" version {request.version}" if request.version else ""
    return f"{request.gate.value.replace('_', '-')} gate of {request.use_case}{version}"


def _deciders(waiting: WaitingRequest) -> str:
    named = ", ".join(each.id for each in waiting.deciders) or "nobody in the file of people"
    return f"{named} (role {' or '.join(waiting.rule.roles)})"


def _so_far(waiting: WaitingRequest) -> list[Fact]:
    """How many have approved, where it takes several."""
    counted = waiting.approvals
    if waiting.rule.approvals == 1:
        return []
    groups = f", from {waiting.rule.distinct_groups} distinct groups" if waiting.rule.distinct_groups > 1 else ""
    said = [Fact(f"{each.actor} ({each.group})", f"approved: {each.comment}") for each in counted.approvals]
    return [Fact("so far", f"{counted.sentence}{groups}"), *said]


def _evidence(waiting: WaitingRequest) -> list[Fact]:
    """The verdicts, and the warnings by their numbers: a measurement's detail may quote rows, and stays behind."""
    request = waiting.request
    if not request.evidence:
        return []
    verdicts = ", ".join(f"{piece.kind.value} {piece.verdict.value}" for piece in request.evidence)
    warnings = [warning.model_copy(update={"detail": ""}).sentence for warning in request.warnings]
    return [Fact("evidence", verdicts), *(Fact("answer in the comment", each) for each in warnings)]


def _in_the_way(waiting: WaitingRequest) -> list[Fact]:
    """What keeps the gate closed beside decisions."""
    facts = [Fact("missing", _missing(item)) for item in waiting.verdict.missing]
    if waiting.request.policy_digest != waiting.policy.digest:
        facts.append(Fact("missing", "the policy has changed since: clear the gate's request task to ask anew"))
    return facts


def _missing(item: MissingItem) -> str:
    return f"{item.what} (owner: {item.owner}; {item.how})"


def _command(waiting: WaitingRequest, verb: str) -> str:
    request = waiting.request
    version = f" --version {request.version}" if request.version else ""
    return f'model-governance {verb} {request.use_case} {request.gate.value}{version} --comment "why"'


def _page(airflow_url: str, use_case: str, run_id: str, task_id: str) -> str:
    dag = quote(f"model_lifecycle.{use_case}", safe="")
    if not run_id:
        return f"{airflow_url}/dags/{dag}"
    return f"{airflow_url}/dags/{dag}/runs/{quote(run_id, safe='')}/tasks/{quote(task_id, safe='')}"
