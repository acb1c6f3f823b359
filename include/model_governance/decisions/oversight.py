"""Exceptions and findings: recorded in a use case's ledger by people whom the policy names, under their own principal.

Apart from ``decide``, which answers a request: these are made at any time, and the gates weigh them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from pydantic import ValidationError

from model_governance.decisions.in_force import files_in_force
from model_governance.decisions.publish import publish_head
from model_governance.decisions.record import opened_findings, read_record
from model_governance.domain.canonical import is_text
from model_governance.domain.decision import Gate
from model_governance.domain.evidence import Evidence, EvidenceKind
from model_governance.domain.ledger import Entry, EntryKind, Proposal
from model_governance.domain.oversight import Finding, FindingClosure, GrantedException, Severity
from model_governance.domain.people import People, Person
from model_governance.domain.policy import Policy
from model_governance.domain.use_case import UseCase
from model_governance.errors import DecisionRefused, RecordMissing
from model_governance.hooks.installation import Installation

_LONGEST_TITLE = 200
_LONGEST_WORDS = 1000
"""Refused beyond that when it is said; a ledger that holds longer ones is read as it is."""


@dataclass(frozen=True)
class Bench:
    """Who acts, and by which policy.

    Attributes:
        installation: Under the person's own principal.
        policy: In force.
        people: In force.
        person: Who acts.
    """

    installation: Installation
    policy: Policy
    people: People
    person: Person

    @classmethod
    def of(cls, installation: Installation, actor: str) -> Bench:
        """The bench of a person.

        Raises:
            DecisionRefused: The person is not in the people file.
            PolicyNotEntered: The policy or people file is not the version that its owner entered.
        """
        policy, people = files_in_force(installation)
        person = people.by_id(actor)
        if person is None:
            raise DecisionRefused(f"{actor or 'someone unknown'} is not in the people file")
        return cls(installation, policy, people, person)

    def role(self, roles: Sequence[str], deed: str) -> str:
        """The role in which the person may do something.

        Raises:
            DecisionRefused: In none of the roles that the policy names.
        """
        role = next((each for each in roles if each in self.person.roles), None)
        if role is None:
            able = sorted({each.id for name in roles for each in self.people.in_role(name)})
            held = ", ".join(self.person.roles) or "no role"
            raise DecisionRefused(
                f"{self.person.id} may not {deed}: the policy names {' or '.join(roles) or 'nobody'} for it; "
                f"{self.person.id} holds {held}. Ask {', '.join(able) or 'nobody'}."
            )
        return role

    def known(self, person_id: str, part: str) -> str:
        """The id of somebody in the people file.

        Raises:
            DecisionRefused: Nobody has it.
        """
        if self.people.by_id(person_id) is None:
            raise DecisionRefused(f"{part} {person_id!r} is nobody in the people file")
        return person_id


def grant_exception(
    installation: Installation,
    use_case: str,
    version: int,
    item: str,
    *,
    actor: str,
    reason: str,
    compensating_control: str,
    owner: str,
    until: date,
) -> Entry:
    """Lets an exception stand in for evidence or a limit of one version until the end of a day (UTC).

    Raises:
        DecisionRefused: By nobody whom the policy names, by the use case's owner or author or the version's trainer,
            for longer than the policy allows, until a past day, for what is no evidence or a limit that it does not
            hold, or in too many words.
        RecordMissing: There is no such version or use case.
        PolicyNotEntered, LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    bench = Bench.of(installation, actor)
    deed = f"grant an exception to {use_case} version {version}"
    role = bench.role(bench.policy.exceptions.roles, deed)
    declared = installation.use_case(use_case)
    subject = _version_arn(installation, use_case, version)
    record = read_record(installation.ledger(use_case).entries(), Gate.GOVERNANCE, subject)
    _refuse_parts(declared, actor, deed, record.candidate.trainer if record.candidate else "")
    _refuse_words(_LONGEST_WORDS, {"item": item, "reason": reason, "compensating control": compensating_control})
    now = installation.now()
    today = now.astimezone(UTC).date()
    if not today <= until <= today + timedelta(days=bench.policy.exceptions.longest_days):
        raise DecisionRefused(
            f"an exception cannot last until {until}: by the policy it ends after today and within "
            f"{bench.policy.exceptions.longest_days} days"
        )
    try:
        granted = GrantedException(
            item=item,
            reason=reason.strip(),
            compensating_control=compensating_control.strip(),
            owner=bench.known(owner, "owner"),
            granted_by=actor,
            role=role,
            time=now,
            expires=datetime.combine(until + timedelta(days=1), time(), UTC),
            policy_digest=bench.policy.digest,
            people_digest=bench.people.digest,
        )
    except ValidationError as faults:
        told = "; ".join(f"{'.'.join(map(str, each['loc'])) or item}: {each['msg']}" for each in faults.errors())
        raise DecisionRefused(f"the exception is not complete: {told}") from None
    _refuse_unheld(granted, record.evidence, version)
    entry = installation.ledger(use_case).append(EntryKind.EXCEPTION, subject, granted.model_dump(mode="json"))
    publish_head(installation, entry, on_card=False)
    return entry


def open_finding(
    installation: Installation,
    use_case: str,
    *,
    actor: str,
    title: str,
    severity: Severity,
    owner: str,
    due: date,
    version: int | None = None,
) -> Entry:
    """Opens a finding on a version or on the whole use case.

    Raises:
        DecisionRefused: By nobody whom the policy names, for an owner who is nobody in the people file, due on a past
            day, or without a title or with too long a one.
        RecordMissing: There is no such version or use case.
        PolicyNotEntered, LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    bench = Bench.of(installation, actor)
    bench.role(bench.policy.findings.open_roles, f"open a finding on {use_case}")
    if not title.strip():
        raise DecisionRefused("a finding needs words: say what was found")
    _refuse_words(_LONGEST_TITLE, {"title": title})
    now = installation.now()
    if due < now.astimezone(UTC).date():
        raise DecisionRefused(f"a finding cannot be due on a day that has passed ({due})")
    finding = Finding(
        id="finding-0",
        title=title.strip(),
        severity=severity,
        owner=bench.known(owner, "owner"),
        due=due,
        version=version,
        opened_by=actor,
        time=now,
    )
    subject = installation.cards.describe(use_case).arn if version is None else ""
    subject = subject or _version_arn(installation, use_case, version or 0)
    entry = record_finding(installation, use_case, subject, finding)
    publish_head(installation, entry, on_card=False)
    return entry


def record_finding(installation: Installation, use_case: str, subject: str, finding: Finding) -> Entry:
    """Enters a person's finding under the next free id; what monitoring finds, ``breach`` enters."""

    def propose(entries: Sequence[Entry]) -> Proposal:
        number = sum(entry.kind is EntryKind.FINDING for entry in entries) + 1
        numbered = finding.model_copy(update={"id": f"finding-{number}"})
        return Proposal(EntryKind.FINDING, subject, numbered.model_dump(mode="json"))

    return installation.ledger(use_case).propose(propose)


def close_finding(installation: Installation, use_case: str, finding_id: str, *, actor: str, comment: str) -> Entry:
    """Closes a finding; one that is closed already is left as it is.

    Raises:
        DecisionRefused: By nobody whom the policy names, by the one who had to mend it, without a comment, or with too
            long a one.
        RecordMissing: There is no such finding.
        PolicyNotEntered, LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    bench = Bench.of(installation, actor)
    deed = f"close {finding_id} of {use_case}"
    role = bench.role(bench.policy.findings.close_roles, deed)
    _refuse_parts(installation.use_case(use_case), actor, deed)
    if not comment.strip():
        raise DecisionRefused(f"{finding_id} cannot be closed without a comment that says what was done")
    _refuse_words(_LONGEST_WORDS, {"comment": comment})
    ledger = installation.ledger(use_case)
    found = next((each for each in opened_findings(ledger.entries()) if each.finding.id == finding_id), None)
    if found is None:
        raise RecordMissing(f"{use_case} has no finding {finding_id!r}")
    if found.finding.owner == actor:
        raise DecisionRefused(f"{actor} may not {deed}: its owner mends it, and somebody else closes it")
    closure = FindingClosure(
        id=finding_id,
        closed_by=actor,
        role=role,
        comment=comment.strip(),
        time=installation.now(),
        policy_digest=bench.policy.digest,
        people_digest=bench.people.digest,
    )
    opening = found.opening
    entry = ledger.append(
        EntryKind.FINDING_CLOSURE,
        opening.subject,
        closure.model_dump(mode="json"),
        unless=lambda each: (
            each.kind is EntryKind.FINDING_CLOSURE
            and each.body["id"] == finding_id
            and each.sequence > opening.sequence
        ),
    )
    publish_head(installation, entry, on_card=False)
    return entry


def _refuse_parts(declared: UseCase, actor: str, deed: str, trainer: str = "") -> None:
    people = {"owner": declared.owner, "author": declared.author, "trainer": trainer}
    parts = [part for part, person in people.items() if person == actor]
    if parts:
        raise DecisionRefused(f"{actor} may not {deed}: {actor} is its {' and '.join(parts)}")


def _refuse_unheld(granted: GrantedException, evidence: Mapping[EvidenceKind, Evidence], version: int) -> None:
    """Raises for a limit that the evidence on record does not hold: the exception would stand in for nothing."""
    kind, dot, metric = granted.item.partition(".")
    if dot and not metric.strip():
        raise DecisionRefused(f"item {granted.item!r} names no limit: say {kind} alone, or {kind} and a metric of it")
    piece = evidence.get(EvidenceKind(kind))
    if piece is None or not dot:
        return
    names = sorted({each.name for each in piece.measurements})
    if not any(granted.covers(f"{kind}.{name}") for name in names):
        raise DecisionRefused(
            f"the {kind} of version {version} holds no metric {metric!r}; it holds {', '.join(names) or 'none'}"
        )


def _refuse_words(longest: int, words: Mapping[str, str]) -> None:
    """Raises for words that a ledger cannot hold: too many, or bytes that a terminal could not read as text."""
    for part, said in words.items():
        if not is_text(said):
            raise DecisionRefused(f"the {part} cannot be recorded: some of it is no text in UTF-8")
        if len(said.strip()) > longest:
            raise DecisionRefused(f"the {part} has {len(said.strip())} characters: {longest} at most; say it shorter")


def _version_arn(installation: Installation, use_case: str, version: int) -> str:
    """ARN of a version, as the ledger has registered it.

    Raises:
        RecordMissing: The ledger has no such version.
    """
    for entry in reversed(installation.ledger(use_case).entries()):
        if entry.kind is EntryKind.CANDIDATE and entry.body.get("version") == version:
            return entry.subject
    raise RecordMissing(f"{use_case} has no version {version} in its ledger")
