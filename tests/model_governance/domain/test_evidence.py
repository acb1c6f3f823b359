"""Evidence as records hold it: what was written before there were attachments still has its digest."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from model_governance.domain.canonical import digest
from model_governance.domain.evidence import Attachment, Evidence

OLD = {
    "kind": "data_quality",
    "uri": "s3://bucket/report.json",
    "sha256": "0" * 64,
    "verdict": "pass",
    "measurements": [],
    "seed": 7,
    "code_version": "",
}


def test_a_record_from_before_attachments_reads_and_writes_the_same():
    read = Evidence.model_validate(OLD)
    assert read.attachments == ()
    assert read.model_dump(mode="json") == OLD
    assert digest(read.model_dump(mode="json")) == digest(OLD)
    assert digest(OLD) == "56381183146fb41f223fa3d5b548fc1dde5a91d654d0d49cbaaa314720792d1e"


def test_attachments_are_written_and_change_the_digest():
    attachment = Attachment(name="data_docs.html", uri="s3://bucket/data_docs.html", sha256="1" * 64)
    with_one = Evidence.model_validate({**OLD, "attachments": [attachment.model_dump()]})
    written = with_one.model_dump(mode="json")
    assert written["attachments"] == [attachment.model_dump()]
    assert Evidence.model_validate(written) == with_one
    assert digest(written) != digest(OLD)
    with pytest.raises(ValidationError):
        Evidence.model_validate({**OLD, "attachments": [{"name": "x"}]})
