"""What comes back from a batch transform is read strictly."""

from __future__ import annotations

import pytest

from model_governance.errors import EvaluationRefused
from model_governance.evaluation.predictions import read_answers, read_holdout_labels, read_predictions


def test_one_probability_a_line_is_read_in_order():
    assert read_predictions(b"0.25\n1\n0.0\n\n", 3).tolist() == [0.25, 1.0, 0.0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"0.5\n0.5\n", "answered 2 lines for 3 held-out rows"),
        (b"", "answered 0 lines for 3"),
        (b"0.5\n\n0.5\n", "prediction 2 of 3, '', is not a number"),
        (b"0.5\nerror\n0.5\n", "prediction 2 of 3, 'error', is not a number"),
        (b"0.5\nnan\n0.5\n", "1 of 3 predictions are NaN, the first for row 2"),
        (b"0.5\n1.2\n0.5\n", "prediction 1.2 for row 2 is no probability"),
        (b"0.5\n\xff\n0.5\n", "is not a number"),
        (b"0.5\n1_0\n0.5\n", "prediction 2 of 3, '1_0', is not a number"),
        (b"0.5\n0.5,0.5\n0.5\n", "prediction 2 of 3, '0.5,0.5', is not 1 number(s)"),
    ],
)
def test_anything_else_is_refused_with_its_place(content, said):
    with pytest.raises(EvaluationRefused) as refusal:
        read_predictions(content, 3)
    assert said in str(refusal.value)


def test_answers_to_other_rows_are_read_by_the_same_reader():
    assert read_answers(b"1,-inf\r\n2,nan\n", 2)[0].tolist() == [1.0, float("-inf")]
    with pytest.raises(EvaluationRefused, match=r"prediction 2 of 2, '1', is not 2 number"):
        read_answers(b"1,2\n1\n", 2)
    with pytest.raises(EvaluationRefused, match="answered 1 lines for 2 rows of the explanation"):
        read_answers(b"1,2\n", 2, what="rows of the explanation")
    with pytest.raises(EvaluationRefused, match="answered 0 lines for 0"):
        read_answers(b"", 0)


def test_labels_and_facets_are_read_as_the_split_wrote_them(data):
    held_out = read_holdout_labels(b"approve,white\n1,0\n0,\n", data())
    assert held_out.labels.tolist() == [True, False]
    assert held_out.facets["white"].tolist() == ["0", ""]


def test_group_variable_and_features_are_read_beside_the_labels(data):
    declared = data(group_variable="debt")
    held_out = read_holdout_labels(b"approve,white,debt\n1,0,low\n0,,\n", declared, b"10,low\n,\n")
    assert held_out.groups.tolist() == ["low", ""]
    assert held_out.facets.columns.tolist() == ["white"]
    assert held_out.features.to_dict("list") == {"income": ["10", ""], "debt": ["low", ""]}


@pytest.mark.parametrize(
    ("features", "said"),
    [(b"10,1\n", "1 rows for 2 labels"), (b"10,1\n5\n", "row 2 has not 2 fields"), (b"", "0 rows for 2 labels")],
)
def test_features_of_other_rows_are_refused(data, features, said):
    with pytest.raises(EvaluationRefused, match=said):
        read_holdout_labels(b"approve,white\n1,0\n0,\n", data(), features)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has the columns []"),
        (b"approve,male\n1,1\n", "not ['approve', 'white']"),
        (b"approve,white\n", "holds no rows"),
        (b"approve,white\n1,1\n2,0\n", "row 2: label '2' is neither 0 nor 1"),
        (b"approve,white\n1,1\n0\n", "row 2: not 2 fields"),
    ],
)
def test_other_holdout_labels_are_refused(data, content, said):
    with pytest.raises(EvaluationRefused) as refusal:
        read_holdout_labels(content, data())
    assert said in str(refusal.value)
