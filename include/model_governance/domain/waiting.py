"""A request that waits for people: since when, who may still decide it, and whom it concerns once it waits too long.

Apart from the gate, which says whether it is open: here is what those who keep it closed are to be told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from model_governance.domain.approvals import Tally
from model_governance.domain.decision import Decision
from model_governance.domain.gate import GateState, GateVerdict, eligible, gate_tally
from model_governance.domain.people import People, Person
from model_governance.domain.policy import GateRule, Policy
from model_governance.domain.request import GateRequest


class NoticeKind(StrEnum):
    """What a notice is for."""

    OPENED = "opened"
    REMINDER = "reminder"
    ESCALATION = "escalation"
    EXPIRED = "expired"
    FINDING = "finding"


@dataclass(frozen=True)
class Addressee:
    """Who is told.

    Attributes:
        id: The person's id.
        email: Where; empty for nowhere.
        part: Why this person, such as ``deputy of governance-officer``; empty for one who may decide.
    """

    id: str
    email: str
    part: str = ""

    @property
    def named(self) -> str:
        """The id, and in brackets why this person."""
        return f"{self.id} ({self.part})" if self.part else self.id


@dataclass(frozen=True)
class Escalation:
    """Whom a request concerns that has waited too long.

    Attributes:
        addressees: Deputies who may decide; where there is none, the use case's owner and the policy's.
        words: Why these, a sentence each.
    """

    addressees: tuple[Addressee, ...]
    words: tuple[str, ...]


@dataclass(frozen=True)
class WaitingRequest:
    """A request, the records about it, and the time at which they are looked at.

    Attributes:
        request: What was asked.
        sequence: The ledger's entry that holds it.
        asked: When it was entered.
        decisions: Every decision on its subject.
        verdict: How its gate stands.
        policy: In force now.
        people: In force now.
        now: The time, aware.
    """

    request: GateRequest
    sequence: int
    asked: datetime
    decisions: tuple[Decision, ...]
    verdict: GateVerdict
    policy: Policy
    people: People
    now: datetime

    @property
    def is_waiting(self) -> bool:
        """Whether people are still to decide it: not decided, not superseded, not decided once and lapsed since."""
        held = self.verdict.state is GateState.BLOCKED and not self.verdict.has_lapsed
        return held or self.verdict.state is GateState.WAITING

    @property
    def rule(self) -> GateRule:
        """The gate's rule in the request's tier."""
        return self.policy.rule(self.request.tier, self.request.gate)

    @property
    def waited(self) -> timedelta:
        """For how long; never negative, though the entry may be stamped by another clock."""
        return max(self.now - self.asked, timedelta())

    @property
    def approvals(self) -> Tally:
        """The approvals that count already."""
        return gate_tally(self.rule, self.request, self.decisions, self.now)

    @property
    def deciders(self) -> tuple[Person, ...]:
        """Who may still decide it; whoever has approved is not among them."""
        return eligible(self.policy, self.request, self.decisions, self.people, self.now)


def due_kinds(rule: GateRule, waited: timedelta) -> tuple[NoticeKind, ...]:
    """Which notices a request is due by now; a reminder that is due takes the place of the first notice.

    Args:
        rule: The gate's rule.
        waited: For how long the request has waited.
    """
    first = NoticeKind.REMINDER if _is_over(rule.remind_after_hours, waited) else NoticeKind.OPENED
    return (first, NoticeKind.ESCALATION) if _is_over(rule.escalate_after_hours, waited) else (first,)


def escalation(waiting: WaitingRequest) -> Escalation:
    """Whom to tell beyond those who may decide and have not."""
    able = waiting.deciders
    deputies: dict[str, Addressee] = {}
    words = []
    for person in able:
        deputy = waiting.people.by_id(person.deputy) if person.deputy else None
        if deputy is None:
            words.append(f"{person.id} has not decided and has no deputy")
        elif deputy in able:
            deputies[deputy.id] = Addressee(deputy.id, deputy.email, f"deputy of {person.id}")
            words.append(f"{person.id} has not decided; {deputy.id} is deputy and may decide")
        else:
            words.append(f"{person.id} has not decided; the deputy {deputy.id} may not decide this request any more")
    if not able:
        words.append("nobody in the file of people may decide this request")
    if deputies:
        return Escalation(tuple(deputies.values()), tuple(words))
    owners = {
        waiting.request.owner: "owner of the use case",
        waiting.policy.owner: "owner of the policy",
    }
    told = tuple(addressee(waiting.people, person, part) for person, part in owners.items())
    return Escalation(told, (*words, "so the owners are told, who see to it that somebody decides"))


def addressee(people: People, person_id: str, part: str = "") -> Addressee:
    """A person as someone to be told; one who is not in the file has no address."""
    person = people.by_id(person_id)
    return Addressee(person_id, person.email if person else "", part)


def _is_over(hours: float | None, waited: timedelta) -> bool:
    return hours is not None and waited >= timedelta(hours=hours)
