"""A gate evaluated on what is there now: the records, the registry and the store, read and handed to the domain."""

from __future__ import annotations

from collections.abc import Sequence

from model_governance.decisions.record import GateRecord
from model_governance.decisions.subject import Subject, artifact_sha256
from model_governance.domain.evidence import Evidence
from model_governance.domain.gate import GateVerdict, Observed, evaluate_gate
from model_governance.domain.people import People
from model_governance.domain.policy import Policy
from model_governance.errors import ArtifactChanged, RecordMissing
from model_governance.hooks.installation import Installation


def observe(installation: Installation, subject: Subject, policy: Policy) -> Observed:
    """What is there now, to be held against what was asked.

    Raises:
        AccessRefused, ServiceUnavailable: As the store answers.
    """
    return Observed(
        card_digest=subject.card_digest,
        artifact_sha256=artifact_sha256(installation, subject),
        policy_digest=policy.digest,
    )


def changed_reports(installation: Installation, evidence: Sequence[Evidence]) -> tuple[str, ...]:
    """Why reports no longer are what was recorded, one sentence each; empty when all of them hold.

    Raises:
        AccessRefused, ServiceUnavailable: As the store answers.
    """
    faults = []
    for piece in evidence:
        for uri, sha256 in ((piece.uri, piece.sha256), *((each.uri, each.sha256) for each in piece.attachments)):
            try:
                installation.artifacts.get(uri, sha256)
            except (ArtifactChanged, RecordMissing) as fault:
                faults.append(f"evidence {piece.kind.value}: {fault}")
    return tuple(faults)


def evaluate_record(
    installation: Installation,
    record: GateRecord,
    policy: Policy,
    observed: Observed | None,
    people: People | None = None,
) -> GateVerdict:
    """How a gate stands by its record, now; the words name those who may still decide, where ``people`` are given."""
    return evaluate_gate(
        policy, record.request, record.decisions, installation.now(), observed, record.oversight, people
    )
