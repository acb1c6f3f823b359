"""What differs from installation to installation: read from the environment once, and handed to whatever needs it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from model_governance.domain.deployment import Environment
from model_governance.hooks.sources import read_overrides

_INCLUDE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Settings:
    """What differs from installation to installation and is no secret; ``MODEL_GOVERNANCE_*`` in the environment.

    Attributes:
        bucket: Holds ledger, data, code, models and reports.
        landing_bucket: Where data engineers publish data sets.
        ledger_key_id: KMS key that signs what the pipeline records.
        ledger_public_key: PEM file of its public key; never in the bucket; None where nothing reads the ledger.
        decisions_key_id: KMS key that signs decisions, which only the decision service may use.
        decisions_public_key: PEM file of its public key, as above.
        oversight_key_id: KMS key that signs policy versions, exceptions and findings, for the policy's owners alone.
        oversight_public_key: PEM file of its public key, as above.
        operations_key_id: KMS key that signs what people do to what serves: stops, roll-backs, retirement.
        operations_public_key: PEM file of its public key, as above; None where nobody has done any of it.
        witness: File outside the bucket that is told the ledgers' heads; None for none.
        use_cases: Folder of use cases.
        policies: Folder of policy and people.
        execution_role_arn: Role that jobs run as, and endpoints of an environment in the same account.
        airflow_url: Where people find Airflow.
        policy_owners: The principals who may enter a version of policy or people.
        data_sources: Files that are read in the place of the data a use case declares, by its name.
        public_url: Where people's browsers reach Airflow, for the addresses in notices; ``airflow_url`` if empty.
        notify: The channels of notices, as ``notifiers.channels`` reads them; empty for a line in the log.
        roles: The role to take on in an environment's account, by environment; none for one in our own account.
        execution_roles: Role that an environment's endpoints run as, by environment.
    """

    bucket: str
    landing_bucket: str
    ledger_key_id: str
    ledger_public_key: Path | None
    decisions_key_id: str
    decisions_public_key: Path | None
    oversight_key_id: str
    oversight_public_key: Path | None
    witness: Path | None
    use_cases: Path
    policies: Path
    execution_role_arn: str
    airflow_url: str
    policy_owners: tuple[str, ...] = ("policy-owner",)
    data_sources: Mapping[str, Path] = field(default_factory=dict)
    public_url: str = ""
    notify: str = ""
    roles: Mapping[Environment, str] = field(default_factory=dict)
    execution_roles: Mapping[Environment, str] = field(default_factory=dict)
    operations_key_id: str = "alias/model-governance-operations"
    operations_public_key: Path | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """The settings in the environment, with the embedded stack's as defaults."""
        given = os.environ if environment is None else environment

        def setting(name: str, default: str) -> str:
            return given.get(f"MODEL_GOVERNANCE_{name}") or default

        ledger_public_key = setting("LEDGER_PUBLIC_KEY", "")
        decisions_public_key = setting("DECISIONS_PUBLIC_KEY", "")
        oversight_public_key = setting("OVERSIGHT_PUBLIC_KEY", "")
        operations_public_key = setting("OPERATIONS_PUBLIC_KEY", "")
        witness = setting("WITNESS", "")
        return cls(
            bucket=setting("BUCKET", "model-governance"),
            landing_bucket=setting("LANDING_BUCKET", "landing"),
            ledger_key_id=setting("LEDGER_KEY_ID", "alias/model-governance-ledger"),
            ledger_public_key=Path(ledger_public_key) if ledger_public_key else None,
            decisions_key_id=setting("DECISIONS_KEY_ID", "alias/model-governance-decisions"),
            decisions_public_key=Path(decisions_public_key) if decisions_public_key else None,
            oversight_key_id=setting("OVERSIGHT_KEY_ID", "alias/model-governance-oversight"),
            oversight_public_key=Path(oversight_public_key) if oversight_public_key else None,
            witness=Path(witness) if witness else None,
            use_cases=Path(setting("USE_CASES", str(_INCLUDE / "use_cases"))),
            policies=Path(setting("POLICIES", str(_INCLUDE / "policies"))),
            execution_role_arn=setting(
                "EXECUTION_ROLE_ARN", "arn:aws:iam::111122223333:role/model-governance-execution"
            ),
            airflow_url=setting("AIRFLOW_URL", "http://127.0.0.1:8080").rstrip("/"),
            policy_owners=tuple(setting("POLICY_OWNER", "policy-owner").replace(",", " ").split()),
            data_sources=read_overrides(setting("DATA_SOURCES", "")),
            public_url=setting("PUBLIC_URL", "").rstrip("/"),
            notify=setting("NOTIFY", ""),
            roles={each: setting(f"{each.name}_ROLE_ARN", "") for each in Environment},
            execution_roles={each: setting(f"{each.name}_EXECUTION_ROLE_ARN", "") for each in Environment},
            operations_key_id=setting("OPERATIONS_KEY_ID", "alias/model-governance-operations"),
            operations_public_key=Path(operations_public_key) if operations_public_key else None,
        )

    def execution_role_in(self, environment: Environment) -> str:
        """The role that an environment's endpoints run as: of that account, under the same name unless it is set."""
        given, role = self.execution_roles.get(environment), self.roles.get(environment)
        if given or not role:
            return given or self.execution_role_arn
        return ":".join([*role.split(":")[:5], self.execution_role_arn.split(":", 5)[-1]])

    @property
    def other_accounts(self) -> tuple[str, ...]:
        """The accounts of the environments' roles, but for our own; 12 digits each."""
        accounts = {role.split(":")[4] for role in self.roles.values() if role.count(":") >= 5}
        return tuple(sorted(accounts - {self.execution_role_arn.split(":")[4]}))
