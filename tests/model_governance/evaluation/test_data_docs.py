"""Data Docs as evidence: the same bytes each time, nothing from elsewhere, no cell as markup, no facet by row."""

from __future__ import annotations

import re
from typing import Any

from model_governance.evaluation.data_quality import WITHHELD, assess_data_quality
from model_governance.evaluation.data_set import read_data_set
from model_governance.evaluation.report import Assessment

SCRIPT = "<script>alert(1)</script>"
LOANS = b"income,debt,white,approve,town\n" + b"".join(
    b"%d,%d,%d,%d,%s\n" % (n, n % 5, 7 if n == 3 else n % 2, n // 2 % 2, SCRIPT.encode() if n == 4 else b"Ayer")
    for n in range(40)
)
IN_SET = "expect_column_values_to_be_in_set"


def assess(data: Any) -> Assessment:
    declared = data(
        expectations=[
            {"type": IN_SET, "kwargs": {"column": "town", "value_set": ["Ayer"]}},
            {"type": IN_SET, "kwargs": {"column": "white", "value_set": [0, 1]}},
            {"type": "expect_column_mean_to_be_between", "kwargs": {"column": "income", "max_value": 3}},
        ]
    )
    return assess_data_quality(read_data_set(LOANS, declared), declared)


def page(data: Any) -> str:
    (document,) = assess(data).documents
    assert (document.name, document.content_type) == ("data_docs.html", "text/html; charset=utf-8")
    return document.content.decode()


def test_the_same_data_gives_the_same_page(data):
    assert page(data) == page(data)


def test_the_page_shows_what_was_expected_and_found_and_on_which_data(data):
    shown = page(data)
    assert "town" in shown
    assert "Great Expectations" in shown
    assert read_data_set(LOANS, data()).sha256 in shown


def test_the_page_shows_numbers_that_were_observed_whatever_type_computed_them(data, caplog):
    shown = page(data)
    assert "19.5" in shown  # the mean of the incomes 0 to 39, a number of NumPy's
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


def test_the_page_loads_and_runs_nothing(data):
    shown = page(data)
    assert "default-src 'none'" in shown
    assert not re.findall(r"<script|<link|<img|<iframe|https?://", shown)


def test_a_cell_is_never_markup(data):
    shown = page(data)
    assert SCRIPT not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown


def test_a_facet_is_not_told_beside_the_number_of_a_row(data):
    town, white, _ = assess(data).report["results"]
    assert town["sample_rows"] == [{"row": 5, "values": {"town": SCRIPT}}]
    assert white["sample_rows"] == [{"row": 4, "values": {"white": WITHHELD}}]
    assert "partial_unexpected_list" not in white["result"]
    assert white["result"]["partial_unexpected_counts"] == [{"value": 7, "count": 1}]
    assert white["detail"] == "white: limit value_set=[0, 1]; 1 of 40 rows unexpected; row 4: white='withheld: a facet'"


def test_long_values_and_limits_are_cut(data):
    declared = data(
        expectations=[{"type": IN_SET, "kwargs": {"column": "town", "value_set": [f"town {n}" for n in range(500)]}}]
    )
    long = LOANS.replace(SCRIPT.encode(), b"x" * 5000)
    assessment = assess_data_quality(read_data_set(long, declared), declared)
    assert len(assessment.measurements[0].detail) < 1500
    sampled = [row["values"]["town"] for row in assessment.report["results"][0]["sample_rows"]]
    assert max(map(len, sampled)) <= 123
    assert b"x" * 300 not in assessment.documents[0].content


def test_what_could_not_be_evaluated_leaves_no_stack_and_no_path_of_the_machine(data, caplog):
    declared = data(
        expectations=[
            {"type": "expect_column_values_to_be_between", "kwargs": {"column": "nowhere", "min_value": 1}},
            {
                "type": "expect_column_distinct_values_to_be_in_set",
                "kwargs": {"column": "town", "value_set": ["Bath"]},
            },
        ]
    )
    (document,) = assess_data_quality(read_data_set(LOANS, declared), declared).documents
    shown = document.content.decode()
    assert "nowhere" in shown
    assert "Bath" in shown
    assert "site-packages" not in shown
    assert ".py&quot;, line" not in shown
    assert "rendering" not in caplog.text
