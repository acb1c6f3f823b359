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
    with pytest.raises(EvaluationRefused, match=r"at best \(log-odds\) they differ by 0\.0109 of the largest, more"):
        refuse_other_model(read_contributions(ANSWERS, 2), predictions)


def single(values) -> np.ndarray:
    """As a model in single precision answers."""
    return np.asarray(values, dtype=np.float32).astype(np.float64)


def summing_to(totals) -> Attributions:
    totals = np.asarray(totals, dtype=np.float64)
    return Attributions(np.stack([totals * 0.75, totals * 0.25], axis=1), np.zeros(totals.shape[1]))


@pytest.mark.parametrize("margin", [0.0, 3.5, -3.5, 9.0, -12.0, 16.0, 20.0, -80.0])
def test_saturated_predictions_accept_the_sums_that_single_precision_makes_of_them(margin):
    predictions = single(1 / (1 + np.exp(-np.asarray([[0.5], [margin]], dtype=np.float32))))
    assert refuse_other_model(summing_to([[0.5], [margin]]), predictions) == "log-odds"


@pytest.mark.parametrize(("margin", "claimed"), [(9.5, 40.0), (-10.5, -40.0), (20.0, 12.0), (12.0, 14.0), (-30, -31)])
def test_sums_that_saturate_alike_but_are_others_are_refused(margin, claimed):
    predictions = single(1 / (1 + np.exp(-np.asarray([[0.5], [margin]]))))
    assert abs(1 / (1 + np.exp(-claimed)) - predictions[1, 0]) < 1e-4  # as probabilities nothing tells them apart
    with pytest.raises(
        EvaluationRefused, match=r"explained row 2 to output 1 add up to -?\d.* \(log-odds\); its predic"
    ):
        refuse_other_model(summing_to([[0.5], [claimed]]), predictions)


def test_sums_of_several_classes_are_compared_with_the_likeliest_class():
    sums = np.asarray([[9.0, 0.0, -8.0], [1.0, 2.0, 3.0], [30.0, -90.0, 4.0]])
    raised = np.exp(sums - sums.max(axis=1, keepdims=True))
    predictions = single(raised / raised.sum(axis=1, keepdims=True))
    assert refuse_other_model(summing_to(sums + 5), predictions) == "log-odds of several classes"
    sums[0, 2] = -30
    with pytest.raises(EvaluationRefused, match="explained row 1 to output 3 add up to -39"):
        refuse_other_model(summing_to(sums), predictions)


def test_logarithms_of_small_numbers_are_compared_as_logarithms():
    assert refuse_other_model(summing_to([[2.0], [-12.0]]), single(np.exp([[2.0], [-12.0]]))) == "logarithm"
    with pytest.raises(EvaluationRefused, match=r"add up to -20 \(logarithm\)"):
        refuse_other_model(summing_to([[2.0], [-20.0]]), single(np.exp([[2.0], [-12.0]])))


def test_small_predictions_are_held_to_their_own_size():
    small = np.asarray([[3e-6], [5e-6]])
    assert refuse_other_model(summing_to(small), small) == "prediction"
    with pytest.raises(EvaluationRefused, match="do not add up"):
        refuse_other_model(summing_to(small * 2), small)


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
