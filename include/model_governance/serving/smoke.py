"""Smoke tests: what a version must answer in production before it may take more of the traffic."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from model_governance.domain.candidate import split_prefix
from model_governance.errors import EvaluationRefused, RequestRefused, ServiceUnavailable
from model_governance.hooks.jobs import Jobs, completed
from model_governance.serving.version import Version

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MALFORMED = "no,such\napplication"
_TRIES = 3
_PAUSE_SECONDS = 1.0


@dataclass(frozen=True)
class Smoke:
    """What a version answered.

    Attributes:
        rows: How many held-out rows it was sent.
        largest_difference: From the batch transform's answer to the same row, rounded to nine decimals.
        latency_ms: The 95th percentile of the time that one row took, in milliseconds.
        malformed_refused: Whether it refused rows that are none; it answered afterwards in any case.
    """

    rows: int
    largest_difference: float
    latency_ms: float
    malformed_refused: bool

    @property
    def document(self) -> dict[str, Any]:
        """As the ledger holds it."""
        return asdict(self)


def smoke_test(version: Version, variant: str = "") -> Smoke:
    """Asks the production endpoint for held-out rows, one by one and together, and for what it must refuse.

    Args:
        version: What must be answering.
        variant: The production variant to ask; by default whichever the endpoint draws.

    Raises:
        EvaluationRefused: It answers otherwise than the batch transform did, too slowly, not at all, or to nonsense.
        AccessRefused, ServiceUnavailable, RecordMissing: As the services answer; an endpoint that does not answer while
            SageMaker does is none of these.
    """
    deployment = version.use_case.deployment
    lines, predicted = _held_out(version, deployment.rollout.smoke_rows)
    asked = _Asked(version, variant)
    largest = _difference(asked.answer(lines), predicted)
    taken = []
    for place, line in enumerate(lines):
        began = time.perf_counter()
        answer = asked.answer([line])
        taken.append((time.perf_counter() - began) * 1000)
        largest = max(largest, _difference(answer, predicted[place : place + 1]))
    refused = asked.refuses(MALFORMED)
    largest = max(largest, _difference(asked.answer(lines[:1]), predicted[:1]))
    smoke = Smoke(len(lines), round(largest, 9), round(_percentile_95(taken), 1), refused)
    faults = _faults(smoke, deployment.parity_tolerance, deployment.rollout.latency_budget_ms)
    if faults:
        raise EvaluationRefused(f"{asked.who} does not hold: {'; '.join(faults)}")
    return smoke


def _faults(smoke: Smoke, tolerance: float, budget_ms: float) -> list[str]:
    """Why what was answered does not do, one sentence each."""
    faults = []
    if not smoke.largest_difference <= tolerance:
        faults.append(
            f"it answers {smoke.rows} held-out rows up to {smoke.largest_difference} differently from the batch "
            f"transform; allowed is {tolerance}"
        )
    if smoke.latency_ms > budget_ms:
        faults.append(f"one row takes {smoke.latency_ms:g} ms (95th percentile); allowed are {budget_ms:g} ms")
    if not smoke.malformed_refused:
        faults.append("it answers rows that are none instead of refusing them")
    return faults


@dataclass(frozen=True)
class _Asked:
    """Whom the rows are sent to."""

    version: Version
    variant: str

    @property
    def who(self) -> str:
        variant = f", variant {self.variant}," if self.variant else ""
        return f"version {self.version.number} on endpoint {self.version.endpoint}{variant}"

    def answer(self, lines: list[str]) -> NDArray[np.float64]:
        """The predictions in the answer to these rows.

        Raises:
            EvaluationRefused: They are none, or there is no answer although SageMaker answers.
        """
        from model_governance.evaluation.predictions import read_predictions

        body = "\n".join(lines) + "\n"
        try:
            answer = self._sent(body)
        except RequestRefused as refusal:
            raise EvaluationRefused(f"{self.who} does not hold: {refusal}") from refusal
        return read_predictions(answer.encode(), len(lines), self.version.use_case.data.label)

    def refuses(self, rows: str) -> bool:
        """Whether rows are refused instead of answered."""
        try:
            self._sent(rows)
        except RequestRefused:
            return True
        return False

    def _sent(self, body: str) -> str:
        endpoints, endpoint = self.version.endpoints, self.version.endpoint
        for _ in range(_TRIES - 1):
            try:
                return endpoints.invoke(endpoint, body, self.variant)
            except ServiceUnavailable:
                time.sleep(_PAUSE_SECONDS)
        try:
            return endpoints.invoke(endpoint, body, self.variant)
        except ServiceUnavailable as silence:
            endpoints.describe(endpoint)  # SageMaker out of reach is an outage; an endpoint that alone is silent is not
            raise EvaluationRefused(f"{self.who} does not hold: {silence}") from silence


def _held_out(version: Version, rows: int) -> tuple[list[str], NDArray[np.float64]]:
    """The first held-out rows as they were frozen, and what the batch transform predicted for them.

    Raises:
        EvaluationRefused: The predictions are not of the label, or not one a row.
        RecordMissing: No transform has completed.
    """
    from model_governance.evaluation.predictions import read_predictions

    installation, declared = version.installation, version.use_case
    lines = (
        installation.artifacts.get(f"{split_prefix(declared, version.candidate.data_sha256)}holdout.csv")
        .decode()
        .splitlines()
    )
    jobs = Jobs(installation.clients.client("sagemaker"))
    output = completed(jobs.transform, version.job_name).output.rstrip("/")
    answers = installation.artifacts.get(f"{output}/holdout.csv.out")
    return lines[:rows], read_predictions(answers, len(lines), declared.data.label)[:rows]


def _difference(answered: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    return float(abs(answered - predicted).max())


def _percentile_95(values: list[float]) -> float:
    """The smallest value that at least 95 % of the values do not exceed."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]
