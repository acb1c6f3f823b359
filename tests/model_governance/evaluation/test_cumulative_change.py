"""Retrainings that add up: each part of the rule by hand, and what cannot be compared asks for a review."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from model_governance.domain.monitoring import CumulativeChange
from model_governance.errors import EvaluationRefused
from model_governance.evaluation.cumulative_change import FULL_REVIEW_DUE, VersionFacts, assess_cumulative_change
from model_governance.evaluation.statistics import describe

RULE = CumulativeChange(retrainings=3, days=100, metric_change={"auc": 0.05})


def training(shift=0.0, seed=0):
    return describe(pd.DataFrame({"income": np.random.default_rng(seed).normal(shift, 1, 2000), "debt": [1, 2] * 1000}))


def version(number, *, auc=0.8, shift=0.0, days=None, reviewed=False, **changes):
    facts = {
        "metrics": {"auc": auc},
        "statistics": training(shift, number),
        "features": ("income", "debt"),
        "hyperparameters": "h",
        "code": "c",
        **changes,
    }
    day = number if days is None else days
    return VersionFacts(number, datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day), reviewed, **facts)


def test_a_small_retraining_is_no_review():
    report = assess_cumulative_change(RULE, [version(1, reviewed=True), version(2, auc=0.79)])
    assert (report.is_due, report.since, report.reasons) == (False, 1, ())
    assert report.numbers["change of auc"] == pytest.approx(0.01)
    assert report.numbers["retrainings"] == 1
    assert report.sentence == (
        "version 2 since version 1, the last with a full review: within every limit of cumulative change"
    )


def test_the_first_version_is_reviewed_by_its_own_approval():
    report = assess_cumulative_change(RULE, [version(1)])
    assert (report.is_due, report.since) == (False, None)


def test_changes_that_go_back_and_forth_add_up():
    chain = [version(1, reviewed=True), *(version(2 + n, auc=(0.78, 0.80)[n % 2]) for n in range(3))]
    report = assess_cumulative_change(RULE, chain)
    assert report.reasons == ("changes of auc add up to 0.06, more than 0.05",)
    assert report.finding_title == f"{FULL_REVIEW_DUE}: {report.sentence}"


def test_only_what_came_after_the_last_review_counts():
    chain = [version(1, reviewed=True), version(2, auc=0.5), version(3, auc=0.8, reviewed=True), version(4)]
    report = assess_cumulative_change(RULE, chain)
    assert (report.is_due, report.since) == (False, 3)
    unlooked = assess_cumulative_change(RULE, [*chain[:3], version(4, auc=0.7, reviewed=True)])
    assert unlooked.is_due


def test_too_many_retrainings_and_too_long_a_time_ask_for_a_review():
    many = assess_cumulative_change(RULE, [version(number, reviewed=number == 1) for number in range(1, 6)])
    assert many.reasons == ("4 retrainings, 3 may follow a full review",)
    late = assess_cumulative_change(RULE, [version(1, days=0, reviewed=True), version(2, days=101)])
    assert late.reasons == ("101 days, 100 may pass after a full review",)


def test_training_data_that_has_crept_away_asks_for_a_review():
    chain = [version(1, reviewed=True), version(2, shift=0.4), version(3, shift=0.9)]
    (reason,) = assess_cumulative_change(RULE, chain).reasons
    assert reason.startswith("1 features of the training rows are farther than 0.25 (population stability index): inc")
    assert not assess_cumulative_change(RULE, [version(1, reviewed=True), version(9, shift=0.1)]).is_due


def test_other_features_ask_for_a_review_and_other_code_where_the_rule_says_so():
    before, now = version(1, reviewed=True), version(2, features=("income", "age"), code="d")
    (reason,) = assess_cumulative_change(RULE, [before, now]).reasons
    assert reason == "the features are other ones (new: age; gone: debt)"
    strict = RULE.model_copy(update={"changed": ("hyperparameters", "code")})
    assert assess_cumulative_change(strict, [before, now]).reasons == ("the code is another one",)


def test_what_cannot_be_compared_asks_for_a_review():
    chain = [version(1, reviewed=True), version(2, auc=None), version(3)]
    assert assess_cumulative_change(RULE, chain).reasons == ("auc has no value in version 2: its change is not known",)
    bare = [version(1, reviewed=True, statistics=None), version(2)]
    assert "version 1 has no statistics of its training rows" in assess_cumulative_change(RULE, bare).reasons[0]
    nobody = assess_cumulative_change(RULE, [version(1), version(2)])
    assert nobody.reasons == ("no version before it is on record as fully reviewed",)


def test_a_metric_of_bias_counts_for_each_facet():
    rule = CumulativeChange(metric_change={"disparate_impact": 0.1})
    facets = [{"disparate_impact/white": 0.9, "disparate_impact/male": 1.0}, {"disparate_impact/white": 0.7}]
    facets[1]["disparate_impact/male"] = 1.0
    chain = [version(1, reviewed=True, metrics=facets[0]), version(2, metrics=facets[1])]
    assert assess_cumulative_change(rule, chain).reasons == (
        "changes of disparate_impact/white add up to 0.2, more than 0.1",
    )


@pytest.mark.parametrize("numbers", [[], [2, 1], [1, 1]])
def test_no_chain_is_refused(numbers):
    with pytest.raises(EvaluationRefused, match="the chain of versions"):
        assess_cumulative_change(RULE, [version(number) for number in numbers])
