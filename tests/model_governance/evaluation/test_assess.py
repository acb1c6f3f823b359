"""Assessments: reports in the form that SageMaker's own parsers read, judged by the use case's limits."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from model_governance.domain.evidence import EvidenceKind, EvidenceVerdict
from model_governance.errors import EvaluationRefused
from model_governance.evaluation.assess import assess_post_training_bias, assess_pre_training_bias
from model_governance.evaluation.data_set import read_data_set
from model_governance.evaluation.metric_groups import LONGEST_NAME, metric_groups, short_name
from model_governance.evaluation.model_quality.assess import assess_model_quality
from model_governance.evaluation.predictions import HeldOut

LOANS = b"income,debt,white,approve\n1,1,1,1\n2,1,1,1\n3,1,1,0\n4,1,0,1\n5,1,0,0\n6,1,,1\n"
LIMITS = [
    {"metric": "auc", "minimum": 0.7},
    {"metric": "disparate_impact", "facet": "white", "minimum": 0.8, "maximum": 1.25},
    {
        "metric": "difference_in_proportions_of_labels",
        "minimum": -0.1,
        "maximum": 0.1,
        "severity": "warning",
    },
]


def held_out(labels: list[int], white: list[str]) -> HeldOut:
    return HeldOut(np.asarray(labels, dtype=bool), pd.DataFrame({"white": white}, dtype=object))


def test_pre_training_bias_is_reported_as_clarify_does(use_case):
    declared = use_case(limits=LIMITS)
    assessment = assess_pre_training_bias(read_data_set(LOANS, declared.data), declared)
    assert json.loads(assessment.content) == {
        "version": "1.0",
        "pre_training_bias_metrics": {
            "label": "approve",
            "label_value_or_threshold": "1",
            "facets": {
                "white": [
                    {
                        "value_or_threshold": "0",
                        "metrics": [
                            {"name": "CI", "description": "Class Imbalance (CI)", "value": pytest.approx(1 / 5)},
                            {
                                "name": "DPL",
                                "description": "Difference in Positive Proportions in Labels (DPL)",
                                "value": pytest.approx(1 / 6),
                            },
                        ],
                        "groups": [
                            {"group": "a", "name": "white other than 0", "rows": 3, "positive": 2},
                            {"group": "d", "name": "white = 0", "rows": 2, "positive": 1},
                            {"group": "missing", "name": "white missing: in neither group", "rows": 1, "positive": 1},
                        ],
                    }
                ]
            },
        },
    }
    assert assessment.verdict is EvidenceVerdict.WARNING
    assert (
        " 0.1667 (facet white) exceeds 0.1: facet white, d = 0: positive 1 of 2" in assessment.measurements[1].sentence
    )


def test_post_training_bias_judges_the_predictions_at_the_declared_threshold(use_case):
    rows = held_out([1, 1, 1, 1], ["1", "1", "0", "0"])
    probabilities = np.asarray([0.9, 0.8, 0.7, 0.4])
    at_half = assess_post_training_bias(rows, probabilities, use_case(limits=LIMITS))
    assert [one.value for one in at_half.measurements] == [0.5, 0.5]
    assert at_half.verdict is EvidenceVerdict.FAIL
    assert at_half.failures[0].startswith("disparate_impact 0.5 (facet white) is below 0.8: ")
    lower = assess_post_training_bias(rows, probabilities, use_case(limits=LIMITS, decision_threshold=0.8))
    assert lower.measurements[0].value == 0.0


def test_what_cannot_be_assessed_is_null_with_its_reason_and_no_pass(use_case):
    rows = held_out([1, 0], ["1", "1"])
    assessment = assess_post_training_bias(rows, np.asarray([0.9, 0.1]), use_case(limits=LIMITS))
    entry = assessment.report["post_training_bias_metrics"]["facets"]["white"][0]["metrics"][0]
    assert entry["value"] is None
    assert entry["error"] == "group d of facet white has no rows (d = 0)"
    assert assessment.verdict is EvidenceVerdict.NOT_ASSESSABLE


def test_predictions_that_are_no_probabilities_are_refused(use_case):
    rows = held_out([1, 0], ["1", "0"])
    for assess in (assess_post_training_bias, assess_model_quality):
        with pytest.raises(EvaluationRefused, match="1 of 2 predictions are NaN"):
            assess(rows, np.asarray([0.5, np.nan]), use_case())


def test_model_quality_is_reported_as_model_monitor_does(use_case):
    rows = held_out([1, 1, 1, 0, 0], ["1"] * 5)
    assessment = assess_model_quality(rows, np.asarray([0.9, 0.5, 0.2, 0.7, 0.1]), use_case(limits=LIMITS))
    report = json.loads(assessment.content)
    assert report["dataset"] == {"item_count": 5}
    assert next(iter(report)) == "binary_classification_metrics"
    assert report["binary_classification_metrics"]["auc"] == {
        "value": pytest.approx(2 / 3),
        "standard_deviation": "NaN",
        "confidence_interval": {"lower": 0, "upper": 1, "level": 0.95, "method": "percentile bootstrap"},
    }
    assert assessment.verdict is EvidenceVerdict.FAIL
    assert assessment.seed == 7


def test_a_limit_on_a_metric_that_nobody_measures_fails_model_quality(use_case):
    declared = use_case(limits=[{"metric": "area_under_curve", "minimum": 0.7}])
    assessment = assess_model_quality(held_out([1, 0], ["1", "0"]), np.asarray([0.9, 0.1]), declared)
    assert any("nothing measured 'area_under_curve'" in line for line in assessment.failures)


def test_a_parser_of_clarify_reports_finds_facets_in_every_section(use_case):
    # The SageMaker Python SDK takes each mapping at the top for a section with facets.
    assessment = assess_pre_training_bias(read_data_set(LOANS, use_case().data), use_case())
    for section in assessment.report.values():
        assert not isinstance(section, dict) or {"facets", "label", "label_value_or_threshold"} <= set(section)


def groups_of(use_case: Any) -> list[dict[str, Any]]:
    rows = held_out([1, 1, 1, 0, 0], ["1", "1", "1", "1", "1"])
    probabilities = np.asarray([0.9, 0.5, 0.2, 0.7, 0.1])
    assessments = [
        assess_pre_training_bias(read_data_set(LOANS, use_case().data), use_case()),
        assess_model_quality(rows, probabilities, use_case()),
        assess_post_training_bias(rows, probabilities, use_case()),
    ]
    return [group for one in assessments for group in metric_groups(one.kind, one.report)]


def test_metric_groups_have_the_form_of_a_card(use_case):
    groups = groups_of(use_case)
    assert [group["name"] for group in groups] == [
        "pre_training_bias_metrics - label approve = 1 and facet white=0",
        "binary_classification_metrics",
    ]
    for metric in (metric for group in groups for metric in group["metric_data"]):
        assert set(metric) <= {"name", "type", "value", "notes", "x_axis_name", "y_axis_name"}
        assert len(metric["name"]) <= LONGEST_NAME
        assert metric["value"] is not None
        assert metric["type"] in {"number", "matrix", "linear_graph"}
    matrix = groups[1]["metric_data"][0]
    assert matrix["value"] == [[1, 1], [1, 2]]
    assert (matrix["x_axis_name"], matrix["y_axis_name"]) == (["label 0", "label 1"], ["predicted 0", "predicted 1"])


def test_a_long_name_is_shortened_and_kept_whole_in_the_notes(use_case):
    rows = held_out([1, 1, 0, 0], ["1", "1", "0", "0"])
    assessment = assess_post_training_bias(rows, np.asarray([0.9, 0.1, 0.9, 0.1]), use_case())
    (group,) = metric_groups(EvidenceKind.POST_TRAINING_BIAS, assessment.report)
    assert len(group["name"]) == LONGEST_NAME
    assert group["name"] != short_name("post_training_bias_metrics - label approve = 1 and facet white=1")
    for metric in group["metric_data"]:
        assert "post_training_bias_metrics - label approve = 1 and facet white=0" in metric["notes"]
