"""Labels of the three problem types: how each is learnt, what is favourable, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from model_governance.errors import DataRefused, EvaluationRefused
from model_governance.evaluation.data_set import read_data_set
from model_governance.evaluation.labels import favourable_labels, favourable_predictions, learnt_labels
from model_governance.evaluation.model_quality.assess import assess_model_quality
from model_governance.evaluation.predictions import HeldOut, read_holdout_labels, read_predictions
from model_governance.evaluation.split import split_data_set

BINARY = {"column": "approve", "positive": "yes"}
CLASSES = {"column": "approve", "positive": ["mid", "high"], "classes": ["low", "mid", "high"]}
NUMBER = {"column": "approve", "positive": 2, "threshold": True}
PROBLEM = {"multiclass_classification": CLASSES, "regression": NUMBER}


def learn(data, label, values):
    return learnt_labels(pd.Series(values), data(label=label)).tolist()


def test_a_label_is_learnt_as_its_problem_has_it(data):
    assert learn(data, BINARY, ["no", "yes", "no"]) == [0, 1, 0]
    assert learn(data, CLASSES, ["high", "low", "mid"]) == [2, 0, 1]
    assert learn(data, NUMBER, ["1.5", "-3", "2"]) == [1.5, -3, 2]


@pytest.mark.parametrize(
    ("label", "values", "said"),
    [
        ({"column": "approve", "positive": 1}, ["1", "1"], "1 distinct values ('1')"),
        ({"column": "approve", "positive": 1}, ["1", "0", "2"], "3 distinct values ('0', '1', '2')"),
        ({"column": "approve", "positive": 1}, ["yes", "no"], "declared positive value '1'"),
        (CLASSES, ["low", "huge"], "1 of them none of the declared classes ('huge')"),
        (CLASSES, ["low", "low"], "1 distinct values"),
        (NUMBER, ["1", "many"], "1 of them no numbers ('many')"),
        (NUMBER, ["2", "2"], "a regression needs numbers, and more than one"),
    ],
)
def test_a_label_that_does_not_fit_its_problem_is_refused(data, label, values, said):
    with pytest.raises(DataRefused) as refusal:
        learn(data, label, values)
    assert said in str(refusal.value)


@pytest.mark.parametrize(("classes", "positive"), [((1, 2, 3), "2.0"), (("1.0", 2.0, "3e0"), 2)])
def test_one_number_is_one_class_however_it_is_spelled(use_case, data, classes, positive):
    label = {"column": "approve", "positive": positive, "classes": classes}
    assert learn(data, label, ["1", "3", "2"]) == [0, 2, 1]
    learnt = np.asarray([0.0, 1.0, 2.0, 1.0])
    held = HeldOut(
        favourable_labels(learnt, data(label=label).label), pd.DataFrame({"white": ["0"] * 4}), values=learnt
    )
    assert held.labels.tolist() == [False, True, False, True]
    declared = use_case(data={**data().model_dump(), "label": label}, limits=[{"metric": "accuracy", "minimum": 0}])
    report = assess_model_quality(held, np.eye(3)[[0, 1, 2, 0]], declared).report
    matrix = report["multiclass_classification_metrics"]["confusion_matrix"]
    assert matrix == {"1": {"1": 1, "2": 0, "3": 0}, "2": {"1": 1, "2": 1, "3": 0}, "3": {"1": 0, "2": 0, "3": 1}}


@pytest.mark.parametrize("classes", [(1, 1.0), (1, "1"), ("1", "1.0", 2)])
def test_one_class_spelled_twice_is_refused(data, classes):
    with pytest.raises(ValueError, match=r"1, 1\.0 and '1' are one"):
        data(label={"column": "approve", "positive": 1, "classes": classes})


@pytest.mark.parametrize(
    ("value", "said"),
    [("NA", "stands for a missing value"), (" ", "stands for a missing"), (True, "put the word in quotes")],
)
def test_values_that_no_cell_can_have_are_refused(data, value, said):
    for label in ({"positive": value}, {"positive": [1, value], "classes": [1, 2, value]}):
        with pytest.raises(ValueError, match=said):
            data(label={"column": "approve", **label})
    with pytest.raises(ValueError, match=said):
        data(facets=[{"name_or_index": "white", "value_or_threshold": [value]}])


def test_what_is_favourable_follows_from_the_declaration(data, use_case):
    assert favourable_labels(np.asarray([0.0, 1.0, 2.0]), data(label=CLASSES).label).tolist() == [False, True, True]
    assert favourable_labels(np.asarray([1.9, 2.0, 2.1]), data(label=NUMBER).label).tolist() == [False, False, True]
    assert favourable_predictions(np.asarray([0.49, 0.5]), use_case()).tolist() == [False, True]


@pytest.fixture
def declared(use_case, data):
    """The example's declaration, of another problem type."""

    def declare(problem):
        changed = data(label=PROBLEM[problem]).model_dump(mode="json")
        return use_case(problem_type=problem, data=changed)

    return declare


@pytest.mark.parametrize(
    ("problem", "labels", "answer"),
    [("multiclass_classification", ("low", "mid", "high"), "0.2,0.5,0.3"), ("regression", ("1", "2.5", "4"), "2.25")],
)
def test_a_data_set_goes_from_split_to_judged_predictions(declared, problem, labels, answer):
    use_case = declared(problem)
    rows = [f"{row},{row % 7},{row % 2},{labels[row % 3]}" for row in range(120)]
    split = split_data_set(
        read_data_set("\n".join(["income,debt,white,approve", *rows]).encode(), use_case.data), use_case.data
    )
    held_out = read_holdout_labels(split.holdout_labels, use_case.data)
    sent = len(split.holdout.splitlines())
    predictions = read_predictions(f"{answer}\n".encode() * sent, sent, use_case.data.label)
    assessment = assess_model_quality(held_out, predictions, use_case)
    assert assessment.report["dataset"]["item_count"] == sent
    assert len(assessment.report["slices"][0]["groups"]) == 2
    assert assessment.content == assess_model_quality(held_out, predictions, use_case).content


@pytest.mark.parametrize(
    ("problem", "answer", "said"),
    [
        ("multiclass_classification", b"0.2,0.8", "is not 3 number(s)"),
        ("multiclass_classification", b"0.2,0.8,7", "prediction 7.0 for row 1 is no probability"),
        ("regression", b"1,2", "is not 1 number(s)"),
        ("regression", b"inf", "prediction inf for row 1 is no finite number"),
        ("regression", b"nan", "1 of 1 predictions are NaN"),
    ],
)
def test_answers_that_are_no_predictions_of_the_label_are_refused(declared, problem, answer, said):
    with pytest.raises(EvaluationRefused) as refusal:
        read_predictions(answer, 1, declared(problem).data.label)
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("problem", "label", "said"),
    [
        ("regression", BINARY, "problem_type regression does not fit the label"),
        ("binary_classification", NUMBER, "problem_type binary_classification does not fit the label"),
        ("binary_classification", {"column": "approve", "positive": [1, 2]}, "a binary label has one positive value"),
        ("multiclass_classification", {**CLASSES, "positive": ["low", "mid", "high"]}, "some but not all of them"),
        ("multiclass_classification", {**CLASSES, "classes": ["low", "low", "mid"]}, "each its own"),
    ],
)
def test_a_label_that_contradicts_the_problem_is_no_declaration(use_case, data, problem, label, said):
    with pytest.raises(ValueError, match="(?s)" + said.replace("(", "\\(")):
        use_case(problem_type=problem, data={**data().model_dump(mode="json"), "label": label})


def test_numbers_on_fewer_rows_than_the_policys_minimum_are_not_assessable(use_case):
    one = use_case(limits=[{"metric": "auc", "minimum": 0.1}])
    held_out = read_holdout_labels(b"approve,white\n1,0\n0,1\n1,1\n", one.data)
    assessment = assess_model_quality(held_out, np.asarray([0.9, 0.1, 0.8]), one, minimum_group_rows=4)
    assert assessment.verdict == "not_assessable"
    (auc,) = (measurement for measurement in assessment.measurements if measurement.name == "auc")
    assert auc.detail.startswith("3 rows are fewer than the policy's minimum of 4: 1, 95% interval")
