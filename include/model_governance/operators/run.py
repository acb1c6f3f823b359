"""What every task starts from: its use case, its run and its candidate, read afresh; nothing comes by XCom."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from model_governance.decisions.record import candidate_of_run, recorded_use_case, since_clean_up
from model_governance.domain.candidate import Candidate, run_key, run_prefix, split_prefix
from model_governance.domain.ledger import Entry, EntryKind, Proposal
from model_governance.domain.risk import RiskAssessment, assess_risk
from model_governance.domain.use_case import Training, UseCase
from model_governance.errors import RecordMissing, UseCaseInvalid
from model_governance.hooks.aws import PIPELINE_CONNECTION, AirflowClients
from model_governance.hooks.installation import Installation
from model_governance.hooks.jobs import Jobs
from model_governance.hooks.model_registry import ModelPackage

if TYPE_CHECKING:
    from airflow.sdk import Context


_MOST_EVENTS = 32


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
        asked_by: What monitoring said when it asked for this run, an item for each time; empty for any other run.
    """

    installation: Installation
    use_case: UseCase
    run_id: str
    started_by: str
    parameters: Mapping[str, Any]
    asked_by: tuple[dict[str, Any], ...] = ()

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
    def trained_as(self) -> UseCase:
        """The declaration with the hyperparameters of this run's form, which is what is trained and stands in the card.

        Raises:
            UseCaseInvalid: They are no hyperparameters.
        """
        given = self.parameters.get("hyperparameters") or {}
        training = self.use_case.training.model_dump()
        try:
            changed = Training.model_validate({**training, "hyperparameters": {**training["hyperparameters"], **given}})
        except (ValidationError, TypeError) as fault:
            raise UseCaseInvalid(f"the run's hyperparameters are refused: {' '.join(str(fault).split())}") from fault
        return self.use_case.model_copy(update={"training": changed})

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

    def enter(self, kind: EntryKind, subject: str, body: dict[str, Any]) -> Entry:
        """Enters a record into the use case's ledger, unless the same stands there since the last clean-up.

        Args:
            kind: What it records.
            subject: ARN of what it is about.
            body: The record, as JSON can hold it.
        """

        def propose(entries: Sequence[Entry]) -> Proposal | Entry:
            same = (
                entry
                for entry in since_clean_up(entries)
                if (entry.kind, entry.subject, entry.body) == (kind, subject, body)
            )
            return next(same, Proposal(kind, subject, body))

        return self.installation.ledger(self.name).propose(propose)

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
        asked_by=_asked_by_monitoring(use_case, context),
    )


def retraining_uri(use_case: str) -> str:
    """The address of the asset that monitoring updates to have a use case's model trained anew."""
    return f"model-governance://{use_case}/retraining"


def _asked_by_monitoring(use_case: str, context: Context) -> tuple[dict[str, Any], ...]:
    """What the asset events that started the run say; anybody can make one, so no more is taken than has a form."""
    found = []
    for asset, events in (context.get("triggering_asset_events") or {}).items():
        if getattr(asset, "uri", "") != retraining_uri(use_case):
            continue
        for event in list(events)[:_MOST_EVENTS]:
            extra = event.extra or {}
            findings = extra.get("findings")
            if isinstance(extra.get("retraining"), int) and isinstance(findings, list):
                found.append(
                    {
                        "retraining": extra["retraining"],
                        "findings": [str(each)[:40] for each in findings[:_MOST_EVENTS]],
                        "window": str(extra.get("window", ""))[:40],
                    }
                )
    return tuple(found)


def job_poll_seconds() -> int:
    """Whole seconds between two looks at a job: the installation's poll interval, 1 at least."""
    return max(1, round(float(os.environ.get("MODEL_GOVERNANCE_POLL_SECONDS", "1"))))
