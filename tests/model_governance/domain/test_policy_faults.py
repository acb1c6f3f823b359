"""A policy that can be read and means nothing, or leaves out a promise, is refused; one of the past is still read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from model_governance.domain.canonical import canonical_json
from model_governance.domain.policy import Policy, parse_policy
from model_governance.errors import PolicyInvalid

POLICY_TEXT = (Path(__file__).parents[3] / "include" / "policies" / "policy.yaml").read_text()


def policy_with(place: str, value: object) -> str:
    """The shipped policy without aliases, and with one thing changed."""
    declared = json.loads(json.dumps(yaml.safe_load(POLICY_TEXT)))
    *path, last = place.split(".")
    inner: Any = declared
    for step in path:
        inner = inner[step]
    inner[last] = value
    return yaml.safe_dump(declared)


def refusal(place: str, value: object) -> str:
    with pytest.raises(PolicyInvalid) as refused:
        parse_policy(policy_with(place, value), file="policy.yaml")
    return str(refused.value)


@pytest.mark.parametrize(
    ("gate", "other", "said"),
    [
        ("production", "use_case", "use_case is decided on another subject .* here may stand: governance"),
        ("governance", "use_case", "use_case is decided on another subject .* here may stand: production"),
        ("use_case", "governance", "governance is decided on another subject .* here may stand: nothing"),
        ("use_case", "use_case", "use_case is the gate itself; here may stand: nothing"),
        ("governance", "governance", "governance is the gate itself; here may stand: production"),
    ],
)
def test_a_separation_that_would_not_be_enforced_is_refused(gate: str, other: str, said: str) -> None:
    with pytest.raises(PolicyInvalid, match=rf"policy\.yaml: gates\.High\.{gate}\.differs_from: {said}$"):
        parse_policy(policy_with(f"gates.High.{gate}.differs_from", [other]), file="policy.yaml")


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("owner", "no one!\n", "owner: 'no one!\\n' cannot be the id of a person"),
        ("name", "", "name: '' must be one line"),
        ("name", " model-risk", "name: ' model-risk' must be one line"),
        ("name", "model\u200brisk", "must be one line"),
        ("gates.High.governance.approvals", True, "gates.High.governance.approvals: Input should be a valid integer"),
        ("gates.High.governance.approvals", "2", "gates.High.governance.approvals: Input should be a valid integer"),
        ("gates.High.governance.approvals", 2.0, "gates.High.governance.approvals: Input should be a valid integer"),
        ("gates.High.governance.approvals", 1_000_000, "gates.High.governance.approvals: 1000000 is more than 100"),
        ("gates.High.governance.groups", True, "gates.High.governance.groups: Input should be a valid integer"),
        ("gates.High.governance.holds_days", "9", "gates.High.governance.holds_days: Input should be a valid integer"),
        ("gates.High.governance.remind_after_hours", True, "remind_after_hours: Input should be a valid number"),
        ("exceptions.longest_days", True, "exceptions.longest_days: Input should be a valid integer"),
        ("assessment.minimum_group_rows", "30", "assessment.minimum_group_rows: Input should be a valid integer"),
        ("gates.Low.production.roles", [""], "gates.Low.production.roles.0: '' must be of ASCII letters"),
        ("gates.Low.production.roles", ["a", "a "], "gates.Low.production.roles.1: 'a ' must be of ASCII letters"),
        ("exceptions.roles", ["\u200b"], "exceptions.roles.0: '\\u200b' must be of ASCII letters"),
        ("findings.close_roles", [" "], "findings.close_roles.0: ' ' must be of ASCII letters"),
        ("operations.stop.roles", [""], "operations.stop.roles.0: '' must be of ASCII letters"),
        (
            "gates.High.governance.evidence",
            ["data_quality", "data_quality"],
            "gates.High.governance.evidence: data_quality stands there more than once",
        ),
        (
            "gates.High.governance.evidence",
            ["test_validation"],
            "gates.High.governance.evidence: test_validation is never there when the governance gate is requested; "
            "here may stand: data_quality, pre_training_bias, model_quality, post_training_bias, explainability",
        ),
        (
            "gates.High.use_case.evidence",
            ["model_quality"],
            "gates.High.use_case.evidence: model_quality is never there when the use_case gate is requested; "
            "here may stand: nothing",
        ),
        (
            "gates.Low.production.never_decide",
            [],
            "gates.Low.production.never_decide: must name owner, author",
        ),
        ("gates.Low.use_case.never_decide", ["owner", "author"], "gates.Low.use_case.never_decide: must name trainer"),
        ("findings.blocking", [], "findings.blocking: must name high"),
        ("findings.blocking", ["low"], "findings.blocking: must name high"),
        ("operations.stop", {}, "operations.stop: must name a role or the part owner"),
        ("risk.high_from", 11, "risk.high_from: 11 is more than any answers can sum up to (10)"),
    ],
)
def test_what_means_nothing_or_leaves_out_a_promise_is_refused_by_field(place: str, value: object, said: str) -> None:
    told = refusal(place, value)
    field = place.split(".", maxsplit=1)[0]
    assert told.startswith(f"policy.yaml: {field}")
    assert said in told


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("name", "Model risk, 2026"),
        ("gates.High.governance.approvals", 3),
        ("gates.High.governance.remind_after_hours", 1.5),
        ("gates.High.governance.evidence", []),
        ("gates.High.governance.differs_from", ["production"]),
        ("findings.blocking", ["high", "medium"]),
        ("operations.stop", {"parts": ["owner"]}),
        ("risk.high_from", 10),
    ],
)
def test_what_an_organisation_may_choose_is_taken(place: str, value: object) -> None:
    policy = parse_policy(policy_with(place, value), file="policy.yaml")
    assert Policy.model_validate(json.loads(canonical_json(policy.document))) == policy


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("owner", "The Risk Department"),
        ("gates.High.production.differs_from", ["use_case"]),
        ("gates.High.production.never_decide", []),
        ("gates.High.governance.approvals", 1_000_000),
        ("findings.blocking", []),
        ("operations.stop", {}),
    ],
)
def test_a_policy_that_was_recorded_before_these_rules_is_still_read(place: str, value: object) -> None:
    """A decision is replayed on the policy of its time, whatever a new file may not say."""
    assert Policy.model_validate(yaml.safe_load(policy_with(place, value)))
