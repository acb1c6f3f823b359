"""How a model is served: the environments it goes through, the instances behind an endpoint, what it must answer."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import Field, field_validator

from model_governance.domain.declaration import Declared
from model_governance.domain.validation import Validation


class Environment(StrEnum):
    """Where a candidate is deployed; the values are SageMaker life-cycle stages."""

    TEST = "Test"
    PRODUCTION = "Production"


class EndpointSize(Declared):
    """The instances behind an endpoint."""

    instance_type: str = "ml.m5.large"
    instance_count: int = Field(default=1, ge=1, le=10)


class Rollout(Declared):
    """How production goes over to a new version.

    Attributes:
        canary_percent_steps: Shares of the traffic, in percent, that the new version takes one after the other beside
            the one that serves, each more than the one before; empty for all at once.
        minutes_between: How long the new version keeps a share before it takes the next, in minutes.
        smoke_rows: How many held-out rows it is asked for at each step.
        latency_budget_ms: The longest that it may take to answer one row at a step, in milliseconds.
    """

    canary_percent_steps: tuple[int, ...] = ()
    minutes_between: float = Field(default=0, ge=0, le=1440)
    smoke_rows: int = Field(default=5, ge=1, le=1000)
    latency_budget_ms: int = Field(default=5000, ge=1, le=60_000)

    @field_validator("canary_percent_steps")
    @classmethod
    def _rise_below_a_hundred(cls, steps: tuple[int, ...]) -> tuple[int, ...]:
        rising = all(lower < higher for lower, higher in zip((0, *steps), (*steps, 100), strict=True))
        if not rising or len(steps) > 20:
            raise ValueError(f"{list(steps)} are not at most 20 whole percentages in (0, 100), each above the last")
        return steps


class Deployment(Declared):
    """How the model is served in test and in production, and what it must answer there."""

    _LATER: ClassVar[frozenset[str]] = frozenset({"validation", "rollout"})

    test: EndpointSize = EndpointSize()
    production: EndpointSize = EndpointSize()
    sample_rows: int = Field(default=20, ge=1, le=1000)
    parity_tolerance: float = Field(default=1e-6, gt=0, le=0.01)
    validation: Validation = Validation()
    rollout: Rollout = Rollout()
