"""Feature importance: all, nothing and a half by hand; order, missing values and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from model_governance.domain.evidence import EvidenceKind
from model_governance.errors import EvaluationRefused
from model_governance.evaluation.data_quality import assess_data_quality, with_split
from model_governance.evaluation.data_set import read_data_set
from model_governance.evaluation.feature_importance import measure_feature_importance
from model_governance.evaluation.metric_groups import metric_groups
from model_governance.evaluation.split import split_data_set

ROWS = 2000
LABELS = pd.Series(np.arange(ROWS) % 2)
DRAWN = np.random.default_rng(9)
FEATURES = pd.DataFrame(
    {
        "same": LABELS * 3,
        "text": pd.Series(np.where(LABELS == 1, "yes", "no"), dtype=object),
        "constant": 1.0,
        "noise": DRAWN.normal(size=ROWS),
        "missing": np.where(LABELS == 1, np.nan, 5.0),
        "square": np.where(LABELS == 1, 0.0, DRAWN.choice([-1.0, 1.0], ROWS)),
        "many": pd.Series([f"n{n}" for n in range(ROWS)], dtype=object),
    }
)


def test_a_feature_that_is_the_label_says_all_and_noise_nothing():
    found = measure_feature_importance(FEATURES, LABELS)
    for name in ("same", "text", "missing", "square"):
        assert found[name] == pytest.approx(1.0, abs=0.01), name
    assert found["constant"] == 0.0
    assert found["noise"] < 0.01
    assert found["many"] < 0.02
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_the_order_of_rows_changes_nothing():
    order = DRAWN.permutation(ROWS)
    shuffled = measure_feature_importance(
        FEATURES.iloc[order].reset_index(drop=True), LABELS.iloc[order].reset_index(drop=True)
    )
    assert shuffled == pytest.approx(measure_feature_importance(FEATURES, LABELS), abs=0.02)


def test_a_number_to_predict_is_put_into_bins():
    numbers = pd.Series(DRAWN.normal(size=ROWS))
    assert measure_feature_importance(pd.DataFrame({"x": numbers}), numbers)["x"] == pytest.approx(1.0, abs=0.02)


def test_nothing_is_said_of_a_constant_label_and_without_rows():
    assert set(measure_feature_importance(FEATURES, LABELS * 0).values()) == {0.0}
    with pytest.raises(EvaluationRefused, match="needs one a row"):
        measure_feature_importance(FEATURES.head(0), LABELS.head(0))


def test_report_baselines_and_card_carry_it(data):
    rows = b"".join(b"%d,%d,%d,%d\n" % (n, n % 5, n % 2, n // 2 % 2) for n in range(80))
    declared = data()
    data_set = read_data_set(b"income,debt,white,approve\n" + rows, declared)
    assessment = with_split(assess_data_quality(data_set, declared), split_data_set(data_set, declared))
    assert {one["name"] for one in assessment.report["feature_importance"]} == {"income", "debt"}
    assert [one.name for one in assessment.documents] == ["data_docs.html", "statistics.json", "constraints.json"]
    group = metric_groups(EvidenceKind.DATA_QUALITY, assessment.report)[1]
    (bars,) = group["metric_data"]
    assert (group["name"], bars["type"], len(bars["value"])) == ("feature_importance", "bar_chart", 2)
    assert bars["x_axis_name"] == [one["name"] for one in assessment.report["feature_importance"]]


def test_a_label_that_is_rarely_positive_is_no_constant():
    rare = pd.Series((np.arange(ROWS) % 50 == 0).astype(np.int64))
    mostly_zero = rare * pd.Series(DRAWN.uniform(1, 2, ROWS))
    found = measure_feature_importance(pd.DataFrame({"same": rare, "amount": mostly_zero, "constant": 1}), rare)
    assert found["same"] == pytest.approx(1.0, abs=0.01)
    assert found["amount"] > 0.9
    assert found["constant"] == 0.0


def test_a_number_that_is_mostly_its_largest_value_is_told_from_the_rest():
    full = pd.Series(np.where(np.arange(ROWS) % 20 == 0, DRAWN.uniform(0, 1, ROWS), 1.0))
    assert measure_feature_importance(pd.DataFrame({"x": full}), full < 1.0)["x"] > 0.9
