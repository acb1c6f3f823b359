"""Assessments: reports in the form that SageMaker's own parsers read, judged by the use case's limits."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from model_governance.domain.evidence import EvidenceKind, EvidenceVerdict, Measurement
from model_governance.errors import EvaluationRefused
from model_governance.evaluation.assess import assess_post_training_bias, assess_pre_training_bias
from model_governance.evaluation.data_set import read_data_set
from model_governance.evaluation.metric_groups import LONGEST_NAME, metric_groups, short_name
from model_governance.evaluation.model_quality.assess import assess_model_quality
from model_governance.evaluation.predictions import HeldOut, read_holdout_labels
from model_governance.evaluation.report import Assessment

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


@pytest.mark.parametrize("cell", ["", "NA"])
def test_each_value_of_a_facet_that_nobody_has_is_not_assessable_and_no_pass(use_case, data, cell):
    limit = {"metric": "disparate_impact", "facet": "white", "minimum": 0.8}
    facets = {"facets": [{"name_or_index": "white"}]}
    declared = use_case(data={**data().model_dump(), **facets}, limits=[limit, {"metric": "auc", "minimum": 0}])
    rows = held_out([1, 0, 1, 0], [""] * 4)
    scores = np.asarray([0.9, 0.1, 0.8, 0.7])
    after = assess_post_training_bias(rows, scores, declared)
    assert after.verdict is EvidenceVerdict.NOT_ASSESSABLE
    impact = next(one for one in after.measurements if one.name == "disparate_impact")
    assert (impact.minimum, impact.verdict) == (0.8, EvidenceVerdict.NOT_ASSESSABLE)
    assert "group a of facet white has no rows (d = any value)" in impact.detail
    assert "4 where white is missing" in impact.detail
    frozen = read_data_set(f"income,debt,white,approve\n1,1,{cell},1\n2,1,{cell},0\n".encode(), declared.data)
    assert assess_pre_training_bias(frozen, declared).verdict is EvidenceVerdict.NOT_ASSESSABLE
    assert assess_model_quality(rows, scores, declared).report["slices"][0]["groups"][0]["group"] == "missing"


def on_slices(use_case, *limits, minimum=2):
    rows = held_out([1, 0, 1, 0, 1, 0, 1, 1], ["1", "1", "1", "1", "0", "0", "0", ""])
    scores = np.asarray([0.9, 0.1, 0.8, 0.2, 0.9, 0.8, 0.2, 0.9])
    found = assess_model_quality(rows, scores, use_case(limits=list(limits)), minimum_group_rows=minimum)
    return found, [one for one in found.measurements if one.facet]


@pytest.mark.parametrize("value", [0, 0.0, "0"])
def test_a_limit_on_a_slice_is_held_to_that_group_alone(use_case, value):
    limit = {"metric": "accuracy", "facet": "white", "value": value, "minimum": 0.7}
    assessment, (judged,) = on_slices(use_case, limit)
    assert (judged.facet, judged.group, judged.value) == ("white", "0", pytest.approx(1 / 3))
    assert (judged.verdict, judged.minimum) == (EvidenceVerdict.FAIL, 0.7)
    assert assessment.verdict is EvidenceVerdict.FAIL
    assert "accuracy 0.3333 (facet white = 0) is below 0.7" in judged.sentence
    whole = next(one for one in assessment.measurements if one.name == "accuracy" and one.facet is None)
    assert (whole.minimum, whole.verdict) == (None, EvidenceVerdict.PASS)


def test_a_limit_on_a_facet_is_held_to_each_of_its_groups_and_few_rows_are_no_pass(use_case):
    _, judged = on_slices(use_case, {"metric": "accuracy", "facet": "white", "minimum": 0.7, "severity": "warning"})
    assert {one.group: one.verdict for one in judged} == {
        "other than 0": EvidenceVerdict.PASS,
        "0": EvidenceVerdict.WARNING,
        "missing": EvidenceVerdict.NOT_ASSESSABLE,
    }
    assert "1 rows are fewer than the policy's minimum of 2" in judged[-1].detail


def test_a_rate_of_few_rows_within_a_large_slice_is_no_pass_and_is_marked(use_case):
    limit = {"metric": "recall", "facet": "white", "value": "other than 0", "minimum": 0.5}
    assessment, (judged,) = on_slices(use_case, limit, minimum=3)
    assert (judged.value, judged.verdict) == (None, EvidenceVerdict.NOT_ASSESSABLE)
    assert "2 of 4 rows are behind it" in judged.detail
    (slices,) = assessment.report["slices"]
    assert "2 of 4 rows" in slices["groups"][0]["metrics"]["recall"]["not_assessable"]
    assert "not_assessable" not in slices["groups"][0]["metrics"]["accuracy"]


def test_a_limit_on_a_metric_that_slices_do_not_show_measures_it(use_case):
    assessment, (judged,) = on_slices(use_case, {"metric": "f1", "facet": "white", "value": 0, "minimum": 0.9})
    assert (judged.value, judged.verdict) == (pytest.approx(0.5), EvidenceVerdict.FAIL)
    assert "f1" in assessment.report["slices"][0]["groups"][1]["metrics"]


def test_limits_on_groups_and_metrics_that_are_not_there_never_pass(use_case):
    _, absent = on_slices(use_case, {"metric": "accuracy", "facet": "white", "value": 7, "minimum": 0})
    assert [one.verdict for one in absent] == [EvidenceVerdict.NOT_ASSESSABLE]
    assert "no held-out row is of white = 7; there are: other than 0, 0, missing" in absent[0].detail
    _, unknown = on_slices(use_case, {"metric": "acuracy", "facet": "white", "value": 0, "minimum": 0})
    assert [one.verdict for one in unknown] == [EvidenceVerdict.FAIL]
    _, other = on_slices(use_case, {"metric": "mse", "facet": "white", "value": 0, "maximum": 9})
    assert [one.verdict for one in other] == [EvidenceVerdict.FAIL]
    with pytest.raises(ValueError, match="needs the facet that has it"):
        use_case(limits=[{"metric": "accuracy", "value": 0, "minimum": 0}])


def test_a_limit_on_one_comparison_of_bias_is_held_to_it_alone(use_case, data):
    declared = use_case(
        data={**data().model_dump(), "facets": [{"name_or_index": "white"}]},
        limits=[
            {"metric": "disparate_impact", "facet": "white", "value": "0", "minimum": 0.8},
            {"metric": "disparate_impact", "facet": "white", "value": "9", "minimum": 0.8},
        ],
    )
    rows = held_out([1, 0, 1, 0, 1, 0], ["0", "0", "1", "1", "2", "2"])
    found = assess_post_training_bias(rows, np.asarray([0.9, 0.1, 0.9, 0.9, 0.9, 0.2]), declared)
    judged = {one.group: (one.minimum, one.verdict) for one in found.measurements if one.name == "disparate_impact"}
    assert judged == {
        "0": (0.8, EvidenceVerdict.FAIL),
        "1": (None, EvidenceVerdict.PASS),
        "2": (None, EvidenceVerdict.PASS),
        "9": (0.8, EvidenceVerdict.NOT_ASSESSABLE),
    }


def test_a_declaration_without_values_in_its_limits_keeps_its_digest(use_case):
    dumped = use_case(limits=LIMITS).model_dump(mode="json")["limits"]
    assert all("value" not in one for one in dumped)
    measured = Measurement(name="auc", value=0.5).model_dump(mode="json")
    assert "group" not in measured


def test_pre_training_bias_is_reported_as_clarify_does(use_case):
    declared = use_case(limits=LIMITS)
    assessment = assess_pre_training_bias(read_data_set(LOANS, declared.data), declared, minimum_group_rows=2)
    report = json.loads(assessment.content)
    section = report.pop("pre_training_bias_metrics")
    assert report == {"version": "1.0", "minimum_group_rows": 2, "seed": 7}
    (entry,) = section.pop("facets")["white"]
    assert section == {"label": "approve", "label_value_or_threshold": "1"}
    assert entry["value_or_threshold"] == "0"
    assert [one["name"] for one in entry["metrics"]] == ["CDDL", "CI", "DPL", "JS", "KL", "KS", "LP", "TVD"]
    assert entry["metrics"][0] == {
        "name": "CDDL",
        "description": "Conditional Demographic Disparity in Labels (CDDL)",
        "value": None,
        "error": "not computed: the use case declares no group_variable",
    }
    assert entry["metrics"][2] == {
        "name": "DPL",
        "description": "Difference in Positive Proportions in Labels (DPL)",
        "value": pytest.approx(1 / 6),
        "interval": {
            "lower": pytest.approx(-0.4458, abs=1e-4),
            "upper": pytest.approx(0.6548, abs=1e-4),
            "confidence": 0.95,
            "method": "Newcombe",
        },
    }
    assert entry["groups"] == [
        {"group": "a", "name": "white other than 0", "rows": 3, "positive": 2},
        {"group": "d", "name": "white = 0", "rows": 2, "positive": 1},
        {"group": "missing", "name": "white missing: in neither group", "rows": 1, "positive": 1},
    ]
    assert assessment.verdict is EvidenceVerdict.WARNING
    difference = measured(assessment, "difference_in_proportions_of_labels")
    assert " 0.1667 (facet white = 0) exceeds 0.1: facet white, d = 0: positive 1 of 2" in difference.sentence
    assert "95 % interval [-0.4458, 0.6548] (Newcombe)" in difference.detail


def measured(assessment: Assessment, name: str, facet: str = "white") -> Measurement:
    (found,) = (one for one in assessment.measurements if (one.name, one.facet) == (name, facet))
    return found


def test_post_training_bias_judges_the_predictions_at_the_declared_threshold(use_case):
    rows = held_out([1, 1, 1, 1], ["1", "1", "0", "0"])
    probabilities = np.asarray([0.9, 0.8, 0.7, 0.4])
    at_half = assess_post_training_bias(rows, probabilities, use_case(limits=LIMITS))
    difference = "difference_in_positive_proportions_in_predicted_labels"
    assert [measured(at_half, name).value for name in ("disparate_impact", difference)] == [0.5, 0.5]
    assert at_half.verdict is EvidenceVerdict.FAIL
    assert at_half.failures[0].startswith("disparate_impact 0.5 (facet white = 0) is below 0.8: ")
    lower = assess_post_training_bias(rows, probabilities, use_case(limits=LIMITS, decision_threshold=0.8))
    assert measured(lower, "disparate_impact").value == 0.0


def test_a_group_below_the_policy_minimum_is_no_pass(use_case):
    rows = held_out([1, 0, 1, 0] * 10, ["1", "1", "0", "0"] * 10)
    probabilities = np.asarray([0.9, 0.1, 0.9, 0.1] * 10)
    enough = assess_post_training_bias(rows, probabilities, use_case(limits=LIMITS), minimum_group_rows=20)
    assert (enough.verdict, measured(enough, "disparate_impact").value) == (EvidenceVerdict.PASS, 1.0)
    few = assess_post_training_bias(rows, probabilities, use_case(limits=LIMITS), minimum_group_rows=21)
    impact = measured(few, "disparate_impact")
    assert (few.verdict, impact.verdict, impact.value) == (*[EvidenceVerdict.NOT_ASSESSABLE] * 2, None)
    assert impact.detail.startswith(
        "20 rows of group d and 20 rows of group a: fewer than the 21 asked for; facet white"
    )
    assert "95 % interval [0.5381, 1.859] (Katz)" in impact.detail


def test_what_nobody_limits_and_no_rows_tell_is_in_the_report_alone(use_case):
    rows = held_out([1, 1, 0, 0], ["1", "0", "1", "0"])
    probabilities = np.asarray([0.9, 0.9, 0.1, 0.1])
    reason = "group a has no false positive: division by zero"
    assessment = assess_post_training_bias(rows, probabilities, use_case(limits=LIMITS))
    equality = assessment.report["post_training_bias_metrics"]["facets"]["white"][0]["metrics"][-1]
    assert (equality["name"], equality["value"], equality["error"]) == ("TE", None, reason)
    assert assessment.verdict is EvidenceVerdict.PASS
    asked = [*LIMITS, {"metric": "treatment_equality", "maximum": 1}]
    held = assess_post_training_bias(rows, probabilities, use_case(limits=asked))
    assert held.verdict is EvidenceVerdict.NOT_ASSESSABLE
    assert measured(held, "treatment_equality").detail.startswith(reason)


def test_the_group_variable_and_the_features_of_held_out_rows_are_used(use_case, data):
    declared = use_case(data=data(group_variable="debt").model_dump())
    labels = b"approve,white,debt\n1,1,0\n0,1,0\n1,0,0\n0,0,0\n1,,1\n"
    rows = read_holdout_labels(labels, declared.data, b"1,0\n2,0\n1,0\n2,0\n3,1\n")
    assessment = assess_post_training_bias(rows, np.asarray([0.9, 0.1, 0.1, 0.9, 0.9]), declared)
    conditional = measured(assessment, "conditional_demographic_disparity_in_predicted_labels")
    assert (conditional.value, measured(assessment, "counterfactual_fliptest").value) == (0.0, 0.0)
    assert "one subgroup of debt, 0: nothing is held fixed" in conditional.detail
    assert (
        "1 nearest of 2 rows of a for 2 rows of d, 2 columns" in measured(assessment, "counterfactual_fliptest").detail
    )


def test_features_that_have_no_distance_leave_the_fliptest_with_their_reason(use_case):
    frame = pd.DataFrame({"white": ["1", "0"]}, dtype=object)
    rows = HeldOut(np.asarray([True, False]), frame, features=pd.DataFrame({"town": ["a", "a"]}))
    assessment = assess_post_training_bias(rows, np.asarray([0.9, 0.1]), use_case())
    metrics = assessment.report["post_training_bias_metrics"]["facets"]["white"][0]["metrics"]
    (flip,) = (one for one in metrics if one["name"] == "FT")
    assert "no feature varies over the 2 rows" in flip["error"]


def test_a_numeric_label_with_a_threshold_is_assessed_before_and_after_training(use_case, data):
    content = b"weight,length,rings\n" + b"".join(f"{i / 10},{i},{3 + i % 13}\n".encode() for i in range(40))
    declared = use_case(
        data=data(
            label={"column": "rings", "positive": 9, "threshold": True},
            features=["length"],
            facets=[{"name_or_index": "weight", "value_or_threshold": [1.5], "threshold": True}],
        ).model_dump()
    )
    frozen = read_data_set(content, declared.data)
    before = assess_pre_training_bias(frozen, declared)
    section = before.report["pre_training_bias_metrics"]
    assert section["label_value_or_threshold"] == "(9, inf)"
    assert section["facets"]["weight"][0]["value_or_threshold"] == "(1.5, inf)"
    rings = np.asarray([3.0 + i % 13 for i in range(40)])
    rows = HeldOut(rings > 9, frozen.cells[["weight"]])
    after = assess_post_training_bias(rows, rings, declared)
    assert measured(after, "accuracy_difference", "weight").value == 0
    with pytest.raises(EvaluationRefused, match="1 of 40 predictions are NaN, the first for row 1"):
        assess_post_training_bias(rows, np.where(np.arange(40) == 0, np.nan, rings), declared)


def test_what_cannot_be_assessed_is_null_with_its_reason_and_no_pass(use_case):
    rows = held_out([1, 0], ["1", "1"])
    assessment = assess_post_training_bias(rows, np.asarray([0.9, 0.1]), use_case(limits=LIMITS))
    for entry in assessment.report["post_training_bias_metrics"]["facets"]["white"][0]["metrics"]:
        assert entry["value"] is None
        assert entry["error"] == (
            "not computed: the use case declares no group_variable"
            if entry["name"] == "CDDPL"
            else "group d of facet white has no rows (d = 0)"
        )
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


def test_a_rate_of_few_rows_is_no_pass_though_there_are_many_rows(use_case):
    limits = [{"metric": name, "minimum": 0.5} for name in ("recall", "precision", "auc", "accuracy")]
    rows = held_out([1] * 5 + [0] * 95, ["1", "0"] * 50)
    probabilities = np.asarray([0.9] * 5 + [0.1] * 95)
    found = assess_model_quality(rows, probabilities, use_case(limits=limits), minimum_group_rows=30)
    judged = {one.name: (one.value, one.verdict.value) for one in found.measurements}
    assert judged["accuracy"] == (1.0, "pass")
    for name in ("recall", "precision", "auc"):
        assert judged[name] == (None, "not_assessable"), name
    recall = next(one for one in found.measurements if one.name == "recall")
    assert recall.detail.startswith(
        "5 of 100 rows are behind it, fewer than the policy's minimum of 30: 1, 95% interval"
    )
    assert (judged["true_negative_rate"], found.verdict) == ((1.0, "pass"), EvidenceVerdict.NOT_ASSESSABLE)
    # What no limit asks for does not stand in the way of a gate, and is marked.
    assert "f1" not in judged
    assert found.report["binary_classification_metrics"]["f1"]["not_assessable"].startswith("5 of 100 rows")
    assert metric_groups(found.kind, found.report)


def test_no_positive_prediction_is_no_pass_whatever_the_minimum(use_case):
    rows = held_out([1, 0] * 50, ["1", "0"] * 50)
    found = assess_model_quality(rows, np.zeros(100), use_case(limits=LIMITS[:1]), minimum_group_rows=30)
    precision = next(one for one in found.measurements if one.name == "precision")
    assert (precision.value, precision.verdict) == (None, EvidenceVerdict.NOT_ASSESSABLE)


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


def test_a_report_of_many_groups_still_fits_a_card():
    metrics = [{"name": f"M{i}", "description": "A metric (M)", "value": 0.1 + i} for i in range(13)]
    entries = [{"value_or_threshold": f"value {i}", "metrics": metrics} for i in range(45)]
    section = {"label": "approve", "label_value_or_threshold": "1", "facets": {"region": entries}}
    groups = metric_groups(EvidenceKind.POST_TRAINING_BIAS, {"post_training_bias_metrics": section})
    assert len(json.dumps(groups)) < 20_000
    assert 15 <= len(groups) < 45
    assert all("facet region=value" in group["metric_data"][0]["notes"] for group in groups)
    assert all(len(group["metric_data"]) == 13 for group in groups)
    notes = groups[0]["metric_data"][0]["notes"]
    assert notes.startswith(f"{45 - len(groups)} more groups are in the report; A metric (M); ")


def test_many_expectations_keep_those_that_do_not_hold():
    results = [
        {
            "expectation_config": {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": f"c{i}"}},
            "success": i < 390,
            "detail": "why " * 20,
        }
        for i in range(400)
    ]
    importance = [{"name": f"feature {i}", "value": 1 / (i + 1)} for i in range(200)]
    report = {"statistics": {"success_percent": 97.5}, "results": results, "feature_importance": importance}
    groups = metric_groups(EvidenceKind.DATA_QUALITY, report)
    assert len(json.dumps(groups)) < 15_000
    missed = [one for one in groups[0]["metric_data"] if one["value"] is False]
    assert len(missed) == 10
    assert all("why" in one["notes"] for one in missed)
    gone = 400 - (len(groups[0]["metric_data"]) - 1)
    assert groups[0]["metric_data"][0]["notes"] == f"{gone} more of this group are in the report"
    (bars,) = groups[1]["metric_data"]
    assert (len(bars["value"]), len(bars["x_axis_name"])) == (20, 20)
    assert bars["notes"].startswith("the first 20 of 200; all are in the report; ")


def test_attributions_to_many_labels_by_many_features_fit_a_card():
    values = {f"a feature with a long name, number {i}": 1.0 / (i + 3) for i in range(200)}
    explained = {f"label{i}": {"global_shap_values": values, "expected_value": 0.1} for i in range(20)}
    groups = metric_groups(EvidenceKind.EXPLAINABILITY, {"explanations": {"kernel_shap": explained}})
    assert len(json.dumps(groups)) < 11_000
    assert "more groups are in the report" in groups[0]["metric_data"][0]["notes"]


def test_long_names_of_classes_keep_to_the_cards_limit():
    classes = [f"{'x' * 70}{i}" for i in range(3)]
    matrix = {true: dict.fromkeys(classes, 1) for true in classes}
    report = {"multiclass_classification_metrics": {"confusion_matrix": matrix}}
    ((found,),) = [group["metric_data"] for group in metric_groups(EvidenceKind.MODEL_QUALITY, report)]
    names = [*found["x_axis_name"], *found["y_axis_name"]]
    assert len(set(names)) == 6
    assert max(map(len, names)) == LONGEST_NAME
