"""Requests: the question put to the people who may pass a gate, with the evidence as it stands; its first step."""

from __future__ import annotations

from model_governance.domain.decision import Gate
from model_governance.domain.ledger import Entry
from model_governance.hooks.installation import Installation


def request_approval(
    installation: Installation, gate: Gate, use_case: str, *, run_id: str = "", subject: str | None = None
) -> Entry:
    """Asks for a gate: evidence complete, registry set to pending, the request in the ledger.

    Safe to repeat: a request that still stands for the same evidence, card, artifact and policy is returned as it is,
    decided or not, and a use case that is approved is not asked for again by a retraining run.

    Args:
        installation: Through which to act; its principal must be allowed to set the pending statuses and to sign.
        gate: The gate.
        use_case: The use case's name.
        run_id: The DAG run that asks.
        subject: ARN of the model package or card; by default the use case's card, or the run's model package.

    Returns:
        The ledger entry that holds the request (``GateRequest.model_validate(entry.body)``).

    Raises:
        EvidenceMissing: Required evidence is absent or misses its limit; each item with its owner and what to do.
        ArtifactChanged: A report or the model is not the one that was recorded.
        RecordMissing: There is no such card or model package.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    raise NotImplementedError
