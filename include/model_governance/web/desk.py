"""Where the web server hands in decisions: people by their Airflow user, gates by the run that waits at them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cached_property

from model_governance.decisions.adjudicate import adjudicate, gate_verdict
from model_governance.decisions.decide import decide
from model_governance.decisions.refusals import Refusal, record_refusal
from model_governance.decisions.subject import locate_subject
from model_governance.domain.decision import Channel, DecisionVerdict, Gate
from model_governance.domain.gate import GateState, GateVerdict
from model_governance.errors import DecisionRefused, GovernanceError
from model_governance.hooks.installation import Installation
from model_governance.serving.order_entry import enter_order, given_order, order_by_user, withdraw_order
from model_governance.triggers.registry_watch import deciding_installation
from model_governance.web.mark_requests import Mark
from model_governance.web.order_requests import OrderForm
from model_governance.web.waiting_gates import WaitingGate

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Address:
    """What is decided on: a gate, the use case, and the ARN of the card or model package that it stands before."""

    gate: Gate
    use_case: str
    subject: str


class GovernanceDesk:
    """The installation's own desk; acts as ``decision-service`` by the web server's own credentials. Blocks."""

    @cached_property
    def installation(self) -> Installation:
        """Loaded when the first gate is marked, so that a web server starts without the registry."""
        return deciding_installation()

    def standing(self, gate: WaitingGate) -> GateVerdict:
        """How the gate stands by what is on record.

        A decision of which the registry has not been told, as a kill between the two leaves it, is applied first: the
        mark ends the one that waits for the registry to change, and nobody else would tell it.

        Raises:
            RecordMissing: Nobody has asked for this gate yet.
            LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
        """
        subject = locate_subject(self.installation, gate.gate, gate.use_case, gate.run_id)
        standing = gate_verdict(self.installation, gate.gate, gate.use_case, subject)
        if standing.state in (GateState.OPEN, GateState.REJECTED):
            adjudicate(self.installation, gate.gate, gate.use_case, subject)
        return standing

    def decide(self, gate: WaitingGate, verdict: DecisionVerdict, username: str, comment: str) -> GateVerdict:
        """Hands in a decision by the person behind an Airflow user, and says how the gate stands then.

        Raises:
            DecisionRefused: With the reason.
            LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
        """
        subject = locate_subject(self.installation, gate.gate, gate.use_case, gate.run_id)
        address = Address(gate.gate, gate.use_case, subject)
        return self.decide_on(address, verdict, username, comment, Channel.TASK_INSTANCE_MARK)

    def decide_on(
        self, address: Address, verdict: DecisionVerdict, username: str, comment: str, channel: Channel
    ) -> GateVerdict:
        """The same for what a gate stands before, by whichever channel of the web server.

        Raises:
            DecisionRefused: With the reason.
            LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
        """
        person = self.installation.people.by_airflow_user(username)
        if person is None:
            raise DecisionRefused(
                f"{username} may not decide: no person in people.yaml has this Airflow user. Ask the policy's owner."
            )
        at = (address.gate, address.use_case, address.subject)
        decide(self.installation, *at, verdict, actor=person.id, comment=comment, channel=channel)
        return gate_verdict(self.installation, *at)

    def refused(self, gate: WaitingGate, mark: Mark, username: str, reason: str) -> None:
        """Puts on record that a mark was refused; where that fails, the refusal stands and the log says so."""
        try:
            subject = locate_subject(self.installation, gate.gate, gate.use_case, gate.run_id)
        except GovernanceError as fault:
            log.warning("a refused mark by %s on %s is not on record: %s", username, gate.task_id, fault)
            return
        tried = f"{mark.scope.value} marked {mark.new_state.value}"
        self.refused_on(Address(gate.gate, gate.use_case, subject), tried, username, reason, Channel.TASK_INSTANCE_MARK)

    def refused_on(self, address: Address, tried: str, username: str, reason: str, channel: Channel) -> None:
        """The same for what a gate stands before, by whichever channel of the web server."""
        try:
            person = self.installation.people.by_airflow_user(username)
            refusal = Refusal(
                gate=address.gate,
                use_case=address.use_case,
                subject=address.subject,
                actor=person.id if person else "",
                name=username,
                status=tried,
                channel=channel,
                reason=reason,
            )
            record_refusal(self.installation, refusal)
        except GovernanceError as fault:
            log.warning("what was refused to %s (%s) is not on record: %s", username, channel, fault)

    def order(self, form: OrderForm, order_id: str, username: str) -> None:
        """Enters an order for production by the person behind an Airflow user.

        Raises:
            GovernanceError: It is refused, or cannot be entered.
        """
        given = order_by_user(
            self.installation, username, form.action, form.use_case, order_id=order_id, reason=form.reason
        )
        enter_order(given, given_order(given, to_version=form.to_version, drill=form.drill))

    def withdraw(self, form: OrderForm, order_id: str, username: str, why: str) -> None:
        """Withdraws that user's order, which no run will carry out; one that is not on record, or another's, is left.

        Raises:
            GovernanceError: It cannot be withdrawn.
        """
        person = self.installation.people.by_airflow_user(username)
        if person is not None:
            withdraw_order(self.installation, form.use_case, order_id, actor=person.id, why=why)
