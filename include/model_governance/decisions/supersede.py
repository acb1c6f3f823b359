"""Supersession: a version that reaches production ends the waits of the older ones, on record.

Apart from deployment, which serves a model, because what is ended here belongs to other runs.
"""

from __future__ import annotations

from collections.abc import Sequence

from model_governance.decisions.record import read_record, since_clean_up
from model_governance.domain.candidate import Candidate
from model_governance.domain.decision import DecisionVerdict, Gate
from model_governance.domain.ledger import Entry, EntryKind
from model_governance.hooks.installation import Installation
from model_governance.hooks.model_registry import PRODUCTION_STAGE, StageStatus


def supersede_older(installation: Installation, use_case: str, version: int) -> tuple[Entry, ...]:
    """Ends the waits of every older version that still stands before a gate; safe to repeat.

    The ledger says so first, then the registry (life cycle ``Superseded``), whose change wakes the waiting task.

    Args:
        installation: Through which to act.
        use_case: The use case's name.
        version: The version that has reached production.

    Returns:
        The ledger's entries about them, those of an earlier call included.

    Raises:
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    ledger = installation.ledger(use_case)
    written = []
    for candidate in _older_waiting(ledger.entries(), version):
        arn = candidate.model_package_arn
        body = {"version": candidate.version, "by_version": version, "run_id": candidate.run_id}

        def is_there(entry: Entry, arn: str = arn, run_id: str = candidate.run_id) -> bool:
            superseded = entry.kind is EntryKind.SUPERSEDED and entry.subject == arn
            return superseded and entry.body.get("run_id") == run_id  # after a clean-up another may bear the ARN

        written.append(ledger.append(EntryKind.SUPERSEDED, arn, body, unless=is_there))
        package = installation.registry.describe(arn)
        if package.stage_status != StageStatus.SUPERSEDED:
            stage = package.stage or "GovernanceApproval"
            words = f"superseded by version {version}, which has reached production"
            installation.registry.set_life_cycle(arn, stage, StageStatus.SUPERSEDED, words)
    return tuple(written)


def _older_waiting(entries: tuple[Entry, ...], version: int) -> tuple[Candidate, ...]:
    """Older candidates that have asked for a gate, were rejected at none and never reached production."""
    standing = since_clean_up(entries)
    candidates = [Candidate.model_validate(each.body) for each in standing if each.kind is EntryKind.CANDIDATE]
    deployed = {
        entry.subject
        for entry in standing
        if entry.kind is EntryKind.DEPLOYMENT and entry.body.get("stage") == PRODUCTION_STAGE
    }
    return tuple(
        each
        for each in candidates
        if each.version < version
        and each.model_package_arn not in deployed
        and _has_asked(standing, each.model_package_arn)
        and not _is_rejected(entries, each.model_package_arn)
    )


def _has_asked(entries: Sequence[Entry], arn: str) -> bool:
    return any(entry.kind is EntryKind.REQUEST and entry.subject == arn for entry in entries)


def _is_rejected(entries: tuple[Entry, ...], arn: str) -> bool:
    return any(
        decision.verdict is DecisionVerdict.REJECT
        for gate in (Gate.GOVERNANCE, Gate.PRODUCTION)
        for decision, _ in read_record(entries, gate, arn).entries
    )
