"""Workers that are killed: each after so many changes, by which the next one finds what a dead process left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import EndpointConnectionError
from tests.model_governance.conftest import named_clients
from tests.model_governance.serving.conftest import Plant

from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import Entry, EntryKind
from model_governance.errors import ServiceUnavailable
from model_governance.hooks.aws import Clients
from model_governance.hooks.installation import Installation
from model_governance.serving.version import ALL_TRAFFIC
from stack.settings import Settings

CHANGES = ("Put", "Create", "Update", "Delete", "Add")
NEVER = 10**9
MOST_WORKERS = 60


class Killed(BaseException):
    """The process ends here; nothing that catches errors sees it."""


@dataclass
class Life:
    """Of one worker.

    Attributes:
        kill_after: After how many changes it is killed; what it did before stands.
        made: The changes so far.
        away: A service that cannot be reached after so many changes, and how many calls fail.
    """

    kill_after: int = NEVER
    made: list[str] = field(default_factory=list)
    away: tuple[str, int] = ("", 0)

    def before(self, model: Any, **_: Any) -> None:
        service, times = self.away
        if model.service_model.service_name == service and times and len(self.made) >= self.kill_after:
            self.away = (service, times - 1)
            raise EndpointConnectionError(endpoint_url=service)

    def after(self, model: Any, http_response: Any, **_: Any) -> None:
        if not model.name.startswith(CHANGES) or http_response.status_code >= 300:
            return  # what is there already, or refused, has changed nothing
        self.made.append(model.name)
        if len(self.made) == self.kill_after and not self.away[0]:
            raise Killed


@dataclass
class Hands:
    """Clients of one principal, which serve worker after worker: to make them takes longer than what a worker does."""

    clients: Clients
    life: Life = field(default_factory=Life)
    whole: Hands | None = None
    known: dict[Any, Any] = field(default_factory=dict)

    def client(self, service: Any) -> Any:
        if service not in self.known:
            self.known[service] = self.clients.client(service)
            events = self.known[service].meta.events
            events.register("before-call.*.*", self._before)
            events.register("after-call.*.*", self._after)
        return self.known[service]

    def within(self, environment: Environment, role_arn: str) -> Hands:
        if (environment, role_arn) not in self.known:
            there = Hands(self.clients.within(environment, role_arn), whole=self.whole or self)
            self.known[environment, role_arn] = there
        there = self.known[environment, role_arn]
        assert isinstance(there, Hands)
        return there

    def _before(self, **said: Any) -> None:
        (self.whole or self).life.before(**said)

    def _after(self, **said: Any) -> None:
        (self.whole or self).life.after(**said)


@dataclass
class Workers:
    """Makes workers that do the plant's work, one after the other.

    Attributes:
        settings: Of the stack.
        hands: By principal.
    """

    settings: Settings
    hands: dict[str, Hands] = field(default_factory=dict)

    def worker(self, plant: Plant, who: str, life: Life) -> Installation:
        """A worker that has read nothing yet."""
        if who not in self.hands:
            self.hands[who] = Hands(named_clients(self.settings, who))
        self.hands[who].life = life
        return Installation.load(self.hands[who], plant.case.principal(who).settings)

    def carry_on(
        self,
        plant: Plant,
        work: Callable[[Installation], None],
        changes: Iterator[int],
        *,
        who: str = "pipeline",
        settled: bool = False,
        away: str = "",
    ) -> list[str]:
        """Has worker after worker go on with something until one comes to its end; what each of the others did last.

        Args:
            plant: Whose work.
            work: Begins anew with every worker.
            changes: After how many changes each is killed.
            who: Under which principal.
            settled: Whether the next worker comes only when the endpoint is at rest.
            away: The service that cannot be reached from then on, where the worker is not killed.
        """
        last = []
        for _ in range(MOST_WORKERS):
            life = Life(next(changes), away=(away, 2 if away else 0))
            try:
                work(self.worker(plant, who, life))
                return last
            except (Killed, ServiceUnavailable) as end:
                last.append(life.made[-1])
                print(f"{plant.name}: worker {len(last)} ended after {life.made}: {end}")
                if settled:
                    plant.settled()
        raise AssertionError(f"{MOST_WORKERS} workers did not bring it to its end: {last[-12:]}")


def hold_to_the_law(plant: Plant) -> None:
    """What is so whoever was killed: one version or nothing serves, approved and on record, and nothing twice."""
    entries = plant.pipeline.ledger(plant.name).verify()
    production, found = plant.production, plant.settled()
    assert production.attempt is None
    if production.served is None:
        assert found is None
        reasons = (EntryKind.ROLL_BACK, EntryKind.STOP, EntryKind.RETIREMENT)
        assert any(each.kind in reasons and each.body["reason"] for each in entries)
    else:
        assert found is not None
        serves = (found.status, found.config, set(found.weights))
        assert serves == ("InService", production.served.body["endpoint_config"], {ALL_TRAFFIC})
        assert plant.answer == plant.answers[production.served.body["run_id"]]
        assert plant.pipeline.registry.describe(production.served.subject).approval_status == "Approved"
        assert len({gate["gate"] for gate in production.served.body["authority"]}) == 2
    versions = {each.subject for each in entries if each.kind is EntryKind.CANDIDATE}
    deployed = [arn for arn in versions if plant.pipeline.registry.describe(arn).stage_status == "Deployed"]
    assert deployed == ([production.served.subject] if production.served else [])
    steps = [_step(each) for each in entries if each.kind in _ONCE]
    assert len(set(steps)) == len(steps), steps


_ONCE = (EntryKind.DEPLOYMENT, EntryKind.DEPLOYMENT_STEP, EntryKind.ROLL_BACK)


def _step(entry: Entry) -> tuple[Any, ...]:
    body = entry.body
    return entry.kind, body["run_id"], body["attempt"], body.get("step"), body.get("percent")
