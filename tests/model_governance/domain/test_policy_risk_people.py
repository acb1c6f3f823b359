"""The organisation's files: read, refused with file and field, and the tier that follows from the answers."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
import yaml

from model_governance.domain.people import parse_people
from model_governance.domain.policy import parse_policy
from model_governance.domain.risk import RiskTier, assess_risk
from model_governance.domain.use_case import RiskAnswers
from model_governance.errors import PolicyInvalid

POLICIES = Path(__file__).parents[3] / "include" / "policies"
POLICY_TEXT = (POLICIES / "policy.yaml").read_text()
PEOPLE_TEXT = (POLICIES / "people.yaml").read_text()


def test_every_combination_of_answers_has_a_tier_and_more_risk_never_lowers_it() -> None:
    formula = parse_policy(POLICY_TEXT, file="policy.yaml").risk
    ranks = list(RiskTier)
    exposures, sensitivities = (
        ["internal", "customer", "public"],
        ["public", "internal", "personal", "special_category"],
    )
    for exposure, automated, people, sensitivity in product(exposures, [False, True], [False, True], sensitivities):
        answers = RiskAnswers.model_validate(
            {
                "exposure": exposure,
                "automated_decisions": automated,
                "affects_people": people,
                "data_sensitivity": sensitivity,
            }
        )
        riskier = answers.model_copy(update={"automated_decisions": True, "affects_people": True})
        assert ranks.index(assess_risk(riskier, formula).tier) >= ranks.index(assess_risk(answers, formula).tier)


def test_automated_decisions_on_people_with_special_data_are_high_risk() -> None:
    answers = RiskAnswers(
        exposure="customer", automated_decisions=True, affects_people=True, data_sensitivity="special_category"
    )
    assessment = assess_risk(answers, parse_policy(POLICY_TEXT, file="policy.yaml").risk)
    assert assessment.tier is RiskTier.HIGH
    assert assessment.explanation.startswith("9 points: exposure customer (2)")


def test_a_policy_without_a_minimum_of_rows_asks_for_none_and_says_nothing_of_it() -> None:
    declared = yaml.safe_load(POLICY_TEXT)
    assert parse_policy(POLICY_TEXT, file="policy.yaml").assessment.minimum_group_rows == 30
    del declared["assessment"]
    policy = parse_policy(yaml.dump(declared), file="policy.yaml")
    assert policy.assessment.minimum_group_rows == 1
    assert "assessment" not in policy.document


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (["risk", "points", "exposure"], {"internal": 0}, "points.exposure must be given for exactly"),
        (["risk", "medium_from"], 99, "medium_from 99 exceeds high_from 6"),
        (["gates", "High"], {}, "gates.High: no rule for use_case, governance, production"),
        (["gates", "High", "governance", "roles"], [], "gates.High.governance.roles"),
        (["gates", "High", "governance", "evidence"], ["vibes"], "gates.High.governance.evidence.0"),
        (["gates", "High", "governance", "approvals"], 0, "gates.High.governance.approvals"),
        (["assessment", "minimum_group_rows"], 0, "assessment.minimum_group_rows"),
        (["unknown"], 1, "unknown"),
    ],
)
def test_policy_that_does_not_validate_names_file_field_and_reason(path: list[str], value: object, said: str) -> None:
    declared = yaml.safe_load(POLICY_TEXT.replace("&gates", "").replace("*gates", "{}"))
    declared["gates"] = {tier.value: declared["gates"]["Low"] for tier in RiskTier}
    declared = yaml.safe_load(yaml.dump(declared, Dumper=_NoAliases))
    place = declared
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(PolicyInvalid) as refusal:
        parse_policy(yaml.dump(declared), file="policy.yaml")
    assert "policy.yaml: " in str(refusal.value)
    assert said in str(refusal.value)


class _NoAliases(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


@pytest.mark.parametrize("text", ["", "[", "people: 1", "people: [{id: x}]", "- a", "!!python/object:os.system {}"])
def test_people_file_that_does_not_validate_names_the_file(text: str) -> None:
    with pytest.raises(PolicyInvalid, match=r"people\.yaml: "):
        parse_people(text, file="people.yaml")


def test_one_name_never_stands_for_two_people() -> None:
    with pytest.raises(PolicyInvalid, match="principal governance-officer is given to more than one person"):
        parse_people(PEOPLE_TEXT.replace("principal: model-owner", "principal: governance-officer"), file="people.yaml")


@pytest.mark.parametrize(
    ("arn", "person"),
    [
        ("arn:aws:iam::111122223333:user/governance-officer", "governance-officer"),
        ("arn:aws:iam::111122223333:user/risk/governance-officer", "governance-officer"),
        ("arn:aws:sts::111122223333:assumed-role/governance-officer/session", "governance-officer"),
        ("governance-officer", "governance-officer"),
        ("arn:aws:sts::111122223333:assumed-role/other/governance-officer", None),
        ("arn:aws:iam::111122223333:root", None),
    ],
)
def test_person_is_found_by_principal_but_never_by_a_session_name_of_choice(arn: str, person: str | None) -> None:
    found = parse_people(PEOPLE_TEXT, file="people.yaml").by_principal(arn)
    assert (found.id if found else None) == person


def test_a_field_that_stands_there_twice_is_refused_with_both_places() -> None:
    """PyYAML takes the last in silence: who reads the first line believes that it takes two."""
    assert "\n      approvals: 1\n" in POLICY_TEXT
    twice = POLICY_TEXT.replace("\n      approvals: 1\n", "\n      approvals: 2\n      approvals: 1\n", 1)
    with pytest.raises(PolicyInvalid, match=r"policy.yaml: is not YAML: while reading 'approvals'.*a second time"):
        parse_policy(twice, file="policy.yaml")


@pytest.mark.parametrize(
    "text", ["2026-13-45", "[" * 3000 + "]" * 3000, ".nan", "-.inf", "99999999999999999999999"], ids=lambda t: t[:12]
)
def test_what_cannot_be_read_or_has_no_digest_is_refused_and_not_a_traceback(text: str) -> None:
    with pytest.raises(PolicyInvalid, match=r"policy\.yaml: cannot be read"):
        parse_policy(f"{POLICY_TEXT}\nnote: {text}\n", file="policy.yaml")
