"""The count of approvals: how many people of how many groups, for how long each counts, and when they must come anew.

Apart from the gate, which asks for the count, so that its laws can be stated and tested alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from model_governance.domain.decision import Decision
from model_governance.domain.policy import GateRule


@dataclass(frozen=True)
class Tally:
    """The approvals that count at a time.

    Attributes:
        rule: What they are held against.
        approvals: Of each person the one that holds longest, in order of time.
    """

    rule: GateRule
    approvals: tuple[Decision, ...]

    @property
    def groups(self) -> frozenset[str]:
        """The groups that have approved."""
        return frozenset(decision.group for decision in self.approvals)

    @property
    def people_needed(self) -> int:
        """How many more people have to approve, if nobody of them is of a group that counts already."""
        return max(0, self.rule.approvals - len(self.approvals), self.groups_needed)

    @property
    def groups_needed(self) -> int:
        """Of how many further groups they have to be."""
        return max(0, self.rule.distinct_groups - len(self.groups))

    @property
    def is_complete(self) -> bool:
        """Whether nobody else has to approve."""
        return self.people_needed == 0

    @property
    def sentence(self) -> str:
        """How far it is, such as ``1 of 2 approvals``."""
        return f"{max(0, self.rule.approvals - self.people_needed)} of {self.rule.approvals} approvals"


def tally(rule: GateRule, approvals: Sequence[Decision], now: datetime) -> Tally:
    """The approvals that count at a time: made by then, not expired, one a person.

    Args:
        rule: The gate's rule.
        approvals: Approvals by people who may, in the ledger's order.
        now: The time, aware.
    """
    longest: dict[str, Decision] = {}
    for each in approvals:
        if each.time <= now < _end(rule, each):
            held = longest.get(each.actor)
            longest[each.actor] = each if held is None or _end(rule, held) < _end(rule, each) else held
    return Tally(rule, tuple(sorted(longest.values(), key=lambda each: each.time)))


def expiry(rule: GateRule, decision: Decision) -> datetime | None:
    """From when an approval no longer counts: its own condition's end or the policy's, whichever is first."""
    ends = [decision.until] if decision.until is not None else []
    if rule.holds_days is not None:
        ends.append(decision.time + timedelta(days=rule.holds_days))
    return min(ends, default=None)


def opened_at(rule: GateRule, approvals: Sequence[Decision], now: datetime) -> datetime | None:
    """When the approvals were first complete; None if they never were until now."""
    times = sorted(each.time for each in approvals if each.time <= now)
    return next((time for time in times if tally(rule, approvals, time).is_complete), None)


def holds_until(counted: Tally) -> datetime | None:
    """From when the approvals are no longer complete, if nobody approves again; None for never."""
    ends = sorted({end for each in counted.approvals if (end := expiry(counted.rule, each)) is not None})
    return next((end for end in ends if not tally(counted.rule, counted.approvals, end).is_complete), None)


def revalidation_due(rule: GateRule, approvals: Sequence[Decision], now: datetime) -> datetime | None:
    """From when what the gate let through must be approved anew; None for never, or if it has let nothing through."""
    opened = opened_at(rule, approvals, now)
    if opened is None or rule.revalidate_every_days is None:
        return None
    return opened + timedelta(days=rule.revalidate_every_days)


def lapse(rule: GateRule, approvals: Sequence[Decision], now: datetime) -> str:
    """Why approvals that once opened the gate do so no longer; empty if they do, or never did."""
    if opened_at(rule, approvals, now) is None:
        return ""
    if not tally(rule, approvals, now).is_complete:
        gone = [each for each in approvals if (end := expiry(rule, each)) is not None and end <= now]
        named = "; ".join(_expired(rule, each) for each in gone)
        return f"{named}; request the gate again"
    due = revalidation_due(rule, approvals, now)
    if due is not None and due <= now:
        return (
            f"revalidation was due on {due:%Y-%m-%d} (every {rule.revalidate_every_days} days by the policy); "
            "request the gate again"
        )
    return ""


def _end(rule: GateRule, decision: Decision) -> datetime:
    end = expiry(rule, decision)
    return datetime.max.replace(tzinfo=UTC) if end is None else end


def _expired(rule: GateRule, decision: Decision) -> str:
    end = expiry(rule, decision)
    why = f"condition: {decision.condition}" if decision.condition else ""
    if decision.until is None or end != decision.until:
        why = f"approvals hold {rule.holds_days} days by the policy"
    return f"the approval by {decision.actor} expired at {end:%Y-%m-%d %H:%M} UTC ({why or 'it was given until then'})"
