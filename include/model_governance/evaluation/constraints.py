"""What later data and results are held to, in the forms of Model Monitor's constraints.json; apart from how they are.

Sources of the forms: Amazon SageMaker AI Developer Guide, "Schema for Constraints (constraints.json file)" and "Create
a model quality baseline". Baselines of bias and of attribution have no form of their own: they are the analysis.json
that Clarify, and we, report (see ``monitoring``).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from model_governance.evaluation.report import Assessment, Document, report_bytes
from model_governance.evaluation.statistics import Statistics

MOST_DOMAINS = 100
"""Up to how many different values of a text column are taken for all that there may be."""

Constraints = dict[str, Any]

MONITORING_CONFIG: dict[str, Any] = {
    "evaluate_constraints": "Enabled",
    "emit_metrics": "Enabled",
    "datatype_check_threshold": 1.0,
    "domain_content_threshold": 1.0,
    "distribution_constraints": {
        "perform_comparison": "Enabled",
        "comparison_threshold": 0.1,
        "comparison_method": "Robust",
        "categorical_comparison_threshold": 0.1,
        "categorical_drift_method": "LInfinity",
    },
}
"""Suggested with every baseline: each value must be of its type and known; distributions may be 0.1 apart."""

_BEST_WHEN_LOW = frozenset(
    {"mae", "mse", "rmse", "false_positive_rate", "false_negative_rate", "log_loss", "expected_calibration_error"}
)
_NO_CONSTRAINT = ("confusion_matrix", "_best_constant_classifier", "_curve")


def suggest_constraints(statistics: Statistics) -> Constraints:
    """Constraints that the described data meets.

    Args:
        statistics: From ``statistics.describe``.

    Returns:
        The content of constraints.json: for each feature its type, the share of present values (in [0, 1]), whether its
        numbers are never negative, and its values if it is text of few; of a column without values only the type.
    """
    rows = statistics["dataset"]["item_count"]
    return {
        "version": 0,
        "features": [_feature_constraint(feature, rows) for feature in statistics["features"]],
        "monitoring_config": {
            **MONITORING_CONFIG,
            "distribution_constraints": dict(MONITORING_CONFIG["distribution_constraints"]),
        },
    }


def _feature_constraint(feature: Statistics, rows: int) -> dict[str, Any]:
    measured = feature.get("numerical_statistics") or feature["string_statistics"]
    constraint: dict[str, Any] = {
        "name": feature["name"],
        "inferred_type": feature["inferred_type"],
        "completeness": measured["common"]["num_present"] / rows if rows else 0.0,
    }
    if "numerical_statistics" in feature:
        constraint["num_constraints"] = {"is_non_negative": measured["min"] >= 0}
    elif 0 < measured["distinct_count"] <= MOST_DOMAINS:
        values = sorted(bucket["value"] for bucket in measured["distribution"]["categorical"]["buckets"])
        constraint["string_constraints"] = {"domains": values}
    return constraint


def suggest_model_quality_constraints(report: dict[str, Any]) -> Constraints:
    """Constraints that the reported model quality just meets, each metric held to its own value.

    Args:
        report: A report of model quality in Model Monitor's form: ``binary_classification_metrics``,
            ``multiclass_classification_metrics`` or ``regression_metrics``: {metric: {"value", ...}}.

    Returns:
        {"version", "<problem>_constraints": {metric: {"threshold", "comparison_operator"}}}. The operator names the
        violation: a score below its threshold, an error above it. Metrics without a value, matrices, curves and
        what the best constant answer would score are left out.
    """
    constraints: Constraints = {"version": 0.0}
    for section, metrics in report.items():
        if section.endswith("_metrics") and isinstance(metrics, dict):
            constraints[f"{section.removesuffix('_metrics')}_constraints"] = {
                name: {
                    "threshold": metric["value"],
                    "comparison_operator": "GreaterThanThreshold" if name in _BEST_WHEN_LOW else "LessThanThreshold",
                }
                for name, metric in metrics.items()
                if not name.endswith(_NO_CONSTRAINT) and _is_number(metric.get("value"))
            }
    return constraints


def with_constraints(assessment: Assessment) -> Assessment:
    """An assessment of model quality with the constraints that its report just meets, as ``constraints.json``."""
    suggested = report_bytes(suggest_model_quality_constraints(assessment.report))
    return replace(assessment, documents=(*assessment.documents, Document("constraints.json", suggested)))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
