"""A request to pass a gate: what is asked of whom, on which evidence, frozen so that a decision can refer to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from model_governance.domain.canonical import digest
from model_governance.domain.decision import Gate
from model_governance.domain.evidence import Evidence, EvidenceVerdict, Measurement
from model_governance.domain.risk import RiskTier
from model_governance.domain.use_case import Name

if TYPE_CHECKING:
    from model_governance.domain.policy import GateRule


class GateRequest(BaseModel):
    """What the ledger holds of a request.

    Attributes:
        gate: The gate.
        use_case: The use case's name; notices show it in commands to be copied.
        subject: ARN of the model package, or of the use case's model card.
        run_id: The DAG run that asks; empty outside a run.
        version: The model package's version; None for a use case.
        tier: The risk tier at the time.
        owner: Id of the use case's owner.
        author: Id of who wrote the training code.
        trainer: Id of who started the run; empty for a scheduled one.
        approvers: Ids of the only people who may decide, as the use case names them; empty for whoever holds a role.
        evidence: The evidence snapshot.
        card_digest: Digest of the card sections that people decide on.
        artifact_sha256: Sha256 of the model's bytes; None for a use case.
        policy_digest: Digest of the policy in force.
        use_case_digest: Digest of the use case's declaration.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    gate: Gate
    use_case: Name
    subject: str
    run_id: str = ""
    version: int | None = None
    tier: RiskTier
    owner: str
    author: str
    trainer: str = ""
    approvers: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    card_digest: str
    artifact_sha256: str | None = None
    policy_digest: str
    use_case_digest: str

    @property
    def digest(self) -> str:
        """Sha256 of the request's canonical JSON, in hex; what a decision refers to."""
        return digest(self.model_dump(mode="json"))

    @property
    def evidence_digest(self) -> str:
        """Sha256 of the evidence snapshot's canonical JSON, in hex."""
        return digest([evidence.model_dump(mode="json") for evidence in self.evidence])

    @property
    def warnings(self) -> tuple[Measurement, ...]:
        """The measurements beyond a limit that does not stop the candidate but must be answered in the comment."""
        return tuple(
            measurement
            for evidence in self.evidence
            for measurement in evidence.measurements
            if measurement.verdict is EvidenceVerdict.WARNING
        )

    def barred(self, rule: GateRule) -> set[str]:
        """Ids of the people whom the rule's separation of duties keeps from deciding this request."""
        return {getattr(self, part) for part in rule.never_decide} - {""}
