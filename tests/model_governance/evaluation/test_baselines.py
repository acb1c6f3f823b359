"""Registered baselines: read as they were written, or refused by file and field."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from model_governance.errors import EvaluationRefused
from model_governance.evaluation.baselines import BASELINE_FILES, Baselines, parse_baselines
from model_governance.evaluation.constraints import suggest_constraints
from model_governance.evaluation.report import report_bytes
from model_governance.evaluation.statistics import describe

FRAME = pd.DataFrame({"number": [1.5, 2.0], "text": ["a", "b"], "empty": [None, None]})
STATISTICS = describe(FRAME)
CONSTRAINTS = suggest_constraints(STATISTICS)
ANALYSIS = {"explanations": {"kernel_shap": {"label0": {"global_shap_values": {"number": 0.5, "text": 0}}}}}


def test_what_the_lifecycle_writes_is_read():
    found = parse_baselines(
        {
            "ModelDataQuality.Statistics": report_bytes(STATISTICS),
            "ModelDataQuality.Constraints": report_bytes(CONSTRAINTS),
            "Explainability.Constraints": report_bytes(ANALYSIS),
        }
    )
    assert found.statistics == json.loads(report_bytes(STATISTICS))
    assert found.constraints == json.loads(report_bytes(CONSTRAINTS))
    assert found.attributions == {"label0": {"number": 0.5, "text": 0}}
    assert (found.quality, found.quality_constraints, found.bias) == (None, None, None)
    assert parse_baselines({}) == Baselines()


def changed(document, *path, value=None):
    """The document with the value at a path replaced; without a value, taken away."""
    copy = json.loads(report_bytes(document))
    *way, last = path
    place = copy
    for step in way:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return json.dumps(copy).encode()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("ModelQuality", b"{}", "'ModelQuality' is no baseline"),
        *((name, b"", "is not JSON") for name in BASELINE_FILES),
        *((name, b"[]", "(root)") for name in BASELINE_FILES),
        ("ModelDataQuality.Statistics", b"\xff", "is not JSON"),
        ("ModelDataQuality.Statistics", b"{}", "dataset: Field required"),
        ("ModelDataQuality.Statistics", changed(STATISTICS, "dataset", "item_count"), "dataset.item_count"),
        (
            "ModelDataQuality.Statistics",
            changed(STATISTICS, "features", 0, "numerical_statistics"),
            "features.0: Value error, feature 'number' has neither",
        ),
        (
            "ModelDataQuality.Statistics",
            changed(
                STATISTICS,
                "features",
                0,
                "numerical_statistics",
                "distribution",
                "kll",
                "sketch",
                "data",
                value=[["x"]],
            ),
            "features.0.numerical_statistics.distribution.kll.sketch.data.0.0",
        ),
        (
            "ModelDataQuality.Statistics",
            changed(STATISTICS, "features", 1, "string_statistics", "distribution", "categorical"),
            "features.1.string_statistics.distribution",
        ),
        (
            "ModelDataQuality.Constraints",
            changed(CONSTRAINTS, "monitoring_config"),
            "monitoring_config: Field required",
        ),
        (
            "ModelDataQuality.Constraints",
            changed(CONSTRAINTS, "features", 0, "completeness", value=2),
            "features.0.completeness",
        ),
        (
            "ModelQuality.Constraints",
            b'{"regression_constraints": {"mse": {"threshold": NaN, "comparison_operator": "GreaterThanThreshold"}}}',
            "NaN is no number",
        ),
        (
            "ModelQuality.Constraints",
            b'{"regression_constraints": {"mse": {"threshold": 1e999, "comparison_operator": "GreaterThanThreshold"}}}',
            "regression_constraints.mse.threshold",
        ),
        (
            "ModelQuality.Constraints",
            b'{"regression_constraints": {"mse": {"threshold": 1, "comparison_operator": "Above"}}}',
            "regression_constraints.mse.comparison_operator",
        ),
        ("ModelQuality.Constraints", b"{}", "constraints of no problem type"),
        ("Bias.PostTrainingConstraints", b'{"pre_training_bias_metrics": {}}', "post_training_bias_metrics: Field"),
        (
            "Bias.PostTrainingConstraints",
            b'{"post_training_bias_metrics": {"facets": {"white": '
            b'[{"value_or_threshold": "0", "metrics": [{"name": 1}]}]}}}',
            "post_training_bias_metrics.facets.white.0.metrics.0.name",
        ),
        (
            "Explainability.Constraints",
            changed(ANALYSIS, "explanations", "kernel_shap", "label0", "global_shap_values", "number", value=-1),
            "explanations.kernel_shap.label0.global_shap_values.number",
        ),
    ],
)
def test_a_malformed_file_is_refused_by_file_and_field(name, content, said):
    with pytest.raises(EvaluationRefused) as refused:
        parse_baselines({name: content})
    assert said in str(refused.value)
    if name in BASELINE_FILES:
        assert str(refused.value).startswith(f"baseline {name}: ")
