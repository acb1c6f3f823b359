"""Orders: what people have done to production, by whom the policy lets do it, and in which words it is entered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from model_governance.decisions.in_force import files_in_force
from model_governance.domain.ledger import NAMES_ORDER, Entry
from model_governance.domain.orders import OPERATION_OF, Operation
from model_governance.domain.people import People, Person
from model_governance.domain.policy import OperationRule, Policy
from model_governance.domain.use_case import UseCase
from model_governance.errors import DecisionRefused, RecordMissing, UseCaseInvalid
from model_governance.hooks.installation import Installation

_LONGEST_REASON = 1000


class OperationChannel(StrEnum):
    """How an order was given."""

    COMMAND_LINE = "command line"
    FORM = "Airflow form"


@dataclass(frozen=True)
class Order:
    """An order by somebody who may give it.

    Attributes:
        installation: Through which it is carried out.
        operation: What is to be done.
        use_case: To which use case's production.
        person: Who gives it.
        role: In which role, or as its owner.
        channel: How.
        reason: Why.
        policy: By which policy.
        people: And which people file.
        order_id: What tells it from other orders, where it may come twice; empty where it cannot.
        entered: The order's own entry, where the pipeline carries it out for the person; None for a stop that was
            ordered while the ledger could not be reached.
    """

    installation: Installation
    operation: Operation
    use_case: str
    person: Person
    role: str
    channel: OperationChannel
    reason: str
    policy: Policy
    people: People
    order_id: str = ""
    entered: Entry | None = None

    @property
    def body(self) -> dict[str, Any]:
        """What the ledger holds of it."""
        told: dict[str, Any] = {"order_id": self.order_id} if self.order_id else {}
        if self.channel is OperationChannel.FORM:
            told[NAMES_ORDER] = self.entered.sequence if self.entered else None
        return {
            **told,
            "actor": self.person.id,
            "role": self.role,
            "channel": self.channel.value,
            "reason": self.reason,
            "policy_digest": self.policy.digest,
            "people_digest": self.people.digest,
        }

    @property
    def sentence(self) -> str:
        """Who gives it, why, in the words of a life cycle."""
        return f"by {self.person.id} as {self.role} ({self.channel}): {self.reason}"


def order(
    installation: Installation,
    operation: Operation,
    use_case: str,
    *,
    actor: str,
    channel: OperationChannel,
    reason: str,
) -> Order:
    """An order, if the policy in force lets this person give it.

    A stop is judged by the files as they are: it must not wait for a ledger to be read, and what it does is on record.

    Args:
        installation: Through which it is to be carried out.
        operation: What is to be done.
        use_case: The use case's name.
        actor: Id of the person.
        channel: How it was given.
        reason: Why; never empty.

    Raises:
        DecisionRefused: Nobody in the people file, no role for it, or no reason.
        PolicyNotEntered: The policy or people file is not the version that its owner entered.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    is_stop = operation is Operation.STOP
    policy, people = (installation.policy, installation.people) if is_stop else files_in_force(installation)
    said = " ".join("".join(each if each.isprintable() else " " for each in reason).split())[:_LONGEST_REASON].rstrip()
    deed = f"{operation.replace('_', ' ')} {use_case}"
    if not said:
        raise DecisionRefused(f"nobody may {deed} without a reason: say why")
    person = people.by_id(actor)
    if person is None:
        raise DecisionRefused(f"{actor or 'someone unknown'} may not {deed}: not in the people file")
    rule: OperationRule = getattr(policy.operations, operation)
    role = _role(installation, rule, person, people, use_case, deed)
    return Order(installation, operation, use_case, person, role, channel, said, policy, people)


def _role(
    installation: Installation, rule: OperationRule, person: Person, people: People, use_case: str, deed: str
) -> str:
    """The role or part in which a person may do it.

    Raises:
        DecisionRefused: In none.
    """
    held = next((role for role in rule.roles if role in person.roles), None)
    if held is not None:
        return held
    declared = _declared(installation, use_case)
    for part in rule.parts:
        if declared is not None and getattr(declared, part) == person.id:
            return part
    able = sorted({each.id for role in rule.roles for each in people.in_role(role)})
    named = " or ".join((*rule.roles, *(f"its {part}" for part in rule.parts))) or "nobody"
    raise DecisionRefused(
        f"{person.id} may not {deed}: the policy names {named} for it; {person.id} holds "
        f"{', '.join(person.roles) or 'no role'}. Ask {', '.join(able) or 'the use case owner'}."
    )


def _declared(installation: Installation, use_case: str) -> UseCase | None:
    try:
        return installation.use_case(use_case)
    except (RecordMissing, UseCaseInvalid):
        return None


def carried_out_before(given: Order, entries: Sequence[Entry]) -> Entry | None:
    """The entry by which an order was carried out already: it is not again, whoever has its task run once more.

    By the order that the entry names, which no entry can that was made of another; by the id where none is on record.
    """
    for entry in entries:
        if entry.kind not in OPERATION_OF or entry.body.get("order_id") != given.order_id or not given.order_id:
            continue
        if entry.body.get(NAMES_ORDER) == (given.entered.sequence if given.entered else None):
            return entry
    return None


def refuse_unknown(installation: Installation, use_case: str, entries: Sequence[Entry]) -> None:
    """Raises for a name that no folder, no ledger and no endpoint bears: it was mistyped.

    Raises:
        RecordMissing: Names the use cases that there are.
    """
    if entries or _declared(installation, use_case) is not None:
        return
    known = ", ".join(installation.use_cases.valid) or "none"
    raise RecordMissing(f"there is no use case {use_case!r}: neither folder nor ledger; known: {known}")
