"""What changed in the registry since the last look: one poll that any number of waiting gates can share."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from model_governance.hooks.model_cards import ModelCards
from model_governance.hooks.model_registry import ModelRegistry

OVERLAP = timedelta(seconds=120)
"""How far each look reaches back before the newest change seen: late commits and Search's lag show up in it."""


@dataclass(frozen=True)
class Change:
    """A change of a model package or a card.

    Attributes:
        subject: Its ARN.
        modified: When, by the registry's clock, aware.
        statuses: What its statuses are since: of the package (approval, stage, stage status) or of the card.
    """

    subject: str
    modified: datetime
    statuses: tuple[str, ...]


@dataclass
class RegistryChanges:
    """A look-out that gives each change once; two calls of Search a look (and a page more per hundred changes).

    Attributes:
        registry: The model registry.
        cards: The standalone model cards.
        since: The newest change seen so far, aware.
        overlap: How far each look reaches back before it.
    """

    registry: ModelRegistry
    cards: ModelCards
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    overlap: timedelta = OVERLAP
    _seen: set[Change] = field(default_factory=set, repr=False)

    def poll(self) -> tuple[Change, ...]:
        """The changes not given before, oldest first.

        Raises:
            AccessRefused, ServiceUnavailable: As the registry answers; nothing is lost by it, the next look finds
                what this one missed.
        """
        horizon = self.since - self.overlap
        packages = (
            Change(found.arn, found.modified, (found.approval_status, found.stage, found.stage_status))
            for found in self.registry.changed_since(horizon)
        )
        cards = (Change(found.arn, found.modified, (found.status,)) for found in self.cards.changed_since(horizon))
        found = {*packages, *cards}
        fresh = tuple(sorted(found - self._seen, key=lambda change: change.modified))
        self.since = max([self.since, *(change.modified for change in found)])
        self._seen = {change for change in self._seen | found if change.modified >= self.since - 2 * self.overlap}
        return fresh
