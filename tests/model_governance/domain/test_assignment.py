"""The first assignment of people to gates is the one that trying every one finds first; and it ends for many people."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import combinations

import pytest
from tests.model_governance.domain.literals import NOW, POLICY, observed, request

from model_governance.domain.assignment import Want, first_assignment
from model_governance.domain.decision import Gate
from model_governance.domain.outlook import Situation, StepKind, shortest_way
from model_governance.domain.people import People, Person
from model_governance.domain.policy import Policy

TRIES = 1_000
OFFICER, APPROVER = "governance_officer", "production_approver"


def person(name: str, group: str, *roles: str) -> Person:
    return Person(id=name, airflow_user=name, principal=name, group=group, roles=roles)


def some_wants(chance: random.Random) -> list[Want]:
    people = [person(f"p{n}", f"g{chance.randrange(4)}") for n in range(chance.randint(1, 6))]
    apart = [pair for pair in combinations(Gate, 2) if chance.random() < 0.6]
    wants = []
    for gate in Gate:
        number = chance.randint(0, 2)
        wants.append(
            Want(
                gate=gate,
                people=number,
                groups=chance.randint(0, number),
                able=tuple(each for each in people if chance.random() < 0.7),
                has=frozenset(group for group in ("g0", "g1") if chance.random() < 0.3),
                apart=frozenset(other for pair in apart if gate in pair for other in pair if other is not gate),
            )
        )
    return wants


def tried(wants: Sequence[Want], taken: Sequence[tuple[Gate, tuple[Person, ...]]] = ()) -> Iterator[tuple[object, ...]]:
    """Every assignment, by trying."""
    if len(taken) == len(wants):
        yield tuple(chosen for _, chosen in taken)
        return
    want = wants[len(taken)]
    elsewhere = [each for gate, chosen in taken if gate in want.apart for each in chosen]
    for chosen in combinations([each for each in want.able if each not in elsewhere], want.people):
        if len({each.group for each in chosen} - want.has) >= want.groups:
            yield from tried(wants, (*taken, (want.gate, chosen)))


@pytest.mark.parametrize("part", range(4))
def test_it_is_the_first_that_trying_every_one_finds(part: int) -> None:
    chance = random.Random(20260117 + part)
    found = 0
    for _ in range(TRIES // 4):
        wants = some_wants(chance)
        expected = next(tried(wants), None)
        assert first_assignment(wants) == expected, wants
        found += expected is not None
    assert TRIES // 20 < found < TRIES // 4


def approvers(people: Sequence[Person], governance: tuple[int, int], production: tuple[int, int]) -> list[str] | None:
    """Whom the shortest way names, by how many people of how many groups each gate wants."""
    declared = POLICY.model_dump(mode="json")
    for tier in declared["gates"].values():
        for gate, (number, groups) in (("governance", governance), ("production", production)):
            tier[gate] |= {"approvals": number, "groups": groups, "evidence": []}
    policy = Policy.model_validate(declared)
    drafts = [
        request(gate, ()).model_copy(update={"policy_digest": policy.digest})
        for gate in (Gate.GOVERNANCE, Gate.PRODUCTION)
    ]
    nobody_asked = [Situation(each, None, (), observed(policy_digest=policy.digest)) for each in drafts]
    steps = shortest_way(policy, nobody_asked, People(people=tuple(people)), NOW)
    return None if steps is None else [step.what for step in steps if step.kind is StepKind.APPROVAL]


def some_people(number: int, groups: int, *roles: str) -> list[Person]:
    return [person(f"{''.join(role[0] for role in roles)}{n}", f"g{n % groups}", *roles) for n in range(number)]


def test_too_few_groups_are_found_without_trying_everybody() -> None:
    people = some_people(20, 3, OFFICER) + some_people(20, 3, APPROVER)
    assert approvers(people, (4, 2), (4, 4)) is None
    people = some_people(100, 4, OFFICER) + some_people(100, 4, APPROVER)
    assert approvers(people, (5, 4), (5, 5)) is None


@pytest.mark.parametrize("groups", [5, 7, 200])
def test_two_hundred_people_are_assigned_the_first_listed_first(groups: int) -> None:
    people = some_people(200, groups, OFFICER, APPROVER)
    assert approvers(people, (5, 5), (5, 5)) == [each.id for each in people[:10]]


def test_those_whom_the_second_gate_cannot_do_without_are_kept_for_it() -> None:
    both = some_people(8, 5, OFFICER, APPROVER)
    officers = some_people(190, 1, OFFICER)
    named = approvers((*both, *officers), (5, 1), (5, 5))
    assert named == [each.id for each in (*both[:3], *officers[:2], *both[3:])]
    assert approvers((*both[:4], *officers), (5, 1), (5, 5)) is None
