"""A version as it is deployed: the names of its model and configurations, its declaration, all from the ledger."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from model_governance.decisions.record import candidate_of_run, read_candidate, recorded_use_case
from model_governance.domain.candidate import Candidate
from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import Entry
from model_governance.domain.use_case import TEST_SUFFIX, UseCase
from model_governance.errors import RecordMissing
from model_governance.hooks.endpoints import Endpoint, Endpoints
from model_governance.hooks.installation import Installation

ALL_TRAFFIC = "AllTraffic"
"""The production variant that serves; the only one unless a canary is beside it."""

CANARY = "Canary"
"""The production variant of a version that is being deployed."""

USE_CASE_TAG = "model-governance:use-case"
_PERCENT = 100


@dataclass(frozen=True)
class Version:
    """A version of a use case's model that is, was or will be in production.

    Attributes:
        installation: Through which to act on it.
        use_case: The declaration that its run began with.
        candidate: What the ledger says was registered.
    """

    installation: Installation
    use_case: UseCase
    candidate: Candidate

    @classmethod
    def of_run(cls, installation: Installation, use_case: str, run_id: str) -> Version:
        """The version that a run has registered.

        Raises:
            RecordMissing: It has registered none.
            LedgerBroken, AccessRefused, ServiceUnavailable: As the ledger is read.
        """
        entries = installation.ledger(use_case).entries()
        candidate = candidate_of_run(entries, run_id)
        if candidate is None:
            raise RecordMissing(
                f"run {run_id} of {use_case} has no candidate in the ledger: clear data_quality.register_candidate"
            )
        return cls._of(installation, use_case, entries, candidate)

    @classmethod
    def deployed_by(cls, installation: Installation, deployment: Entry) -> Version:
        """The version that a deployment on record is of.

        Raises:
            RecordMissing: The ledger has no such candidate.
            LedgerBroken, AccessRefused, ServiceUnavailable: As the ledger is read.
        """
        entries = installation.ledger(deployment.use_case).entries()
        candidate = read_candidate(entries, deployment.subject)
        if candidate is None:
            raise RecordMissing(f"{deployment.subject} has no candidate in the ledger of {deployment.use_case}")
        return cls._of(installation, deployment.use_case, entries, candidate)

    @classmethod
    def _of(cls, installation: Installation, use_case: str, entries: Sequence[Entry], candidate: Candidate) -> Version:
        declared = recorded_use_case(entries, candidate.run_id) or installation.use_case(use_case)
        return cls(installation, declared, candidate)

    @property
    def name(self) -> str:
        """The use case's name."""
        return self.use_case.name

    @property
    def number(self) -> int:
        """The version's number."""
        return self.candidate.version

    @property
    def arn(self) -> str:
        """The model package's ARN."""
        return self.candidate.model_package_arn

    @property
    def job_name(self) -> str:
        """What its jobs and its model are called."""
        return f"{self.name}-{self.candidate.run_key}"

    @property
    def endpoints(self) -> Endpoints:
        """Where it is served."""
        return self.installation.endpoints_in(Environment.PRODUCTION)

    @property
    def endpoint(self) -> str:
        """The production endpoint's name."""
        return production_endpoint(self.name)

    @property
    def config(self) -> str:
        """The configuration that serves it alone."""
        return f"{self.name}-v{self.number}-{Environment.PRODUCTION.lower()}"

    @property
    def tags(self) -> dict[str, str]:
        """What everything made for it bears."""
        return {USE_CASE_TAG: self.name}

    def canary_config(self, beside: Version) -> str:
        """The configuration that serves it as a canary beside another version."""
        return f"{self.name}-v{self.number}-canary-v{beside.number}"

    def make_config(self) -> str:
        """Makes the configuration that serves it alone, and the model, unless they are there; its name.

        Raises:
            RequestRefused: The registry does not let the package be deployed.
            AccessRefused, ServiceUnavailable: As SageMaker answers.
        """
        self._make_model()
        self.endpoints.configs.ensure(self.config, [self._variant(ALL_TRAFFIC)], self._capture, self.tags)
        return self.config

    def make_canary_config(self, beside: Version) -> str:
        """Makes the configuration that serves it beside another version, with no traffic yet; its name.

        Raises:
            RequestRefused: The registry does not let the package be deployed.
            AccessRefused, ServiceUnavailable: As SageMaker answers.
        """
        self._make_model()
        variants = [
            {**beside._variant(ALL_TRAFFIC), "InitialVariantWeight": float(_PERCENT)},
            {**self._variant(CANARY), "InitialVariantWeight": 0.0},
        ]
        self.endpoints.configs.ensure(self.canary_config(beside), variants, self._capture, self.tags)
        return self.canary_config(beside)

    def _make_model(self) -> None:
        role = self.installation.settings.execution_role_in(Environment.PRODUCTION)
        self.endpoints.configs.ensure_model(self.job_name, self.arn, role, self.tags)

    def _variant(self, name: str) -> dict[str, Any]:
        size = self.use_case.deployment.production
        return {
            "VariantName": name,
            "ModelName": self.job_name,
            "InstanceType": size.instance_type,
            "InitialInstanceCount": size.instance_count,
        }

    @property
    def _capture(self) -> dict[str, Any]:
        return capture_config(self.installation.settings.bucket, self.name)


def production_endpoint(use_case: str) -> str:
    """Name of a use case's production endpoint: its own."""
    return use_case


def test_endpoint(use_case: str) -> str:
    """Name of a use case's test endpoint."""
    return f"{use_case}{TEST_SUFFIX}"


def is_own(endpoints: Endpoints, found: Endpoint, use_case: str) -> bool:
    """Whether a production endpoint is the use case's, by what it serves or by its tag; not only by its name.

    Raises:
        AccessRefused, ServiceUnavailable: As SageMaker answers.
    """
    if re.fullmatch(rf"{re.escape(use_case)}-v\d+-({Environment.PRODUCTION.lower()}|canary-v\d+)", found.config):
        return True
    try:
        return endpoints.tag(found.name, USE_CASE_TAG) == use_case
    except RecordMissing:
        return True


def canary_weights(percent: int) -> Mapping[str, float]:
    """The weights at which a canary takes so many percent of the traffic."""
    return {ALL_TRAFFIC: float(_PERCENT - percent), CANARY: float(percent)}


def capture_config(bucket: str, use_case: str) -> dict[str, Any]:
    """``DataCaptureConfig`` of a production endpoint: every request and answer, for monitoring."""
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": _PERCENT,
        "DestinationS3Uri": f"s3://{bucket}/use-cases/{use_case}/capture",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
    }
