"""A request, its evidence and a decision on it, as literals that a test changes in one place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from model_governance.domain.decision import Channel, Decision, DecisionVerdict, Gate
from model_governance.domain.evidence import Evidence, EvidenceKind, EvidenceVerdict, Measurement
from model_governance.domain.gate import Observed
from model_governance.domain.policy import parse_policy
from model_governance.domain.request import GateRequest
from model_governance.domain.risk import RiskTier

POLICIES = Path(__file__).parents[3] / "include" / "policies"
POLICY = parse_policy((POLICIES / "policy.yaml").read_text(), file="policy.yaml")
NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
SUBJECT = "arn:aws:sagemaker:us-east-1:111122223333:model-package/loan-approval/1"
GOVERNANCE_KINDS = POLICY.rule(RiskTier.HIGH, Gate.GOVERNANCE).evidence


def evidence(kind: EvidenceKind, verdict: EvidenceVerdict = EvidenceVerdict.PASS) -> Evidence:
    measurement = Measurement(name="disparate_impact", facet="white", value=0.7, minimum=0.8, verdict=verdict)
    return Evidence(kind=kind, uri=f"s3://b/{kind}.json", sha256="a" * 64, verdict=verdict, measurements=(measurement,))


def request(gate: Gate = Gate.GOVERNANCE, pieces: tuple[Evidence, ...] | None = None, trainer: str = "") -> GateRequest:
    return GateRequest(
        gate=gate,
        use_case="loan-approval",
        subject=SUBJECT,
        tier=RiskTier.HIGH,
        owner="model-owner",
        author="data-scientist",
        trainer=trainer,
        evidence=tuple(evidence(kind) for kind in GOVERNANCE_KINDS) if pieces is None else pieces,
        card_digest="c" * 64,
        artifact_sha256="d" * 64,
        policy_digest=POLICY.digest,
        use_case_digest="e" * 64,
    )


def decision(asked: GateRequest, **changes: object) -> Decision:
    fields: dict[str, object] = {
        "gate": asked.gate,
        "subject": asked.subject,
        "verdict": DecisionVerdict.APPROVE,
        "actor": "governance-officer",
        "role": "governance_officer",
        "comment": "the evidence holds",
        "channel": Channel.REGISTRY,
        "time": NOW - timedelta(minutes=1),
        "policy_digest": asked.policy_digest,
        "people_digest": "f" * 64,
        "evidence_digest": asked.evidence_digest,
        "card_digest": asked.card_digest,
        "request_digest": asked.digest,
    }
    return Decision.model_validate(fields | changes)


def observed(**changes: object) -> Observed:
    fields: dict[str, object] = {
        "card_digest": "c" * 64,
        "artifact_sha256": "d" * 64,
        "policy_digest": POLICY.digest,
    }
    return Observed.model_validate(fields | changes)
