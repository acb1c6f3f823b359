"""What the trail of calls tells of a gate: who set the status that it has, and which answers nobody has heard yet.

A status keeps the last answer alone; whoever gave one before it was looked at has answered all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import takewhile

from model_governance.decisions.answer import Answer
from model_governance.decisions.decide import Hearing
from model_governance.decisions.record import GateRecord
from model_governance.decisions.refusals import Refusal, record_refusal
from model_governance.decisions.subject import Standing, Subject, standing_of
from model_governance.domain.decision import Channel, DecisionVerdict
from model_governance.domain.ledger import Entry
from model_governance.domain.people import People
from model_governance.errors import DecisionRefused
from model_governance.hooks.approvals import ApprovalRecord
from model_governance.hooks.installation import Installation


def present_answers(trail: Sequence[ApprovalRecord], subject: Subject) -> tuple[ApprovalRecord, ...]:
    """Who set the subject to the status it has now, newest first; empty where that is not on record yet.

    Only the newest records that all set the present status: what was set before another status is ``unheard_answers``'.
    """
    return tuple(takewhile(lambda each: each.status == subject.status, trail))


def unheard_answers(
    trail: Sequence[ApprovalRecord], subject: Subject, record: GateRecord, people: People, since: datetime
) -> tuple[ApprovalRecord, ...]:
    """Answers to the request that another status has taken the place of before they were looked at, oldest first.

    Those alone of people in the people file: what anybody else has set is gone. Who has set the status back to pending
    himself has withdrawn his answer.

    Args:
        trail: Newest first; of the status that is there now those that set it are passed over, if it is an answer.
        subject: As the registry says it is now.
        record: The ledger's word on the gate.
        people: Who may take part.
        since: When the gate was requested, aware; the trail tells whole seconds.
    """
    found, withdrawn = [], set()
    since = since.replace(microsecond=0)
    is_answer = subject.standing in (Standing.APPROVED, Standing.REJECTED)
    for each in trail[len(present_answers(trail, subject)) if is_answer else 0 :]:
        standing = standing_of(subject.gate, each.status)
        if standing is Standing.PENDING:
            withdrawn.add(each.principal)
        if standing not in (Standing.APPROVED, Standing.REJECTED) or each.time < since:
            continue
        is_known = people.by_principal(each.principal, account=subject.account) is not None
        if is_known and each.event_id not in record.events and each.principal not in withdrawn:
            found.append(each)
    return tuple(reversed(found))


def heard(
    hearing: Hearing, answers: Sequence[ApprovalRecord]
) -> tuple[Entry | None, tuple[tuple[ApprovalRecord, str], ...]]:
    """The entry of the last answer that became a decision, and those refused, with the reason and put on record.

    The last of them is not yet, where none became a decision: its status has to be undone first.

    Args:
        hearing: What they are held against.
        answers: Oldest first.

    Raises:
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    entry: Entry | None = None
    refused: list[tuple[ApprovalRecord, str]] = []
    for each in answers:
        try:
            entry = _decide_as(hearing, each)
        except DecisionRefused as fault:
            refused.append((each, str(fault)))
    for each, reason in refused if entry is not None else refused[:-1]:
        put_on_record(hearing.installation, hearing.subject, each, reason)
    return entry, tuple(refused)


def _decide_as(hearing: Hearing, told: ApprovalRecord) -> Entry:
    subject, person = hearing.subject, hearing.people.by_principal(told.principal, account=hearing.subject.account)
    if person is None:
        raise DecisionRefused(
            f"{told.principal or 'an unknown principal'} may not decide the {subject.gate.value} gate of "
            f"{subject.use_case}: nobody in the people file has this principal"
        )
    is_approval = standing_of(subject.gate, told.status) is Standing.APPROVED
    verdict = DecisionVerdict.APPROVE if is_approval else DecisionVerdict.REJECT
    channel = Channel.COMMAND_LINE if told.is_from_command_line else Channel.REGISTRY
    return hearing.enter(Answer.of(verdict, person.id, told.description, channel, told.event_id))


def put_on_record(installation: Installation, subject: Subject, told: ApprovalRecord, reason: str) -> None:
    """Enters that an answer was refused, and why.

    Raises:
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    person = installation.people.by_principal(told.principal, account=subject.account)
    record_refusal(
        installation,
        Refusal(
            gate=subject.gate,
            use_case=subject.use_case,
            subject=subject.arn,
            actor=person.id if person else "",
            name=told.principal,
            status=told.status,
            channel=Channel.COMMAND_LINE if told.is_from_command_line else Channel.REGISTRY,
            reason=reason,
            event_id=told.event_id,
        ),
    )
