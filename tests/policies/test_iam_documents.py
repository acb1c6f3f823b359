"""The IAM documents say what they must: nobody but the deciders and the decision service can set a decision."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

DOCUMENTS = Path(__file__).parents[2] / "include" / "policies" / "iam"


@pytest.mark.parametrize("document", sorted(DOCUMENTS.glob("*.json")), ids=lambda path: path.stem)
def test_document_is_well_formed(document: Path) -> None:
    policy = json.loads(document.read_text())
    assert policy["Version"] == "2012-10-17"
    sids = [statement["Sid"] for statement in policy["Statement"]]
    assert len(set(sids)) == len(sids)
    for statement in policy["Statement"]:
        assert statement["Effect"] in ("Allow", "Deny")
        assert statement["Action"]
        assert statement["Resource"]
