"""Every degenerate data set has a defined answer or a refusal that says what and where; none of them passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from model_governance.domain.evidence import EvidenceVerdict
from model_governance.errors import EvaluationRefused
from model_governance.evaluation.assess import assess_post_training_bias, assess_pre_training_bias
from model_governance.evaluation.data_set import read_data_set
from model_governance.evaluation.predictions import HeldOut

HEADER = b"income,debt,white,approve\n"
LIMITS = [{"metric": "difference_in_proportions_of_labels"}, {"metric": "disparate_impact"}]


def before(use_case: Any, data: Any, rows: list[str], **declared: Any) -> Any:
    limits = [{**limit, "minimum": -1} for limit in LIMITS]
    case = use_case(limits=limits, data=data(**declared).model_dump())
    return assess_pre_training_bias(read_data_set(HEADER + "\n".join(rows).encode(), case.data), case)


ROWS = ["1,a,1,1", "2,b,1,0", "3,a,0,1", "4,b,0,0"]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (["1,a,1,1", "2,b,1,0"], "group d of facet white has no rows (d = 0)"),
        (["1,a,0,1", "2,b,0,0"], "group a of facet white has no rows (d = 0)"),
        (["1,a,,1", "2,b,,0"], "group a of facet white has no rows (d = 0)"),
        (["1,a,1,1", "2,b,0,1"], "every label of the 2 rows is positive"),
        (["1,a,1,1", "2,b,0,1", "3,a,,0"], "every label of the 2 rows is positive"),
    ],
)
def test_data_that_cannot_be_compared_is_not_assessable(use_case, data, rows, reason):
    assessment = before(use_case, data, rows)
    (judged,) = (one for one in assessment.measurements if one.name == "difference_in_proportions_of_labels")
    assert (judged.value, judged.verdict) == (None, EvidenceVerdict.NOT_ASSESSABLE)
    assert judged.detail.startswith(f"{reason}; facet white")
    assert assessment.verdict is EvidenceVerdict.NOT_ASSESSABLE


@pytest.mark.parametrize(
    ("rows", "declared", "said"),
    [
        (["1,a,1,0", "2,b,0,0"], {}, "label 'approve' never has its favourable value 1; it has 0"),
        (
            ["1,a,old,1", "2,b,3,0"],
            {"facets": [{"name_or_index": "white", "value_or_threshold": [2], "threshold": True}]},
            "facet 'white' has a threshold, 2, and a value that is no number: 'old'",
        ),
        (
            ROWS,
            {"label": {"column": "debt", "positive": 1, "threshold": True}, "features": ["income"]},
            "no number: 'a'",
        ),
    ],
)
def test_data_that_cannot_be_read_is_refused_by_name(use_case, data, rows, declared, said):
    with pytest.raises(EvaluationRefused) as refusal:
        before(use_case, data, rows, **declared)
    assert said in str(refusal.value)


def test_a_facet_with_each_value_against_the_rest_has_an_entry_a_value(use_case, data):
    assessment = before(use_case, data, [*ROWS, "5,a,2,1", "6,b,,1"], facets=[{"name_or_index": "white"}])
    entries = assessment.report["pre_training_bias_metrics"]["facets"]["white"]
    assert [entry["value_or_threshold"] for entry in entries] == ["0", "1", "2"]
    assert [entry["groups"][2]["rows"] for entry in entries] == [1, 1, 1]


@pytest.mark.parametrize(("group", "said"), [("debt", "2 subgroups of debt"), ("income", "no subgroup of income has")])
def test_a_group_variable_is_conditioned_on_or_the_reason_given(use_case, data, group, said):
    rows = ["1,a,1,1", "2,b,1,0", "3,a,0,1", "4,b,0,0", "5,a,1,0", "6,b,0,1"]
    report = before(use_case, data, rows, group_variable=group).report
    first = report["pre_training_bias_metrics"]["facets"]["white"][0]["metrics"][0]
    assert first["name"] == "CDDL"
    assert said in first.get("note", "") + first.get("error", "")


@pytest.mark.parametrize(
    ("predictions", "said"),
    [
        ([0.9, np.nan], "1 of 2 predictions are NaN, the first for row 2"),
        ([0.9], r"shape \(1,\)"),
        ([0.9, 2.0], "for row 2"),
    ],
)
def test_predictions_that_are_none_are_refused(use_case, predictions, said):
    rows = HeldOut(np.asarray([True, False]), pd.DataFrame({"white": ["1", "0"]}, dtype=object))
    with pytest.raises(EvaluationRefused, match=said):
        assess_post_training_bias(rows, np.asarray(predictions), use_case())


def test_an_empty_split_is_refused(use_case):
    rows = HeldOut(np.zeros(0, dtype=bool), pd.DataFrame({"white": []}, dtype=object))
    with pytest.raises(EvaluationRefused, match="facet 'white': there are no rows"):
        assess_post_training_bias(rows, np.zeros(0), use_case())


def test_no_positive_prediction_is_no_parity(use_case):
    rows = HeldOut(np.asarray([True, False, True]), pd.DataFrame({"white": ["1", "0", "0"]}, dtype=object))
    assessment = assess_post_training_bias(rows, np.asarray([0.1, 0.2, 0.3]), use_case())
    assert assessment.verdict is EvidenceVerdict.NOT_ASSESSABLE
    (impact,) = (one for one in assessment.measurements if one.name == "disparate_impact")
    assert impact.detail.startswith("every predicted label of the 3 rows is negative")


def test_a_facet_value_that_training_never_saw_is_counted_with_the_rest(use_case):
    rows = HeldOut(np.asarray([True, False, True]), pd.DataFrame({"white": ["1", "0", "9"]}, dtype=object))
    report = assess_post_training_bias(rows, np.asarray([0.9, 0.2, 0.3]), use_case()).report
    groups = report["post_training_bias_metrics"]["facets"]["white"][0]["groups"]
    assert [group["rows"] for group in groups] == [2, 1, 0]
    assert groups[0]["confusion"] == {
        "true_positive": 1,
        "false_positive": 0,
        "false_negative": 1,
        "true_negative": 0,
    }


def test_the_same_rows_in_another_order_give_the_same_bytes(use_case):
    random = np.random.default_rng(7)
    facets = pd.DataFrame({"white": random.choice(["0", "1", ""], 60)}, dtype=object)
    features = pd.DataFrame({"income": random.integers(0, 9, 60).astype(str)}, dtype=object)
    labels, predictions = random.random(60) < 0.5, random.random(60)

    def report(order):
        rows = HeldOut(labels[order], facets.iloc[order], features=features.iloc[order])
        return assess_post_training_bias(rows, predictions[order], use_case()).content

    assert report(np.arange(60)) == report(random.permutation(60))
