"""What is still missing before a gate, item by item: for the command line, the pages and the gate's own refusal."""

from __future__ import annotations

from model_governance.domain.decision import Gate
from model_governance.domain.policy import MissingItem
from model_governance.hooks.installation import Installation


def missing_for(
    installation: Installation, gate: Gate, use_case: str, subject: str | None = None
) -> tuple[MissingItem, ...]:
    """What stands between a subject and a gate: evidence, reports that changed, decisions; empty when it is open.

    Args:
        installation: Through which to read.
        gate: The gate.
        use_case: The use case's name.
        subject: ARN of the model package; not needed for the use-case gate.

    Raises:
        RecordMissing: There is no such card or model package.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    raise NotImplementedError
