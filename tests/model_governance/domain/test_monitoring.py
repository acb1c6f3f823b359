"""The monitoring section: what it takes, what it refuses, and that declarations without it keep their digest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from model_governance.domain.data import ProblemType
from model_governance.domain.metric_names import MODEL_QUALITY, POST_TRAINING_BIAS
from model_governance.domain.monitoring import Drift, Kpi, Monitoring
from model_governance.domain.oversight import Severity
from model_governance.domain.use_case import UseCase
from model_governance.evaluation.bias.post_training import POST_TRAINING
from model_governance.evaluation.model_quality import binary, multiclass, regression

HOURLY = {"schedule": "0 * * * *", "window_minutes": 60}


def test_the_domain_names_the_metrics_that_the_evaluation_measures():
    assert {metric.name for metric in POST_TRAINING} == POST_TRAINING_BIAS
    for problem, module in zip(ProblemType, (binary, multiclass, regression), strict=True):
        constant = {name for name in module.METRIC_NAMES if name.endswith("_best_constant_classifier")}
        assert module.METRIC_NAMES - constant == MODEL_QUALITY[problem]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"schedule": "61 * * * *"}, "not a cron expression"),
        ({"schedule": "@hourly"}, "not a cron expression"),
        ({"schedule": "* * * * * *"}, "not a cron expression"),
        ({"schedule": "0 0 30 2 *"}, "next date"),
        ({"window_minutes": 0}, "greater than or equal to 5"),
        ({"window_minutes": 59}, "longest gap of the schedule '0 * * * *', 60 minutes"),
        ({"schedule": "0 8-18 * * 1-5"}, "3720 minutes"),
        ({"minimum_rows": 5}, "greater than or equal to 30"),
        ({"false_alarm_rate": 0}, "greater than 0"),
        ({"quality_metrics": ["acuracy"]}, "acuracy is no metric; known: accuracy, auc"),
        ({"bias_metrics": ["counterfactual_fliptest"]}, "is no metric"),
        ({"monitors": ["kpis"]}, "does not list kpis"),
        ({"monitors": ["drift"]}, "data_quality"),
        ({"due_days": {"high": 0, "medium": 1, "low": 1}}, "due_days needs 1 to 3660 days"),
        ({"due_days": {"high": 7}}, "see low, medium"),
        ({"drift": {"limits": {"psi": 0.2}}}, "Extra inputs"),
        ({"cumulative_change": {"metric_change": {"auc": 0}}}, "must be above 0"),
        ({"finding_owner": "Some One"}, "pattern"),
        ({"kpis": [{"name": "a", "metric": "rows", "minimum": 1}] * 2}, "repeat the name a"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(changes, said):
    with pytest.raises(ValidationError) as refused:
        Monitoring.model_validate({**HOURLY, **changes})
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("kpi", "said"),
    [
        ({"metric": "profit", "minimum": 1}, "'profit' is none; known: accuracy"),
        ({"metric": "rows"}, "needs a minimum, a maximum or both"),
        ({"metric": "rows", "minimum": 2, "maximum": 1}, "minimum 2 exceeds maximum 1"),
        ({"metric": "rows", "minimum": 2, "payoff": {}}, "a payoff belongs to"),
        ({"metric": "mean_value", "minimum": 2}, "a payoff belongs to"),
        ({"metric": "disparate_impact", "minimum": 0.8}, "a facet belongs to"),
        ({"metric": "auc", "minimum": 0.8, "facet": "white"}, "a facet belongs to"),
    ],
)
def test_a_kpi_that_cannot_be_measured_is_refused(kpi, said):
    with pytest.raises(ValidationError) as refused:
        Kpi.model_validate({"name": "kpi", **kpi})
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("monitoring", "said"),
    [
        ({"quality_metrics": ["mse"]}, "quality_metrics: mse is not measured of a binary_classification"),
        ({"kpis": [{"name": "k", "metric": "r2", "minimum": 0}]}, "kpis: r2 is not measured"),
        ({"drift": {"by_feature": {"age": {}}}}, "drift.by_feature: age is no feature"),
        ({"drift": {"not_compared": ["age"]}}, "drift.not_compared: age is no feature"),
        (
            {"kpis": [{"name": "k", "metric": "disparate_impact", "facet": "sex", "minimum": 0.8}]},
            "KPI k: facet 'sex'; declared: white",
        ),
        ({"cumulative_change": {"metric_change": {"mse": 1}}}, "metric_change: mse is no metric; known: accuracy"),
    ],
)
def test_what_does_not_fit_the_use_case_is_refused(declared, monitoring, said):
    with pytest.raises(ValidationError) as refused:
        UseCase.model_validate({**declared, "monitoring": {**HOURLY, **monitoring}})
    assert said in str(refused.value)


def test_a_use_case_without_monitoring_keeps_the_digest_under_which_it_was_approved(declared):
    without = UseCase.model_validate(declared)
    assert "monitoring" not in without.model_dump(mode="json")
    watched = UseCase.model_validate({**declared, "monitoring": HOURLY})
    assert watched.digest != without.digest
    assert UseCase.model_validate(watched.model_dump(mode="json")) == watched


def test_a_feature_has_its_own_limits_where_it_has_some():
    drift = Drift.model_validate({"by_feature": {"income": {"population_stability_index": 0.5, "l_infinity": 0.2}}})
    assert drift.limits_of("debt") == {"population_stability_index": 0.25}
    assert drift.limits_of("income") == {"population_stability_index": 0.5, "l_infinity": 0.2}


def test_times_follow_from_a_window():
    monitoring = Monitoring.model_validate({**HOURLY, "ground_truth_within_hours": 2})
    end = datetime(2026, 3, 1, 13, tzinfo=UTC)
    assert monitoring.window_ending(end) == (end - timedelta(hours=1), end)
    assert monitoring.waits_for_truth_until(end) == end + timedelta(hours=2)
    assert monitoring.due_in(Severity.HIGH) == timedelta(days=7)


def test_windows_may_overlap():
    assert Monitoring.model_validate({"schedule": "0 6 * * *", "window_minutes": 2 * 24 * 60}).window_minutes == 2880


@pytest.fixture
def declared():
    """A binary use case with features income and debt and the facet white."""
    from tests.model_governance.evaluation.conftest import USE_CASE

    return USE_CASE
