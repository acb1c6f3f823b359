"""What a gate asks for, by risk tier: required evidence, who decides, who never does, and for how long it holds."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from model_governance.domain.canonical import digest
from model_governance.domain.decision import Gate
from model_governance.domain.declaration import read_declaration
from model_governance.domain.evidence import EvidenceKind
from model_governance.domain.oversight import Severity
from model_governance.domain.policy_faults import policy_faults
from model_governance.domain.risk import RiskFormula, RiskTier
from model_governance.errors import PolicyInvalid


class GateRule(BaseModel):
    """One gate's rule in one tier.

    Attributes:
        roles: The roles of which a decider must hold one.
        approvals: How many distinct people must approve.
        groups: From how many distinct groups they must come, in [1, approvals]; unless set, each from another.
        evidence: The evidence that must be there and within its limits.
        never_decide: Parts in the use case that bar a person: owner, author, trainer.
        differs_from: Gates of the same version whose decider must be another person.
        holds_days: For how many days an approval counts; None for as long as nothing changes.
        revalidate_every_days: Days after which what the gate let through must be requested and approved anew before
            it is deployed again; None for never.
        remind_after_hours: Hours of waiting after which those who may still decide are told again; None for never.
        escalate_after_hours: Hours of waiting after which their deputies are told; None for never.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    roles: tuple[str, ...] = Field(min_length=1)
    approvals: int = Field(default=1, ge=1, strict=True)
    groups: int | None = Field(default=None, ge=1, strict=True)
    evidence: tuple[EvidenceKind, ...] = ()
    never_decide: tuple[Literal["owner", "author", "trainer"], ...] = ("owner", "author", "trainer")
    differs_from: tuple[Gate, ...] = ()
    holds_days: int | None = Field(default=None, ge=1, le=3660, strict=True)
    revalidate_every_days: int | None = Field(default=None, ge=1, le=3660, strict=True)
    remind_after_hours: float | None = Field(default=None, gt=0, le=8784, strict=True)
    escalate_after_hours: float | None = Field(default=None, gt=0, le=8784, strict=True)

    @model_validator(mode="after")
    def _no_more_groups_than_people(self) -> GateRule:
        if self.groups is not None and self.groups > self.approvals:
            raise ValueError(f"groups {self.groups} exceeds approvals {self.approvals}")
        return self

    @model_validator(mode="after")
    def _reminds_before_it_escalates(self) -> GateRule:
        remind, escalate = self.remind_after_hours, self.escalate_after_hours
        if remind is not None and escalate is not None and remind >= escalate:
            raise ValueError(f"remind_after_hours {remind:g} must be less than escalate_after_hours {escalate:g}")
        return self

    @property
    def distinct_groups(self) -> int:
        """From how many distinct groups the approvals must come."""
        return self.approvals if self.groups is None else self.groups


class ExceptionRule(BaseModel):
    """Who may grant an exception, and for how long at most; nobody unless the policy names a role."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    roles: tuple[str, ...] = ()
    longest_days: int = Field(default=90, ge=1, le=3660, strict=True)


class FindingRule(BaseModel):
    """Who may open and close a finding, and from which severity an open one blocks the gates."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    open_roles: tuple[str, ...] = ()
    close_roles: tuple[str, ...] = ()
    blocking: tuple[Severity, ...] = (Severity.HIGH,)


class AssessmentRule(BaseModel):
    """From how many rows on a metric says something.

    Attributes:
        minimum_group_rows: Rows that each proportion of a bias metric, and each rate of a binary classifier, must rest
            on; with fewer, the metric is not assessable. 1 asks for nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    minimum_group_rows: int = Field(default=1, ge=1, le=1_000_000, strict=True)


class OperationRule(BaseModel):
    """Who may do something to what serves: whoever holds one of the roles, or has one of the parts in the use case."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    roles: tuple[str, ...] = ()
    parts: tuple[Literal["owner"], ...] = ()


class OperationRules(BaseModel):
    """Who may stop an endpoint, have an earlier version serve, lift a stop, and retire a use case.

    What a policy does not say is as here: a kill switch that nobody may use is none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stop: OperationRule = OperationRule(
        roles=("on_call", "production_approver", "governance_officer"), parts=("owner",)
    )
    roll_back: OperationRule = OperationRule(roles=("production_approver",))
    resume: OperationRule = OperationRule(roles=("production_approver",))
    retire: OperationRule = OperationRule(roles=("governance_officer",))


class Policy(BaseModel):
    """The policy file: how risk is computed, and each gate's rule in each tier."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    owner: str
    risk: RiskFormula
    gates: dict[RiskTier, dict[Gate, GateRule]]
    exceptions: ExceptionRule = ExceptionRule()
    findings: FindingRule = FindingRule()
    assessment: AssessmentRule = AssessmentRule()
    operations: OperationRules = OperationRules()

    @model_validator(mode="after")
    def _every_gate_has_a_rule_in_every_tier(self) -> Policy:
        for tier in RiskTier:
            absent = [gate.value for gate in Gate if gate not in self.gates.get(tier, {})]
            if absent:
                raise ValueError(f"gates.{tier}: no rule for {', '.join(absent)}")
        return self

    @cached_property
    def digest(self) -> str:
        """Sha256 of the policy's canonical JSON, in hex."""
        return digest(self.document)

    @property
    def document(self) -> dict[str, Any]:
        """The policy as JSON holds it, what is left at its default left out: from it the same policy can be had."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def rule(self, tier: RiskTier, gate: Gate) -> GateRule:
        """The rule of a gate in a tier."""
        return self.gates[tier][gate]


def parse_policy(text: str, *, file: str) -> Policy:
    """The policy from its YAML.

    Raises:
        PolicyInvalid: Naming file, field and reason of each fault.
    """
    return read_declaration(Policy, text, file=file, refusal=PolicyInvalid, faults_of=policy_faults)
