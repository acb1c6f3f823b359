"""A report's numbers as the metric groups of a model card; apart because the card has its own form, names and limits.

Follows how the SageMaker Python SDK turns Clarify and Model Monitor reports into ``evaluation_details`` metric groups:
one group for each label and facet; the confusion matrix as a matrix; values without a number left out, since a card
has no null.
"""

from __future__ import annotations

from typing import Any

from model_governance.domain.canonical import sha256_hex
from model_governance.domain.data import ProblemType
from model_governance.domain.evidence import EvidenceKind
from model_governance.evaluation.card_space import fit

LONGEST_NAME = 63
"""Characters that a name in a card may have; a longer one is shortened and kept whole in the notes."""
LONGEST_NOTES = 1024
_LARGEST_MATRIX = 20
"""Rows and columns of a matrix in a card; a larger one stands in the report alone."""
MOST_IN_FULL = 8
"""Bias groups of which each metric has its own notes; of more, the first metric alone, so that the card holds them."""


_MOST_CHARACTERS = {
    EvidenceKind.DATA_QUALITY: 14_000,
    EvidenceKind.PRE_TRAINING_BIAS: 11_000,
    EvidenceKind.MODEL_QUALITY: 17_000,
    EvidenceKind.POST_TRAINING_BIAS: 18_000,
    EvidenceKind.EXPLAINABILITY: 10_000,
}
"""Characters of a kind's groups as JSON: a card has 100,000, of which the rest is left to its other sections."""


def metric_groups(kind: EvidenceKind, report: dict[str, Any]) -> list[dict[str, Any]]:
    """The report as metric groups: [{"name", "metric_data": [{"name", "type", "value", ...}]}].

    Args:
        kind: What the report is of.
        report: ``Assessment.report``.

    Returns:
        The groups, each with at least one metric; empty for a kind without numbers of its own.
    """
    if kind in (EvidenceKind.PRE_TRAINING_BIAS, EvidenceKind.POST_TRAINING_BIAS):
        groups = _bias_groups(f"{kind.value}_metrics", report[f"{kind.value}_metrics"])
    elif kind is EvidenceKind.MODEL_QUALITY:
        names = [problem.section for problem in ProblemType if problem.section in report]
        groups = [_quality_group(name, {**report[name], **report.get("calibration", {})}) for name in names]
        groups.append(_importance_group("feature_gain", report.get("feature_gain", [])))
    elif kind is EvidenceKind.EXPLAINABILITY:
        groups = [_attribution_group(label, found) for label, found in report["explanations"]["kernel_shap"].items()]
    elif kind is EvidenceKind.DATA_QUALITY:
        groups = [
            _expectations_group(report),
            _importance_group("feature_importance", report.get("feature_importance", [])),
        ]
    else:
        groups = []
    return fit([group for group in groups if group["metric_data"]], _MOST_CHARACTERS.get(kind, 0))


def short_name(name: str) -> str:
    """The name in at most 63 characters; a longer one is cut and told from its like by the start of its sha256."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 9]}~{sha256_hex(name.encode())[:8]}"


def _metric(name: str, kind: str, value: Any, notes: str = "", **axes: list[str] | str) -> dict[str, Any]:
    shortened = short_name(name)
    whole = notes if shortened == name else f"{name}. {notes}".rstrip(". ")
    metric: dict[str, Any] = {"name": shortened, "type": kind, "value": value, **axes}
    return {**metric, "notes": whole[:LONGEST_NOTES]} if whole else metric


def _bias_groups(section_name: str, section: dict[str, Any]) -> list[dict[str, Any]]:
    entries = [(facet, entry) for facet, listed in section["facets"].items() for entry in listed]
    groups = []
    for facet, entry in entries:
        name = (
            f"{section_name} - label {section['label']} = {section['label_value_or_threshold']} and "
            f"facet {facet}={entry['value_or_threshold']}"
        )
        known = [one for one in entry["metrics"] if one["value"] is not None]
        metrics = [
            _metric(
                one["name"],
                "number",
                one["value"],
                f"{one['description']}; {name}" if place == 0 or len(entries) <= MOST_IN_FULL else "",
            )
            for place, one in enumerate(known)
        ]
        groups.append({"name": short_name(name), "metric_data": metrics})
    return groups


def _quality_group(section: str, measured: dict[str, Any]) -> dict[str, Any]:
    metrics = []
    for name, metric in measured.items():
        if name == "confusion_matrix" and len(metric) > _LARGEST_MATRIX:
            continue
        if name == "confusion_matrix":
            metrics.append(_confusion_matrix(metric))
        elif name in _CURVES:
            metrics.append(_curve(name, metric))
        elif metric["value"] is not None:
            metrics.append(_metric(name, "number", metric["value"]))
            if isinstance(metric["standard_deviation"], float):
                metrics.append(_metric(f"{name} - standard_deviation", "number", metric["standard_deviation"]))
    return {"name": section, "metric_data": metrics}


_CURVES = {
    "receiver_operating_characteristic_curve": ("false_positive_rates", "true_positive_rates"),
    "precision_recall_curve": ("recalls", "precisions"),
    "calibration_curve": ("mean_predicted_probabilities", "fractions_of_positives"),
}


def _curve(name: str, points: dict[str, list[float]]) -> dict[str, Any]:
    across, up = _CURVES[name]
    value = [list(point) for point in zip(points[across], points[up], strict=True)]
    return _metric(name, "linear_graph", value, x_axis_name=across, y_axis_name=up)


def _confusion_matrix(counts: dict[str, dict[str, int]]) -> dict[str, Any]:
    said = list(next(iter(counts.values())))
    rows = [[row[name] for name in said] for row in counts.values()]
    true = [short_name(f"label {name}") for name in counts]
    predicted = [short_name(f"predicted {name}") for name in said]
    return _metric("confusion_matrix", "matrix", rows, x_axis_name=true, y_axis_name=predicted)


def _attribution_group(label: str, found: dict[str, Any]) -> dict[str, Any]:
    """A label's global values, the largest first, as a bar chart and its expected value beside it."""
    ordered = sorted(found["global_shap_values"].items(), key=lambda item: (-item[1], item[0]))
    chart = _metric(
        "global_shap_values",
        "bar_chart",
        [value for _, value in ordered],
        x_axis_name=[short_name(name) for name, _ in ordered],
        y_axis_name="mean of absolute SHAP values",
    )
    expected = _metric("expected_value", "number", found["expected_value"])
    return {"name": short_name(f"explanations - kernel_shap - {label}"), "metric_data": [chart, expected]}


def _expectations_group(report: dict[str, Any]) -> dict[str, Any]:
    metrics = [_metric("success_percent", "number", report["statistics"]["success_percent"])]
    seen: dict[str, int] = {}
    for one in report["results"]:
        config = one["expectation_config"]
        name = f"{config['type'].removeprefix('expect_')} {config['kwargs'].get('column', '')}".strip()
        seen[name] = seen.get(name, 0) + 1
        numbered = name if seen[name] == 1 else f"{name} #{seen[name]}"
        metrics.append(_metric(numbered, "boolean", one["success"], one["detail"]))
    return {"name": "data_quality", "metric_data": metrics}


_IMPORTANCE = {
    "feature_importance": "share of the label's entropy that the feature alone takes away, in the training rows",
    "feature_gain": "share of the gain of all of the trained model's splits",
}


def _importance_group(name: str, importance: list[dict[str, Any]]) -> dict[str, Any]:
    values = [one["value"] for one in importance]
    names = [short_name(one["name"]) for one in importance]
    bars = _metric(name, "bar_chart", values, _IMPORTANCE[name], x_axis_name=names)
    return {"name": name, "metric_data": [bars] if importance else []}
