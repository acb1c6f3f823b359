"""What the ledger says of production: what serves, what served before, what was stopped, what is being deployed.

Apart from ``served``, which answers for a time and by whose authority: this is what every change of production starts
from, and the one place that knows which kinds of entries change what serves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import Entry, EntryKind
from model_governance.domain.orders import BEGUN_WITHIN, is_unordered
from model_governance.errors import LedgerBroken

_PRODUCTION = Environment.PRODUCTION.value


@dataclass(frozen=True)
class Attempt:
    """A deployment that has begun and is neither on record as done nor rolled back.

    Attributes:
        entry: The entry by which it began.
        last: Its newest entry.
        number: Which attempt of its run, from 1.
        percent: The share of the traffic at which it last answered as it should; None before it did.
        given_up: Why it is being rolled back; empty while it is not.
    """

    entry: Entry
    last: Entry
    number: int
    percent: int | None = None
    given_up: str = ""

    @property
    def run_id(self) -> str:
        """The DAG run."""
        return str(self.entry.body.get("run_id", ""))

    @property
    def version(self) -> int:
        """The version that is to serve."""
        return version_of(self.entry)

    @property
    def asked(self) -> str:
        """Which asking of its run it carries out: a retry of a task asks for nothing new, a cleared one does."""
        return str(self.entry.body.get("asked", ""))


@dataclass(frozen=True)
class Production:
    """How production stands after an entry.

    Attributes:
        serving: The deployment that serves; while stopped, the one that would.
        since: The entry from which it served: its own, or one that brought it back.
        deployed: The newest deployment of every version that was ever on record as serving, oldest first.
        stop: The stop that stands; a drill takes the place of no stop that is none.
        stops: All stops since production was resumed last.
        retirement: The retirement that stands: nobody has approved the use case since.
        attempt: The deployment that is under way.
        attempts: How many attempts each run has made.
        given_way: The last attempt of each run whose last attempt was rolled back, with that as its newest entry.
        taken_back: Versions that a person took out of production, or off their way to it, by the entry that says so.
    """

    serving: Entry | None = None
    since: Entry | None = None
    deployed: tuple[Entry, ...] = ()
    stop: Entry | None = None
    stops: tuple[Entry, ...] = ()
    retirement: Entry | None = None
    attempt: Attempt | None = None
    attempts: Mapping[str, int] = field(default_factory=dict)
    given_way: Mapping[str, Attempt] = field(default_factory=dict)
    taken_back: Mapping[int, Entry] = field(default_factory=dict)

    @property
    def served(self) -> Entry | None:
        """The deployment that truly serves: none while stopped."""
        return None if self.stop else self.serving

    def deployment_of(self, version: int) -> Entry | None:
        """The deployment of a version; None where it never served."""
        return next((each for each in self.deployed if version_of(each) == version), None)

    @property
    def before(self) -> tuple[Entry, ...]:
        """Deployments of other versions than the one that serves, the one that served last at the end."""
        return tuple(each for each in self.deployed if self.serving is None or each.subject != self.serving.subject)


@dataclass(frozen=True)
class Change:
    """That an entry changed what serves.

    Attributes:
        time: From when, aware.
        entry: The entry.
        after: How production stood then.
    """

    time: datetime
    entry: Entry
    after: Production


def read_production(entries: Sequence[Entry]) -> Production:
    """How production stands by a use case's ledger.

    Raises:
        LedgerBroken: An entry holds something else than its kind.
    """
    state = Production()
    for entry in entries:
        state = _after(state, entry)
    return state


def changes(entries: Sequence[Entry]) -> tuple[Change, ...]:
    """Every change of what serves, in the ledger's order.

    Raises:
        LedgerBroken: As ``read_production``.
    """
    state, found = Production(), []
    for entry in entries:
        after = _after(state, entry)
        if (after.served, after.since) != (state.served, state.since):
            found.append(Change(_moment(entry), entry, after))
        state = after
    return tuple(found)


def version_of(entry: Entry) -> int:
    """The version that an entry about production names.

    Raises:
        LedgerBroken: It names none.
    """
    version = entry.body.get("version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise LedgerBroken(f"ledger of {entry.use_case}, entry {entry.sequence}: a {entry.kind.value} names no version")
    return version


def _moment(entry: Entry) -> datetime:
    """From when an entry counts: a stop from when the endpoint was out of service, be it recorded later.

    Where that is the pipeline's word alone, by an hour at most: it says nothing of what served long before.
    """
    said = entry.body.get("out_of_service_at") if entry.kind is EntryKind.STOP else None
    try:
        moment = datetime.fromisoformat(str(said)) if said else entry.time
    except ValueError:
        return entry.time
    if not moment.tzinfo or (is_unordered(entry) and entry.time - moment > BEGUN_WITHIN):
        return entry.time
    return min(moment, entry.time)


def _after(state: Production, entry: Entry) -> Production:
    """How production stands after one more entry."""
    if entry.kind in _IN_PRODUCTION and entry.body.get("stage") != _PRODUCTION:
        return state
    change = _CHANGES.get(entry.kind)
    return change(state, entry) if change else state


def _decided(state: Production, entry: Entry) -> Production:
    """An approval of the use case ends its retirement."""
    approved = (entry.body.get("gate"), entry.body.get("verdict")) == ("use_case", "approve")
    return replace(state, retirement=None) if approved else state


def _stopped(state: Production, entry: Entry) -> Production:
    is_lesser = state.stop is not None and entry.body.get("drill") and not state.stop.body.get("drill")
    return replace(state, stop=state.stop if is_lesser else entry, stops=(*state.stops, entry))


def _resumed(state: Production, entry: Entry) -> Production:
    return replace(state, stop=None, stops=(), since=entry if state.serving else None)


def _deployed(state: Production, entry: Entry) -> Production:
    return _serves(replace(state, attempt=None), entry, entry)


def _serves(state: Production, deployment: Entry, since: Entry) -> Production:
    others = tuple(each for each in state.deployed if each.subject != deployment.subject)
    taken_back = {version: by for version, by in state.taken_back.items() if version != deployment.body.get("version")}
    return replace(state, serving=deployment, since=since, deployed=(*others, deployment), taken_back=taken_back)


def _stepped(state: Production, entry: Entry) -> Production:
    run_id = str(entry.body.get("run_id", ""))
    if entry.body.get("step") == "begin":
        number = state.attempts.get(run_id, 0) + 1
        others = {run: attempt for run, attempt in state.given_way.items() if run != run_id}
        attempts = {**state.attempts, run_id: number}
        return replace(state, attempt=Attempt(entry, entry, number), attempts=attempts, given_way=others)
    if state.attempt is None or state.attempt.run_id != run_id:
        return state
    percent, attempt = entry.body.get("percent"), replace(state.attempt, last=entry)
    if isinstance(percent, int):
        attempt = replace(attempt, percent=percent)
    if entry.body.get("step") == "give_up":
        attempt = replace(attempt, given_up=str(entry.body.get("reason", "")) or "no reason given")
    return replace(state, attempt=attempt)


def _rolled_back(state: Production, entry: Entry) -> Production:
    run_id, ended = str(entry.body.get("run_id", "")), state.attempt
    if ended is not None and ended.run_id == run_id:
        ended = replace(ended, last=entry, given_up=str(entry.body.get("reason", "")) or ended.given_up)
        state = replace(state, given_way={**state.given_way, run_id: ended})
    state = replace(state, attempt=None)
    if entry.body.get("withdrawn"):
        return replace(state, serving=None, since=None)
    if state.serving is None or state.serving.body.get("run_id") != run_id:
        return state
    again = next((each for each in state.before if each.body.get("endpoint_config") == entry.body.get("serves")), None)
    return _serves(state, again, entry) if again else replace(state, serving=None, since=None)


def _reverted(state: Production, entry: Entry) -> Production:
    """A person had an earlier version serve, or ended a deployment that was under way."""
    taken = version_of(state.attempt.entry) if state.attempt else version_of(state.serving) if state.serving else None
    again = state.deployment_of(version_of(entry))
    if again is None:
        raise LedgerBroken(
            f"ledger of {entry.use_case}, entry {entry.sequence}: version {version_of(entry)} never served before"
        )
    reverted = _serves(replace(state, attempt=None), again, entry)
    if taken is None or taken == version_of(entry):
        return reverted
    return replace(reverted, taken_back={**reverted.taken_back, taken: entry})


_IN_PRODUCTION = (EntryKind.DEPLOYMENT, EntryKind.DEPLOYMENT_STEP, EntryKind.ROLL_BACK, EntryKind.REVERSION)
_CHANGES: Mapping[EntryKind, Callable[[Production, Entry], Production]] = {
    EntryKind.CLEAN_UP: lambda state, _: Production(stop=state.stop, stops=state.stops),
    EntryKind.RETIREMENT: lambda _, entry: Production(retirement=entry),
    EntryKind.STOP: _stopped,
    EntryKind.RESUME: _resumed,
    EntryKind.DECISION: _decided,
    EntryKind.DEPLOYMENT: _deployed,
    EntryKind.DEPLOYMENT_STEP: _stepped,
    EntryKind.ROLL_BACK: _rolled_back,
    EntryKind.REVERSION: _reverted,
}
