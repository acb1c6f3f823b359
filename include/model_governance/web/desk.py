"""Where the web server hands in decisions: people by their Airflow user, gates by the run that waits at them."""

from __future__ import annotations

import logging
from functools import cached_property

from model_governance.decisions.adjudicate import adjudicate, gate_verdict
from model_governance.decisions.decide import decide
from model_governance.decisions.refusals import Refusal, record_refusal
from model_governance.decisions.subject import locate_subject
from model_governance.domain.decision import Channel, DecisionVerdict
from model_governance.domain.gate import GateState, GateVerdict
from model_governance.errors import DecisionRefused, GovernanceError
from model_governance.hooks.installation import Installation
from model_governance.triggers.registry_watch import deciding_installation
from model_governance.web.mark_requests import Mark
from model_governance.web.waiting_gates import WaitingGate

log = logging.getLogger(__name__)


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
        person = self.installation.people.by_airflow_user(username)
        if person is None:
            raise DecisionRefused(
                f"{username} may not decide: no person in people.yaml has this Airflow user. Ask the policy's owner."
            )
        subject = locate_subject(self.installation, gate.gate, gate.use_case, gate.run_id)
        decide(
            self.installation,
            gate.gate,
            gate.use_case,
            subject,
            verdict,
            actor=person.id,
            comment=comment,
            channel=Channel.TASK_INSTANCE_MARK,
        )
        return gate_verdict(self.installation, gate.gate, gate.use_case, subject)

    def refused(self, gate: WaitingGate, mark: Mark, username: str, reason: str) -> None:
        """Puts on record that a mark was refused; where that fails, the refusal stands and the log says so."""
        try:
            person = self.installation.people.by_airflow_user(username)
            refusal = Refusal(
                gate=gate.gate,
                use_case=gate.use_case,
                subject=locate_subject(self.installation, gate.gate, gate.use_case, gate.run_id),
                actor=person.id if person else "",
                name=username,
                status=f"{mark.scope.value} marked {mark.new_state.value}",
                channel=Channel.TASK_INSTANCE_MARK,
                reason=reason,
            )
            record_refusal(self.installation, refusal)
        except GovernanceError as fault:
            log.warning("a refused mark by %s on %s is not on record: %s", username, gate.task_id, fault)
