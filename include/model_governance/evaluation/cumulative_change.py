"""Whether small retrainings have added up to a change that needs a full review; apart because it looks at a chain.

A full review of a version is what its first version had: people looked at all of it, not at what a retraining changed.
The process asks for one by a finding of high severity against the candidate, titled ``finding_title``; while it is open
it holds the gates, by the policy's ``findings.blocking``, and only the policy's ``close_roles`` can close it, by which
they say that the review has taken place. So a version is fully reviewed if it is the first of its use case to be
approved, or if such a finding against it was closed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

from model_governance.domain.monitoring import CumulativeChange
from model_governance.errors import EvaluationRefused
from model_governance.evaluation.chance import largest_by_chance
from model_governance.evaluation.feature_drift import measure_drift

_PSI = "population_stability_index"
_ALPHA = 1e-4
"""The share of unchanged training data of which one feature may seem to have drifted."""
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
        if self.since is None:
            return f"version {self.candidate} follows no version that had a full review: its own approval is one"
        since = f"version {self.candidate} since version {self.since}, the last with a full review"
        return f"{since}: {'; '.join(self.reasons) or 'within every limit of cumulative change'}"

    @property
    def finding_title(self) -> str:
        """The title of the finding; to be opened only where a review is due."""
        return f"{FULL_REVIEW_DUE}: {self.sentence}"


def assess_cumulative_change(rule: CumulativeChange, versions: Sequence[VersionFacts]) -> ChangeReport:
    """Hold a candidate to the rule.

    What cannot be compared, such as a metric that a version lacks, makes a review due: nobody can say that it is small.

    Args:
        rule: What the use case declares.
        versions: All that were registered and not rejected, oldest first; the last is the candidate, whose own
            ``is_fully_reviewed`` is not looked at.

    Raises:
        EvaluationRefused: There are none, or they are not in the order of their versions.
    """
    numbers = [one.version for one in versions]
    if not versions or numbers != sorted(set(numbers)):
        raise EvaluationRefused(f"the chain of versions {numbers} is not one version or more, each newer than the last")
    *before, candidate = versions
    places = [place for place, one in enumerate(before) if one.is_fully_reviewed]
    if not before:
        return ChangeReport(candidate.version, None, False)
    chain = versions[places[-1] if places else 0 :]
    counted: dict[str, float | None] = {}
    reasons: list[str] = [] if places else ["no version before it is on record as fully reviewed"]
    reasons += _of_count(rule, chain, counted)
    reasons += _of_metrics(rule, chain, counted)
    reasons += _of_training_data(rule, chain[0], candidate, counted)
    reasons += _of_definition(rule, chain[0], candidate)
    return ChangeReport(candidate.version, chain[0].version, bool(reasons), tuple(reasons), counted)


def _of_count(rule: CumulativeChange, chain: Sequence[VersionFacts], counted: dict[str, float | None]) -> list[str]:
    retrainings = len(chain) - 1
    days = (chain[-1].registered - chain[0].registered).total_seconds() / 86_400
    counted |= {"retrainings": float(retrainings), "days": days}
    found = []
    if rule.retrainings is not None and retrainings > rule.retrainings:
        found.append(f"{retrainings} retrainings, {rule.retrainings} may follow a full review")
    if rule.days is not None and days > rule.days:
        found.append(f"{days:.0f} days, {rule.days} may pass after a full review")
    return found


def _of_metrics(rule: CumulativeChange, chain: Sequence[VersionFacts], counted: dict[str, float | None]) -> list[str]:
    found = []
    for asked, limit in rule.metric_change.items():
        names = [name for name in chain[0].metrics if name == asked or name.startswith(f"{asked}/")] or [asked]
        for name in names:
            values = [one.metrics.get(name) for one in chain]
            lacking = [one.version for one, value in zip(chain, values, strict=True) if value is None]
            known = [value for value in values if value is not None]
            total = None if lacking else math.fsum(abs(later - earlier) for earlier, later in pairwise(known))
            counted[f"change of {name}"] = total
            if total is None:
                found.append(f"{name} has no value in version {', '.join(map(str, lacking))}: its change is not known")
            elif total > limit:
                found.append(f"changes of {name} add up to {total:.4g}, more than {limit:g}")
    return found


def _of_training_data(
    rule: CumulativeChange, reviewed: VersionFacts, candidate: VersionFacts, counted: dict[str, float | None]
) -> list[str]:
    """How far the features of the training rows are apart, as drift is measured."""
    limit = rule.population_stability_index
    if limit is None:
        return []
    if reviewed.statistics is None or candidate.statistics is None:
        lacking = reviewed.version if reviewed.statistics is None else candidate.version
        return [f"version {lacking} has no statistics of its training rows: their drift is not known"]
    before = {feature["name"]: feature for feature in reviewed.statistics["features"]}
    far = {}
    for feature in candidate.statistics["features"]:
        name = feature["name"]
        if name not in before:
            continue
        drift = measure_drift(before[name], feature, 1)
        if drift.reason:
            far[name] = math.inf
            continue
        value = drift.distances.get("population_stability_index", 0.0)
        counted[f"population_stability_index of {name}"] = value
        if drift.counts and value > max(limit, largest_by_chance(_PSI, *drift.counts, alpha=_ALPHA)):
            far[name] = value
    if not far:
        return []
    order = sorted(far, key=lambda name: (-far[name], name))
    said = ", ".join(
        f"{name} {'of another type' if math.isinf(far[name]) else f'{far[name]:.3g}'}" for name in order[:5]
    )
    return [f"{len(far)} features of the training rows are farther than {limit:g} (population stability index): {said}"]


def _of_definition(rule: CumulativeChange, reviewed: VersionFacts, candidate: VersionFacts) -> list[str]:
    found = []
    for name in rule.changed:
        before, now = getattr(reviewed, name), getattr(candidate, name)
        if before == now:
            continue
        detail = ""
        if name == "features":
            lost, new = sorted(set(before) - set(now)), sorted(set(now) - set(before))
            detail = f" (new: {', '.join(new) or 'none'}; gone: {', '.join(lost) or 'none'})"
        found.append(f"the {name} are other ones{detail}" if name != "code" else "the code is another one")
    return found
