"""What a stage found out, as bytes for the store and as evidence for the gates; one form, whatever was measured.

A report holds no clock and no address: the same data, model and declaration give the same bytes, so that a task which
runs again writes what is there already.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from model_governance.domain.canonical import canonical_json, sha256_hex
from model_governance.domain.evidence import (
    Attachment,
    Evidence,
    EvidenceKind,
    EvidenceVerdict,
    Measurement,
    worst_verdict,
)
from model_governance.errors import EvaluationRefused


@dataclass(frozen=True)
class Document:
    """What is kept beside a report: its rendering for people, or a baseline.

    Attributes:
        name: Its file name, which with the run and the kind of evidence is its address.
        content: Its bytes; no clock in them.
        content_type: Their media type.
    """

    name: str
    content: bytes
    content_type: str = "application/json"


@dataclass(frozen=True)
class Assessment:
    """A stage's report and the judged numbers behind it.

    Attributes:
        kind: What was assessed.
        report: The report, as its JSON will be.
        measurements: The numbers, each with its limit and verdict.
        seed: Of whatever was drawn at random; None where nothing was.
        documents: What is kept beside the report; their digests go into the evidence.
    """

    kind: EvidenceKind
    report: dict[str, Any]
    measurements: tuple[Measurement, ...]
    seed: int | None = None
    documents: tuple[Document, ...] = ()

    @cached_property
    def content(self) -> bytes:
        """The report as canonical JSON."""
        return report_bytes(self.report)

    @property
    def verdict(self) -> EvidenceVerdict:
        """The worst verdict of the measurements."""
        return worst_verdict([measurement.verdict for measurement in self.measurements])

    @property
    def failures(self) -> tuple[str, ...]:
        """Every measurement that stops a candidate, a line each."""
        return tuple(one.sentence for one in self.measurements if one.verdict is EvidenceVerdict.FAIL)

    def evidence(self, uri: str, *, code_version: str = "", attachments: Iterable[Attachment] = ()) -> Evidence:
        """The evidence of this report, kept at the address, with its documents where they are kept."""
        found = build_evidence(
            self.kind, uri, self.content, self.measurements, seed=self.seed, code_version=code_version
        )
        return found.model_copy(update={"attachments": tuple(attachments)})


def report_bytes(report: dict[str, Any]) -> bytes:
    """The report as canonical JSON (RFC 8785), UTF-8.

    Raises:
        EvaluationRefused: If a number in it is not finite; the message gives its place. What cannot be assessed is
            None.
    """
    _check_finite(report, "report")
    return canonical_json(report)


def build_evidence(
    kind: EvidenceKind,
    uri: str,
    content: bytes,
    measurements: Iterable[Measurement],
    *,
    seed: int | None = None,
    code_version: str = "",
) -> Evidence:
    """The evidence of a report.

    Args:
        kind: What was assessed.
        uri: Where the report is kept.
        content: The report's bytes; their sha256 binds the evidence to them.
        measurements: The judged numbers; the worst verdict is the report's.
        seed: Of whatever was drawn at random.
        code_version: Of the code that measured, such as a git commit.
    """
    taken = tuple(measurements)
    return Evidence(
        kind=kind,
        uri=uri,
        sha256=sha256_hex(content),
        verdict=worst_verdict([measurement.verdict for measurement in taken]),
        measurements=taken,
        seed=seed,
        code_version=code_version,
    )


def _check_finite(value: Any, place: str) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise EvaluationRefused(
            f"{place} is {value}: a report holds finite numbers, and null for what cannot be assessed"
        )
    if isinstance(value, dict):
        for key, item in value.items():
            _check_finite(item, f"{place}.{key}")
    elif isinstance(value, list | tuple):
        for position, item in enumerate(value):
            _check_finite(item, f"{place}[{position}]")
