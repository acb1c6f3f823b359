"""Adjudication: what a status set in the registry itself counts for, and its undoing where it counts for nothing.

Apart from ``decide`` because here the deed comes first: boto3, a console or our command line has set it already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from model_governance.decisions.decide import Hearing, apply_verdict, publish_decision
from model_governance.decisions.evaluation import evaluate_record, observe
from model_governance.decisions.in_force import files_in_force
from model_governance.decisions.outcome import Adjudication, Outcome
from model_governance.decisions.record import GateRecord, read_record
from model_governance.decisions.subject import (
    Standing,
    Subject,
    approval_trail,
    read_subject,
    set_standing,
)
from model_governance.decisions.trail import heard, present_answers, put_on_record, unheard_answers
from model_governance.domain.decision import DecisionVerdict, Gate
from model_governance.domain.gate import GateState, GateVerdict
from model_governance.domain.ledger import Entry
from model_governance.errors import PolicyNotEntered
from model_governance.hooks.approvals import ApprovalRecord
from model_governance.hooks.installation import Installation

_CLOCKS_DIFFER = timedelta(seconds=2)
"""How far the trail's clock may be behind the ledger's: what is older than the request by more answers another."""


Publish = Callable[[Installation, Entry], None]
"""Tells the witnesses of a decision, or sees to it that they are told."""


def adjudicate(
    installation: Installation,
    gate: Gate,
    use_case: str,
    subject: str | None,
    publish: Publish = publish_decision,
) -> Adjudication:
    """Brings registry and ledger of a gate into line and says how it stands.

    A decision in the ledger that the registry does not show is applied (a crash came between). A status in the registry
    that no decision covers is attributed by the approval record: made by someone who may, it becomes a decision;
    otherwise it is set back to pending with the reason where the gate has one. Safe to repeat, and to run in several
    places at once.

    Args:
        installation: Through which to act, as the principal ``decision-service``.
        gate: The gate.
        use_case: The use case's name.
        subject: ARN of the model package, or of the use case's card; None for the card that there is.
        publish: What becomes of a decision's head; who has somebody waiting may publish it afterwards.

    Raises:
        RecordMissing: There is no such card or model package.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    try:
        seen = _look(installation, gate, use_case, subject)
    except PolicyNotEntered as fault:
        return _without_policy(installation, gate, use_case, subject, str(fault))
    found, record, verdict = seen.hearing.subject, seen.record, seen.verdict
    settled = _settle(installation, found, record, verdict)
    if settled is not None:
        if settled.outcome in (Outcome.APPROVED, Outcome.REJECTED):
            publish(installation, record.entry_of(verdict.decided_by[-1]))
        if settled.outcome is Outcome.SUPERSEDED and found.standing is Standing.APPROVED and not _has_approval(record):
            _undo(installation, found, record, _last_answer(installation, found), settled.reason)
        if settled.outcome is Outcome.WAITING and settled.decisions:
            return _hear_late(seen, publish) or settled
        return settled
    if verdict.state is GateState.BLOCKED and found.standing is Standing.APPROVED:
        return _undo(installation, found, record, _last_answer(installation, found), "; ".join(verdict.reasons))
    return _attribute(seen, publish)


def gate_verdict(installation: Installation, gate: Gate, use_case: str, subject: str) -> GateVerdict:
    """How a gate stands by ledger, policy, card and model, read afresh; changes nothing.

    Under a policy or people file that was not entered, nothing can be decided: the gate is blocked.

    Raises:
        RecordMissing: There is no such card or model package.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    try:
        return _look(installation, gate, use_case, subject).verdict
    except PolicyNotEntered as fault:
        return GateVerdict(state=GateState.BLOCKED, reasons=(str(fault),))


@dataclass(frozen=True)
class _Seen:
    """A gate as it is now: what an answer would be held against, its record, and how it stands by both."""

    hearing: Hearing
    record: GateRecord
    verdict: GateVerdict


def _look(installation: Installation, gate: Gate, use_case: str, subject: str | None) -> _Seen:
    """Registry first, then ledger: a decision applied between the two is seen in both."""
    policy, people = files_in_force(installation)
    found = read_subject(installation, gate, use_case, subject)
    hearing = Hearing(installation, found, policy, people, observe(installation, found, policy))
    return _evaluated(hearing, installation.ledger(use_case).entries())


def _evaluated(hearing: Hearing, entries: Sequence[Entry]) -> _Seen:
    record = read_record(entries, hearing.subject.gate, hearing.subject.arn)
    verdict = evaluate_record(hearing.installation, record, hearing.policy, hearing.observed, hearing.people)
    return _Seen(hearing, record, verdict)


def _without_policy(
    installation: Installation, gate: Gate, use_case: str, subject: str | None, reason: str
) -> Adjudication:
    """Nothing is decided by files that nobody has entered: a status set meanwhile, by nobody's decision, is undone."""
    found = read_subject(installation, gate, use_case, subject)
    record = read_record(installation.ledger(use_case).entries(), gate, found.arn)
    if found.standing is not Standing.APPROVED or record.entries:
        return Adjudication(Outcome.BLOCKED, reason)
    return _undo(installation, found, record, _last_answer(installation, found), reason)


def _settle(
    installation: Installation, subject: Subject, record: GateRecord, verdict: GateVerdict
) -> Adjudication | None:
    """How the gate stands where no status needs to be attributed to anybody; None where one does."""
    reason = "; ".join(verdict.reasons)
    if verdict.state is GateState.SUPERSEDED:
        return Adjudication(Outcome.SUPERSEDED, reason)
    if verdict.state in (GateState.OPEN, GateState.REJECTED):
        apply_verdict(installation, subject, verdict, record)
        outcome = Outcome.APPROVED if verdict.is_open else Outcome.REJECTED
        return Adjudication(outcome, reason, verdict.decided_by)
    if subject.standing is Standing.PENDING:
        outcome = Outcome.WAITING if verdict.state is GateState.WAITING else Outcome.BLOCKED
        return Adjudication(outcome, reason, verdict.decided_by)
    if subject.standing in (Standing.OTHER, Standing.BEYOND):
        says = f"the registry says {subject.status or 'nothing'}, which is no answer to a request"
        return Adjudication(Outcome.BLOCKED, "; ".join(filter(None, (reason, says))), verdict.decided_by)
    if record.request is None and subject.standing is Standing.REJECTED:
        return Adjudication(Outcome.BLOCKED, reason)
    return None


def _last_answer(installation: Installation, subject: Subject) -> ApprovalRecord | None:
    """Who set the status that the subject has now; None where that is not on record yet."""
    return next(iter(present_answers(approval_trail(installation, subject), subject)), None)


def _has_approval(record: GateRecord) -> bool:
    return any(decision.verdict is DecisionVerdict.APPROVE for decision, _ in record.entries)


def _attribute(seen: _Seen, publish: Publish) -> Adjudication:
    """Makes decisions of the answers given in the registry, oldest first, or undoes its status, by who set it."""
    installation, subject, record = seen.hearing.installation, seen.hearing.subject, seen.record
    asked = record.entry.time - _CLOCKS_DIFFER if record.entry else None
    trail = approval_trail(installation, subject)
    known = present_answers(trail, subject)
    told = [each for each in known if each.event_id not in record.events and (asked is None or each.time >= asked)]
    if not told and _was_left_standing(seen, known):
        return _wait_on(seen, publish)
    if not told:
        return Adjudication(
            Outcome.UNATTRIBUTED, f"the registry says {subject.status}, and there is no record yet of who set it"
        )
    entry, refused = heard(seen.hearing, (*_unheard(seen, trail), *reversed(told)))
    if entry is not None:
        return _after_decision(seen.hearing, entry, publish)
    return _undo(installation, subject, record, *refused[-1])


def _hear_late(seen: _Seen, publish: Publish) -> Adjudication | None:
    """Makes decisions of answers that came while one of several was set back to pending; None where none did."""
    installation, subject = seen.hearing.installation, seen.hearing.subject
    entry, refused = heard(seen.hearing, _unheard(seen, approval_trail(installation, subject)))
    if entry is not None:
        return _after_decision(seen.hearing, entry, publish)
    for last in refused[-1:]:  # no status of it stands that has to be undone first
        put_on_record(installation, subject, *last)
    return None


def _unheard(seen: _Seen, trail: Sequence[ApprovalRecord]) -> tuple[ApprovalRecord, ...]:
    if seen.record.entry is None:
        return ()
    return unheard_answers(trail, seen.hearing.subject, seen.record, seen.hearing.people, seen.record.entry.time)


def _after_decision(hearing: Hearing, entry: Entry, publish: Publish) -> Adjudication:
    """How the gate stands once a status has become a decision: one approval of several sets it back to pending.

    By the chain as far as this decision and no new look: who decides after it has this one in his chain, and applies
    what both amount to.
    """
    installation, subject = hearing.installation, hearing.subject
    seen = _evaluated(hearing, installation.ledger(subject.use_case).entries_with(entry))
    if seen.verdict.state is GateState.WAITING and subject.standing in (Standing.APPROVED, Standing.REJECTED):
        return _wait_on(seen, publish)
    settled = _settle(installation, subject, seen.record, seen.verdict)
    publish(installation, entry)
    return settled or Adjudication(Outcome.BLOCKED, "; ".join(seen.verdict.reasons))


def _wait_on(seen: _Seen, publish: Publish) -> Adjudication:
    """Sets a status that became one approval of several back to pending."""
    installation, subject = seen.hearing.installation, seen.hearing.subject
    reason, decided_by = "; ".join(seen.verdict.reasons), seen.verdict.decided_by
    set_standing(installation, subject, Standing.PENDING, reason)
    found = _unless_decided(installation, subject, seen.record, Adjudication(Outcome.WAITING, reason, decided_by))
    publish(installation, seen.record.entries[-1][1])
    return found


def _was_left_standing(seen: _Seen, known: Sequence[ApprovalRecord]) -> bool:
    """Whether the status is one approval of several, which a kill kept from being set back once it was on record.

    Only if nothing has changed since: an answer that the trail does not show yet must not be taken for it.
    """
    counted = {decision.event_id for decision in seen.verdict.decided_by}
    if seen.verdict.state is not GateState.WAITING or not known or known[0].event_id not in counted:
        return False
    modified = seen.hearing.subject.modified
    return modified is not None and modified <= known[0].time + _CLOCKS_DIFFER


def _undo(
    installation: Installation, subject: Subject, record: GateRecord, told: ApprovalRecord | None, reason: str
) -> Adjudication:
    """Sets the status back to pending, first of all; then puts on record what was undone."""
    who = told.principal.rsplit("/", 1)[-1] if told else "someone"
    words = f"{subject.status} by {who} was set back: {reason}"
    set_standing(installation, subject, Standing.PENDING, words)
    if told is not None:
        put_on_record(installation, subject, told, reason)
    return _unless_decided(installation, subject, record, Adjudication(Outcome.UNDONE, words))


def _unless_decided(
    installation: Installation, subject: Subject, before: GateRecord, set_back: Adjudication
) -> Adjudication:
    """How a gate stands whose status was set back: decided, if decisions have come by another channel meanwhile.

    Who made them may have found the status that they needed and have left it at that; and a mark has ended the task
    that would look again.
    """
    entries = installation.ledger(subject.use_case).entries()
    if len(read_record(entries, subject.gate, subject.arn).entries) == len(before.entries):
        return set_back
    try:
        seen = _look(installation, subject.gate, subject.use_case, subject.arn)
    except PolicyNotEntered:
        return set_back
    if seen.verdict.state not in (GateState.OPEN, GateState.REJECTED):
        return set_back
    return _settle(installation, seen.hearing.subject, seen.record, seen.verdict) or set_back
