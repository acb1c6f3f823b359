"""A test of an endpoint with its outcome: a measurement for the gates, and the details for whoever asks why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from model_governance.domain.evidence import EvidenceVerdict, Measurement

_LONGEST_DETAIL = 600


@dataclass(frozen=True)
class Check:
    """One test.

    Attributes:
        measurement: Its number, limits and verdict.
        expected: What was expected, in words.
        observed: What came, as JSON can hold it.
    """

    measurement: Measurement
    expected: str
    observed: dict[str, Any] = field(default_factory=dict)

    @property
    def record(self) -> dict[str, Any]:
        """The test as the report holds it."""
        return {
            "test": self.measurement.name,
            "verdict": self.measurement.verdict.value,
            "expected": self.expected,
            "observed": self.observed,
        }


def check(
    name: str,
    value: float | None,
    detail: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    expected: str,
    observed: dict[str, Any] | None = None,
    holds: bool = True,
) -> Check:
    """A test, judged: it fails without a value, beyond a limit, and where it does not hold for another reason.

    Args:
        name: The measurement's.
        value: What was measured; None where nothing could be.
        detail: What a reader needs beside the number.
        minimum: The lowest value allowed.
        maximum: The highest value allowed.
        expected: In words.
        observed: Details for the report.
        holds: Whether all else is right.
    """
    within = value is not None and (minimum is None or value >= minimum) and (maximum is None or value <= maximum)
    measurement = Measurement(
        name=name,
        value=value,
        minimum=minimum,
        maximum=maximum,
        verdict=EvidenceVerdict.PASS if within and holds else EvidenceVerdict.FAIL,
        detail=" ".join(detail.split())[:_LONGEST_DETAIL],
    )
    return Check(measurement, expected, observed or {})
