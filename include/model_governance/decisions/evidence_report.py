"""The evidence on a version with the bytes of its reports; apart since both the command line and a stage show it."""

from __future__ import annotations

from model_governance.decisions.record import since_clean_up
from model_governance.documents.evidence import KeptReport
from model_governance.domain.evidence import EvidenceKind
from model_governance.domain.ledger import EntryKind
from model_governance.errors import RecordMissing, RequestRefused
from model_governance.hooks.installation import Installation


def kept_reports(installation: Installation, use_case: str, arn: str) -> list[KeptReport]:
    """The newest evidence of each kind on a version, in the lifecycle's order, and what stands at its address.

    Args:
        installation: The installation.
        use_case: The use case's name.
        arn: ARN of the model package.

    Raises:
        LedgerBroken: The ledger does not hold.
        AccessRefused, ServiceUnavailable: As the store answers.
    """
    entries = since_clean_up(installation.ledger(use_case).entries())
    newest = {
        str(entry.body.get("kind")): entry.body
        for entry in entries
        if entry.kind is EntryKind.EVIDENCE and entry.subject == arn
    }
    order = [kind.value for kind in EvidenceKind]
    kinds = sorted(newest, key=lambda kind: (order.index(kind) if kind in order else len(order), kind))
    return [KeptReport(newest[kind], _content(installation, newest[kind].get("uri"))) for kind in kinds]


def _content(installation: Installation, uri: object) -> bytes | None:
    try:
        return installation.artifacts.get(str(uri))
    except (RecordMissing, RequestRefused):
        return None
