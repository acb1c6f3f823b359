"""Names in the people file: none that look alike and count twice, none that matches nobody, none of a stranger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from model_governance.domain.people import People, parse_people
from model_governance.errors import PolicyInvalid

PEOPLE_TEXT = (Path(__file__).parents[3] / "include" / "policies" / "people.yaml").read_text()
HOME = "111122223333"
OTHER = "999999999999"


def with_officer(**changes: Any) -> str:
    declared = yaml.safe_load(PEOPLE_TEXT)
    officer = next(each for each in declared["people"] if each["id"] == "governance-officer")
    officer.update(changes)
    return yaml.safe_dump(declared)


@pytest.mark.parametrize("group", ["risk ", " ", "ri\u200bsk", "risk\n", "r\u0131sk", "x" * 65, "-risk"])
def test_a_group_that_only_looks_like_another_is_refused(group: str) -> None:
    """Two groups are asked for so that two units answer for a decision; white space makes no second unit."""
    with pytest.raises(PolicyInvalid, match=r"people\.yaml: people\.3\.group: .* must be of ASCII letters"):
        parse_people(with_officer(group=group), file="people.yaml")


def test_groups_that_differ_in_case_alone_are_refused() -> None:
    with pytest.raises(PolicyInvalid, match=r"people\.yaml: people: group Lending, lending differ in case alone"):
        parse_people(with_officer(group="Lending"), file="people.yaml")


@pytest.mark.parametrize("role", [" governance_officer", "", "governance officer", "governance_officer\u200b"])
def test_a_role_that_only_looks_like_another_is_refused(role: str) -> None:
    with pytest.raises(PolicyInvalid, match=r"people\.yaml: people\.3\.roles\.1: .* must be of ASCII letters"):
        parse_people(with_officer(roles=["governance_officer", role]), file="people.yaml")


@pytest.mark.parametrize("name", ["risk", "model-risk", "Model_Risk.2"])
def test_plain_groups_and_roles_are_taken(name: str) -> None:
    officer = parse_people(with_officer(group=name, roles=[name]), file="people.yaml").by_id("governance-officer")
    assert officer is not None
    assert (officer.group, officer.roles) == (name, (name,))


@pytest.mark.parametrize(
    "principal",
    [f"arn:aws:iam::{HOME}:user/governance-officer", "x/governance-officer", "governance officer", "p\n", "p" * 65],
)
def test_a_principal_that_could_never_match_is_refused(principal: str) -> None:
    with pytest.raises(PolicyInvalid, match=r"people\.yaml: people\.3\.principal: .* is no name of an IAM user"):
        parse_people(with_officer(principal=principal), file="people.yaml")


@pytest.mark.parametrize("principal", ["AWSReservedSSO_Risk_0123456789abcdef", "officer@example.com", "a+b=c,d.e-f"])
def test_whatever_iam_lets_a_user_or_role_be_called_is_taken(principal: str) -> None:
    people = parse_people(with_officer(principal=principal), file="people.yaml")
    arn = f"arn:aws:sts::{HOME}:assumed-role/{principal}/somebody@example.com"
    assert people.by_principal(arn) is people.by_id("governance-officer")


def test_principals_that_differ_in_case_alone_are_refused() -> None:
    """To IAM they are one user."""
    with pytest.raises(PolicyInvalid, match="people: principal Model-Owner, model-owner differ in case alone"):
        parse_people(with_officer(principal="Model-Owner"), file="people.yaml")


def test_a_people_file_that_was_recorded_before_these_rules_is_still_read() -> None:
    """A decision is replayed on the file of its time, whatever a new file may not say."""
    old = yaml.safe_load(with_officer(group="credit risk", principal="x/officer"))
    assert People.model_validate(old).by_id("governance-officer") is not None


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:sts::{HOME}:federated-user/governance-officer",
        f"arn:aws:iam::{HOME}:instance-profile/governance-officer",
        f"arn:aws:iam::{HOME}:group/governance-officer",
        f"arn:aws:iam::{HOME}:assumed-role/governance-officer/session",
        f"arn:aws:quicksight:us-east-1:{HOME}:user/governance-officer",
        f"arn:aws:iam::{HOME}:governance-officer",
        f"{HOME}:governance-officer",
        "x/governance-officer",
        "user",
        "assumed-role",
        "",
    ],
)
def test_only_users_and_roles_are_people(arn: str) -> None:
    assert parse_people(PEOPLE_TEXT, file="people.yaml").by_principal(arn) is None


@pytest.mark.parametrize(
    "resource",
    [
        "iam::{}:user/governance-officer",
        "iam::{}:role/a/governance-officer",
        "sts::{}:assumed-role/governance-officer/s",
    ],
)
def test_a_principal_of_another_account_is_nobody_here(resource: str) -> None:
    people = parse_people(PEOPLE_TEXT, file="people.yaml")
    at_home, abroad = (f"arn:aws:{resource.format(account)}" for account in (HOME, OTHER))
    assert people.by_principal(at_home, account=HOME) is people.by_id("governance-officer")
    assert people.by_principal(abroad, account=HOME) is None
    assert people.by_principal("governance-officer", account=HOME) is people.by_id("governance-officer")
