"""An installation: its settings, and every hook made from them; what stages, triggers and pages are handed."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import Authority
from model_governance.domain.people import People
from model_governance.domain.policy import Policy
from model_governance.domain.use_case import UseCase
from model_governance.hooks.approvals import Approvals
from model_governance.hooks.artifacts import LEDGER_PREFIX, Artifacts
from model_governance.hooks.aws import Clients, EnvironmentClients
from model_governance.hooks.changes import RegistryChanges
from model_governance.hooks.clock import utc_now
from model_governance.hooks.configuration import Configuration, UseCases
from model_governance.hooks.endpoints import Endpoints
from model_governance.hooks.ledger import Ledger
from model_governance.hooks.lineage import Lineage
from model_governance.hooks.model_cards import ModelCards
from model_governance.hooks.model_registry import ModelRegistry
from model_governance.hooks.sent_notices import SentNotices
from model_governance.hooks.signer import PublicKey, Signer, load_public_keys
from model_governance.hooks.sources import read_overrides
from model_governance.hooks.texts import Texts
from model_governance.hooks.witness import Witness

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


@dataclass(frozen=True)
class Installation:
    """Everything the process can reach, under one principal; each hook is made when it is first asked for.

    Attributes:
        settings: Of the installation.
        clients: Of the principal.
        now: The clock, aware; every entry and decision is stamped by it.
    """

    settings: Settings
    clients: Clients
    now: Callable[[], datetime] = utc_now
    _ledgers: dict[str, Ledger] = field(default_factory=dict, repr=False, compare=False)
    _endpoints: dict[Environment, Endpoints] = field(default_factory=dict, repr=False, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @classmethod
    def load(cls, clients: Clients | None = None, settings: Settings | None = None) -> Installation:
        """The installation of this environment.

        Args:
            clients: Whose hands to act by; by default the environment's own credentials.
            settings: By default the environment's.
        """
        return cls(settings or Settings.from_environment(), clients or EnvironmentClients())

    @cached_property
    def registry(self) -> ModelRegistry:
        """Model package groups and packages."""
        return ModelRegistry(self.clients.client("sagemaker"))

    @cached_property
    def cards(self) -> ModelCards:
        """Use cases' own model cards."""
        return ModelCards(self.clients.client("sagemaker"))

    @cached_property
    def lineage(self) -> Lineage:
        """The lineage graph."""
        return Lineage(self.clients.client("sagemaker"))

    @cached_property
    def endpoints(self) -> Endpoints:
        """Endpoints, configurations and models in our own account: transforms' models are here."""
        return Endpoints(self.clients.client("sagemaker"), self.clients.client("sagemaker-runtime"))

    def endpoints_in(self, environment: Environment) -> Endpoints:
        """Endpoints, their configurations and models in one environment, which may be an account of its own."""
        with self._lock:
            if environment not in self._endpoints:
                there = self.clients.within(environment, self.settings.roles.get(environment, ""))
                pair = there.client("sagemaker"), there.client("sagemaker-runtime")
                self._endpoints[environment] = self.endpoints if there is self.clients else Endpoints(*pair)
            return self._endpoints[environment]

    @cached_property
    def approvals(self) -> Approvals:
        """Who set which status."""
        return Approvals(self.clients.client("cloudtrail"))

    @cached_property
    def artifacts(self) -> Artifacts:
        """The object store."""
        return Artifacts(self.clients.client("s3"), self.settings.bucket)

    @cached_property
    def signers(self) -> Mapping[Authority, Signer]:
        """Who signs the ledger, by key; which of them the principal may use is KMS's to say."""
        kms = self.clients.client("kms")
        return {
            Authority.LEDGER: Signer(kms, self.settings.ledger_key_id),
            Authority.DECISIONS: Signer(kms, self.settings.decisions_key_id),
            Authority.OVERSIGHT: Signer(kms, self.settings.oversight_key_id),
            Authority.OPERATIONS: Signer(kms, self.settings.operations_key_id),
        }

    @cached_property
    def public_keys(self) -> Mapping[Authority, PublicKey]:
        """What the ledger is verified with.

        Raises:
            RecordMissing: The installation lacks one, or its file cannot be read.
            AccessRefused: Two are the same key: then whoever records evidence could record decisions.
        """
        files = {
            Authority.LEDGER: self.settings.ledger_public_key,
            Authority.DECISIONS: self.settings.decisions_public_key,
            Authority.OVERSIGHT: self.settings.oversight_public_key,
        }
        if self.settings.operations_public_key is not None:
            files[Authority.OPERATIONS] = self.settings.operations_public_key
        return load_public_keys(files)

    @cached_property
    def witness(self) -> Witness | None:
        """The file outside the bucket that knows the ledgers' heads; None where the installation has none."""
        return Witness(self.settings.witness) if self.settings.witness else None

    @cached_property
    def texts(self) -> Texts:
        """Policies and people files by digest, as they were when requests and decisions referred to them."""
        return Texts(self.artifacts)

    @cached_property
    def sent_notices(self) -> SentNotices:
        """Which notices have been sent, by channel."""
        return SentNotices(self.artifacts, self.now)

    @cached_property
    def configuration(self) -> Configuration:
        """Use-case folders, policy and people."""
        return Configuration(self.settings.use_cases, self.settings.policies)

    def warm_up(self) -> None:
        """Makes what adjudicating needs: a client of each service, which takes longer than to decide.

        Raises:
            AccessRefused, RecordMissing: As the clients and keys it makes.
        """
        _ = (self.registry, self.cards, self.lineage, self.approvals, self.artifacts, self.signers, self.public_keys)

    def ledger(self, use_case: str) -> Ledger:
        """The ledger of a use case; the same one each time, so that a chain once verified is not read again."""
        with self._lock:
            if use_case not in self._ledgers:
                self._ledgers[use_case] = Ledger(use_case, self.artifacts, self.signers, self.public_keys, self.now)
            return self._ledgers[use_case]

    def ledgers(self) -> tuple[str, ...]:
        """Names of the use cases that have a ledger in the bucket."""
        folders = self.artifacts.folders(LEDGER_PREFIX)
        return tuple(name for name in folders if not name.startswith("_"))

    def changes(self) -> RegistryChanges:
        """A new look-out for changes in the registry from now on."""
        return RegistryChanges(self.registry, self.cards)

    @property
    def use_cases(self) -> UseCases:
        """Every use case, and the folders that do not validate; read afresh."""
        return self.configuration.use_cases()

    def use_case(self, name: str) -> UseCase:
        """One use case, read afresh.

        Raises:
            RecordMissing, UseCaseInvalid: There is none, or it does not validate.
        """
        return self.configuration.use_case(name)

    @property
    def policy(self) -> Policy:
        """The policy as the file says it, read afresh; whether it is in force, ``decisions.in_force`` says.

        Raises:
            PolicyInvalid: It does not validate.
        """
        return self.configuration.policy()

    @property
    def people(self) -> People:
        """The people as the file says them, read afresh; whether it is in force, ``decisions.in_force`` says.

        Raises:
            PolicyInvalid: The file does not validate.
        """
        return self.configuration.people()
