"""What changed in the registry since the last look: one poll that any number of waiting gates can share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from model_governance.hooks.clock import utc_now
from model_governance.hooks.model_cards import ModelCards
from model_governance.hooks.model_registry import ModelRegistry

OVERLAP = timedelta(seconds=120)
"""How far a deep look reaches back before the last one: what was committed late, or shown late by Search, is in it.

Also what the clocks of this machine and the registry may differ by, less the time that a commit may take.
"""

SHORT_OVERLAP = timedelta(seconds=5)
"""How far the looks between reach back: enough for nearly every change, and few to read again after many at once."""

DEEP_EVERY = timedelta(seconds=10)
"""A change that only a deep look shows is seen this much later, at most."""


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

    A change bears the time at which its transaction began, not the one at which it could be seen. So each look reaches
    back before the last one that succeeded, by ``OVERLAP`` every ten seconds and by ``SHORT_OVERLAP`` between, and
    drops what it has given already. How much a look reads depends on how much changed lately, not on who waits.

    Attributes:
        registry: The model registry.
        cards: The standalone model cards.
        now: This machine's clock, aware.
        since: When the last look that succeeded began; at first, when this look-out was opened.
        deep_since: When the last deep look that succeeded began.
        overlap: How far a deep look reaches back.
    """

    registry: ModelRegistry
    cards: ModelCards
    now: Callable[[], datetime] = utc_now
    since: datetime = field(default_factory=utc_now)
    deep_since: datetime | None = None
    overlap: timedelta = OVERLAP
    _seen: set[Change] = field(default_factory=set, repr=False)

    def poll(self) -> tuple[Change, ...]:
        """The changes not given before, oldest first.

        Raises:
            AccessRefused, ServiceUnavailable: As the registry answers; nothing is lost by it, the next look finds
                what this one missed.
        """
        began = self.now()
        is_deep = self.deep_since is None or began - self.deep_since >= DEEP_EVERY
        reached = self.since if self.deep_since is None else self.deep_since
        horizon = reached - self.overlap if is_deep else self.since - SHORT_OVERLAP
        found = set(self._changed_since(horizon))
        fresh = tuple(sorted(found - self._seen, key=lambda change: change.modified))
        self.since = began
        if is_deep:
            self.deep_since = began
            # A second: Search compares whole ones, so that the next look may show what is that much older.
            oldest = began - self.overlap - timedelta(seconds=1)
            self._seen = {change for change in self._seen if change.modified >= oldest}
        self._seen |= found
        return fresh

    def _changed_since(self, horizon: datetime) -> Iterator[Change]:
        for found in self.registry.changed_since(horizon):
            yield Change(found.arn, found.modified, (found.approval_status, found.stage, found.stage_status))
        for card in self.cards.changed_since(horizon):
            yield Change(card.arn, card.modified, (card.status,))
