"""What a gate asks for, by risk tier: required evidence, who decides and who never does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from model_governance.domain.canonical import digest
from model_governance.domain.decision import Gate
from model_governance.domain.evidence import Evidence, EvidenceKind, EvidenceVerdict
from model_governance.domain.risk import RiskFormula, RiskTier
from model_governance.errors import PolicyInvalid


class GateRule(BaseModel):
    """One gate's rule in one tier.

    Attributes:
        roles: The roles of which a decider must hold one.
        approvals: How many distinct people must approve.
        evidence: The evidence that must be there and within its limits.
        never_decide: Parts in the use case that bar a person: owner, author, trainer.
        differs_from: Gates whose decider must be another person.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    roles: tuple[str, ...] = Field(min_length=1)
    approvals: int = Field(default=1, ge=1)
    evidence: tuple[EvidenceKind, ...] = ()
    never_decide: tuple[Literal["owner", "author", "trainer"], ...] = ("owner", "author", "trainer")
    differs_from: tuple[Gate, ...] = ()


class Policy(BaseModel):
    """The policy file: how risk is computed, and each gate's rule in each tier."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    owner: str
    risk: RiskFormula
    gates: dict[RiskTier, dict[Gate, GateRule]]

    @model_validator(mode="after")
    def _every_gate_has_a_rule_in_every_tier(self) -> Policy:
        for tier in RiskTier:
            absent = [gate.value for gate in Gate if gate not in self.gates.get(tier, {})]
            if absent:
                raise ValueError(f"gates.{tier}: no rule for {', '.join(absent)}")
        return self

    @property
    def digest(self) -> str:
        """Sha256 of the policy's canonical JSON, in hex."""
        return digest(self.model_dump(mode="json"))

    def rule(self, tier: RiskTier, gate: Gate) -> GateRule:
        """The rule of a gate in a tier."""
        return self.gates[tier][gate]


class MissingItem(BaseModel):
    """One thing that stands between a request and its gate.

    Attributes:
        what: The evidence, or the metric of it that misses its limit.
        reason: Why it does not count, with the numbers.
        owner: Who can supply it: a part in the use case or a role.
        how: What to do.
    """

    model_config = ConfigDict(frozen=True)

    what: str
    reason: str
    owner: str
    how: str

    @property
    def sentence(self) -> str:
        """The item in one line."""
        return f"{self.what}: {self.reason} (owner: {self.owner}; {self.how})"


_HOW = {
    EvidenceKind.DATA_QUALITY: "mend the data set and run the lifecycle again",
    EvidenceKind.PRE_TRAINING_BIAS: "run the data quality stage again",
    EvidenceKind.MODEL_QUALITY: "improve the model and run the lifecycle again",
    EvidenceKind.POST_TRAINING_BIAS: "mitigate the bias and run the lifecycle again",
    EvidenceKind.TEST_VALIDATION: "mend what the validation of the test endpoint names and run it again",
}


def missing_evidence(rule: GateRule, evidence: Sequence[Evidence]) -> tuple[MissingItem, ...]:
    """What the rule requires and the evidence does not give, item by item; empty when nothing is missing.

    A warning does not count as missing: the approver answers it in the comment.
    """
    found = {piece.kind: piece for piece in evidence}
    items: list[MissingItem] = []
    for kind in rule.evidence:
        piece = found.get(kind)
        if piece is None:
            items.append(
                MissingItem(what=kind.value, reason="there is no such evidence", owner="author", how=_HOW[kind])
            )
        elif piece.verdict in (EvidenceVerdict.FAIL, EvidenceVerdict.NOT_ASSESSABLE):
            items.extend(_short_of_limits(piece))
    return tuple(items)


def _short_of_limits(piece: Evidence) -> list[MissingItem]:
    short = [m for m in piece.measurements if m.verdict in (EvidenceVerdict.FAIL, EvidenceVerdict.NOT_ASSESSABLE)]
    if not short:
        return [
            MissingItem(what=piece.kind.value, reason=f"verdict {piece.verdict}", owner="author", how=_HOW[piece.kind])
        ]
    return [
        MissingItem(what=f"{piece.kind.value}.{m.name}", reason=m.sentence, owner="author", how=_HOW[piece.kind])
        for m in short
    ]


def parse_policy(text: str, *, file: str) -> Policy:
    """The policy from its YAML.

    Raises:
        PolicyInvalid: Naming file, field and reason of each fault.
    """
    try:
        declared = yaml.safe_load(text)
    except yaml.YAMLError as fault:
        raise PolicyInvalid(f"{file}: is not YAML: {' '.join(str(fault).split())}") from None
    try:
        return Policy.model_validate(declared)
    except ValidationError as faults:
        lines = [f"{file}: {'.'.join(map(str, fault['loc'])) or '(root)'}: {fault['msg']}" for fault in faults.errors()]
        raise PolicyInvalid("\n".join(lines)) from None
