"""Breaches by cause: one line for whoever is called, and every number in the report all the same."""

from __future__ import annotations

from dataclasses import replace

from model_governance.domain.monitoring import MonitorKind
from model_governance.domain.oversight import Severity
from model_governance.evaluation.window_causes import causes_of
from model_governance.evaluation.window_report import Breach

KS = Breach(
    MonitorKind.DATA_QUALITY,
    "baseline_drift_check",
    "kolmogorov_smirnov",
    Severity.MEDIUM,
    "feature age: kolmogorov_smirnov 0.4 exceeds 0.1",
    "age",
    0.4,
    0.1,
)
PSI = replace(KS, metric="population_stability_index", value=3.21, limit=0.25)
RECALL = Breach(MonitorKind.MODEL_QUALITY, "LessThanThreshold", "recall", Severity.HIGH, "recall is 0.2", "", 0.2, 0.7)
MISSED = replace(RECALL, check="GreaterThanThreshold", metric="false_negative_rate", value=0.8, limit=0.3)


def test_several_distances_of_a_feature_are_one_cause_that_names_them_all() -> None:
    [cause] = causes_of([KS, PSI])
    assert cause.key == "data_quality/baseline_drift_check/age"
    assert cause.sentence == f"{KS.sentence}; also population_stability_index 3.21 (limit 0.25)"
    assert causes_of([PSI])[0].key == cause.key  # the next window shows one of them only


def test_what_counts_the_same_errors_is_one_cause_and_the_rest_stay_apart() -> None:
    precision = replace(RECALL, metric="precision")
    assert [each.key for each in causes_of([RECALL, MISSED, precision])] == [
        "model_quality/missed_positives",
        precision.key,
    ]
    other = replace(KS, subject="income")
    missing = replace(KS, check="completeness_check", metric="completeness")
    assert len(causes_of([KS, other, missing])) == 3


def test_groups_of_a_facet_and_graver_breaches_are_not_hidden() -> None:
    ratio = Breach(MonitorKind.BIAS, "bias_drift_check", "disparate_impact", Severity.LOW, "DI", "sex=1", 0.5, 0.9)
    gap = replace(ratio, metric="difference_in_positive_proportions_in_predicted_labels", severity=Severity.LOW)
    recall = replace(ratio, metric="recall_difference")
    elsewhere = replace(ratio, subject="sex=0")
    assert [len(causes_of(each)) for each in ([ratio, gap], [ratio, recall], [ratio, elsewhere])] == [1, 2, 2]
    kpi = replace(RECALL, monitor=MonitorKind.KPIS)
    assert [each.severity for each in causes_of([RECALL, kpi, MISSED])] == [Severity.HIGH, Severity.HIGH]
