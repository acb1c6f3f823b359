"""Findings that monitoring opens, under the pipeline's own key: one for each breach, however many windows show it.

Apart from ``oversight``, where people open and close findings under theirs: here nothing can be closed or weakened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pydantic import ValidationError

from model_governance.decisions.publish import publish_head
from model_governance.decisions.record import FindingOnRecord, opened_findings, since_clean_up
from model_governance.domain.ledger import Entry, EntryKind, Proposal
from model_governance.domain.monitoring_record import BreachNote, Retraining, WindowResult
from model_governance.domain.oversight import Finding, Severity
from model_governance.domain.use_case import UseCase
from model_governance.errors import LedgerBroken
from model_governance.hooks.installation import Installation

MONITORING = "monitoring"
"""Who opens these findings, where a person's stands otherwise."""

_GRAVITY = list(Severity)


def window_results(entries: Sequence[Entry]) -> tuple[tuple[WindowResult, Entry], ...]:
    """Every result of a window on record since the last clean-up, superseded ones included, in the ledger's order.

    Raises:
        LedgerBroken: An entry holds something else.
    """
    return tuple((_result(entry), entry) for entry in since_clean_up(entries) if entry.kind is EntryKind.MONITORING)


def latest_results(entries: Sequence[Entry]) -> tuple[WindowResult, ...]:
    """The result that counts of each window and version, by time."""
    latest: dict[tuple[object, int], WindowResult] = {}
    for result, _ in window_results(entries):
        before = latest.get(result.place)
        if before is None or before.revision < result.revision:
            latest[result.place] = result
    return tuple(sorted(latest.values(), key=lambda each: (each.start, each.version)))


def retrainings(entries: Sequence[Entry]) -> tuple[tuple[Retraining, Entry], ...]:
    """Every retraining that monitoring has asked for since the last clean-up.

    Raises:
        LedgerBroken: An entry holds something else.
    """
    found = []
    for entry in since_clean_up(entries):
        if entry.kind is EntryKind.RETRAINING:
            try:
                found.append((Retraining.model_validate(entry.body), entry))
            except ValidationError:
                raise _broken(entry) from None
    return tuple(found)


def monitoring_findings(entries: Sequence[Entry]) -> tuple[FindingOnRecord, ...]:
    """The findings that monitoring has opened."""
    return tuple(each for each in opened_findings(entries) if each.opening.kind is EntryKind.BREACH)


def open_breaches(installation: Installation, use_case: UseCase) -> tuple[Finding, ...]:
    """Opens a finding for every breach on record that none covers yet; safe to repeat, and safe to run twice at once.

    A breach is covered by a finding of the same key on the same version, at least as grave, that is open, or was closed
    after the window had ended.

    Args:
        installation: Under the principal ``pipeline``.
        use_case: As declared now: who owns findings, and when they are due.

    Returns:
        Those that were opened.

    Raises:
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    entries = installation.ledger(use_case.name).entries()
    findings = monitoring_findings(entries)
    opened = []
    for result, entry in window_results(entries):
        for note in result.breaches:
            if _covering(findings, result, note) is None:
                found = open_breach(installation, use_case, entry.subject, result, note)
                if found is not None:
                    opened.append(found)
                findings = monitoring_findings(installation.ledger(use_case.name).entries())
    return tuple(opened)


def open_breach(
    installation: Installation, use_case: UseCase, subject: str, result: WindowResult, note: BreachNote
) -> Finding | None:
    """Opens the finding of one breach, unless one covers it already; None then."""
    now = installation.now()
    monitoring = use_case.monitoring
    days = monitoring.due_in(note.severity) if monitoring else None
    finding = Finding(
        id="breach-0",
        title=note.sentence,
        severity=note.severity,
        owner=(monitoring.finding_owner if monitoring else None) or use_case.owner,
        due=(now + days).date() if days else now.date(),
        version=result.version,
        opened_by=MONITORING,
        time=now,
        key=note.key,
        window=result.start.isoformat(),
    )
    return enter_breach(
        installation, use_case.name, subject, finding, lambda findings: _covering(findings, result, note)
    )


def enter_breach(
    installation: Installation,
    use_case: str,
    subject: str,
    finding: Finding,
    covering: Callable[[Sequence[FindingOnRecord]], FindingOnRecord | None],
) -> Finding | None:
    """Enters a finding of the process under the next free id, unless one on record covers it; None then.

    Args:
        installation: Under the principal ``pipeline``.
        use_case: The use case's name.
        subject: ARN of the version.
        finding: The finding; its id is given here.
        covering: Of the findings of the process on record, the one that makes this one needless, or None.
    """

    def propose(entries: Sequence[Entry]) -> Proposal | Entry:
        known = monitoring_findings(entries)
        held = covering(known)
        if held is not None:
            return held.opening
        number = max((int(each.finding.id.removeprefix("breach-")) for each in known), default=0) + 1
        numbered = finding.model_copy(update={"id": f"breach-{number}"})
        return Proposal(EntryKind.BREACH, subject, numbered.model_dump(mode="json"))

    entry = installation.ledger(use_case).propose(propose)
    written = Finding.model_validate(entry.body)
    if written.time != finding.time or written.key != finding.key:
        return None
    publish_head(installation, entry, on_card=False)
    return written


def windows_counted_on(entries: Sequence[Entry], found: FindingOnRecord) -> int:
    """How many windows show the breach of a finding, by the results that count; its first included."""
    finding = found.finding
    return sum(
        result.version == finding.version and any(note.key == finding.key for note in result.breaches)
        for result in latest_results(entries)
        if result.start.isoformat() >= finding.window
    )


def _covering(findings: Sequence[FindingOnRecord], result: WindowResult, note: BreachNote) -> FindingOnRecord | None:
    for each in findings:
        finding = each.finding
        if (finding.key, finding.version) != (note.key, result.version):
            continue
        is_as_grave = _GRAVITY.index(finding.severity) >= _GRAVITY.index(note.severity)
        if is_as_grave and (each.closing is None or result.end <= each.closing.time):
            return each
    return None


def _result(entry: Entry) -> WindowResult:
    try:
        return WindowResult.model_validate(entry.body)
    except ValidationError:
        raise _broken(entry) from None


def _broken(entry: Entry) -> LedgerBroken:
    return LedgerBroken(f"ledger of {entry.use_case}, entry {entry.sequence}: holds no {entry.kind.value}")
