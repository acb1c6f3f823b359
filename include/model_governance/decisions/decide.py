"""Decisions: the one function through which every approval and rejection goes, whatever channel it came by."""

from __future__ import annotations

from model_governance.domain.decision import Channel, DecisionVerdict, Gate
from model_governance.domain.ledger import Entry
from model_governance.hooks.installation import Installation


def decide(
    installation: Installation,
    gate: Gate,
    use_case: str,
    subject: str,
    verdict: DecisionVerdict,
    *,
    actor: str,
    comment: str,
    channel: Channel,
    event_id: str = "",
) -> Entry:
    """Records a decision in the ledger and applies it to the registry, if it may be made.

    Safe to repeat: the same person's same verdict on the same request (or the same event) is one decision.

    Args:
        installation: Through which to act, as the principal ``decision-service``.
        gate: The gate decided on.
        use_case: The use case's name.
        subject: ARN of the model package, or of the use case's card.
        verdict: approve or reject.
        actor: Id of the person, from the people file.
        comment: What the person wrote.
        channel: How it arrived.
        event_id: The approval record's event, where it came through the registry.

    Returns:
        The ledger entry that holds the decision (``Decision.model_validate(entry.body)``). The gate may still wait
        for more approvals: ask ``gate_verdict``.

    Raises:
        DecisionRefused: Not a known person, no role for this gate, owner, author or trainer of the model, decider of
            the gate that must be another's, no pending request, decided already, evidence missing or failed, warnings
            not answered in the comment, or the card, artifact or policy changed since the request.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise. After the ledger has the decision, a
            registry out of reach raises too: the decision stands, and whoever looks next applies it.
    """
    raise NotImplementedError


def check_decision(
    installation: Installation,
    gate: Gate,
    use_case: str,
    subject: str,
    verdict: DecisionVerdict,
    *,
    actor: str,
    comment: str,
) -> None:
    """Raises what ``decide`` would raise, and records nothing; for a command line that acts under another principal.

    Raises:
        DecisionRefused: As ``decide``.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    raise NotImplementedError
