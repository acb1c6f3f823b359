"""A model's own contributions: taken where they add up to its predictions, and nowhere else."""

from __future__ import annotations

import json

import numpy as np
import pytest

from model_governance.domain.evidence import EvidenceVerdict
from model_governance.domain.use_case import Limit
from model_governance.errors import EvaluationRefused
from model_governance.evaluation.explainability import LARGEST_SHARE
from model_governance.evaluation.explainability.attribution import assess_attributions
from model_governance.evaluation.explainability.contributions import read_contributions, refuse_other_model
from model_governance.evaluation.explainability.kernel import Attributions

ANSWERS = np.asarray([[1.0, -0.5, 0.25], [0.0, 2.0, 0.25], [-3.0, 0.5, 0.25]])
TOTALS = np.asarray([[0.75], [2.25], [-2.25]])


def assess(attributions: Attributions, limits=()):
    return assess_attributions(
        attributions,
        ["age", "job"],
        labels=["label0"],
        method="contributions",
        scale="log-odds",
        settings={},
        limits=limits,
        seed=4,
    )


@pytest.mark.parametrize(
    ("scale", "predictions"),
    [("prediction", TOTALS), ("log-odds", 1 / (1 + np.exp(-TOTALS))), ("logarithm", np.exp(TOTALS))],
)
def test_the_scale_is_the_one_on_which_they_add_up(scale, predictions):
    assert refuse_other_model(read_contributions(ANSWERS, 2), predictions) == scale


def test_contributions_to_several_classes_add_up_on_the_scale_of_their_probabilities():
    contributions = np.asarray([[1.0, 0.5, 0.1, 0.0, 0.5, 0.2], [0.0, 2.0, 0.1, 1.0, 0.5, 0.2]])
    raised = np.exp(np.asarray([[1.6, 0.7], [2.1, 1.7]]))
    probabilities = raised / raised.sum(axis=1, keepdims=True)
    assert refuse_other_model(read_contributions(contributions, 2), probabilities) == "log-odds of several classes"


def test_one_output_that_is_always_one_explains_nothing_by_itself():
    with pytest.raises(EvaluationRefused, match="do not add up"):
        refuse_other_model(read_contributions(ANSWERS, 2), np.ones((3, 1)))


def test_contributions_of_another_model_are_refused_with_the_difference():
    predictions = 1 / (1 + np.exp(-TOTALS))
    predictions[1] += 0.01
    with pytest.raises(EvaluationRefused, match=r"at best \(log-odds\) they differ by 0\.01, more than 0\.0001"):
        refuse_other_model(read_contributions(ANSWERS, 2), predictions)


def test_contributions_to_other_rows_are_refused():
    with pytest.raises(EvaluationRefused, match="are not of the same rows"):
        refuse_other_model(read_contributions(ANSWERS, 2), TOTALS[:2])


def test_a_wrong_width_and_a_number_that_is_not_finite_are_refused():
    with pytest.raises(EvaluationRefused, match="3 contributions a row; 3 features"):
        read_contributions(ANSWERS, 3)
    broken = ANSWERS.copy()
    broken[1, 2] = np.inf
    with pytest.raises(EvaluationRefused, match="contribution 3 of row 2 is not finite"):
        read_contributions(broken, 2)


def test_several_outputs_follow_one_another():
    found = read_contributions(np.hstack([ANSWERS, ANSWERS * 2]), 2)
    assert found.values.shape == (3, 2, 2)
    assert found.values[0].tolist() == [[1.0, 2.0], [-0.5, -1.0]]
    assert found.expected.tolist() == [0.25, 0.5]


def test_the_report_has_the_form_of_clarifys_and_names_the_share_of_the_first_feature():
    assessment = assess(read_contributions(ANSWERS, 2), [Limit(metric=LARGEST_SHARE, maximum=0.5)])
    explained = json.loads(assessment.content)["explanations"]["kernel_shap"]["label0"]
    assert explained["global_shap_values"] == pytest.approx({"age": 4 / 3, "job": 1.0})
    assert explained["expected_value"] == 0.25
    (measurement,) = assessment.measurements
    assert (measurement.value, measurement.column) == (pytest.approx(4 / 7), "age")
    assert measurement.verdict is EvidenceVerdict.FAIL
    assert measurement.detail == "shares: age 0.571, job 0.429"


def test_a_model_that_no_feature_moves_is_not_assessable():
    still = Attributions(np.zeros((5, 2, 1)), np.asarray([0.3]))
    assert assess(still).verdict is EvidenceVerdict.NOT_ASSESSABLE
    one_row = Attributions(np.ones((1, 2, 1)), np.asarray([0.3]))
    assert assess(one_row).verdict is EvidenceVerdict.PASS
