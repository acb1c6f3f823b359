"""Refusals on record: who tried to decide and might not, by whichever channel; bounded, so that nobody floods a chain.

Apart from ``decide``, which refuses: a refusal is entered only where somebody's attempt reached us as a mark, over the
web or as a status in the registry. The command line checks first, under the caller's own principal, which may sign
nothing: what it refuses was never attempted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from model_governance.decisions.record import since_clean_up
from model_governance.domain.decision import Channel, Gate
from model_governance.domain.ledger import Entry, EntryKind, Proposal
from model_governance.errors import GovernanceError
from model_governance.hooks.installation import Installation

MOST_REFUSALS = 5
"""Entries a person and request; all whom the people file does not know count as one person."""

_LONGEST_REASON = 1000
_LONGEST_NAME = 120


@dataclass(frozen=True)
class Refusal:
    """An attempt that was refused.

    Attributes:
        gate: The gate.
        use_case: The use case's name.
        subject: ARN of the model package or card.
        actor: Id of the person, from the people file; empty for anybody else.
        name: What the channel calls whoever tried: an Airflow user or a principal's ARN.
        status: What was tried, in the channel's words: ``success``, or a status of the registry.
        channel: How it arrived.
        reason: Why it was refused.
        event_id: The approval record's event, where it came through the registry.
    """

    gate: Gate
    use_case: str
    subject: str
    actor: str
    name: str
    status: str
    channel: Channel
    reason: str
    event_id: str = ""


class _Enough(GovernanceError):
    """No entry is to be written."""


def record_refusal(installation: Installation, refusal: Refusal) -> Entry | None:
    """Enters a refusal; the same one, on the same request, only once, and of one person ``MOST_REFUSALS`` at most.

    Args:
        installation: Through which to act, as the principal ``decision-service``.
        refusal: What was refused.

    Returns:
        The entry that holds it; None where enough is on record.

    Raises:
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    body = {
        "gate": refusal.gate.value,
        "status": refusal.status,
        "actor": refusal.actor,
        "principal": refusal.name[:_LONGEST_NAME],
        "channel": refusal.channel.value,
        "event_id": refusal.event_id,
        "reason": refusal.reason[:_LONGEST_REASON],
    }

    def propose(entries: Sequence[Entry]) -> Proposal | Entry:
        earlier = _earlier(entries, refusal)
        for entry in earlier:
            if all(entry.body.get(name) == body[name] for name in ("status", "channel", "reason", "event_id")):
                return entry
        if len(earlier) >= MOST_REFUSALS:
            raise _Enough
        return Proposal(EntryKind.REFUSAL, refusal.subject, body)

    try:
        return installation.ledger(refusal.use_case).propose(propose)
    except _Enough:
        return None


def _earlier(entries: Sequence[Entry], refusal: Refusal) -> list[Entry]:
    """The same person's refusals at this gate since it was last requested, or since ever if it was not."""
    standing = since_clean_up(entries)
    about = [each for each in standing if each.subject == refusal.subject and each.body.get("gate") == refusal.gate]
    asked = [place for place, entry in enumerate(about) if entry.kind is EntryKind.REQUEST]
    since = about[asked[-1] + 1 :] if asked else about
    return [each for each in since if each.kind is EntryKind.REFUSAL and each.body.get("actor", "") == refusal.actor]
