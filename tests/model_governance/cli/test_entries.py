"""What an entry says in words: every kind has its own, and what a later release wrote is still said."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from model_governance.cli.entries import about, head_line, paragraphs
from model_governance.domain.ledger import Entry, EntryKind

ARN = "arn:aws:sagemaker:us-east-1:111122223333"
DIGEST = "0123456789abcdef" * 4
WARNING = {
    "name": "difference_in_proportions_of_labels",
    "value": 0.2006,
    "facet": "white",
    "minimum": -0.1,
    "maximum": 0.1,
    "severity": "warning",
    "verdict": "warning",
    "detail": "218 of 308",
}
AUC = {"name": "auc", "value": 0.80715, "minimum": 0.7, "verdict": "pass"}
ORDERED = {
    "actor": "production-approver",
    "role": "production_approver",
    "channel": "command line",
    "reason": "it errs",
}

BODIES: dict[EntryKind, tuple[dict[str, Any], list[str]]] = {
    EntryKind.USE_CASE: (
        {
            "run_id": "run-1",
            "tier": "High",
            "reason": "new data",
            "use_case_digest": DIGEST,
            "declaration": {"title": "Loans", "owner": "model-owner", "author": "data-scientist"},
        },
        [
            "Loans: declared for run run-1, risk High; owner model-owner, author data-scientist; digest 0123456789ab",
            "reason: new data",
        ],
    ),
    EntryKind.CANDIDATE: (
        {"version": 3, "run_id": "run-1", "trainer": "", "data_sha256": DIGEST},
        ["version 3 registered by run run-1, started by its schedule; data 0123456789ab"],
    ),
    EntryKind.EVIDENCE: (
        {"kind": "model_quality", "verdict": "warning", "measurements": [AUC, WARNING]},
        [
            "model_quality: warning; 1 of 2 measurements pass",
            "auc 0.8072, at least 0.7",
            "warning: difference_in_proportions_of_labels 0.2006 (facet white) exceeds 0.1: 218 of 308",
        ],
    ),
    EntryKind.REQUEST: (
        {
            "gate": "governance",
            "version": 3,
            "run_id": "run-1",
            "tier": "High",
            "approvers": ["governance-officer"],
            "evidence": [{"kind": "pre_training_bias", "verdict": "warning", "measurements": [WARNING]}],
        },
        [
            "governance gate requested for version 3 by run run-1; risk High; to be decided by governance-officer",
            "evidence: pre_training_bias warning",
            "warning: difference_in_proportions_of_labels 0.2006 (facet white) exceeds 0.1: 218 of 308",
        ],
    ),
    EntryKind.DECISION: (
        {
            "gate": "governance",
            "verdict": "approve",
            "actor": "governance-officer",
            "role": "governance_officer",
            "channel": "command line",
            "comment": "",
        },
        ["governance gate approved by governance-officer as governance_officer, by command line", "no comment"],
    ),
    EntryKind.REFUSAL: (
        {
            "gate": "production",
            "status": "Approved",
            "principal": f"{ARN}:user/model-owner",
            "event_id": "of-the-registry",
            "reason": "is its owner",
        },
        ["production gate: Approved by model-owner did not count and was set back", "reason: is its owner"],
    ),
    EntryKind.DEPLOYMENT: (
        {
            "stage": "Production",
            "version": 3,
            "endpoint": "loans",
            "endpoint_config": "loans-v3-production",
            "run_id": "run-1",
            "model_sha256": DIGEST,
            "authority": [{"gate": "production", "actor": "production-approver"}],
        },
        [
            "Production: version 3 on endpoint loans, by loans-v3-production; run run-1; model 0123456789ab",
            "by authority of production-approver (production)",
        ],
    ),
    EntryKind.DEPLOYMENT_STEP: (
        {
            "stage": "Production",
            "step": "begin",
            "version": 3,
            "run_id": "run-1",
            "attempt": 1,
            "endpoint": "loans",
            "endpoint_config": "loans-v3-production",
            "replaces": "loans-v2-production",
            "percent_steps": [10, 50],
            "patience_seconds": 3600,
        },
        [
            "Production: version 3, run run-1, attempt 1: deployment begins in the place of loans-v2-production by "
            "canary at 10 %, 50 %"
        ],
    ),
    EntryKind.REVERSION: (
        {**ORDERED, "stage": "Production", "version": 2, "from_version": 3, "endpoint_config": "loans-v2-production"},
        [
            "version 2 serves again in the place of version 3, by production-approver as production_approver, by "
            "command line; loans-v2-production",
            "reason: it errs",
        ],
    ),
    EntryKind.STOP: (
        {**ORDERED, "drill": False, "endpoint": "loans", "was_in_service": True, "seconds": 1.25},
        [
            "stop by production-approver as production_approver, by command line: endpoint loans out of service in "
            "1.25 s",
            "reason: it errs",
        ],
    ),
    EntryKind.RESUME: (
        {**ORDERED, "drill": True, "stop": 12, "endpoint": "loans", "version": 3, "smoke_failed": "it is slow"},
        [
            "drill of entry 12 ended by production-approver as production_approver, by command line: version 3 serves "
            "again",
            "comment: it errs",
            "smoke test failed: it is slow",
        ],
    ),
    EntryKind.ORDER: (
        {
            **ORDERED,
            "channel": "Airflow form",
            "operation": "roll_back",
            "order_id": "production_control/7",
            "to_version": 2,
            "drill": False,
        },
        [
            "roll back to version 2 ordered by production-approver as production_approver, by Airflow form, in "
            "production_control/7",
            "reason: it errs",
        ],
    ),
    EntryKind.WITHDRAWAL: (
        {"order": 12, "reason": "Airflow answered 409"},
        ["the order of entry 12 is withdrawn, no run carries it out: Airflow answered 409"],
    ),
    EntryKind.RETIREMENT: (
        {**ORDERED, "versions": [1, 2, 3], "endpoints": ["loans", "loans-test"]},
        [
            "retired by production-approver as production_approver, by command line; versions archived: 1, 2, 3",
            "reason: it errs",
        ],
    ),
    EntryKind.MONITORING: (
        {
            "start": "2026-01-31T08:00:00+00:00",
            "end": "2026-01-31T09:00:00+00:00",
            "revision": 2,
            "version": 3,
            "verdict": "violated",
            "rows": 312,
            "sha256": {"report.json": "c" * 64},
            "sentence": "1 breach",
            "breaches": [{"key": "data_drift/income", "severity": "high", "sentence": "income has drifted"}],
        },
        [
            "window 2026-01-31T08:00:00+00:00 to 2026-01-31T09:00:00+00:00, revision 2: version 3 violated, 312 rows; "
            "report cccccccccccc",
            "1 breach",
            "high: income has drifted",
        ],
    ),
    EntryKind.BREACH: (
        {
            "id": "breach-1",
            "opened_by": "monitoring",
            "severity": "high",
            "version": 3,
            "owner": "model-owner",
            "due": "2026-02-14",
            "title": "income has drifted",
        },
        [
            "breach-1 opened by monitoring: severity high, version 3, owner model-owner, due 2026-02-14",
            "income has drifted",
        ],
    ),
    EntryKind.RETRAINING: (
        {"run_id": "run-1", "findings": ["breach-1", "breach-2"], "version": 3, "window": "2026-01-31T08:00:00+00:00"},
        ["retraining asked for by run run-1, for breach-1, breach-2"],
    ),
    EntryKind.ROLL_BACK: (
        {
            "stage": "Production",
            "version": 3,
            "run_id": "run-1",
            "endpoint": "loans",
            "endpoint_config": "loans-v3-production",
            "serves": "loans-v2-production",
            "reason": "it answers otherwise",
        },
        [
            "Production: version 3 was rolled back; loans serves loans-v2-production again",
            "reason: it answers otherwise",
        ],
    ),
    EntryKind.FAILURE: (
        {"task_id": "training.train", "run_id": "run-1", "stage": "training", "reason": "the job failed"},
        ["training.train failed in run run-1", "reason: the job failed"],
    ),
    EntryKind.CLEAN_UP: (
        {
            "endpoints": ["loans", "loans-test"],
            "endpoint_configs": ["loans-v3-test"],
            "models": [],
            "model_packages": [{"version": 3, "approval_status": "Approved", "stage": "Production Deployed"}],
            "card": {"status": "Approved"},
            "objects": 12,
            "principal": f"{ARN}:user/caretaker",
        },
        [
            "taken down by caretaker: 2 endpoints, 1 endpoint configuration, 1 version, 1 card, 12 objects",
            "version 3 was Approved, Production Deployed",
        ],
    ),
    EntryKind.EXCEPTION: (
        {
            "item": "post_training_bias",
            "granted_by": "governance-officer",
            "role": "governance_officer",
            "expires": "2027-01-01T00:00:00+00:00",
            "reason": "no labels",
            "compensating_control": "a second reader",
            "owner": "model-owner",
        },
        [
            "exception for post_training_bias granted by governance-officer as governance_officer, until "
            "2027-01-01T00:00:00+00:00",
            "reason: no labels",
            "instead: a second reader (owner model-owner)",
        ],
    ),
    EntryKind.FINDING: (
        {
            "id": "finding-1",
            "opened_by": "governance-officer",
            "severity": "high",
            "version": None,
            "owner": "model-owner",
            "due": "2027-01-01",
            "title": "drift",
        },
        [
            "finding-1 opened by governance-officer: severity high, every version, owner model-owner, due 2027-01-01",
            "drift",
        ],
    ),
    EntryKind.FINDING_CLOSURE: (
        {"id": "finding-1", "closed_by": "governance-officer", "role": "governance_officer", "comment": "mended"},
        ["finding-1 closed by governance-officer as governance_officer", "comment: mended"],
    ),
    EntryKind.POLICY_VERSION: (
        {"file": "policy", "principal": "admin", "digest": DIGEST, "document": {}},
        ["policy.yaml entered by admin; digest 0123456789ab"],
    ),
    EntryKind.SUPERSEDED: (
        {"version": 3, "run_id": "run-1", "by_version": 4},
        ["version 3 of run run-1 gave way to version 4"],
    ),
}


def entry(kind: EntryKind, body: dict[str, Any], subject: str = f"{ARN}:model-package/loans/3") -> Entry:
    local = datetime(2026, 1, 31, 10, 30, tzinfo=timezone(timedelta(hours=1)))
    return Entry(
        use_case="loans",
        sequence=7,
        previous="0" * 64,
        time=local,
        kind=kind,
        subject=subject,
        body=body,
        key_id="key",
        key_sha256="0" * 64,
    )


@pytest.mark.parametrize("kind", EntryKind)
def test_every_kind_of_entry_has_words_of_its_own(kind: EntryKind) -> None:
    body, words = BODIES[kind]
    assert paragraphs(entry(kind, body)) == words


@pytest.mark.parametrize(
    ("order", "said"),
    [(4, "by command line (order of entry 4)"), (None, "by command line (by the pipeline's word alone)")],
)
def test_what_the_pipeline_did_for_a_person_says_by_which_order(order: int | None, said: str) -> None:
    body, _ = BODIES[EntryKind.RETIREMENT]
    assert said in paragraphs(entry(EntryKind.RETIREMENT, {**body, "order": order}))[0]


@pytest.mark.parametrize("kind", EntryKind)
def test_a_body_of_another_form_is_said_field_by_field(kind: EntryKind) -> None:
    assert paragraphs(entry(kind, {"what": "something later", "n": 1, "nested": {}})) == [
        "what: something later",
        "n: 1",
    ]


def test_the_head_line_tells_place_time_in_utc_kind_and_subject() -> None:
    assert head_line(entry(EntryKind.CANDIDATE, {})) == "#7    2026-01-31T09:30:00Z  candidate   version 3"


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        (f"{ARN}:model-package/loans/12", "version 12"),
        (f"{ARN}:model-package-group/loans", "use case"),
        (f"{ARN}:model-card/loans", "use case"),
        ("loans", "use case"),
        ("policy.yaml", "policy.yaml"),
    ],
)
def test_what_an_entry_is_about_is_said_in_short(subject: str, said: str) -> None:
    assert about(entry(EntryKind.FAILURE, {}, subject)) == said
