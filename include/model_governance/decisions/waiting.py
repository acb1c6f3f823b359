"""The requests of a use case that wait for people, found in its ledger; what notices are made from.

Apart from ``missing``, which one person asks about one subject: here a whole ledger is gone through, once a tick.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from model_governance.decisions.evaluation import evaluate_record
from model_governance.decisions.in_force import files_in_force
from model_governance.decisions.record import read_record, since_clean_up
from model_governance.domain.decision import Gate
from model_governance.domain.ledger import Entry, EntryKind
from model_governance.domain.use_case import POLICIES_LEDGER
from model_governance.domain.waiting import WaitingRequest
from model_governance.hooks.installation import Installation

_ABOUT_ALL = (EntryKind.FINDING, EntryKind.BREACH, EntryKind.FINDING_CLOSURE)


def use_cases_on_record(installation: Installation) -> tuple[str, ...]:
    """Names of the use cases that have a ledger, whether or not their folder is still there.

    Raises:
        AccessRefused, ServiceUnavailable: As the store answers.
    """
    return tuple(name for name in installation.ledgers() if name != POLICIES_LEDGER)


def waiting_requests(installation: Installation, use_case: str) -> tuple[WaitingRequest, ...]:
    """The requests that wait: neither decided nor superseded nor taken down, by the ledger alone.

    Reads the ledger and no more: what is registered is not asked for, and no artifact is read.

    Raises:
        PolicyInvalid, PolicyNotEntered: The policy or the people are not those in force; not where nothing was asked.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    standing = since_clean_up(installation.ledger(use_case).entries())
    asked = dict.fromkeys(
        (Gate(entry.body["gate"]), entry.subject) for entry in standing if entry.kind is EntryKind.REQUEST
    )
    if not asked:
        return ()
    policy, people = files_in_force(installation)
    about = _by_subject(standing)
    waiting = []
    for gate, subject in asked:
        record = read_record(about[subject], gate, subject)
        if record.request is None or record.entry is None:
            continue
        found = WaitingRequest(
            request=record.request,
            sequence=record.entry.sequence,
            asked=record.entry.time,
            decisions=record.decisions,
            verdict=evaluate_record(installation, record, policy, None),
            policy=policy,
            people=people,
            now=installation.now(),
        )
        if found.is_waiting:
            waiting.append(found)
    return tuple(waiting)


def _by_subject(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Of each subject the entries that its record is read from, in order: its own, and findings on all of them."""
    general = [entry for entry in entries if entry.kind in _ABOUT_ALL]
    own: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.kind not in _ABOUT_ALL:
            own[entry.subject].append(entry)
    return {subject: sorted([*each, *general], key=lambda entry: entry.sequence) for subject, each in own.items()}
