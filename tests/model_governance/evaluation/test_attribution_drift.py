"""The order of the features beside the baseline's: literals by hand."""

from __future__ import annotations

import pytest

from model_governance.evaluation.attribution_drift import attribution_violations, ndcg


def test_a_changed_order_of_features_is_a_violation():
    before = {"a": 0.7, "b": 0.2, "c": 0.1}
    assert ndcg(before, before) == 1.0
    assert ndcg({}, {}) == 1.0
    assert ndcg(before, {"x": 1.0}) == 0.0
    assert ndcg(before, {"a": 0.1, "b": 0.2, "c": 0.7}) == pytest.approx(
        (0.1 + 0.2 / 1.5849625 + 0.35) / (0.7 + 0.2 / 1.5849625 + 0.05)
    )
    assert attribution_violations(before, {"a": 0.6, "b": 0.3, "c": 0.1}) == []
    (found,) = attribution_violations(before, {"a": 0.1, "b": 0.2, "c": 0.7}, label="approve")
    assert (found["constraint_check_type"], found["label"]) == ("feature_attribution_drift_check", "approve")
