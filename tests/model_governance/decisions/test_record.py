"""What a ledger says of a gate: what stood before a clean-up says nothing of what was made after it."""

from __future__ import annotations

from datetime import UTC, datetime

from model_governance.decisions.record import candidate_of_run, read_record
from model_governance.domain.candidate import Candidate
from model_governance.domain.decision import Gate
from model_governance.domain.ledger import Entry, EntryKind, next_entry
from model_governance.domain.request import GateRequest
from model_governance.domain.risk import RiskTier

ARN = "arn:aws:sagemaker:us-east-1:111122223333:model-package/loan-approval/1"
CANDIDATE = Candidate(
    use_case="loan-approval", run_id="run", run_key="k", model_package_arn=ARN, version=1, data_sha256="d"
)
REQUEST = GateRequest(
    gate=Gate.GOVERNANCE,
    use_case="loan-approval",
    subject=ARN,
    tier=RiskTier.HIGH,
    owner="model-owner",
    author="data-scientist",
    card_digest="c",
    policy_digest="p",
    use_case_digest="u",
)


def chain(*kinds: tuple[EntryKind, str, dict[str, object]]) -> list[Entry]:
    entries: list[Entry] = []
    for kind, subject, body in kinds:
        head = entries[-1] if entries else None
        now = datetime(2026, 1, 1, tzinfo=UTC)
        entry = next_entry(
            head,
            use_case="loan-approval",
            kind=kind,
            subject=subject,
            body=body,
            time=now,
            key_id="k",
            key_sha256="0" * 64,
        )
        entries.append(entry)
    return entries


BEFORE = (
    (EntryKind.CANDIDATE, ARN, CANDIDATE.model_dump(mode="json")),
    (EntryKind.REQUEST, ARN, REQUEST.model_dump(mode="json")),
)
CLEAN_UP = (EntryKind.CLEAN_UP, "loan-approval", {})


def test_request_and_candidate_stand_until_they_are_taken_down() -> None:
    entries = chain(*BEFORE)
    assert read_record(entries, Gate.GOVERNANCE, ARN).request == REQUEST
    assert candidate_of_run(entries, "run") == CANDIDATE


def test_clean_up_takes_requests_and_candidates_with_it() -> None:
    entries = chain(*BEFORE, CLEAN_UP)
    assert read_record(entries, Gate.GOVERNANCE, ARN).request is None
    assert candidate_of_run(entries, "run") is None


def test_what_is_made_after_a_clean_up_stands() -> None:
    entries = chain(*BEFORE, CLEAN_UP, *BEFORE)
    assert read_record(entries, Gate.GOVERNANCE, ARN).request == REQUEST
