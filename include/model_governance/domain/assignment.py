"""Who approves at which gate: the first assignment of people to gates, some of which want others than their fellows.

Who has the same group and is able for the same gates is as good as another, and whether there are enough people left is
counted, not tried: so it ends at once for hundreds of people, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations, product
from typing import TypeVar

from model_governance.domain.decision import Gate
from model_governance.domain.people import Person

_Item = TypeVar("_Item")
_Able = frozenset[Gate]
"""The gates that a person is able for."""


@dataclass(frozen=True)
class Want:
    """What a gate still wants.

    Attributes:
        gate: The gate.
        people: How many people.
        groups: Of how many distinct groups beside those it has.
        able: Who is able, in the order in which they are chosen.
        has: The groups that it has.
        apart: The gates whose people must be others.
    """

    gate: Gate
    people: int
    groups: int
    able: tuple[Person, ...]
    has: frozenset[str]
    apart: frozenset[Gate]

    def after(self, gate: Gate, chosen: Person, others: tuple[Person, ...]) -> Want:
        """What is wanted once a person is chosen for a gate, this or another, from whose able people others follow."""
        if gate in self.apart:
            return replace(self, able=tuple(each for each in self.able if each.id != chosen.id))
        if gate is not self.gate:
            return self
        groups = self.groups if chosen.group in self.has else max(0, self.groups - 1)
        return replace(self, people=self.people - 1, groups=groups, able=others, has=self.has | {chosen.group})


def first_assignment(wants: Sequence[Want]) -> tuple[tuple[Person, ...], ...] | None:
    """The people for each gate, the first able ones of the first gate first; None where there are not enough.

    Args:
        wants: Of the gates, in their order; a gate is apart from another where the other is apart from it.
    """
    if not all(_suffice(among) for among in _all_apart(wants)):
        return None
    place = next((place for place, want in enumerate(wants) if want.people), None)
    if place is None:
        return tuple(() for _ in wants)
    gate, able = wants[place].gate, wants[place].able
    classes = _classes(wants)
    tried = set()
    for number, person in enumerate(able, 1):
        if classes[person.id] in tried:
            continue
        tried.add(classes[person.id])
        rest = first_assignment([want.after(gate, person, able[number:]) for want in wants])
        if rest is not None:
            return (*rest[:place], (person, *rest[place]), *rest[place + 1 :])
    return None


def _all_apart(wants: Sequence[Want]) -> Iterator[tuple[Want, ...]]:
    """The gates of which each is apart from each: a person is for one of them alone."""
    for some in _subsets(wants):
        if all(one.gate in other.apart for one, other in combinations(some, 2)):
            yield some


def _suffice(wants: Sequence[Want]) -> bool:
    """Whether there are people enough for gates of which each is apart from each.

    There are exactly if there are for every part of what is wanted (Hall): of each gate nothing, its distinct groups
    with one person of each, or everything.
    """
    if any(want.groups > want.people for want in wants):
        return False
    by_group: dict[str, Counter[_Able]] = {}
    for group, able in _classes(wants).values():
        by_group.setdefault(group, Counter())[able] += 1
    for parts in product(("nothing", "groups", "everything"), repeat=len(wants)):
        chosen = list(zip(wants, parts, strict=True))
        wanted = sum({"nothing": 0, "groups": want.groups, "everything": want.people}[part] for want, part in chosen)
        of_all = frozenset(want.gate for want, part in chosen if part == "everything")
        of_one = [want for want, part in chosen if part == "groups"]
        there = sum(
            _most(able, of_all, [want.gate for want in of_one if group not in want.has])
            for group, able in by_group.items()
        )
        if there < wanted:
            return False
    return True


def _most(people: Mapping[_Able, int], of_all: _Able, of_one: Sequence[Gate]) -> int:
    """How many people of a group can serve, if some gates take all of them and others one."""
    return min(
        len(of_one) - len(also) + sum(number for able, number in people.items() if able & of_all.union(also))
        for also in _subsets(of_one)
    )


def _classes(wants: Sequence[Want]) -> dict[str, tuple[str, _Able]]:
    """Of each person, by id, the group and the gates that the person is able for."""
    able: dict[str, tuple[str, _Able]] = {}
    for want in wants:
        for person in want.able:
            _, gates = able.get(person.id, ("", frozenset[Gate]()))
            able[person.id] = (person.group, gates | {want.gate})
    return able


def _subsets(items: Iterable[_Item]) -> Iterator[tuple[_Item, ...]]:
    known = tuple(items)
    return chain.from_iterable(combinations(known, size) for size in range(len(known) + 1))
