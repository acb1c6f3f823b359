"""How a model is served: the environments it goes through, the instances behind an endpoint, what it must answer."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

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


class Deployment(Declared):
    """How the model is served in test and in production, and what it must answer there."""

    _LATER: ClassVar[frozenset[str]] = frozenset({"validation"})

    test: EndpointSize = EndpointSize()
    production: EndpointSize = EndpointSize()
    sample_rows: int = Field(default=20, ge=1, le=1000)
    parity_tolerance: float = Field(default=1e-6, gt=0, le=0.01)
    validation: Validation = Validation()
