"""Which notices have been sent: claims and outcomes in the object store, each written once, by whichever tick is first.

Apart from the ledger, which holds what counts for a gate: whether a mail went out does not, and must not delay it.
A notice on a channel is claimed before it is sent (``<n>.claim.json``, written only if there is none), so that of two
ticks one sends it; then ``sent.json`` or ``<n>.failed.json`` is written. A claim whose holder was killed lapses, and
the notice is sent by another: at least once, and twice only if the holder died between sending and saying so.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta

from model_governance.domain.canonical import canonical_json
from model_governance.domain.sending import CLAIM_HOLDS, may_try_again
from model_governance.errors import RecordConflict, RecordMissing
from model_governance.hooks.artifacts import Artifacts

NOTICES_PREFIX = "notifications/"
_CLAIM = re.compile(r"/(\d{4})\.claim\.json$")


@dataclass(frozen=True)
class Claim:
    """The right to send a notice on a channel, once.

    Attributes:
        place: What it is for: ``notifications/<use case>/<entry>/<kind>/<channel>``.
        attempt: Which attempt, from 1.
    """

    place: str
    attempt: int


@dataclass(frozen=True)
class SentNotices:
    """The record of notices.

    Attributes:
        artifacts: The object store.
        now: The clock.
    """

    artifacts: Artifacts
    now: Callable[[], datetime]

    def known(self, use_case: str, since: int) -> frozenset[str]:
        """Keys of all that is recorded about notices of a use case; one call for each thousand of them.

        Args:
            use_case: The use case.
            since: The first ledger entry whose notices are asked for.

        Raises:
            AccessRefused, ServiceUnavailable: As the store answers.
        """
        prefix = f"{NOTICES_PREFIX}{use_case}/"
        return frozenset(self.artifacts.list(prefix, start_after=f"{prefix}{since:012d}"))

    def claim(self, place: str, known: Set[str]) -> Claim | None:
        """The right to send, if nobody has sent it, nobody is about to, and a failed attempt is long enough ago.

        Args:
            place: As ``place_of`` makes it.
            known: What is recorded, as ``known`` has read it.

        Raises:
            AccessRefused, ServiceUnavailable: As the store answers.
        """
        if is_sent(place, known):
            return None
        attempt = max(
            (int(found[1]) for key in known if _is_of(place, key) and (found := _CLAIM.search(key))), default=0
        )
        if attempt and not self._may_follow(place, attempt, known):
            return None
        claim = Claim(place, attempt + 1)
        if not self._took(claim):
            return None
        if attempt and self.artifacts.exists(f"{place}/sent.json"):  # by a slow holder, since it was looked at
            return None
        return claim

    def sent(self, claim: Claim, addressees: Sequence[str]) -> None:
        """Records that the notice was sent, and to whom.

        Raises:
            AccessRefused, ServiceUnavailable: As the store answers.
        """
        self._put(f"{claim.place}/sent.json", {"attempt": claim.attempt, "addressees": list(addressees)})

    def failed(self, claim: Claim, reason: str) -> None:
        """Records that it was not, and why; a later tick may try again.

        Raises:
            AccessRefused, ServiceUnavailable: As the store answers.
        """
        self._put(_failure(claim.place, claim.attempt), {"attempt": claim.attempt, "reason": reason})

    def _may_follow(self, place: str, attempt: int, known: Set[str]) -> bool:
        failure = _failure(place, attempt)
        if failure in known:
            return may_try_again(attempt, self._since(failure))
        return self._since(_claim(place, attempt)) >= CLAIM_HOLDS

    def _since(self, key: str) -> timedelta:
        """How long ago an object was written, by what it says itself; none at all for one that is gone."""
        try:
            said = json.loads(self.artifacts.get(key))
            return self.now() - datetime.fromisoformat(said["time"])
        except (RecordMissing, ValueError, KeyError, TypeError):
            return timedelta.max

    def _took(self, claim: Claim) -> bool:
        """Whether the claim is ours; a put whose answer was lost is sent again, and then finds itself."""
        mine = self._body({"attempt": claim.attempt, "holder": uuid.uuid4().hex})
        key = _claim(claim.place, claim.attempt)
        try:
            self.artifacts.put_new(key, mine)
        except RecordConflict as conflict:
            return conflict.was_retried and self.artifacts.get(key) == mine
        return True

    def _put(self, key: str, said: dict[str, object]) -> None:
        try:
            self.artifacts.put_new(key, self._body(said))
        except RecordConflict:
            return  # said already, by a holder whose claim had lapsed

    def _body(self, said: dict[str, object]) -> bytes:
        return canonical_json({**said, "time": self.now().isoformat()})


def place_of(use_case: str, sequence: int, kind: str, channel: str) -> str:
    """Where the record of a notice on a channel lies.

    Args:
        use_case: The use case.
        sequence: The ledger entry that the notice is about.
        kind: The notice's kind.
        channel: The channel's name.
    """
    return f"{NOTICES_PREFIX}{use_case}/{sequence:012d}/{kind}/{channel}"


def is_sent(place: str, known: Set[str]) -> bool:
    """Whether a notice has been sent on a channel."""
    return f"{place}/sent.json" in known


def _is_of(place: str, key: str) -> bool:
    return key.startswith(f"{place}/")


def _claim(place: str, attempt: int) -> str:
    return f"{place}/{attempt:04d}.claim.json"


def _failure(place: str, attempt: int) -> str:
    return f"{place}/{attempt:04d}.failed.json"
