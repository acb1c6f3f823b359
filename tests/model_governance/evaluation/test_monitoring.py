"""Later quality, bias and attribution beside the baseline's: literals by hand, in Model Monitor's words."""

from __future__ import annotations

import pytest

from model_governance.evaluation.constraints import suggest_model_quality_constraints
from model_governance.evaluation.monitoring import (
    attribution_violations,
    bias_violations,
    model_quality_violations,
    ndcg,
)


def quality(**metrics):
    return {"binary_classification_metrics": {name: {"value": value} for name, value in metrics.items()}}


def bias(**metrics):
    entry = {"value_or_threshold": "0", "metrics": [{"name": name, "value": value} for name, value in metrics.items()]}
    return {"version": "1.0", "post_training_bias_metrics": {"facets": {"white": [entry]}}}


def test_each_metric_is_held_to_its_own_value_by_its_operator():
    report = quality(auc=0.75, false_positive_rate=0.5, precision=None, accuracy_best_constant_classifier=0.9)
    report["binary_classification_metrics"]["confusion_matrix"] = {"0": {"0": 1, "1": 2}}
    assert suggest_model_quality_constraints(report) == {
        "version": 0.0,
        "binary_classification_constraints": {
            "auc": {"threshold": 0.75, "comparison_operator": "LessThanThreshold"},
            "false_positive_rate": {"threshold": 0.5, "comparison_operator": "GreaterThanThreshold"},
        },
    }


def test_regression_and_multiclass_have_sections_of_their_own():
    report = {"regression_metrics": {"mse": {"value": 2.0}, "r2": {"value": 0.5}}}
    assert suggest_model_quality_constraints(report)["regression_constraints"] == {
        "mse": {"threshold": 2.0, "comparison_operator": "GreaterThanThreshold"},
        "r2": {"threshold": 0.5, "comparison_operator": "LessThanThreshold"},
    }
    assert "multiclass_classification_constraints" in suggest_model_quality_constraints(
        {"multiclass_classification_metrics": {"accuracy": {"value": 1.0}}}
    )


def test_an_error_of_calibration_may_fall_but_not_rise():
    constraints = suggest_model_quality_constraints(quality(expected_calibration_error=0.02))
    assert model_quality_violations(constraints, quality(expected_calibration_error=0.01)) == []
    assert len(model_quality_violations(constraints, quality(expected_calibration_error=0.2))) == 1


def test_worse_quality_is_a_violation_and_so_is_none():
    constraints = suggest_model_quality_constraints(quality(auc=0.75, false_positive_rate=0.5, recall=0.5))
    assert model_quality_violations(constraints, quality(auc=0.75, false_positive_rate=0.4, recall=0.9)) == []
    worse = model_quality_violations(constraints, quality(auc=0.7, false_positive_rate=0.6, recall=None))
    assert [(one["metric_name"], one["constraint_check_type"]) for one in worse] == [
        ("auc", "LessThanThreshold"),
        ("false_positive_rate", "GreaterThanThreshold"),
        ("recall", "LessThanThreshold"),
    ]
    assert worse[0]["description"] == "metric auc is 0.7, below 0.75"


def test_bias_farther_from_parity_is_a_violation():
    baseline = bias(DPPL=0.2, DI=0.9, AD=None)
    assert bias_violations(baseline, bias(DPPL=0.1, DI=1.05, AD=0.3)) == []
    found = bias_violations(baseline, bias(DPPL=-0.3, DI=0.5))
    assert [one["metric_name"] for one in found] == ["DPPL", "DI"]
    assert found[0] == {
        "facet": "white",
        "facet_value": "0",
        "metric_name": "DPPL",
        "constraint_check_type": "bias_drift_check",
        "description": "DPPL is -0.3, farther from 0 than the baseline's 0.2",
    }
    assert "has no value" in bias_violations(baseline, bias(DI=1.0))[0]["description"]


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
