"""The evidence as a document: verdicts in words, limits beside numbers, and no number of a report that was changed."""

from __future__ import annotations

from typing import Any

from tests.model_governance.documents.literals import kept
from tests.model_governance.documents.parsed import Parsed

from model_governance.documents.evidence import KeptReport, evidence_page, overall_verdict
from model_governance.documents.html import to_html

ROC = {"false_positive_rates": [0, 0.5, 1], "true_positive_rates": [0, 0.8, 1]}
INTERVAL = {"lower": 0.9, "upper": 0.95, "level": 0.95}
QUALITY: dict[str, Any] = {
    "version": "1.0",
    "dataset": {"item_count": 598},
    "binary_classification_metrics": {
        "confusion_matrix": {"0": {"0": 40, "1": 33}, "1": {"0": 12, "1": 513}},
        "accuracy": {"value": 0.9247, "standard_deviation": 0.004, "confidence_interval": INTERVAL},
        "auc": {"value": None, "standard_deviation": "NaN", "error": "all labels are positive"},
        "receiver_operating_characteristic_curve": ROC,
        "calibration": [[0.1, 0.2], [0.9, 0.8]],
        "calibration_curve": {
            "mean_predicted_probabilities": [0, 1],
            "fractions_of_positives": [0, 1],
            "rows": [3, 94],
        },
        "a_later_metric": {"by_slice": {"white": {"1": 0.25}}},
    },
    "slices": [
        {
            "facet": "white",
            "groups": [
                {"group": "1", "rows": 500, "metrics": {"auc": {"value": 0.8, "confidence_interval": INTERVAL}}},
                {"group": "0", "rows": 98, "metrics": {"auc": {"value": 0.7}, "confusion_matrix": {"0": {"0": 77}}}},
                {"group": "missing", "rows": 3, "not_assessable": "3 rows are fewer than 30"},
            ],
        }
    ],
    "a_later_part": {"seen": "nevertheless"},
}
BIAS: dict[str, Any] = {
    "version": "1.0",
    "post_training_bias_metrics": {
        "label": "approve",
        "label_value_or_threshold": "1",
        "facets": {
            "white": [
                {
                    "value_or_threshold": "0",
                    "metrics": [
                        {"name": "DI", "description": "Disparate Impact (DI)", "value": 0.71},
                        {"name": "AD", "description": "Accuracy Difference (AD)", "value": None, "error": "no rows"},
                    ],
                    "groups": [{"group": "d", "name": "white = 0", "rows": 98, "positive": 70}],
                    "later": {"interval": [0.65, 0.78]},
                }
            ]
        },
    },
}
SHAP = {
    "explanations": {"kernel_shap": {"label0": {"global_shap_values": {"income": 0.1, "loan": 0.4}, "expected": 0.8}}}
}
DATA = {
    "success": False,
    "results": [
        {
            "expectation_config": {
                "type": "expect_column_values_to_be_between",
                "kwargs": {"column": "loan", "min_value": 1},
            },
            "success": False,
            "severity": "warning",
            "verdict": "warning",
            "detail": "2 of 1989 rows unexpected",
            "result": {"unexpected_count": 2},
            "sample_rows": [{"row": 12, "values": {"loan": -2000}}],
        }
    ],
}
MISSED = {
    "name": "disparate_impact",
    "value": 0.71,
    "facet": "white",
    "minimum": 0.8,
    "maximum": 1.25,
    "severity": "fail",
    "verdict": "fail",
    "detail": "70 of 98 in d",
    "interval": [0.65, 0.78],
}


def parsed(*reports: KeptReport) -> Parsed:
    document = Parsed(
        to_html(evidence_page(reports, title="loan-approval, version 3", card={"intended_uses": "ranks"}))
    )
    document.check()
    return document


def tables(document: Parsed) -> dict[str, list[list[str]]]:
    """Every table by its caption; of those with the same the first."""
    found: dict[str, list[list[str]]] = {}
    for table in document.all("table"):
        cells = [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]
        found.setdefault("".join(table[0].itertext()), cells)
    return found


def test_a_missed_limit_stands_first_with_its_verdict_in_words() -> None:
    document = parsed(kept("post_training_bias", BIAS, "fail", MISSED))
    assert "Alimitismissedthatstopsthisversion." in document.text()
    shown = tables(document)
    assert shown["Measurements that do not pass"][1] == [
        "Post-training bias",
        "Disparate impact",
        "white",
        "0.71",
        "0.8 to 1.25",
        "stops the version",
        "✗ Fail",
        "70 of 98 in d",
    ]
    assert shown["Measurements and limits"][0][-1] == "Interval"
    assert shown["Measurements and limits"][1][-1] == "0.65\n0.78"


def test_bias_metrics_are_shown_with_their_errors_and_groups_and_whatever_came_later() -> None:
    document = parsed(kept("post_training_bias", BIAS, "pass"))
    shown = tables(document)
    assert shown["Bias metrics"][0] == ["Name", "Description", "Value", "Error"]
    assert shown["Bias metrics"][2] == ["AD", "Accuracy Difference (AD)", "not given", "no rows"]
    assert shown["Rows in each group"][1] == ["d", "white = 0", "98", "70"]
    assert "Facetwhite=0" in document.text()
    assert "0.650.78" in document.text()


def test_model_quality_has_its_matrix_its_curves_and_its_values() -> None:
    document = parsed(kept("model_quality", QUALITY, "pass"))
    shown = tables(document)
    assert shown["Confusion matrix"][1] == ["label 0", "40", "33"]
    assert shown["Confusion matrix"][0] == ["Label / predicted", "predicted 0", "predicted 1"]
    assert shown["Receiver operating characteristic curve: numbers"][2] == ["0.5", "0.8"]
    assert shown["Calibration: numbers"][0] == ["Predicted probability", "Observed share"]
    assert shown["Values"][0][-1] == "Confidence interval (level: 0.95)"
    assert shown["Values"][1] == ["Accuracy", "0.9247", "0.004", "", "0.9 to 0.95"]
    assert len(document.all("svg")) == 3
    assert "calibration_curve.rows" in document.text() and "394" in document.text()
    assert "A_later_metric" not in document.text()
    assert all(said in document.text() for said in ("a_later_metric.by_slice.white.1", "0.25", "nevertheless"))


def test_slices_stand_side_by_side_and_each_by_itself() -> None:
    document = parsed(kept("model_quality", QUALITY, "pass"))
    shown = tables(document)
    assert shown["Metrics by group"] == [["Metric", "1", "0", "missing"], ["AUC", "0.8 (0.9 to 0.95)", "0.7", ""]]
    assert shown["Groups"][3] == ["missing", "3", "3 rows are fewer than 30"]
    assert "Group0" in document.text() and "77" in document.text()


def test_shap_values_are_bars_in_order_of_size() -> None:
    shown = tables(parsed(kept("explainability", SHAP, "pass")))
    assert shown["Global SHAP values: numbers"][1:] == [["loan", "0.4"], ["income", "0.1"]]


def test_expectations_are_shown_with_column_limit_and_what_they_found() -> None:
    document = parsed(kept("data_quality", DATA, "warning"))
    assert tables(document)["Expectations"][1] == [
        "1",
        "Column values to be between",
        "loan",
        "min_value: 1",
        "no",
        "warning",
        "! Warning",
        "2 of 1989 rows unexpected",
    ]
    assert all(said in document.text() for said in ("unexpected_count", "-2000"))


def test_an_unknown_kind_is_shown_as_it_is() -> None:
    report = {"checks": [{"check": "answers", "passed": True}, {"check": "agrees", "by": 0.5}], "when": None}
    document = parsed(kept("fairness_of_tomorrow", report, "fine"))
    assert tables(document)["Checks"] == [["Check", "Passed", "By"], ["answers", "yes", ""], ["agrees", "", "0.5"]]
    assert "Fairnessoftomorrow" in document.text()
    assert "-fine" in document.text()


def test_a_changed_report_is_named_and_none_of_its_numbers_is_shown() -> None:
    changed = kept("model_quality", QUALITY, "pass", content=b'{"auc": 0.99999}')
    said = parsed(changed).text()
    assert "Reportsdonotmatchtherecord" in said
    assert changed.found in said and str(changed.evidence["sha256"]) in said
    assert "0.99999" not in said
    assert overall_verdict([changed]).words == "Fail"


def test_a_missing_report_is_named() -> None:
    missing = kept("model_quality", QUALITY, "pass", content=None)
    address, digest = missing.evidence["uri"], missing.evidence["sha256"]
    assert missing.fault == f"model_quality: there is no report at {address}; recorded is sha256 {digest}"
    assert "Missing" in parsed(missing).text()


def test_no_evidence_is_said_and_is_no_pass() -> None:
    document = parsed()
    assert "Noevidence" in document.text()
    assert overall_verdict([]).words == "No verdict"


def test_a_report_that_is_no_json_is_said_to_be_none() -> None:
    content = b"\xff\xfe"
    record = {"kind": "x", "sha256": KeptReport({}, content).found}
    assert "noJSONthatcanberead" in parsed(KeptReport(record, content)).text()
