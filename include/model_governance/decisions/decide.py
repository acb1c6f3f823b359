"""Decisions: the one function through which every approval and rejection goes, whatever channel it came by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from model_governance.decisions.answer import Answer
from model_governance.decisions.evaluation import changed_reports, evaluate_record, observe
from model_governance.decisions.in_force import files_in_force
from model_governance.decisions.publish import publish_head
from model_governance.decisions.record import GateRecord, read_record
from model_governance.decisions.subject import Standing, Subject, explain_rejection, read_subject, set_standing
from model_governance.domain.approvals import expiry
from model_governance.domain.decision import Channel, Decision, DecisionVerdict, Gate
from model_governance.domain.eligibility import deciding_role, refuse_opposite
from model_governance.domain.gate import GateState, GateVerdict, Observed
from model_governance.domain.ledger import Authority, Entry, EntryKind, Proposal
from model_governance.domain.people import People, Person
from model_governance.domain.policy import GateRule, Policy
from model_governance.domain.request import GateRequest
from model_governance.domain.seal import SEGMENT
from model_governance.errors import DecisionRefused, PolicyNotEntered, RecordMissing
from model_governance.hooks.installation import Installation


def decide(
    installation: Installation,
    gate: Gate,
    use_case: str,
    subject: str,
    verdict: DecisionVerdict,
    *,
    actor: str,
    comment: str,
    channel: Channel,
    event_id: str = "",
) -> Entry:
    """Records a decision in the ledger and applies it to the registry, if it may be made; safe to repeat.

    Args:
        installation: Through which to act, as the principal ``decision-service``.
        gate: The gate decided on.
        use_case: The use case's name.
        subject: ARN of the model package, or of the use case's card.
        verdict: Like ``actor``, ``comment``, ``channel`` and ``event_id``: see ``Answer``.

    Returns:
        The ledger entry that holds the ``Decision``. The gate may still wait for more: ask ``gate_verdict``.

    Raises:
        DecisionRefused: Not a known person, no role for this gate, owner, author or trainer of the model, decider of
            the gate that must be another's, no pending request, decided already, evidence missing or failed, warnings
            not answered in the comment, or the card, artifact or policy changed since the request.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise. After the ledger has the decision, a
            registry or witness out of reach raises too: the decision stands, and whoever looks next applies it.
    """
    answer = Answer.of(verdict, actor, comment, channel, event_id)
    hearing = Hearing.of(installation, gate, use_case, subject)
    entry = hearing.enter(answer)
    record = read_record(installation.ledger(use_case).entries(), gate, hearing.subject.arn)
    standing = evaluate_record(installation, record, hearing.policy, hearing.observed)
    apply_verdict(installation, read_subject(installation, gate, use_case, subject), standing, record)
    publish_decision(installation, entry)
    return entry


def publish_decision(installation: Installation, entry: Entry, *, on_card: bool = True) -> None:
    """Tells the chain's head to its witnesses, and seals what is full; safe to repeat.

    Args:
        installation: Through which to act.
        entry: The decision, in the ledger.
        on_card: Whether to tell the version's card, too.

    Raises:
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise. The decision stands.
    """
    publish_head(installation, entry, on_card=on_card)
    if entry.sequence >= SEGMENT:
        installation.ledger(entry.use_case).seal(Authority.DECISIONS)


def check_decision(
    installation: Installation,
    gate: Gate,
    use_case: str,
    subject: str,
    verdict: DecisionVerdict,
    *,
    actor: str,
    comment: str,
) -> Proposal | Entry:
    """Raises what ``decide`` would raise, and records nothing; for a command line under another principal.

    Returns:
        The decision that would be recorded, or the entry that holds it already.

    Raises:
        DecisionRefused: As ``decide``.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    answer = Answer.of(verdict, actor, comment, Channel.COMMAND_LINE)
    hearing = Hearing.of(installation, gate, use_case, subject)
    return hearing.hear(answer, installation.ledger(use_case).entries())


def apply_verdict(installation: Installation, subject: Subject, verdict: GateVerdict, record: GateRecord) -> None:
    """Sets the registry to what the ledger has decided, unless it says so already or the version is in use.

    Raises:
        AccessRefused, ServiceUnavailable, RequestRefused: As the registry answers.
    """
    decided = {GateState.OPEN: Standing.APPROVED, GateState.REJECTED: Standing.REJECTED}.get(verdict.state)
    if decided is None or subject.standing in (Standing.BEYOND, Standing.OTHER):
        return
    said = "; ".join(
        f"{decided.value} by {decision.actor} as {decision.role} ({decision.channel.value}, ledger entry "
        f"{record.entry_of(decision).sequence}): {decision.comment or 'no comment'}"
        for decision in verdict.decided_by
    )
    if subject.standing is not decided:
        set_standing(installation, subject, decided, said)
    elif decided is Standing.REJECTED:
        explain_rejection(installation, subject, said)


@dataclass(frozen=True)
class Hearing:
    """All that an answer is held against, read once; only the ledger is looked at again after a lost race.

    Attributes:
        installation: Through which it was read.
        subject: What the gate stands before, as the registry says now.
        policy: In force.
        people: Who may take part.
        observed: What is there now.
    """

    installation: Installation
    subject: Subject
    policy: Policy
    people: People
    observed: Observed

    @classmethod
    def of(cls, installation: Installation, gate: Gate, use_case: str, subject: str) -> Hearing:
        """The hearing of a gate's subject.

        Raises:
            DecisionRefused: There is no such subject, or it is another use case's.
            AccessRefused, ServiceUnavailable: As the hooks raise.
        """
        try:
            found = read_subject(installation, gate, use_case, subject)
        except RecordMissing as fault:
            raise DecisionRefused(f"no decision on the {gate.value} gate of {use_case}: {fault}") from fault
        try:
            policy, people = files_in_force(installation)
        except PolicyNotEntered as fault:
            raise DecisionRefused(f"no decision on the {gate.value} gate of {use_case}: {fault}") from fault
        return cls(installation, found, policy, people, observe(installation, found, policy))

    def enter(self, answer: Answer) -> Entry:
        """The entry that holds the decision: appended now, or there already.

        Raises:
            DecisionRefused: As ``decide``.
            LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
        """
        self.installation.texts.keep(self.policy)
        self.installation.texts.keep(self.people)
        ledger = self.installation.ledger(self.subject.use_case)
        return ledger.propose(lambda entries: self.hear(answer, entries))

    def hear(self, answer: Answer, entries: Sequence[Entry]) -> Proposal | Entry:
        """The decision to record, or the entry that holds it already.

        Raises:
            DecisionRefused: As ``decide``.
        """
        gate, person = self.subject.gate, self._person(answer)
        record = read_record(entries, gate, self.subject.arn)
        if record.request is None:
            raise DecisionRefused(
                f"{self._name} has not been requested: there is nothing to decide yet. Run the lifecycle to its gate."
            )
        rule = self.policy.rule(record.request.tier, gate)
        role = deciding_role(rule, record.request, record.decisions, person)
        held = _same(record, answer, rule, self.installation.now())
        if held is not None:
            return held
        refuse_opposite(self.policy, record.request, record.decisions, person)
        self._refuse_unfit(record, answer)
        answer = replace(answer, group=person.group)
        return Proposal(EntryKind.DECISION, self.subject.arn, self._decision(record.request, answer, role))

    @property
    def _name(self) -> str:
        version = f" version {self.subject.version}" if self.subject.version else ""
        return f"the {self.subject.gate.value} gate of {self.subject.use_case}{version}"

    def _person(self, answer: Answer) -> Person:
        person = self.people.by_id(answer.actor)
        if person is None:
            raise DecisionRefused(
                f"{answer.actor or 'someone unknown'} may not decide {self._name}: not in the people file. "
                "Have the people file's owner enter the person and the role."
            )
        return person

    def _refuse_unfit(self, record: GateRecord, answer: Answer) -> None:
        """Raises if the request cannot be decided, or not so, whoever asks."""
        verdict = evaluate_record(self.installation, record, self.policy, self.observed, self.people)
        if verdict.state is GateState.SUPERSEDED:
            raise DecisionRefused(f"{self._name} cannot be decided: {'; '.join(verdict.reasons)}")
        if _is_decided(self.installation, record, self.policy):
            raise DecisionRefused(
                f"{self._name} is decided already: {_told(record)}. A second decision needs a new request."
            )
        if self.subject.standing in (Standing.OTHER, Standing.BEYOND):
            raise DecisionRefused(
                f"{self._name} is not pending: the registry says {self.subject.status or 'nothing'}. Request it again."
            )
        if answer.verdict is DecisionVerdict.REJECT or record.request is None:
            return
        if answer.until is not None and answer.until <= self.installation.now():
            raise DecisionRefused(
                f"{self._name} cannot be approved until a day that has passed ({answer.until:%Y-%m-%d %H:%M} UTC)"
            )
        faults = (*verdict.reasons, *changed_reports(self.installation, record.request.evidence))
        if verdict.state is GateState.BLOCKED or faults[len(verdict.reasons) :]:
            raise DecisionRefused(f"{self._name} cannot be approved: {'; '.join(faults)}")
        if record.request.warnings and not answer.comment:
            warned = "; ".join(measurement.sentence for measurement in record.request.warnings)
            raise DecisionRefused(
                f"{self._name} cannot be approved without a comment that answers its warnings: {warned}"
            )

    def _decision(self, request: GateRequest, answer: Answer, role: str) -> dict[str, object]:
        return Decision(
            gate=request.gate,
            subject=request.subject,
            verdict=answer.verdict,
            actor=answer.actor,
            role=role,
            comment=answer.comment,
            channel=answer.channel,
            time=self.installation.now(),
            policy_digest=self.policy.digest,
            people_digest=self.people.digest,
            evidence_digest=request.evidence_digest,
            card_digest=request.card_digest,
            request_digest=request.digest,
            event_id=answer.event_id,
            group=answer.group,
            until=answer.until,
            condition=answer.condition,
        ).model_dump(mode="json")


def _same(record: GateRecord, answer: Answer, rule: GateRule, now: datetime) -> Entry | None:
    """The entry of the same person's same verdict on the standing request, unless it expired, or of the same event."""
    for decision, entry in record.entries:
        if answer.event_id and decision.event_id == answer.event_id:
            return entry
        end = expiry(rule, decision) if decision.verdict is DecisionVerdict.APPROVE else None
        if (decision.actor, decision.verdict) == (answer.actor, answer.verdict) and (end is None or now < end):
            return entry
    return None


def _is_decided(installation: Installation, record: GateRecord, policy: Policy) -> bool:
    """Whether the request was decided, even if things have changed since."""
    return evaluate_record(installation, record, policy, None).state in (GateState.OPEN, GateState.REJECTED)


def _told(record: GateRecord) -> str:
    return ", ".join(
        f"{'approved' if decision.verdict is DecisionVerdict.APPROVE else 'rejected'} by {decision.actor} at "
        f"{decision.time:%Y-%m-%d %H:%M} UTC (ledger entry {entry.sequence})"
        for decision, entry in record.entries
    )
