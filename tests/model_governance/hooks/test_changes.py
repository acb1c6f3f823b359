"""A poll that overlaps the last one: what is committed late is seen, and nothing is told twice."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from model_governance.errors import ServiceUnavailable
from model_governance.hooks.changes import DEEP_EVERY, OVERLAP, SHORT_OVERLAP, RegistryChanges

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Card:
    """A card as it was changed: when by its own word, and from when on others see it."""

    arn: str
    modified: datetime
    visible: datetime
    status: str = "Approved"


@dataclass
class Registry:
    """Shows what is committed, and compares whole seconds, as Search does."""

    now: datetime = START
    cards: list[Card] = field(default_factory=list)
    is_away: bool = False
    read: int = 0

    def changed_since(self, since: datetime) -> Iterator[Card]:
        if self.is_away:
            raise ServiceUnavailable("away")
        for card in self.cards:
            if card.visible <= self.now and card.modified >= since.replace(microsecond=0):
                self.read += 1
                yield card

    def commit(self, arn: str, *, began: float, ends: float) -> None:
        """A change whose transaction took its time of change then, and is seen from its end on; seconds from START."""
        self.cards.append(Card(arn, START + timedelta(seconds=began), START + timedelta(seconds=ends)))


class NoPackages:
    """A registry without model packages."""

    def changed_since(self, since: datetime) -> Iterator[Any]:
        yield from ()


@pytest.fixture
def registry() -> Registry:
    return Registry()


def changes_of(registry: Registry) -> RegistryChanges:
    return RegistryChanges(NoPackages(), registry, now=lambda: registry.now, since=START)  # type: ignore[arg-type]


def polled(changes: RegistryChanges, registry: Registry, until: float, every: float = 0.25) -> list[str]:
    """What the polls up to that second tell."""
    told: list[str] = []
    while registry.now < START + timedelta(seconds=until):
        registry.now += timedelta(seconds=every)
        told += [change.subject for change in changes.poll()]
    return told


def test_a_change_committed_after_a_later_one_was_polled_is_seen(registry: Registry) -> None:
    changes = changes_of(registry)
    registry.commit("late", began=1, ends=3)
    registry.commit("prompt", began=2, ends=2)
    assert polled(changes, registry, until=2.5) == ["prompt"]
    assert polled(changes, registry, until=4) == ["late"]


@pytest.mark.parametrize("lasts", [1, SHORT_OVERLAP.seconds + 1, 60, OVERLAP.seconds - 1])
@pytest.mark.parametrize("every", [0.25, 1, 30])
def test_however_late_within_the_overlap_it_is_seen_once_by_the_next_deep_look(
    registry: Registry, lasts: float, every: float
) -> None:
    changes = changes_of(registry)
    registry.commit("late", began=7.3, ends=7.3 + lasts)
    for number in range(300):
        registry.commit(f"prompt-{number}", began=number, ends=number)
    told = polled(changes, registry, until=7.3 + lasts + DEEP_EVERY.seconds + 2 * every, every=every)
    assert told.count("late") == 1
    told += polled(changes, registry, until=400, every=every)
    assert sorted(told) == sorted(card.arn for card in registry.cards)


def test_after_an_outage_all_that_changed_meanwhile_is_seen_once(registry: Registry) -> None:
    changes = changes_of(registry)
    assert polled(changes, registry, until=5) == []
    registry.is_away = True
    for second in range(10, 600, 10):
        registry.now = START + timedelta(seconds=second)
        registry.commit(f"card-{second}", began=second, ends=second + 1)
        with pytest.raises(ServiceUnavailable):
            changes.poll()
    registry.is_away = False
    told = polled(changes, registry, until=640)
    assert sorted(told) == sorted(card.arn for card in registry.cards)


def test_two_changes_of_one_card_are_both_told(registry: Registry) -> None:
    changes = changes_of(registry)
    registry.commit("card", began=1, ends=1)
    registry.commit("card", began=1.5, ends=1.5)
    assert polled(changes, registry, until=3) == ["card", "card"]


def test_a_quiet_registry_is_asked_for_little_however_much_changed_before(registry: Registry) -> None:
    changes = changes_of(registry)
    for number in range(1000):
        registry.commit(f"card-{number}", began=1, ends=1)
    assert len(polled(changes, registry, until=1 + OVERLAP.seconds + 2 * DEEP_EVERY.seconds)) == 1000
    registry.read = 0
    assert polled(changes, registry, until=600) == []
    assert registry.read == 0


def test_random_commits_and_outages_lose_and_repeat_nothing(registry: Registry) -> None:
    chance = random.Random(7)
    changes = changes_of(registry)
    for number in range(500):
        began = chance.uniform(0, 900)
        registry.commit(f"card-{number}", began=began, ends=began + chance.choice([0, 0, 0.5, 20, 100]))
    told: list[str] = []
    while registry.now < START + timedelta(seconds=1100):
        registry.now += timedelta(seconds=chance.choice([0.25, 0.25, 1, 15]))
        registry.is_away = chance.random() < 0.3
        try:
            told += [change.subject for change in changes.poll()]
        except ServiceUnavailable:
            continue
    registry.is_away = False
    told += polled(changes, registry, until=1120)
    assert sorted(told) == sorted(card.arn for card in registry.cards)
