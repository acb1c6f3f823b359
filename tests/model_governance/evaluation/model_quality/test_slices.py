"""Slices: each group by itself, the small ones marked, the missing named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from model_governance.domain.data import Facet
from model_governance.errors import EvaluationRefused
from model_governance.evaluation.model_quality.binary import measure_binary_classification
from model_governance.evaluation.model_quality.slices import measure_slices


def sliced(values, facet, minimum_rows=2):
    labels = np.asarray([position % 2 == 0 for position in range(len(values))])
    scores = np.asarray([0.9 if position % 3 == 0 else 0.2 for position in range(len(values))])
    frame = pd.DataFrame({"sex": values}, dtype=object)

    def measure(rows):
        return measure_binary_classification(labels[rows], scores[rows], threshold=0.5, seed=1)

    return measure_slices(frame, [facet], measure, minimum_rows=minimum_rows)[0]["groups"]


def test_each_group_is_measured_and_missing_is_a_group_of_its_own():
    groups = sliced(["F", "F", "M", "", "F"], Facet(name_or_index="sex", value_or_threshold=("F",)))
    assert [(group["group"], group["rows"]) for group in groups] == [("F", 3), ("missing", 1), ("other than F", 1)]
    # Rows 1, 2 and 5 are F: labels 1, 0, 1; predicted 1, 0, 0.
    assert groups[0]["metrics"]["accuracy"]["value"] == pytest.approx(2 / 3)
    assert groups[0]["metrics"]["recall"]["value"] == pytest.approx(1 / 2)
    assert "not_assessable" not in groups[0]
    assert groups[2]["not_assessable"] == "1 rows are fewer than the policy's minimum of 2"
    assert groups[2]["metrics"]["accuracy"]["value"] in (0, 1)


def test_a_threshold_makes_two_groups():
    groups = sliced(["1", "2.5", "7", ""], Facet(name_or_index="sex", value_or_threshold=(2,), threshold=True))
    assert [(group["group"], group["rows"]) for group in groups] == [("(2, inf)", 2), ("(-inf, 2]", 1), ("missing", 1)]


def test_a_threshold_on_text_is_refused_with_the_value():
    with pytest.raises(EvaluationRefused, match="seven"):
        sliced(["1", "seven"], Facet(name_or_index="sex", value_or_threshold=(2,), threshold=True))


def test_a_value_called_missing_is_not_mixed_with_the_rows_that_do_not_say():
    groups = sliced(["missing", "missing", "", "a", "a", "a"], Facet(name_or_index="sex"))
    assert [(group["group"], group["rows"]) for group in groups] == [("a", 3), ("missing", 2), ("(missing)", 1)]
