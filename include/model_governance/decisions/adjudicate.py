"""Adjudication: what a status set in the registry itself counts for, and its undoing where it counts for nothing.

Apart from ``decide`` because here the deed comes first: boto3, a console or our command line has set it already.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from model_governance.domain.decision import Decision, Gate
from model_governance.domain.gate import GateVerdict
from model_governance.hooks.installation import Installation


class Outcome(StrEnum):
    """What an adjudication found."""

    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    UNDONE = "undone"
    UNATTRIBUTED = "unattributed"
    BLOCKED = "blocked"


@dataclass(frozen=True)
class Adjudication:
    """How a gate stands after the registry and the ledger were brought into line.

    Attributes:
        outcome: ``waiting`` for (more) decisions; ``approved`` or ``rejected``: decided, ledger and registry agree;
            ``undone``: a status that counts for nothing was set back, the gate waits on; ``unattributed``: there is
            no record yet of who set the status, look again; ``blocked``: no decision can be made now, and why.
        reason: Why, for a person to read; empty where the outcome says all.
        decisions: The decisions that count.
    """

    outcome: Outcome
    reason: str = ""
    decisions: tuple[Decision, ...] = ()

    @property
    def is_final(self) -> bool:
        """Whether nobody need wait for this gate any longer."""
        return self.outcome in (Outcome.APPROVED, Outcome.REJECTED)


def adjudicate(installation: Installation, gate: Gate, use_case: str, subject: str) -> Adjudication:
    """Brings registry and ledger of a gate into line and says how it stands.

    A decision in the ledger that the registry does not show is applied (a crash came between). A status in the registry
    that no decision covers is attributed by the approval record: made by someone who may, it becomes a decision;
    otherwise it is set back to pending with the reason where the gate has one. Safe to repeat, and to run in several
    places at once.

    Args:
        installation: Through which to act, as the principal ``decision-service``.
        gate: The gate.
        use_case: The use case's name.
        subject: ARN of the model package, or of the use case's card.

    Raises:
        RecordMissing: There is no such card or model package.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    raise NotImplementedError


def gate_verdict(installation: Installation, gate: Gate, use_case: str, subject: str) -> GateVerdict:
    """How a gate stands by ledger, policy, card and artifact, read afresh; changes nothing.

    Raises:
        RecordMissing: There is no such card or model package.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    raise NotImplementedError
