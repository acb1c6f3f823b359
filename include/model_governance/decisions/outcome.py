"""How a gate stands once it was adjudicated."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from model_governance.domain.decision import Decision


class Outcome(StrEnum):
    """What an adjudication found."""

    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    UNDONE = "undone"
    UNATTRIBUTED = "unattributed"
    BLOCKED = "blocked"
    SUPERSEDED = "superseded"
    TAKEN_DOWN = "taken down"


@dataclass(frozen=True)
class Adjudication:
    """How a gate stands after the registry and the ledger were brought into line.

    Attributes:
        outcome: ``waiting`` for (more) decisions; ``approved`` or ``rejected``: decided, ledger and registry agree;
            ``undone``: a status that counts for nothing was set back, the gate waits on; ``unattributed``: there is
            no record yet of who set the status, look again; ``blocked``: no decision can be made now, and why;
            ``superseded``: a newer version has reached production, nobody decides this one any more; ``taken down``:
            a clean-up has taken away what the gate stood before.
        reason: Why, for a person to read; empty where the outcome says all.
        decisions: The decisions that count.
    """

    outcome: Outcome
    reason: str = ""
    decisions: tuple[Decision, ...] = ()

    @property
    def is_final(self) -> bool:
        """Whether nobody need wait for this gate any longer."""
        return self.outcome in (Outcome.APPROVED, Outcome.REJECTED, Outcome.SUPERSEDED, Outcome.TAKEN_DOWN)
