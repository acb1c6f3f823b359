"""Exceptions and findings that would be worth nothing, or could not be kept, are refused and not recorded."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from model_governance.decisions.oversight import close_finding, grant_exception, open_finding, record_finding
from model_governance.decisions.record import read_findings
from model_governance.domain.evidence import EvidenceKind, EvidenceVerdict, Measurement
from model_governance.domain.ledger import Entry, EntryKind
from model_governance.domain.oversight import Finding, Severity
from model_governance.errors import DecisionRefused

if TYPE_CHECKING:
    from conftest import Case

TODAY = datetime.now(UTC).date()
SOON = TODAY + timedelta(days=30)
HALF = "half of a pair: \ud800"
BIASED = Measurement(
    name="disparate_impact", value=0.7, facet="white", minimum=0.8, severity="fail", verdict=EvidenceVerdict.FAIL
)
EVEN = Measurement(name="accuracy_difference", value=0.0, facet="white", maximum=0.1)


def grant(case: Case, item: str = "post_training_bias.disparate_impact", **changes: Any) -> Entry:
    said: dict[str, Any] = {
        "actor": "policy-owner",
        "reason": "few cases",
        "compensating_control": "a second reader",
        "owner": "model-owner",
        "until": SOON,
        **changes,
    }
    return grant_exception(case.principal("policy-owner"), case.name, 1, item, **said)


def open_(case: Case, **changes: Any) -> Entry:
    said: dict[str, Any] = {
        "actor": "policy-owner",
        "title": "drift",
        "severity": Severity.LOW,
        "owner": "model-owner",
        "due": SOON,
        "version": 1,
        **changes,
    }
    return open_finding(case.principal("policy-owner"), case.name, **said)


def test_the_trainer_of_a_version_grants_no_exception_for_it(case: Case) -> None:
    case.register(trainer="policy-owner")
    with pytest.raises(DecisionRefused, match="version 1: policy-owner is its trainer"):
        grant(case)
    assert case.entries(EntryKind.EXCEPTION) == []


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("post_training_bias.", "names no limit"),
        ("explainability. ", "names no limit"),
        (
            "post_training_bias.nonexistent",
            "version 1 holds no metric 'nonexistent'; it holds accuracy_difference, disparate_impact$",
        ),
        ("post_training_bias.disparate", "holds no metric 'disparate'"),
        ("model_quality.auc", "holds no metric 'auc'; it holds none"),
    ],
)
def test_an_exception_for_a_limit_that_the_evidence_does_not_hold_is_refused(case: Case, item: str, said: str) -> None:
    arn = case.register()
    case.gather(arn, EvidenceKind.POST_TRAINING_BIAS, verdict=EvidenceVerdict.FAIL, measurements=(BIASED, EVEN, BIASED))
    case.gather(arn, EvidenceKind.MODEL_QUALITY)
    with pytest.raises(DecisionRefused, match=said):
        grant(case, item)
    assert case.entries(EntryKind.EXCEPTION) == []
    for fine in ("post_training_bias", "post_training_bias.disparate_impact", "explainability.anything"):
        assert grant(case, fine).body["item"] == fine


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"until": date.max}, "cannot last until 9999-12-31: by the policy it ends after today"),
        ({"until": date.min}, "cannot last until 0001-01-01"),
        ({"until": TODAY - timedelta(days=1)}, "ends after today"),
        ({"until": TODAY + timedelta(days=91)}, "within 90 days"),
        ({"reason": HALF}, "the reason cannot be recorded"),
        ({"compensating_control": HALF}, "the compensating control cannot be recorded"),
        ({"item": HALF}, "the item cannot be recorded"),
        ({"owner": HALF}, "is nobody in the people file"),
        ({"reason": "x" * 1001}, "the reason has 1001 characters: 1000 at most"),
        ({"compensating_control": "x" * 1001}, "the compensating control has 1001 characters"),
        ({"item": f"explainability.{'x' * 1000}"}, "the item has 1015 characters"),
    ],
    ids=range(11),
)
def test_an_exception_that_cannot_be_kept_is_refused(case: Case, changes: dict[str, Any], said: str) -> None:
    case.register()
    with pytest.raises(DecisionRefused, match=said):
        grant(case, **changes)
    assert case.entries(EntryKind.EXCEPTION) == []


def test_an_exception_lasts_from_today_to_the_policys_last_day(case: Case) -> None:
    case.register()
    for until in (TODAY, TODAY + timedelta(days=90), SOON):
        end = datetime.fromisoformat(grant(case, until=until, reason="x" * 1000).body["expires"])
        assert end == datetime(until.year, until.month, until.day, tzinfo=UTC) + timedelta(days=1)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"title": HALF}, "the title cannot be recorded"),
        ({"title": " "}, "a finding needs words"),
        ({"title": "x" * 201}, "the title has 201 characters: 200 at most"),
        ({"due": date.min}, r"due on a day that has passed \(0001-01-01\)"),
        ({"due": TODAY - timedelta(days=1)}, "due on a day that has passed"),
        ({"owner": HALF}, "is nobody in the people file"),
    ],
    ids=range(6),
)
def test_a_finding_that_cannot_be_kept_is_refused(case: Case, changes: dict[str, Any], said: str) -> None:
    case.register()
    with pytest.raises(DecisionRefused, match=said):
        open_(case, **changes)
    assert case.entries(EntryKind.FINDING) == []
    assert open_(case, title="x" * 200, due=TODAY).body["due"] == TODAY.isoformat()


@pytest.mark.parametrize(("comment", "said"), [(HALF, "the comment cannot be recorded"), ("x" * 1001, "1000 at most")])
def test_a_finding_is_not_closed_with_what_cannot_be_kept(case: Case, comment: str, said: str) -> None:
    case.register()
    open_(case)
    policy_owner = case.principal("policy-owner")
    with pytest.raises(DecisionRefused, match=said):
        close_finding(policy_owner, case.name, "finding-1", actor="policy-owner", comment=comment)
    assert case.entries(EntryKind.FINDING_CLOSURE) == []


def test_what_was_recorded_before_there_were_such_limits_is_still_read(case: Case) -> None:
    arn = case.register()
    old = Finding(
        id="finding-0",
        title="x" * 5000,
        severity=Severity.LOW,
        owner="model-owner",
        due=date.min,
        opened_by="policy-owner",
        time=datetime.now(UTC),
    )
    policy_owner = case.principal("policy-owner")
    record_finding(policy_owner, case.name, arn, old)
    ((finding, closure),) = read_findings(case.pipeline.ledger(case.name).entries())
    assert (finding.title, finding.due, closure) == (old.title, date.min, None)
    assert close_finding(policy_owner, case.name, "finding-1", actor="policy-owner", comment="done")
