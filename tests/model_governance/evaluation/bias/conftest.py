"""Rows written out, as comparisons; apart because every test of a metric starts from a few of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from model_governance.domain.data import Facet, Label
from model_governance.evaluation.bias.cube import Comparison
from model_governance.evaluation.bias.rows import binary_labels, count_rows, read_labels

WHITE = Facet(name_or_index="white", value_or_threshold=(0,))
APPROVE = Label(column="approve", positive=1)


def compare(
    white: Sequence[Any],
    labels: Sequence[Any],
    predicted: Sequence[int] | None = None,
    groups: Sequence[Any] | None = None,
    *,
    label: Label = APPROVE,
) -> Comparison:
    """Rows by facet (0 = d, None = missing), label, prediction and subgroup, as a comparison."""
    spelled = pd.Series(labels, dtype=object)
    whole = set(labels) <= {0, 1} and label is APPROVE
    cube = count_rows(
        pd.Series(white, dtype=object),
        WHITE,
        binary_labels(np.asarray(labels, dtype=bool), label) if whole else read_labels(spelled, label),
        None if predicted is None else np.asarray(predicted, dtype=bool),
        None if groups is None else pd.Series(groups, dtype=object, name="area"),
    )
    (comparison,) = cube.comparisons
    return comparison


@pytest.fixture(name="compare")
def _compare() -> Callable[..., Comparison]:
    return compare
