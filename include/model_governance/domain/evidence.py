"""What a stage found out and how it was judged; apart from the reports themselves, which live in the object store."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer


class EvidenceKind(StrEnum):
    """The evidence that stages produce and policies require."""

    DATA_QUALITY = "data_quality"
    PRE_TRAINING_BIAS = "pre_training_bias"
    MODEL_QUALITY = "model_quality"
    POST_TRAINING_BIAS = "post_training_bias"
    EXPLAINABILITY = "explainability"
    TEST_VALIDATION = "test_validation"


class EvidenceVerdict(StrEnum):
    """How a measurement, or the whole of a report, stands to its limits; ordered from best to worst."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    WARNING = "warning"
    NOT_ASSESSABLE = "not_assessable"
    FAIL = "fail"


_SEVERITY = list(EvidenceVerdict)


def worst_verdict(verdicts: list[EvidenceVerdict]) -> EvidenceVerdict:
    """The worst of the verdicts; PASS when there are none."""
    return max(verdicts, key=_SEVERITY.index, default=EvidenceVerdict.PASS)


class Measurement(BaseModel):
    """One number (or one expectation) and the limit it was held to.

    Attributes:
        name: The metric, in SageMaker Clarify's words, such as ``disparate_impact``; or an expectation's type.
        value: What was measured; None where it cannot be assessed or is no number.
        facet: The facet, such as ``white``, for a bias metric or a slice of model quality.
        group: The group of that facet that was measured, such as ``0``; not written where there is none.
        column: The column, for an expectation.
        minimum: The lowest value allowed, in the metric's own unit; None without a lower limit.
        maximum: The highest value allowed; None without an upper limit.
        severity: What missing the limit means: ``fail`` stops the candidate, the approver must answer a ``warning``.
        verdict: How the value stands to the limit.
        detail: What a reader needs besides the number, such as counts and sample rows. One line.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    value: float | None = None
    facet: str | None = None
    group: str | None = None
    column: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    severity: Literal["fail", "warning"] = "fail"
    verdict: EvidenceVerdict = EvidenceVerdict.PASS
    detail: str = ""

    @property
    def sentence(self) -> str:
        """The measurement and its limit in one line, such as ``disparate_impact 0.71 (facet white) below 0.8``."""
        of = f"{self.facet} = {self.group}" if self.group is not None else self.facet
        where = f" (facet {of})" if self.facet else f" (column {self.column})" if self.column else ""
        absent = "failed" if self.verdict is EvidenceVerdict.FAIL else "not assessable"
        number = absent if self.value is None else f"{self.value:.4g}"
        if self.value is not None and self.minimum is not None and self.value < self.minimum:
            limit = f" is below {self.minimum:g}"
        elif self.value is not None and self.maximum is not None and self.value > self.maximum:
            limit = f" exceeds {self.maximum:g}"
        else:
            limit = ""
        detail = f": {self.detail}" if self.detail else ""
        return f"{self.name} {number}{where}{limit}{detail}"

    @model_serializer(mode="wrap")
    def _without_absent_group(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = write(self)
        if self.group is None:
            written.pop("group", None)
        return written


def worst_first(measurements: Iterable[Measurement]) -> list[Measurement]:
    """The measurements, those with the worst verdicts first: what is cut short at its end must not hide a failure."""
    return sorted(measurements, key=lambda one: _SEVERITY.index(one.verdict), reverse=True)


class Attachment(BaseModel):
    """A document that belongs to a report, such as its rendering for people or a baseline, by address and digest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    uri: str
    sha256: str


class Evidence(BaseModel):
    """A report of a stage, by address and digest, with its verdict and the numbers behind it.

    Without attachments it is written as it was before there were any, so that the digests of old records still hold.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: EvidenceKind
    uri: str
    sha256: str
    verdict: EvidenceVerdict
    measurements: tuple[Measurement, ...] = ()
    seed: int | None = None
    code_version: str = ""
    attachments: tuple[Attachment, ...] = ()

    @model_serializer(mode="wrap")
    def _without_empty_attachments(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = write(self)
        if not self.attachments:
            del written["attachments"]
        return written
