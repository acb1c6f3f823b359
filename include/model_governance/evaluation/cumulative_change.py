"""Whether small retrainings have added up to a change that needs a full review; apart because it looks at a chain.

A full review of a version is what its first version had: people looked at all of it, not at what a retraining changed.
The process asks for one by a finding of high severity against the candidate, titled ``finding_title``; while it is open
it holds the gates, by the policy's ``findings.blocking``, and only the policy's ``close_roles`` can close it, by which
they say that the review has taken place. So a version is fully reviewed if it is the first of its use case to be
approved, or if such a finding against it was closed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from model_governance.domain.monitoring import CumulativeChange

FULL_REVIEW_DUE = "Full review due"
"""How the title of the finding begins, by which it is found again."""


@dataclass(frozen=True)
class VersionFacts:
    """What is on record of one version.

    Attributes:
        version: Its number.
        registered: When, aware.
        is_fully_reviewed: Whether it had a full review; see above.
        metrics: By name, the value of evidence; None where it could not be assessed. A metric of bias is named
            ``<metric>/<facet>``.
        statistics: statistics.json of its training rows; None if there is none.
        features: The declared features.
        hyperparameters: A digest of them.
        code: The digest of the code.
    """

    version: int
    registered: datetime
    is_fully_reviewed: bool
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    statistics: dict[str, Any] | None = field(default=None, repr=False)
    features: tuple[str, ...] = ()
    hyperparameters: str = ""
    code: str = ""


@dataclass(frozen=True)
class ChangeReport:
    """How far a candidate is from the last version that had a full review.

    Attributes:
        candidate: Its version.
        since: The version counted from; None if the candidate is the first.
        is_due: Whether a full review is due.
        reasons: Why, a line each, with the numbers.
        numbers: Everything that was counted, whether beyond its limit or not.
    """

    candidate: int
    since: int | None
    is_due: bool
    reasons: tuple[str, ...] = ()
    numbers: dict[str, float | None] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """The whole in one line."""
        raise NotImplementedError

    @property
    def finding_title(self) -> str:
        """The title of the finding; to be opened only where a review is due."""
        raise NotImplementedError


def assess_cumulative_change(rule: CumulativeChange, versions: Sequence[VersionFacts]) -> ChangeReport:
    """Hold a candidate to the rule.

    Args:
        rule: What the use case declares.
        versions: All that were registered and not rejected, oldest first; the last is the candidate.
    """
    raise NotImplementedError
