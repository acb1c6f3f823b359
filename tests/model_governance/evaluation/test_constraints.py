"""Thresholds of model quality suggested from a report: literals by hand, in Model Monitor's words."""

from __future__ import annotations

from model_governance.evaluation.constraints import suggest_model_quality_constraints


def quality(**metrics):
    return {"binary_classification_metrics": {name: {"value": value} for name, value in metrics.items()}}


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
    assert constraints["binary_classification_constraints"] == {
        "expected_calibration_error": {"threshold": 0.02, "comparison_operator": "GreaterThanThreshold"}
    }
