"""The kill switch: an endpoint is out of service first, and on record as soon as the record can be reached.

Nothing that may be away stands before it: no ledger is read, no Airflow asked. Who may is checked by the files on disk,
and by IAM, which lets nobody else delete the endpoint.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from model_governance.decisions.publish import publish_head
from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import Entry, EntryKind, Proposal
from model_governance.domain.production import Production, read_production
from model_governance.errors import GovernanceError, RecordMissing, RequestRefused, ServiceUnavailable
from model_governance.hooks.endpoints import Endpoint, Endpoints
from model_governance.hooks.installation import Installation
from model_governance.hooks.model_registry import PRODUCTION_STAGE, StageStatus
from model_governance.serving.orders import Order, refuse_unknown
from model_governance.serving.verification import stop_mark
from model_governance.serving.version import production_endpoint

_PAUSE_SECONDS = 0.05
_LONGEST_SECONDS = 60.0
_NOT_FOUND = "not found"


@dataclass(frozen=True)
class OutOfService:
    """That an endpoint answers no more.

    Attributes:
        endpoint: Its name.
        found: The endpoint as it was; None where there was none.
        at: Since when, aware.
        seconds: How long it took from the start of the order, in seconds.
    """

    endpoint: str
    found: Endpoint | None
    at: datetime
    seconds: float


def take_out_of_service(order: Order, began: float) -> OutOfService:
    """Deletes the production endpoint and waits until it refuses requests; nothing else.

    Args:
        order: A stop.
        began: When the order was given, by ``time.monotonic``.

    Raises:
        ServiceUnavailable: SageMaker is away, or the endpoint still answers after 60 s.
        AccessRefused, RequestRefused: As SageMaker answers.
    """
    endpoints = order.installation.endpoints_in(Environment.PRODUCTION)
    name = production_endpoint(order.use_case)
    found = endpoints.find(name)
    if found is not None:
        _delete(endpoints, name)
    while _answers(endpoints, name):
        if time.monotonic() - began > _LONGEST_SECONDS:
            raise ServiceUnavailable(f"endpoint {name} STILL ANSWERS after {_LONGEST_SECONDS:.0f} s: stop it again")
        time.sleep(_PAUSE_SECONDS)
    return OutOfService(name, found, order.installation.now(), round(time.monotonic() - began, 3))


def record_stop(order: Order, out: OutOfService, *, drill: bool) -> Entry:
    """Enters the stop, and marks the version that served, so that nothing is deployed before somebody resumes.

    The registry is told first: it is what a deploying task sees while the ledger cannot be reached. A stop that stands
    already is returned as it is.

    Args:
        order: Who, and why.
        out: What was done.
        drill: Whether it is an exercise.

    Raises:
        RecordMissing: There is no such use case, so that nothing was stopped.
        LedgerBroken, AccessRefused, ServiceUnavailable: The endpoint is out of service, and this is not on record: stop
            again.
    """
    installation = order.installation
    words = f"stopped{' for a drill' if drill else ''} at {out.at:%Y-%m-%d %H:%M:%S} UTC {order.sentence}"
    subject = _mark_served(order, out, words)
    ledger = installation.ledger(order.use_case)
    entries = ledger.entries()
    if out.found is None:
        refuse_unknown(installation, order.use_case, entries)
    body = {**order.body, "stage": PRODUCTION_STAGE, "drill": drill, "endpoint": out.endpoint}
    body |= {"endpoint_config": out.found.config if out.found else "", "was_in_service": out.found is not None}
    body |= {"out_of_service_at": out.at.isoformat(), "seconds": out.seconds}

    def propose(entries: Sequence[Entry]) -> Proposal | Entry:
        production = read_production(entries)
        if production.stop is not None and out.found is None:
            return production.stop
        serving = production.attempt.entry if production.attempt else production.serving
        version = {"version": serving.body.get("version")} if serving else {}
        marked = stop_mark(installation, production) if out.found is None else None
        if marked:
            version["registry_says"] = marked  # of a stop that could not be entered when it was made
        known = subject or (serving.subject if serving else order.use_case)
        return Proposal(EntryKind.STOP, known, {**body, **version})

    entry = ledger.propose(propose)
    if not subject:
        _mark(order, read_production(ledger.entries_with(entry)), words)
    publish_head(installation, entry, on_card=False)
    endpoints = installation.endpoints_in(Environment.PRODUCTION)
    again = endpoints.find(out.endpoint)  # of a deployment that was under way and had not seen the stop yet
    if again is not None and again.status != "Deleting" and read_production(ledger.entries()).stop is not None:
        _delete(endpoints, out.endpoint)
    return entry


def _delete(endpoints: Endpoints, name: str) -> None:
    """Deletes an endpoint; one that SageMaker does not let go while it is being changed is asked for again."""
    until = time.monotonic() + _LONGEST_SECONDS
    while True:
        try:
            endpoints.delete(name)
            return
        except RequestRefused:
            if time.monotonic() > until:
                raise
            time.sleep(_PAUSE_SECONDS)


def _answers(endpoints: Endpoints, name: str) -> bool:
    """Whether requests still reach a model: anything but that there is no such endpoint says so."""
    try:
        endpoints.invoke(name, "\n")
    except RecordMissing:
        return False
    except (RequestRefused, ServiceUnavailable) as answer:
        return f"Endpoint {name} of account" not in str(answer) or _NOT_FOUND not in str(answer)
    return True


def _mark_served(order: Order, out: OutOfService, words: str) -> str:
    """Says in the life cycles of the versions that the endpoint served that they do no more; ARN of the first.

    By what SageMaker knows alone: the models behind the endpoint are there although it is not.
    """
    if out.found is None:
        return ""
    installation = order.installation
    try:
        packages = installation.endpoints_in(Environment.PRODUCTION).configs.packages_of(out.found.config)
        for arn in packages:
            _say(installation, arn, words)
    except GovernanceError:
        return ""  # the ledger's word does it then; where both are away, the caller says so
    return packages[0] if packages else ""


def _mark(order: Order, production: Production, words: str) -> None:
    for entry in (production.serving, production.attempt.entry if production.attempt else None):
        if entry is not None:
            _say(order.installation, entry.subject, words)


def _say(installation: Installation, arn: str, words: str) -> None:
    package = installation.registry.describe(arn)
    if (package.stage, package.stage_status) == (PRODUCTION_STAGE, StageStatus.STOPPED):
        return
    installation.registry.set_life_cycle(arn, PRODUCTION_STAGE, StageStatus.STOPPED, words)
