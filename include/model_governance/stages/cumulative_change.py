"""Asks, of each candidate that follows an approved version, whether small changes have added up to one for full review.

Apart from the evaluation of the candidate itself, which says nothing of the versions before it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from model_governance.decisions.breach import MONITORING, enter_breach
from model_governance.decisions.record import (
    FindingOnRecord,
    opened_findings,
    read_record,
    recorded_use_case,
    since_clean_up,
)
from model_governance.domain.candidate import Candidate
from model_governance.domain.canonical import digest
from model_governance.domain.decision import DecisionVerdict, Gate
from model_governance.domain.evidence import Evidence, EvidenceKind
from model_governance.domain.ledger import Entry, EntryKind
from model_governance.domain.monitoring_record import cut
from model_governance.domain.oversight import Finding, Severity
from model_governance.errors import ArtifactChanged
from model_governance.hooks.baselines import read_baselines
from model_governance.hooks.model_package import ModelPackage
from model_governance.operators.run import Run

if TYPE_CHECKING:
    from model_governance.evaluation.cumulative_change import VersionFacts

log = logging.getLogger(__name__)

REVIEW_KEY = "cumulative_change"
"""By which the finding of a version is found again."""
_MEASURED = (EvidenceKind.MODEL_QUALITY, EvidenceKind.POST_TRAINING_BIAS)


def ask_for_full_review(run: Run) -> Finding | None:
    """Opens a finding of high severity against the run's candidate where a full review is due; once for a version.

    The finding holds the candidate's gates until somebody whom the policy names closes it, which says that the review
    has taken place.

    Returns:
        The finding; None where no review is due, or it was asked for before.

    Raises:
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    from model_governance.evaluation.cumulative_change import assess_cumulative_change

    monitoring = run.use_case.monitoring
    if monitoring is None or monitoring.cumulative_change is None:
        return None
    versions = _versions(run)
    if len(versions) < 2:  # nothing was approved before: the candidate's own approval is a full review
        return None
    report = assess_cumulative_change(monitoring.cumulative_change, versions)
    log.log(logging.WARNING if report.is_due else logging.INFO, "%s", report.sentence)
    if not report.is_due:
        return None
    now = run.installation.now()
    finding = Finding(
        id="breach-0",
        title=cut(report.finding_title),
        severity=Severity.HIGH,
        owner=monitoring.finding_owner or run.use_case.owner,
        due=(now + monitoring.due_in(Severity.HIGH)).date(),
        version=run.candidate.version,
        opened_by=MONITORING,
        time=now,
        key=REVIEW_KEY,
    )

    def covering(findings: Sequence[FindingOnRecord]) -> FindingOnRecord | None:
        wanted = (REVIEW_KEY, finding.version)
        return next((each for each in findings if (each.finding.key, each.finding.version) == wanted), None)

    return enter_breach(run.installation, run.name, run.candidate.model_package_arn, finding, covering)


def _versions(run: Run) -> list[VersionFacts]:
    """The approved versions before the candidate, oldest first, and the candidate."""
    entries = since_clean_up(run.installation.ledger(run.name).entries())
    candidates = {
        entry.subject: (Candidate.model_validate(entry.body), entry)
        for entry in entries
        if entry.kind is EntryKind.CANDIDATE
    }
    approved = {
        entry.subject
        for entry in entries
        if entry.kind is EntryKind.DECISION
        and entry.body.get("gate") == Gate.GOVERNANCE
        and entry.body.get("verdict") == DecisionVerdict.APPROVE
    }
    known = sorted(
        (pair for arn, pair in candidates.items() if arn in approved and pair[0].version < run.candidate.version),
        key=lambda pair: pair[0].version,
    )
    reviewed = {
        each.finding.version for each in opened_findings(entries) if each.finding.key == REVIEW_KEY and not each.is_open
    }
    facts = [
        _facts(run, entries, candidate, entry, is_reviewed=place == 0 or candidate.version in reviewed)
        for place, (candidate, entry) in enumerate(known)
    ]
    return [*facts, _facts(run, entries, *candidates[run.candidate.model_package_arn], is_reviewed=False)]


def _facts(
    run: Run, entries: Sequence[Entry], candidate: Candidate, entry: Entry, *, is_reviewed: bool
) -> VersionFacts:
    from model_governance.evaluation.cumulative_change import VersionFacts

    evidence = read_record(entries, Gate.GOVERNANCE, entry.subject).evidence
    package = run.installation.registry.find(entry.subject)  # what cannot be compared makes a review due
    declared = recorded_use_case(entries, candidate.run_id) or run.use_case
    training = package.card.get("training_details", {}).get("training_job_details", {}) if package else {}
    is_compared = is_reviewed or candidate.version == run.candidate.version
    return VersionFacts(
        version=candidate.version,
        registered=entry.time,
        is_fully_reviewed=is_reviewed,
        metrics={name: value for kind in _MEASURED if kind in evidence for name, value in _metrics(evidence[kind])},
        statistics=_statistics(run, package, list(evidence.values())) if is_compared and package else None,
        features=declared.data.features,
        hyperparameters=digest(training.get("hyper_parameters", [])),
        code=package.metadata.get("code_sha256", "") if package else "",
    )


def _metrics(piece: Evidence) -> list[tuple[str, float | None]]:
    return [(f"{each.name}/{each.facet}" if each.facet else each.name, each.value) for each in piece.measurements]


def _statistics(run: Run, package: ModelPackage, evidence: list[Evidence]) -> dict[str, Any] | None:
    try:
        baselines = read_baselines(run.installation.artifacts, package, evidence)
    except ArtifactChanged as changed:  # nobody can say then that the change is small: the rule asks for a review
        log.warning("%s", changed)
        return None
    for each in baselines:
        if each.name == "ModelDataQuality.Statistics":
            found: dict[str, Any] = json.loads(each.content)
            return found
    return None
