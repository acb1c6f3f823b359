"""What a use case declares of its monitoring: windows, minimum counts, limits, KPIs and what follows a breach.

Apart from ``use_case``, which it is part of, because nothing before production reads it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from croniter import croniter
from pydantic import Field, field_validator, model_validator

from model_governance.domain.data import Data, ProblemType
from model_governance.domain.declaration import Declared
from model_governance.domain.metric_names import (
    DISTANCES,
    MODEL_QUALITY,
    NEVER_IN_A_WINDOW,
    OPERATIONAL,
    POST_TRAINING_BIAS,
    VALUES,
)
from model_governance.domain.oversight import Severity

_TICKS = 2100
"""A week of every five minutes: how many ticks of a schedule are looked at for the longest gap between two."""


class MonitorKind(StrEnum):
    """What a monitor looks at, in Model Monitor's words; and the use case's own KPIs."""

    DATA_QUALITY = "data_quality"
    MODEL_QUALITY = "model_quality"
    BIAS = "bias"
    ATTRIBUTION = "attribution"
    KPIS = "kpis"


class DriftLimits(Declared):
    """The largest distances allowed between a feature of a window and its baseline; None for no limit.

    They come on top of the comparison that the version's own constraints ask for. A distance breaches where it exceeds
    both its limit and what chance explains in so few rows.
    """

    population_stability_index: float | None = Field(default=None, gt=0)
    kolmogorov_smirnov: float | None = Field(default=None, gt=0, lt=1)
    jensen_shannon_distance: float | None = Field(default=None, gt=0, lt=1)
    l_infinity: float | None = Field(default=None, gt=0, lt=1)

    @property
    def by_name(self) -> dict[str, float]:
        """The limits that are set."""
        found = {name: getattr(self, name) for name in DISTANCES}
        return {name: limit for name, limit in found.items() if limit is not None}


class Drift(Declared):
    """Limits of drift, by feature where one differs, and the features of which no distribution is compared.

    ``not_compared`` is for what must change with time, such as the month; type, completeness and known values are
    still checked.
    """

    limits: DriftLimits = DriftLimits(population_stability_index=0.25)
    by_feature: dict[str, DriftLimits] = {}
    not_compared: tuple[str, ...] = ()

    def limits_of(self, feature: str) -> dict[str, float]:
        """The limits of one feature: its own where it has one, else the general one."""
        own = self.by_feature.get(feature)
        return {**self.limits.by_name, **(own.by_name if own else {})}


class Payoff(Declared):
    """What one row is worth by its outcome, in any one unit: a gain is positive, a loss negative.

    Positive is what the label declares as favourable, for a regression a number above the label's threshold.
    """

    true_positive: float = 0.0
    false_positive: float = 0.0
    false_negative: float = 0.0
    true_negative: float = 0.0


class Kpi(Declared):
    """A number of the use case's own, held to limits in every window.

    Attributes:
        name: What it is called in findings and time series.
        metric: What is measured: of model quality, of bias (with its facet), of operation, or a value by the payoff.
        facet: The facet of a bias metric.
        payoff: What each outcome is worth, for ``mean_value`` (a row) and ``total_value`` (a window).
        minimum: The lowest value allowed.
        maximum: The highest value allowed.
        severity: Of the finding when the value is beyond them, by more than chance explains.
    """

    name: str = Field(pattern=r"^[a-z0-9]([a-z0-9_-]{0,62})$")
    metric: str
    facet: str | None = None
    payoff: Payoff | None = None
    minimum: float | None = None
    maximum: float | None = None
    severity: Severity = Severity.MEDIUM

    @model_validator(mode="after")
    def _can_be_held_to_its_limits(self) -> Kpi:
        known = frozenset().union(OPERATIONAL, VALUES, POST_TRAINING_BIAS - NEVER_IN_A_WINDOW, *MODEL_QUALITY.values())
        if self.metric not in known:
            raise ValueError(f"KPI {self.name}: metric {self.metric!r} is none; known: {', '.join(sorted(known))}")
        if self.minimum is None and self.maximum is None:
            raise ValueError(f"KPI {self.name} needs a minimum, a maximum or both")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"KPI {self.name}: minimum {self.minimum:g} exceeds maximum {self.maximum:g}")
        if (self.payoff is not None) != (self.metric in VALUES):
            raise ValueError(f"KPI {self.name}: a payoff belongs to {' and '.join(sorted(VALUES))}, and to them alone")
        if (self.facet is not None) != (self.metric in POST_TRAINING_BIAS):
            raise ValueError(f"KPI {self.name}: a facet belongs to a metric of bias, and every one of those has one")
        return self

    @property
    def needs_ground_truth(self) -> bool:
        """Whether it cannot be told from the traffic alone."""
        return self.metric not in OPERATIONAL


class Severities(Declared):
    """How grave a breach of each kind is; a KPI says so itself. A high one closes the gate for the next version."""

    data_quality: Severity = Severity.MEDIUM
    drift: Severity = Severity.MEDIUM
    model_quality: Severity = Severity.HIGH
    bias: Severity = Severity.HIGH
    attribution: Severity = Severity.LOW


class CumulativeChange(Declared):
    """When small retrainings have added up to a change that needs a full review; see ``evaluation.cumulative_change``.

    All is counted from the last version that had one, that version excluded and the candidate included.

    Attributes:
        retrainings: How many candidates may follow without a full review; None for any number.
        days: For how many days; None for ever.
        metric_change: By metric, how much its absolute changes from version to version may add up to.
        population_stability_index: How far a feature of the training data may be from that of the reviewed version.
        changed: What makes a review due by its change alone.
    """

    retrainings: int | None = Field(default=5, ge=1, le=1000)
    days: int | None = Field(default=365, ge=1, le=3660)
    metric_change: dict[str, float] = {}
    population_stability_index: float | None = Field(default=0.25, gt=0)
    changed: tuple[Literal["features", "hyperparameters", "code"], ...] = ("features",)

    @field_validator("metric_change")
    @classmethod
    def _limits_are_positive(cls, limits: dict[str, float]) -> dict[str, float]:
        odd = sorted(name for name, limit in limits.items() if limit <= 0)
        if odd:
            raise ValueError(f"metric_change of {', '.join(odd)} must be above 0")
        return limits


class Monitoring(Declared):
    """How a version in production is watched.

    Attributes:
        schedule: When windows are assessed, a cron expression of five fields, UTC.
        window_minutes: How long a window is; at least as long as the longest gap between two ticks of the schedule.
        monitors: What is looked at besides the KPIs.
        minimum_rows: Rows that a window, and present values that a feature in it, must have to be compared.
        minimum_ground_truth: Rows with ground truth that quality, bias and values are measured on.
        ground_truth_within_hours: How long after the window's end its ground truth is waited for.
        false_alarm_rate: The share of windows without any change that may breach all the same, in (0, 0.1]; it is
            divided among all comparisons of a window.
        drift: Limits of drift.
        bias_metrics: Of bias, which must be assessed for a window to pass; the others are held where they can be.
        quality_metrics: Of model quality likewise; unless given, those that the use case's limits name.
        kpis: The use case's own numbers.
        severities: How grave a breach is.
        finding_owner: Id of who has to mend a breach; unless given, the use case's owner.
        due_days: In how many days, by severity.
        retrain: Whether a breach starts a retraining.
        cumulative_change: When retrainings have added up; None for never.
    """

    schedule: str
    window_minutes: int = Field(ge=5, le=31 * 24 * 60)
    monitors: tuple[MonitorKind, ...] = (MonitorKind.DATA_QUALITY, MonitorKind.MODEL_QUALITY, MonitorKind.BIAS)
    minimum_rows: int = Field(default=200, ge=30, le=10_000_000)
    minimum_ground_truth: int = Field(default=200, ge=30, le=10_000_000)
    ground_truth_within_hours: int = Field(default=168, ge=0, le=366 * 24)
    false_alarm_rate: float = Field(default=0.001, gt=0, le=0.1)
    drift: Drift = Drift()
    bias_metrics: tuple[str, ...] = (
        "disparate_impact",
        "difference_in_positive_proportions_in_predicted_labels",
    )
    quality_metrics: tuple[str, ...] = ()
    kpis: tuple[Kpi, ...] = ()
    severities: Severities = Severities()
    finding_owner: str | None = Field(default=None, pattern=r"^[a-z0-9](-?[a-z0-9]){0,63}$")
    due_days: dict[Severity, int] = {Severity.HIGH: 7, Severity.MEDIUM: 30, Severity.LOW: 90}
    retrain: bool = False
    cumulative_change: CumulativeChange | None = CumulativeChange()

    @model_validator(mode="after")
    def _every_request_falls_into_a_window(self) -> Monitoring:
        if len(self.schedule.split()) != 5 or not croniter.is_valid(self.schedule):
            raise ValueError(f"schedule {self.schedule!r} is not a cron expression of five fields")
        longest = _longest_gap(self.schedule)
        if timedelta(minutes=self.window_minutes) < longest:
            raise ValueError(
                f"window_minutes {self.window_minutes} is shorter than the longest gap of the schedule "
                f"{self.schedule!r}, {int(longest.total_seconds() // 60)} minutes: traffic between two windows would "
                "never be looked at"
            )
        return self

    @model_validator(mode="after")
    def _names_are_known_and_their_own(self) -> Monitoring:
        names = [kpi.name for kpi in self.kpis]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"kpis repeat the name {', '.join(repeated)}")
        _refuse_unknown("bias_metrics", self.bias_metrics, POST_TRAINING_BIAS - NEVER_IN_A_WINDOW)
        _refuse_unknown("quality_metrics", self.quality_metrics, frozenset().union(*MODEL_QUALITY.values()))
        days = [each for each in Severity if not 1 <= self.due_days.get(each, 0) <= 3660]
        if days:
            raise ValueError(f"due_days needs 1 to 3660 days for each severity; see {', '.join(days)}")
        if MonitorKind.KPIS in self.monitors:
            raise ValueError("monitors does not list kpis: they are on where there are any")
        return self

    def due_in(self, severity: Severity) -> timedelta:
        """How long there is to mend a breach."""
        return timedelta(days=self.due_days[severity])

    def window_ending(self, end: datetime) -> tuple[datetime, datetime]:
        """Start (in it) and end (no longer in it) of the window that ends at a tick of the schedule."""
        return end - timedelta(minutes=self.window_minutes), end

    def waits_for_truth_until(self, end: datetime) -> datetime:
        """Until when late ground truth of a window that ended then is waited for."""
        return end + timedelta(hours=self.ground_truth_within_hours)


def monitoring_faults(monitoring: Monitoring, problem: ProblemType, data: Data) -> list[str]:
    """What in a declaration does not fit the rest of its use case, a line each; empty where all does."""
    quality, features = MODEL_QUALITY[problem], set(data.features)
    facets = {facet.name_or_index for facet in data.facets}
    found = []
    for where, named in (
        ("drift.by_feature", monitoring.drift.by_feature),
        ("drift.not_compared", monitoring.drift.not_compared),
    ):
        unknown = sorted(set(named) - features)
        if unknown:
            found.append(f"{where}: {', '.join(unknown)} is no feature")
    other_problem = frozenset().union(*MODEL_QUALITY.values()) - quality
    asked = {"quality_metrics": monitoring.quality_metrics, "kpis": [kpi.metric for kpi in monitoring.kpis]}
    for where, metrics in asked.items():
        misplaced = sorted(other_problem.intersection(metrics))
        if misplaced:
            known = ", ".join(sorted(quality))
            found.append(f"{where}: {', '.join(misplaced)} is not measured of a {problem}; known: {known}")
    rule = monitoring.cumulative_change
    unknown = sorted(set(rule.metric_change) - quality - POST_TRAINING_BIAS) if rule else []
    if unknown:
        known = ", ".join(sorted(quality | POST_TRAINING_BIAS))
        found.append(f"cumulative_change.metric_change: {', '.join(unknown)} is no metric; known: {known}")
    for kpi in monitoring.kpis:
        if kpi.facet is not None and kpi.facet not in facets:
            found.append(f"KPI {kpi.name}: facet {kpi.facet!r}; declared: {', '.join(sorted(facets))}")
        if kpi.metric == "mean_prediction" and problem is ProblemType.MULTICLASS_CLASSIFICATION:
            found.append(f"KPI {kpi.name}: classes have no mean_prediction; see share_of_positive_predictions")
    return found


def _refuse_unknown(where: str, named: tuple[str, ...], known: frozenset[str]) -> None:
    unknown = sorted(set(named) - known)
    if unknown:
        raise ValueError(f"{where}: {', '.join(unknown)} is no metric; known: {', '.join(sorted(known))}")


@lru_cache(maxsize=64)
def _longest_gap(schedule: str) -> timedelta:
    """The longest time between two of the next ticks, from a fixed day on."""
    ticks = croniter(schedule, datetime(2025, 1, 1, tzinfo=UTC), max_years_between_matches=8)
    times: list[datetime] = [ticks.get_next(datetime) for _ in range(_TICKS)]
    return max(later - earlier for earlier, later in pairwise(times))
