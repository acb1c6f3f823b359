"""Limits: within, beyond, on the bound, without a value, and without a measurement."""

from __future__ import annotations

import pytest

from model_governance.domain.evidence import EvidenceKind, EvidenceVerdict, Measurement
from model_governance.domain.use_case import Limit
from model_governance.evaluation.limits import judge, limits_of

IMPACT = Limit(metric="disparate_impact", facet="white", minimum=0.8, maximum=1.25)


def impact(value: float | None, facet: str = "white") -> Measurement:
    return Measurement(name="disparate_impact", value=value, facet=facet, detail="counts")


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        (0.9, EvidenceVerdict.PASS),
        (0.8, EvidenceVerdict.PASS),
        (1.25, EvidenceVerdict.PASS),
        (0.79, EvidenceVerdict.FAIL),
        (1.3, EvidenceVerdict.FAIL),
        (None, EvidenceVerdict.NOT_ASSESSABLE),
    ],
)
def test_a_value_is_held_to_both_bounds(value, verdict):
    (judged,) = judge([impact(value)], [IMPACT])
    assert (judged.verdict, judged.detail) == (verdict, "counts")
    assert (judged.minimum, judged.maximum, judged.severity) == (0.8, 1.25, "fail")


def test_a_missed_warning_is_a_warning():
    (judged,) = judge([impact(0.5)], [IMPACT.model_copy(update={"severity": "warning"})])
    assert judged.verdict is EvidenceVerdict.WARNING


def test_a_limit_without_a_facet_holds_for_every_facet():
    limit = Limit(metric="disparate_impact", minimum=0.8)
    judged = judge([impact(0.5), impact(0.9, "male")], [limit])
    assert [one.verdict for one in judged] == [EvidenceVerdict.FAIL, EvidenceVerdict.PASS]


def test_a_limit_holds_for_its_own_facet_only():
    judged = judge([impact(0.9), impact(0.5, "male")], [IMPACT])
    assert [one.verdict for one in judged] == [EvidenceVerdict.PASS, EvidenceVerdict.PASS]
    assert judged[1].minimum is None


def test_two_limits_give_two_verdicts():
    warning = Limit(metric="disparate_impact", minimum=0.95, severity="warning")
    judged = judge([impact(0.9)], [IMPACT, warning])
    assert [one.verdict for one in judged] == [EvidenceVerdict.PASS, EvidenceVerdict.WARNING]


def test_a_limit_that_nothing_was_measured_for_is_a_failure_that_says_so():
    (_, unmeasured) = judge([impact(0.9)], [IMPACT, Limit(metric="disparate_impcat", facet="white", minimum=0.8)])
    assert unmeasured.verdict is EvidenceVerdict.FAIL
    assert "nothing measured 'disparate_impcat' for facet 'white'" in unmeasured.detail
    assert "disparate_impact" in unmeasured.detail
    (_, other) = judge([impact(0.9, "male")], [IMPACT])
    assert other.verdict is EvidenceVerdict.FAIL


def test_a_measurement_without_value_or_limit_is_no_pass():
    (judged,) = judge([impact(None)], [])
    assert judged.verdict is EvidenceVerdict.NOT_ASSESSABLE


def test_every_limit_is_answered_by_exactly_one_kind():
    limits = [
        Limit(metric=metric, minimum=0)
        for metric in ("auc", "disparate_impact", "class_imbalance", "area_under_the_curve")
    ]
    answered = {kind: [limit.metric for limit in limits_of(kind, limits)] for kind in EvidenceKind}
    assert answered[EvidenceKind.PRE_TRAINING_BIAS] == ["class_imbalance"]
    assert answered[EvidenceKind.POST_TRAINING_BIAS] == ["disparate_impact"]
    assert answered[EvidenceKind.MODEL_QUALITY] == ["auc", "area_under_the_curve"]
    assert answered[EvidenceKind.DATA_QUALITY] == answered[EvidenceKind.TEST_VALIDATION] == []
