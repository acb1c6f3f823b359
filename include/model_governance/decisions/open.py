"""Opening: the gate's last step, which reads everything again and lets nothing through on anybody's word."""

from __future__ import annotations

from dataclasses import dataclass

from model_governance.domain.decision import Decision, Gate
from model_governance.domain.request import GateRequest
from model_governance.hooks.installation import Installation


@dataclass(frozen=True)
class OpenGate:
    """An open gate and by whose authority.

    Attributes:
        gate: The gate.
        subject: ARN of the model package, or of the use case's card.
        request: What was asked.
        decisions: The approvals that opened it.
    """

    gate: Gate
    subject: str
    request: GateRequest
    decisions: tuple[Decision, ...]


def open_gate(
    installation: Installation, gate: Gate, use_case: str, *, run_id: str = "", subject: str | None = None
) -> OpenGate:
    """Opens a gate, or says why it stays closed; changes nothing, so it can be asked as often as one likes.

    Read afresh: the whole ledger with its signatures, the registry's status, the card, every report and the model's
    bytes. All of them must agree with what was decided.

    Args:
        installation: Through which to read.
        gate: The gate.
        use_case: The use case's name.
        run_id: The DAG run whose candidate it is.
        subject: ARN of the model package or card; by default the use case's card, or the run's model package.

    Raises:
        GateClosed: With every reason found.
        LedgerBroken: The ledger does not hold.
        AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    raise NotImplementedError
