"""Data quality through Great Expectations itself: what holds, what is missed and how it is told, what is refused."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from model_governance.domain.evidence import EvidenceKind, EvidenceVerdict
from model_governance.errors import DataRefused
from model_governance.evaluation.data_quality import assess_data_quality, with_split
from model_governance.evaluation.data_set import read_data_set
from model_governance.evaluation.metric_groups import metric_groups
from model_governance.evaluation.report import Assessment
from model_governance.evaluation.split import split_data_set

LOANS = b"income,debt,white,approve,town,nothing\n" + b"".join(
    b"%d,%d,%d,%d,%s,\n" % (n, n % 5, n % 2, n // 2 % 2, b"Ayer" if n % 2 else b"Hull") for n in range(40)
)


def assess(data: Any, *expectations: dict[str, Any]) -> Assessment:
    declared = data(expectations=list(expectations))
    return assess_data_quality(read_data_set(LOANS, declared), declared)


def between(column: str, **kwargs: Any) -> dict[str, Any]:
    return {"type": "expect_column_values_to_be_between", "kwargs": {"column": column, **kwargs}}


def test_expectations_that_hold_pass_in_the_order_declared(data):
    assessment = assess(
        data,
        between("income", min_value=0),
        {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 10, "max_value": 100}},
        {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "town", "value_set": ["Ayer", "Hull"]}},
    )
    assert assessment.verdict is EvidenceVerdict.PASS
    assert assessment.report["success"] is True
    assert [one["expectation_config"]["type"] for one in assessment.report["results"]] == [
        "expect_column_values_to_be_between",
        "expect_table_row_count_to_be_between",
        "expect_column_values_to_be_in_set",
    ]
    rows = assessment.measurements[1]
    assert (rows.value, rows.minimum, rows.maximum) == (40, 10, 100)


def test_a_miss_names_column_limit_observed_value_and_a_few_rows(data):
    assessment = assess(data, between("income", min_value=0, max_value=29))
    (missed,) = assessment.measurements
    assert missed.verdict is EvidenceVerdict.FAIL
    assert missed.column == "income"
    assert missed.value == 25.0
    assert missed.detail == (
        "income: limit min_value=0, max_value=29; 10 of 40 rows unexpected; "
        "row 31: income=30; row 32: income=31; row 33: income=32; row 34: income=33; row 35: income=34"
    )
    (result,) = assessment.report["results"]
    assert result["sample_rows"][0] == {"row": 31, "values": {"income": 30}}
    assert assessment.report["statistics"]["success_percent"] == 0


def test_a_missed_aggregate_gives_what_was_observed(data):
    mean = {"type": "expect_column_mean_to_be_between", "kwargs": {"column": "income", "max_value": 10}}
    (missed,) = assess(data, mean).measurements
    assert (missed.value, missed.maximum, missed.verdict) == (19.5, 10, EvidenceVerdict.FAIL)
    assert missed.detail == "income: limit max_value=10; observed 19.5"


def test_a_missed_warning_does_not_stop_the_run(data):
    assessment = assess(data, {**between("income", max_value=29), "severity": "warning"})
    assert assessment.verdict is EvidenceVerdict.WARNING
    assert assessment.failures == ()


def test_what_could_not_be_evaluated_is_no_pass_and_gives_the_reason(data):
    absent = between("incme", min_value=0)
    text = between("town", min_value=0)
    hard, soft = assess(data, absent, {**text, "severity": "warning"}).measurements
    assert hard.verdict is EvidenceVerdict.FAIL
    assert 'The column "incme" in BatchData does not exist' in hard.detail
    assert soft.verdict is EvidenceVerdict.NOT_ASSESSABLE
    assert soft.detail.startswith("town: could not be evaluated against min_value=0: ")


def test_a_condition_on_a_column_without_values_is_no_pass(data):
    hard, soft = assess(
        data, between("nothing", min_value=0), {**between("nothing", min_value=0), "severity": "warning"}
    ).measurements
    assert (hard.verdict, soft.verdict) == (EvidenceVerdict.FAIL, EvidenceVerdict.NOT_ASSESSABLE)
    assert hard.detail == "nothing: every one of 40 values is missing; nothing was held to min_value=0"


@pytest.mark.parametrize(
    ("expectation", "said"),
    [
        ({"type": "expect_nothing_of_note"}, "expectation 1, expect_nothing_of_note: Great Expectations has no"),
        (between("income", minimum=0), "minimum: extra fields not permitted"),
        (between("income"), "min_value and max_value cannot both be None"),
        (between("income", min_value=0, severity="warning"), "severity is no argument of an expectation"),
        ({"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "town"}}, "does not take these arguments"),
    ],
)
def test_an_expectation_that_does_not_exist_or_fit_is_refused_by_name(data, expectation, said):
    with pytest.raises(DataRefused) as refusal:
        assess(data, expectation)
    assert said in str(refusal.value)


def test_the_same_data_gives_the_same_bytes(data):
    declared = between("income", max_value=29)
    assert assess(data, declared).content == assess(data, declared).content


def test_the_report_carries_the_proof_of_the_split(data):
    declared = data(expectations=[between("income", min_value=0)])
    data_set = read_data_set(LOANS, declared)
    assessment = assess_data_quality(data_set, declared)
    assert assessment.report["split"] is None
    split = split_data_set(data_set, declared)
    report = json.loads(with_split(assessment, split).content)
    assert report["split"] == split.proof
    assert report["data_set"]["sha256"] == data_set.sha256


def test_expectations_stand_in_the_card_as_booleans(data):
    assessment = assess(data, between("income", max_value=29), between("income", min_value=0))
    (group,) = metric_groups(EvidenceKind.DATA_QUALITY, assessment.report)
    assert [(one["name"], one["value"]) for one in group["metric_data"]] == [
        ("success_percent", 50.0),
        ("column_values_to_be_between income", False),
        ("column_values_to_be_between income #2", True),
    ]


def test_usage_collection_is_off(data):
    assess(data, between("income", min_value=0))
    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
