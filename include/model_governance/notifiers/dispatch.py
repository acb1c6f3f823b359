"""Sends what is due, once by each channel: claimed, sent, recorded; a channel that fails is left to the next tick.

Apart from the channels, which know nothing of what has been sent, and from the domain, which knows nothing of channels.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from typing import Any

from model_governance.decisions.breach import latest_results, monitoring_findings
from model_governance.decisions.expiry import ExpiredApproval
from model_governance.decisions.waiting import waiting_requests
from model_governance.domain.decision import Gate
from model_governance.domain.finding_notice import finding_notice
from model_governance.domain.notice import Notice, expiry_notice, gate_notice
from model_governance.domain.notice_text import harmless
from model_governance.domain.request import GateRequest
from model_governance.domain.waiting import Addressee, NoticeKind, addressee, due_kinds
from model_governance.hooks.installation import Installation
from model_governance.hooks.sent_notices import is_sent, place_of
from model_governance.notifiers.channels import Channel, channels_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Dispatch:
    """How notices leave an installation.

    Attributes:
        installation: Under the principal that records them.
        channels: By which each is sent.
    """

    installation: Installation
    channels: Sequence[Channel]

    @classmethod
    def of(cls, installation: Installation) -> Dispatch:
        """By the channels that the installation's setting names."""
        return cls(installation, channels_of(installation.settings.notify))

    def tell_deciders(
        self, use_case: str, is_concerned: Callable[[GateRequest], bool] = lambda _: True
    ) -> tuple[Notice, ...]:
        """Sends what is due for the requests of a use case that wait.

        Args:
            use_case: The use case.
            is_concerned: Whether a request is to be told of at all; asked only about one that something is due for.

        Returns:
            The notices that went out by at least one channel.

        Raises:
            PolicyNotEntered, LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
        """
        waiting = waiting_requests(self.installation, use_case)
        if not waiting:
            return ()
        known = self.installation.sent_notices.known(use_case, min(each.sequence for each in waiting))
        told = []
        for each in waiting:
            due = [
                kind for kind in due_kinds(each.rule, each.waited) if self._is_due(use_case, each.sequence, kind, known)
            ]
            if not due or not is_concerned(each.request):
                continue
            notices = [gate_notice(kind, each, self._airflow_url) for kind in due]
            told += [one for one in notices if self._send(one, each.sequence, one.kind.value, known)]
        return tuple(told)

    def tell_owner(self, expired: ExpiredApproval) -> Notice | None:
        """Tells the owner of what serves although its approval has run out; once for each set of reasons.

        Raises:
            AccessRefused, ServiceUnavailable: As the store answers.
        """
        why = hashlib.sha256(repr(sorted(expired.reasons.items())).encode()).hexdigest()[:12]
        kind = f"expired-{why}"
        known = self.installation.sent_notices.known(expired.use_case, expired.sequence)
        if not self._is_due(expired.use_case, expired.sequence, kind, known):
            return None
        owner = Addressee(expired.owner, expired.email, "owner of the use case")
        notice = expiry_notice(
            expired.use_case, expired.version, expired.endpoint, expired.told, owner, self._airflow_url
        )
        return notice if self._send(notice, expired.sequence, kind, known) else None

    def tell_findings(self, use_case: str) -> tuple[Notice, ...]:
        """Tells the owners of findings that monitoring has opened and nobody has closed; once for each finding.

        Raises:
            PolicyInvalid, LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
        """
        entries = self.installation.ledger(use_case).entries()
        waiting = [each for each in monitoring_findings(entries) if each.is_open]
        if not waiting:
            return ()
        known = self.installation.sent_notices.known(use_case, min(each.opening.sequence for each in waiting))
        kind = NoticeKind.FINDING.value
        due = [each for each in waiting if self._is_due(use_case, each.opening.sequence, kind, known)]
        if not due:
            return ()
        people, blocking = self.installation.people, self.installation.policy.findings.blocking
        runs = {(each.version, each.start.isoformat()): each.run_id for each in latest_results(entries)}
        told = []
        for each in due:
            found = each.finding
            owner = addressee(people, found.owner, "owner of the finding")
            run_id = runs.get((found.version or 0, found.window), "")
            holds = found.severity in blocking
            notice = finding_notice(use_case, found, owner, self._airflow_url, run_id, holds_gates=holds)
            if self._send(notice, each.opening.sequence, kind, known):
                told.append(notice)
        return tuple(told)

    @property
    def _airflow_url(self) -> str:
        return self.installation.settings.public_url or self.installation.settings.airflow_url

    def _is_due(self, use_case: str, sequence: int, kind: str, known: Set[str]) -> bool:
        return any(not is_sent(place_of(use_case, sequence, kind, each.name), known) for each in self.channels)

    def _send(self, notice: Notice, sequence: int, kind: str, known: Set[str]) -> int:
        """Sends the notice by every channel that it has not gone by, and says how many those were."""
        gone = 0
        for channel in self.channels:
            place = place_of(notice.use_case, sequence, kind, channel.name)
            claim = self.installation.sent_notices.claim(place, known)
            if claim is None:
                continue
            try:
                channel.send(notice, self._message_id(place))
            except Exception as fault:  # whatever a provider raises: a channel must not take the others with it
                reason = _in_words(fault)
                log.warning("notice %s was not sent by %s (attempt %d): %s", place, channel.name, claim.attempt, reason)
                self.installation.sent_notices.failed(claim, reason)
            else:
                self.installation.sent_notices.sent(claim, [each.id for each in notice.addressees])
                log.info("notice %s was sent by %s", place, channel.name)
                gone += 1
        return gone

    def _message_id(self, place: str) -> str:
        bucket = self.installation.settings.bucket
        return hashlib.sha256(f"{bucket}/{place}".encode()).hexdigest()[:32]


def concerns_run(gate: Gate, run_id: str) -> Callable[[GateRequest], bool]:
    """Whether a request is of this gate and run; a use case is one for all of its runs."""
    return lambda request: request.gate is gate and (gate is Gate.USE_CASE or request.run_id == run_id)


def _in_words(fault: Exception) -> str:
    """A failure in one line, without what Airflow knows for a secret (passwords and extras of connections)."""
    from airflow.sdk.log import redact  # type: ignore[attr-defined]

    said: Any = redact(f"{type(fault).__name__}: {fault}")
    return harmless(str(said), 300)
