"""Opening: the gate's last step, which reads everything again and lets nothing through on anybody's word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from model_governance.decisions.evaluation import changed_reports, evaluate_record, observe
from model_governance.decisions.in_force import files_in_force
from model_governance.decisions.publish import witnessed_heads
from model_governance.decisions.record import approved_declarations, candidate_of_run, read_record
from model_governance.decisions.subject import Standing, read_subject
from model_governance.domain.decision import Decision, Gate
from model_governance.domain.head import refuse_cut_off
from model_governance.domain.ledger import Entry
from model_governance.domain.request import GateRequest
from model_governance.domain.use_case import POLICIES_LEDGER
from model_governance.errors import GateClosed, PolicyNotEntered, RecordMissing
from model_governance.hooks.installation import Installation

_BEFORE = {Gate.USE_CASE: (), Gate.GOVERNANCE: (Gate.USE_CASE,), Gate.PRODUCTION: (Gate.USE_CASE, Gate.GOVERNANCE)}
"""The gates that must be open as well: a gate lets nothing through that an earlier one would hold back now."""


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

    Read afresh: the whole ledger with its signatures, held against the witness; the registry's status, the card, every
    report and the model's bytes. All of them must agree with what was decided, at this gate and at those before it.

    Args:
        installation: Through which to read.
        gate: The gate.
        use_case: The use case's name.
        run_id: The DAG run whose candidate it is.
        subject: ARN of the model package or card; by default the use case's card, or the run's model package.

    Raises:
        GateClosed: With every reason found.
        LedgerBroken: The ledger or that of policy versions does not hold, or the witness knows a later head.
        AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    entries = installation.ledger(use_case).verify(sealed=True)
    refuse_cut_off(use_case, entries, witnessed_heads(installation, use_case))
    versions = installation.ledger(POLICIES_LEDGER).entries()
    refuse_cut_off(POLICIES_LEDGER, versions, witnessed_heads(installation, POLICIES_LEDGER))
    for before in _BEFORE[gate]:
        _open(installation, before, use_case, entries, run_id, None if before is Gate.USE_CASE else subject)
    opened = _open(installation, gate, use_case, entries, run_id, subject)
    if opened.request.use_case_digest not in approved_declarations(entries):
        raise GateClosed(
            f"the {gate.value} gate of {use_case} is closed for {opened.subject}: nobody has approved the use case as "
            f"it was declared for it (digest {opened.request.use_case_digest[:12]})"
        )
    return opened


def _open(
    installation: Installation, gate: Gate, use_case: str, entries: Sequence[Entry], run_id: str, arn: str | None
) -> OpenGate:
    """One gate, without those before it."""
    name = f"the {gate.value} gate of {use_case}"
    try:
        found = read_subject(
            installation, gate, use_case, arn or _subject_of(installation, gate, use_case, entries, run_id)
        )
    except RecordMissing as fault:
        raise GateClosed(f"{name} is closed: {fault}") from fault
    try:
        policy, people = files_in_force(installation)
    except PolicyNotEntered as fault:
        raise GateClosed(f"{name} is closed: {fault}") from fault
    record = read_record(entries, gate, found.arn)
    verdict = evaluate_record(installation, record, policy, observe(installation, found, policy), people)
    reasons = list(verdict.reasons)
    if found.standing not in (Standing.APPROVED, Standing.BEYOND):
        reasons.append(f"the registry says {found.status or 'nothing'}, not Approved")
    if record.request is not None:
        reasons.extend(changed_reports(installation, record.request.evidence))
    if reasons or record.request is None or not verdict.is_open:
        raise GateClosed(f"{name} is closed for {found.arn} ({verdict.state}): {'; '.join(reasons)}")
    return OpenGate(gate, found.arn, record.request, verdict.decided_by)


def _subject_of(installation: Installation, gate: Gate, use_case: str, entries: Sequence[Entry], run_id: str) -> str:
    if gate is Gate.USE_CASE:
        return installation.cards.describe(use_case).arn
    candidate = candidate_of_run(entries, run_id)
    if candidate is None:
        raise RecordMissing(f"run {run_id!r} has no candidate in the ledger")
    return candidate.model_package_arn
