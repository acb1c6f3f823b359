"""The entry of an order: how a person who is signed in to the web server has the pipeline act on production."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from model_governance.domain.ledger import NAMES_ORDER, Entry, EntryKind, Proposal
from model_governance.domain.orders import (
    GivenOrder,
    Operation,
    carried_out_or_withdrawn,
    order_given,
    why_not_begun,
)
from model_governance.domain.production import read_production, version_of
from model_governance.errors import DecisionRefused
from model_governance.hooks.installation import Installation
from model_governance.serving.orders import OperationChannel, Order, order, refuse_unknown
from model_governance.serving.resume import refuse_resumption
from model_governance.serving.reversion import deployment_to_go_back_to

REASON_TO_FILL_IN = "Say why"
"""What stands in the form until somebody writes a reason."""


def order_by_user(
    installation: Installation, user: str, operation: Operation, use_case: str, *, order_id: str, reason: str
) -> Order:
    """The order of the person behind an Airflow user.

    Raises:
        DecisionRefused: Nobody in the people file has this user, the person may not, or the form's reason was left.
        PolicyNotEntered, LedgerBroken, AccessRefused, ServiceUnavailable: As ``order``.
    """
    person = installation.people.by_airflow_user(user) if user else None
    if person is None:
        raise DecisionRefused(
            f"{user or 'a run that no person triggered'} may not control production: no person in people.yaml has this "
            "Airflow user"
        )
    if reason.strip() == REASON_TO_FILL_IN:
        raise DecisionRefused("the form's reason was left as it was: say why")
    given = order(installation, operation, use_case, actor=person.id, channel=OperationChannel.FORM, reason=reason)
    return replace(given, order_id=order_id)


def given_order(given: Order, *, to_version: int | None = None, drill: bool = False) -> GivenOrder:
    """What the ledger is to hold of an order: a roll-back names the version, so that no other is served by it.

    Args:
        given: The order, with an ``order_id``.
        to_version: Of a roll-back: which version is to serve; by default as ``have_earlier_version_serve``.
        drill: Of a stop: whether it is an exercise.

    Raises:
        DecisionRefused: There is no version to go back to.
        GateClosed: Of a roll-back: production is stopped or retired.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the ledger is read.
    """
    if given.operation is Operation.ROLL_BACK:
        production = read_production(given.installation.ledger(given.use_case).entries())
        to_version = version_of(deployment_to_go_back_to(given, production, to_version))
    return GivenOrder(
        operation=given.operation,
        order_id=given.order_id,
        actor=given.person.id,
        role=given.role,
        channel=given.channel.value,
        reason=given.reason,
        policy_digest=given.policy.digest,
        people_digest=given.people.digest,
        to_version=to_version if given.operation is Operation.ROLL_BACK else None,
        drill=drill and given.operation is Operation.STOP,
    )


def enter_order(given: Order, said: GivenOrder) -> Entry:
    """Enters an order in the ledger, so that the pipeline may carry it out; safe to repeat.

    Args:
        given: The order; its installation signs with the decisions key.
        said: What is entered of it.

    Raises:
        RecordMissing: There is no such use case.
        DecisionRefused: Another order has this id, or an old one; or it is to resume what this person may not.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    body = said.model_dump(mode="json")

    def propose(entries: Sequence[Entry]) -> Proposal | Entry:
        refuse_unknown(given.installation, given.use_case, entries)
        known = order_given(entries, given.order_id)
        if known is not None and known.body != body:
            raise DecisionRefused(
                f"entry {known.sequence} of the ledger is another order of the id {given.order_id}: give each its own"
            )
        if known is not None:
            why = why_not_begun(known, given.installation.now(), entries)
            if why:
                raise DecisionRefused(f"{given.order_id} is an old order: {why}. Give it anew, under another id")
            return known
        if given.operation is Operation.RESUME:
            refuse_resumption(given, read_production(entries))
        return Proposal(EntryKind.ORDER, given.use_case, body)

    return given.installation.ledger(given.use_case).propose(propose)


def withdraw_order(installation: Installation, use_case: str, order_id: str, *, actor: str, why: str) -> None:
    """Withdraws an order that no run will carry out; one that is not on record, is another's or was carried out stays.

    Args:
        installation: Signs with the decisions key.
        use_case: The order's use case.
        order_id: Its id, which anybody may write into a request.
        actor: Whose order it must be.
        why: What became of it.

    Raises:
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    ledger = installation.ledger(use_case)
    order = order_given(ledger.entries(), order_id)
    if order is None or order.body.get("actor") != actor:
        return

    def propose(entries: Sequence[Entry]) -> Proposal | Entry:
        spent = carried_out_or_withdrawn(order, entries)
        return spent or Proposal(EntryKind.WITHDRAWAL, use_case, {NAMES_ORDER: order.sequence, "reason": why})

    ledger.propose(propose)


def order_as_entered(installation: Installation, entered: Entry, said: GivenOrder) -> Order:
    """An order that is on record, in its own words, if the policy in force still lets that person give it.

    Raises:
        GovernanceError: As ``order``.
    """
    given = order(
        installation,
        said.operation,
        entered.use_case,
        actor=said.actor,
        channel=OperationChannel(said.channel),
        reason=said.reason,
    )
    return replace(given, order_id=said.order_id, role=said.role, reason=said.reason, entered=entered)
