"""A small use case and its data, worked by hand; apart because every test of the evaluation starts from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from model_governance.domain.data import Data
from model_governance.domain.use_case import UseCase

DATA: dict[str, Any] = {
    "source": "s3://landing/small/loans.csv",
    "label": {"column": "approve", "positive": 1},
    "features": ["income", "debt"],
    "facets": [{"name_or_index": "white", "value_or_threshold": [0]}],
    "split": {"seed": 7, "holdout_fraction": 0.4},
    "expectations": [{"type": "expect_column_values_to_be_between", "kwargs": {"column": "income", "min_value": 0}}],
}

USE_CASE: dict[str, Any] = {
    "name": "small",
    "title": "Small",
    "purpose": "Tests",
    "algorithm": "none",
    "owner": "model-owner",
    "author": "data-scientist",
    "business": {"problem": "none", "line_of_business": "tests"},
    "intended_uses": "tests",
    "datazone": {"domain_id": "dzd_small", "project_id": "small"},
    "risk": {
        "exposure": "internal",
        "automated_decisions": False,
        "affects_people": True,
        "data_sensitivity": "personal",
    },
    "data": DATA,
    "training": {"image": "none"},
    "limits": [{"metric": "auc", "minimum": 0.7}],
}


@pytest.fixture
def data() -> Callable[..., Data]:
    """A declaration of data; keywords replace what it says."""
    return lambda **changes: Data.model_validate({**DATA, **changes})


@pytest.fixture
def use_case() -> Callable[..., UseCase]:
    """A use case; keywords replace what it says. Its problem type, unless given, is the one of its label."""

    def declare(**changes: Any) -> UseCase:
        label = Data.model_validate({**DATA, **changes.get("data", {})}).label
        return UseCase.model_validate({**USE_CASE, "problem_type": label.problem_type, **changes})

    return declare
