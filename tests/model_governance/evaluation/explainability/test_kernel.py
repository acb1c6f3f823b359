"""The general explainer: a linear model worked by hand, the law of addition, text features, and what is refused."""

from __future__ import annotations

import csv
import hashlib
import io

import numpy as np
import pytest
from tests.model_governance.evaluation.conftest import DATA

from model_governance.errors import EvaluationRefused
from model_governance.evaluation.explainability.assess import assess_kernel
from model_governance.evaluation.explainability.kernel import (
    MOST_ROWS,
    refuse_other_answers,
    rows_to_predict,
    shapley_values,
)
from model_governance.evaluation.explainability.sample import Sample, sample_rows

FEATURES = ("age", "job", "income")
JOBS = {"clerk": 1.0, "": 0.0, "boss, big": 5.0}
HOLDOUT = b'30,clerk,1.5\n40,"boss, big",\n25,,2.5\n61,clerk,4\n'
TRAIN = b"y,age,job,income\n1,20,clerk,1\n0,50,,3\n"


def sample(rows: int = 10, background: int = 10, seed: int = 1) -> Sample:
    return sample_rows(HOLDOUT, TRAIN, FEATURES, rows=rows, background_rows=background, seed=seed)


def linear(age: str, job: str, income: str) -> float:
    return 2 * float(age) + 10 * JOBS[job] + 100 * float(income or 0)


def crossed(age: str, job: str, income: str) -> float:
    return float(age) * (1 + JOBS[job]) - float(income or 0) * JOBS[job]


def explain(model, one: Sample, coalitions: int = 100, seed: int = 1):
    asked = rows_to_predict(one, coalitions=coalitions, seed=seed)
    rows = list(csv.reader(io.StringIO(one.csv(asked).decode(), newline="")))
    predicted = np.asarray([[model(*row)] for row in rows])
    return shapley_values(one, asked, predicted, coalitions=coalitions, seed=seed)


def test_a_linear_models_values_are_its_weights_times_the_distance_from_the_background():
    found = explain(linear, sample())
    # The background's means: age 35, job 0.5, income 2.
    expected = [
        [2 * (30 - 35), 10 * (1 - 0.5), 100 * (1.5 - 2)],
        [2 * (40 - 35), 10 * (5 - 0.5), 100 * (0 - 2)],
        [2 * (25 - 35), 10 * (0 - 0.5), 100 * (2.5 - 2)],
        [2 * (61 - 35), 10 * (1 - 0.5), 100 * (4 - 2)],
    ]
    assert found.values[:, :, 0] == pytest.approx(np.asarray(expected), abs=1e-9)
    assert found.expected == pytest.approx([2 * 35 + 10 * 0.5 + 100 * 2])


def test_the_values_of_a_row_add_up_to_its_prediction():
    found = explain(crossed, sample())
    rows = list(csv.reader(io.StringIO(HOLDOUT.decode(), newline="")))
    totals = found.values[:, :, 0].sum(axis=1) + found.expected
    assert totals == pytest.approx([crossed(*row) for row in rows])


def test_the_same_seed_asks_for_the_same_rows_and_leaves_numpys_generator_alone():
    np.random.seed(7)
    before = np.random.get_state()[1].tolist()
    first, again = (rows_to_predict(sample(), coalitions=4, seed=3) for _ in range(2))
    assert (first == again).all()
    assert np.random.get_state()[1].tolist() == before


def test_few_rows_are_drawn_by_the_seed_and_many_are_all_of_them():
    assert sample(rows=2).positions.tolist() == sample(rows=2).positions.tolist()
    assert len(sample(rows=2).positions) == 2
    assert sample(rows=99).positions.tolist() == [0, 1, 2, 3]


def test_more_rows_than_a_job_should_be_asked_for_are_refused_with_what_to_lower():
    wide = tuple(f"f{place}" for place in range(40))
    line = ",".join("1" for _ in wide)
    train = "y," + ",".join(wide) + "\n" + "\n".join(f"0,{line}" for _ in range(100))
    many = sample_rows(
        "\n".join(line for _ in range(100)).encode(), train.encode(), wide, rows=100, background_rows=100, seed=1
    )
    with pytest.raises(EvaluationRefused, match="lower sample_rows, coalitions or background_rows") as refusal:
        rows_to_predict(many, coalitions=1000, seed=1)
    assert f"more than {MOST_ROWS:,}" in str(refusal.value)


def test_answers_that_are_not_one_a_row_or_not_finite_are_refused():
    one = sample()
    asked = rows_to_predict(one, coalitions=100, seed=1)
    answers = np.zeros((len(asked), 1))
    with pytest.raises(EvaluationRefused, match=f"for {len(asked)} rows to explain"):
        shapley_values(one, asked, answers[1:], coalitions=100, seed=1)
    answers[2] = np.nan
    with pytest.raises(EvaluationRefused, match="answer 3 of"):
        shapley_values(one, asked, answers, coalitions=100, seed=1)


def answered(one: Sample, apart: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    asked = rows_to_predict(one, coalitions=100, seed=1)
    rows = csv.reader(io.StringIO(one.csv(asked).decode(), newline=""))
    predicted = np.asarray([[crossed(*row)] for row in rows])
    held_out = np.asarray([[crossed(*row)] for row in csv.reader(io.StringIO(HOLDOUT.decode(), newline=""))])
    return asked, predicted, held_out + apart


def test_the_answers_to_the_explained_rows_are_the_predictions_of_the_other_transform():
    one = sample(rows=3)
    asked, predicted, held_out = answered(one)
    assert refuse_other_answers(one, asked, predicted, held_out) == 0
    assert 0 < refuse_other_answers(one, asked, predicted + 1e-4, held_out) < 1e-5


def test_another_models_answers_to_the_explained_rows_are_refused_with_the_numbers():
    one = sample(rows=3)
    asked, predicted, held_out = answered(one)
    held_out[one.positions[1]] += 0.5
    with pytest.raises(EvaluationRefused, match=rf"of held-out row {one.positions[1] + 1}, .*: 0\.5 apart, more than"):
        refuse_other_answers(one, asked, predicted, held_out)
    with pytest.raises(EvaluationRefused, match=r"answered 1 numbers a row.*answered 2 numbers"):
        refuse_other_answers(one, asked, predicted, np.hstack([held_out, held_out]))
    with pytest.raises(EvaluationRefused, match="3 of 3 explained rows not at all"):
        refuse_other_answers(one, asked[:0], predicted[:0], held_out)


def test_small_answers_are_held_to_their_own_size():
    one = sample()
    asked, predicted, held_out = answered(one)
    with pytest.raises(EvaluationRefused, match="another model answered"):
        refuse_other_answers(one, asked, predicted * 1e-9, held_out * 2e-9)


def test_the_rows_that_were_asked_are_read_back_as_they_were_written():
    one = sample()
    asked = rows_to_predict(one, coalitions=100, seed=1)
    assert (one.codes(one.csv(asked)) == asked).all()
    with pytest.raises(EvaluationRefused, match=r"rows\.csv holds the cell 'pilot'"):
        one.codes(one.csv(asked).replace(b"clerk", b"pilot"))
    with pytest.raises(EvaluationRefused, match=r"rows\.csv, line 2: 1 fields where 3 are needed"):
        one.codes(b"30,clerk,1.5\n30\n")


def test_rows_that_do_not_explain_the_sample_are_refused():
    one = sample()
    asked, predicted, _ = answered(one)
    with pytest.raises(EvaluationRefused, match="are not those that explain this sample"):
        shapley_values(one, asked[: len(asked) // 2], predicted[: len(asked) // 2], coalitions=100, seed=1)


def test_the_evidence_holds_the_digest_of_the_rows_and_how_far_the_transforms_are_apart(use_case):
    declared = use_case(
        data={**DATA, "features": FEATURES},
        explainability={"method": "kernel", "sample_rows": 3, "coalitions": 100, "seed": 1},
    )
    one = sample(rows=3)
    asked, predicted, held_out = answered(one)
    rows, answers = one.csv(asked), "\n".join(str(one) for one in predicted[:, 0]).encode()
    said = assess_kernel(one, rows, answers, held_out[:, 0], declared).report["explanation_method"]
    assert said["rows_asked_sha256"] == hashlib.sha256(rows).hexdigest()
    assert said["largest_difference_between_transforms"] == 0
    with pytest.raises(EvaluationRefused, match="the evaluation's predicted"):
        assess_kernel(one, rows, answers, held_out[:, 0] + 1, declared)


@pytest.mark.parametrize(
    ("holdout", "train", "said"),
    [
        (b"1,2\n", TRAIN, "holdout.csv, line 1: 2 fields where 3 are needed"),
        (HOLDOUT, b"y,age\n1,2\n", "train.csv, line 1: 2 fields where 4 are needed"),
        (b"", TRAIN, "0 held-out rows and 2 training rows"),
        (HOLDOUT, b"y,age,job,income\n", "4 held-out rows and 0 training rows"),
    ],
)
def test_files_that_do_not_fit_the_features_are_refused(holdout, train, said):
    with pytest.raises(EvaluationRefused, match=said):
        sample_rows(holdout, train, FEATURES, rows=5, background_rows=5, seed=1)


@pytest.mark.parametrize(("features", "coalitions"), [(12, 10), (20, 18), (200, 200)])
def test_too_few_sets_to_tell_the_features_apart_are_refused(features, coalitions):
    draw = np.random.default_rng(3)
    rows = [",".join(str(cell) for cell in row) for row in draw.integers(0, 1000, (12, features)).tolist()]
    names = tuple(f"f{place}" for place in range(features))
    train = "\n".join([",".join(("y", *names)), *(f"1,{row}" for row in rows[6:])]) + "\n"
    holdout = "".join(f"{row}\n" for row in rows[:6])
    one = sample_rows(holdout.encode(), train.encode(), names, rows=6, background_rows=3, seed=1)
    with pytest.raises(EvaluationRefused, match=f"{coalitions} sets do not determine .* {4 * features} or more"):
        rows_to_predict(one, coalitions=coalitions, seed=1)
    assert len(rows_to_predict(one, coalitions=4 * features, seed=1))
