"""What every task starts from: its use case, its run and its candidate, read afresh; nothing comes by XCom."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from model_governance.decisions.record import candidate_of_run
from model_governance.domain.candidate import Candidate, run_key, run_prefix, split_prefix
from model_governance.domain.ledger import Entry, EntryKind
from model_governance.domain.risk import RiskAssessment, assess_risk
from model_governance.domain.use_case import UseCase
from model_governance.errors import LedgerBroken, RecordMissing
from model_governance.hooks.aws import PIPELINE_CONNECTION, AirflowClients
from model_governance.hooks.installation import Installation
from model_governance.hooks.jobs import Jobs
from model_governance.hooks.model_registry import ModelPackage

if TYPE_CHECKING:
    from airflow.sdk import Context


@dataclass(frozen=True)
class Run:
    """One DAG run of one use case.

    Attributes:
        installation: Under the principal ``pipeline``.
        use_case: The declaration that the run began with, from the ledger; as it is in the folder before the run has
            recorded it. A file edited meanwhile, limits and all, changes nothing in a run that is under way.
        run_id: The DAG run's id.
        started_by: Airflow user who started it; empty for a scheduled one.
        parameters: The run's Params.
    """

    installation: Installation
    use_case: UseCase
    run_id: str
    started_by: str
    parameters: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The use case's name."""
        return self.use_case.name

    @cached_property
    def key(self) -> str:
        """The run's short name, 12 hex digits."""
        return run_key(self.name, self.run_id)

    @property
    def job_name(self) -> str:
        """What the run's jobs and models are called: at most 53 characters."""
        return f"{self.name}-{self.key}"

    @property
    def prefix(self) -> str:
        """Where the run's outputs lie in the bucket; ends with a slash."""
        return run_prefix(self.name, self.key)

    @cached_property
    def jobs(self) -> Jobs:
        """Training and transform jobs."""
        return Jobs(self.installation.clients.client("sagemaker"))

    @property
    def split_prefix(self) -> str:
        """Where the candidate's training and held-out rows lie in the bucket; ends with a slash."""
        return split_prefix(self.use_case, self.candidate.data_sha256)

    @property
    def risk(self) -> RiskAssessment:
        """The risk of the use case by the policy in force."""
        return assess_risk(self.use_case.risk, self.installation.policy.risk)

    @property
    def trainer(self) -> str:
        """Id of the person who started the run, or the Airflow user's name where nobody has it; empty if scheduled."""
        person = self.installation.people.by_airflow_user(self.started_by) if self.started_by else None
        return person.id if person else self.started_by

    def find_candidate(self) -> Candidate | None:
        """What the ledger says this run has registered; None before."""
        return candidate_of_run(self.installation.ledger(self.name).entries(), self.run_id)

    @cached_property
    def candidate(self) -> Candidate:
        """What the ledger says this run has registered.

        Raises:
            RecordMissing: Nothing yet.
        """
        candidate = self.find_candidate()
        if candidate is None:
            raise RecordMissing(
                f"run {self.run_id} of {self.name} has no candidate in the ledger: "
                "clear data_quality.register_candidate"
            )
        return candidate

    def package(self) -> ModelPackage:
        """The candidate's model package as the registry says it is now."""
        return self.installation.registry.describe(self.candidate.model_package_arn)


def current_run(use_case: str, context: Context) -> Run:
    """The run of the task that is being executed.

    Raises:
        RecordMissing, UseCaseInvalid: The use case is not there, or does not validate.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the ledger is read.
    """
    installation = Installation.load(AirflowClients(PIPELINE_CONNECTION))
    dag_run = context["dag_run"]
    entries = installation.ledger(use_case).entries()
    return Run(
        installation=installation,
        use_case=recorded_use_case(entries, dag_run.run_id) or installation.use_case(use_case),
        run_id=dag_run.run_id,
        started_by=getattr(dag_run, "triggering_user_name", None) or "",
        parameters=context["params"],
    )


def recorded_use_case(entries: Sequence[Entry], run_id: str) -> UseCase | None:
    """The declaration that a run has recorded; None before.

    Raises:
        LedgerBroken: The entry holds something else.
    """
    for entry in reversed(entries):
        if entry.kind is EntryKind.USE_CASE and entry.body.get("run_id") == run_id:
            try:
                use_case = UseCase.model_validate(entry.body["declaration"])
            except (KeyError, ValidationError) as fault:
                raise LedgerBroken(
                    f"ledger of {entry.use_case}, entry {entry.sequence}: holds no use case: {fault}"
                ) from fault
            if use_case.digest != entry.body.get("use_case_digest"):
                raise LedgerBroken(
                    f"ledger of {entry.use_case}, entry {entry.sequence}: its use case has digest {use_case.digest}, "
                    f"recorded is {entry.body.get('use_case_digest')}"
                )
            return use_case
    return None


def job_poll_seconds() -> int:
    """Whole seconds between two looks at a job: the installation's poll interval, 1 at least."""
    return max(1, round(float(os.environ.get("MODEL_GOVERNANCE_POLL_SECONDS", "1"))))
