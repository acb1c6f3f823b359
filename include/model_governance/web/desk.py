"""Where the web server hands in decisions: people by their Airflow user, gates by the run that waits at them."""

from __future__ import annotations

from functools import cached_property

from model_governance.decisions.adjudicate import gate_verdict
from model_governance.decisions.decide import decide
from model_governance.decisions.subject import locate_subject
from model_governance.domain.decision import Channel, DecisionVerdict
from model_governance.domain.gate import GateVerdict
from model_governance.errors import DecisionRefused
from model_governance.hooks.installation import Installation
from model_governance.triggers.registry_watch import deciding_installation
from model_governance.web.waiting_gates import WaitingGate


class GovernanceDesk:
    """The installation's own desk; acts as ``decision-service`` by the web server's own credentials. Blocks."""

    @cached_property
    def installation(self) -> Installation:
        """Loaded when the first gate is marked, so that a web server starts without the registry."""
        return deciding_installation()

    def standing(self, gate: WaitingGate) -> GateVerdict:
        """How the gate stands by what is on record.

        Raises:
            RecordMissing: Nobody has asked for this gate yet.
            LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
        """
        subject = locate_subject(self.installation, gate.gate, gate.use_case, gate.run_id)
        return gate_verdict(self.installation, gate.gate, gate.use_case, subject)

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
