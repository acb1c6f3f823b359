"""An installation: every hook, made from its settings; what stages, triggers and pages are handed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

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
from model_governance.hooks.settings import Settings
from model_governance.hooks.signer import PublicKey, Signer, load_public_keys
from model_governance.hooks.texts import Texts
from model_governance.hooks.witness import Witness


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
