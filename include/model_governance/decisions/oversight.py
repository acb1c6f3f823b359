"""Exceptions and findings: recorded in a use case's ledger by people whom the policy names, under their own principal.

Apart from ``decide``, which answers a request: these are made at any time, and the gates weigh them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from pydantic import ValidationError

from model_governance.decisions.in_force import files_in_force
from model_governance.decisions.publish import publish_head
from model_governance.decisions.record import opened_findings
from model_governance.domain.ledger import Entry, EntryKind, Proposal
from model_governance.domain.oversight import Finding, FindingClosure, GrantedException, Severity
from model_governance.domain.people import People, Person
from model_governance.domain.policy import Policy
from model_governance.errors import DecisionRefused, RecordMissing
from model_governance.hooks.installation import Installation


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
        DecisionRefused: By nobody whom the policy names, by the use case's owner or author, for longer than the policy
            allows, until a past day, or for what is no evidence.
        RecordMissing: There is no such version or use case.
        PolicyNotEntered, LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    bench = Bench.of(installation, actor)
    deed = f"grant an exception to {use_case} version {version}"
    role = bench.role(bench.policy.exceptions.roles, deed)
    _refuse_parts(installation, use_case, actor, deed)
    now = installation.now()
    expires = datetime.combine(until + timedelta(days=1), time(), UTC)
    longest = now + timedelta(days=bench.policy.exceptions.longest_days + 1)
    if not now < expires <= longest:
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
            expires=expires,
            policy_digest=bench.policy.digest,
            people_digest=bench.people.digest,
        )
    except ValidationError as faults:
        told = "; ".join(f"{'.'.join(map(str, each['loc'])) or item}: {each['msg']}" for each in faults.errors())
        raise DecisionRefused(f"the exception is not complete: {told}") from None
    subject = _version_arn(installation, use_case, version)
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
        DecisionRefused: By nobody whom the policy names, or the owner is nobody in the people file.
        RecordMissing: There is no such version or use case.
        PolicyNotEntered, LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    bench = Bench.of(installation, actor)
    bench.role(bench.policy.findings.open_roles, f"open a finding on {use_case}")
    if not title.strip():
        raise DecisionRefused("a finding needs words: say what was found")
    bench.known(owner, "owner")
    subject = installation.cards.describe(use_case).arn if version is None else ""
    entry = record_finding(
        installation,
        use_case,
        subject or _version_arn(installation, use_case, version or 0),
        Finding(
            id="finding-0",
            title=title.strip(),
            severity=severity,
            owner=owner,
            due=due,
            version=version,
            opened_by=actor,
            time=installation.now(),
        ),
    )
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
        DecisionRefused: By nobody whom the policy names, by the one who had to mend it, or without a comment.
        RecordMissing: There is no such finding.
        PolicyNotEntered, LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    bench = Bench.of(installation, actor)
    deed = f"close {finding_id} of {use_case}"
    role = bench.role(bench.policy.findings.close_roles, deed)
    _refuse_parts(installation, use_case, actor, deed)
    if not comment.strip():
        raise DecisionRefused(f"{finding_id} cannot be closed without a comment that says what was done")
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


def _refuse_parts(installation: Installation, use_case: str, actor: str, deed: str) -> None:
    declared = installation.use_case(use_case)
    parts = [part for part in ("owner", "author") if getattr(declared, part) == actor]
    if parts:
        raise DecisionRefused(f"{actor} may not {deed}: {actor} is its {' and '.join(parts)}")


def _version_arn(installation: Installation, use_case: str, version: int) -> str:
    """ARN of a version, as the ledger has registered it.

    Raises:
        RecordMissing: The ledger has no such version.
    """
    for entry in reversed(installation.ledger(use_case).entries()):
        if entry.kind is EntryKind.CANDIDATE and entry.body.get("version") == version:
            return entry.subject
    raise RecordMissing(f"{use_case} has no version {version} in its ledger")
