"""Resumption: a stop is lifted, and the version that served is brought back if it may serve still."""

from __future__ import annotations

from collections.abc import Sequence

from model_governance.decisions.publish import publish_head
from model_governance.domain.ledger import Entry, EntryKind, Proposal
from model_governance.domain.production import Production, read_production
from model_governance.errors import DecisionRefused
from model_governance.hooks.model_registry import PRODUCTION_STAGE, StageStatus
from model_governance.serving.orders import Order, refuse_unknown
from model_governance.serving.service import serve, smoke_of
from model_governance.serving.verification import verify_version
from model_governance.serving.version import Version


def resume(order: Order, *, lift_only: bool = False) -> Entry:
    """Ends the stop that stands; safe to repeat.

    What was being deployed when it was stopped is not brought back: its task goes on, or a new run is started.

    Args:
        order: By another person than the one who stopped, unless that was a drill.
        lift_only: Whether only deployments are to be allowed again, and nothing is to serve yet.

    Returns:
        The entry that says so.

    Raises:
        DecisionRefused: No stop stands, or the person made it himself.
        GateClosed, ArtifactChanged: The version may not serve any more; lift the stop only, and deploy another.
        EvaluationRefused: It does not start.
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    ledger = order.installation.ledger(order.use_case)
    entries = ledger.entries()
    refuse_unknown(order.installation, order.use_case, entries)
    production = read_production(entries)
    _refuse(order, production)
    serving = None if lift_only else production.serving
    said: dict[str, object] = {}
    if serving is not None:
        version = Version.deployed_by(order.installation, serving)
        verify_version(version)
        serve(version)
        said = {"version": version.number, "endpoint_config": version.config, **smoke_of(version)}
    stop = production.stop
    body = {
        **order.body,
        "stage": PRODUCTION_STAGE,
        "stop": stop.sequence if stop else None,
        "drill": bool(stop and stop.body.get("drill")),
        "endpoint": order.use_case,
        **said,
    }
    subject = production.serving.subject if production.serving else order.use_case

    def propose(entries: Sequence[Entry]) -> Proposal | Entry:
        _refuse(order, read_production(entries))
        return Proposal(EntryKind.RESUME, subject, body)

    entry = ledger.propose(propose)
    _note(order, production, serves=serving is not None)
    publish_head(order.installation, entry, on_card=False)
    return entry


def _refuse(order: Order, production: Production) -> None:
    """Raises unless there is a stop that this person may lift."""
    stop, name = production.stop, order.use_case
    if stop is None:
        raise DecisionRefused(
            f"{name} cannot be resumed: no stop stands in its ledger. A stop that could not be entered is entered by: "
            f"model-governance stop {name} --reason ..."
        )
    if stop.body.get("actor") == order.person.id and not stop.body.get("drill"):
        raise DecisionRefused(
            f"{order.person.id} may not resume {name}: {order.person.id} stopped it (ledger entry {stop.sequence}: "
            f"{stop.body.get('reason')}), and another person lifts a stop that was no drill"
        )


def _note(order: Order, production: Production, *, serves: bool) -> None:
    """Takes the marks of the stop from the life cycles."""
    registry = order.installation.registry
    marked = (production.serving, production.attempt.entry if production.attempt else None)
    for entry in (each for each in marked if each is not None):
        again = serves and entry == production.serving
        words = f"{'serves again' if again else 'the stop is lifted'}: resumed {order.sentence}"
        status = StageStatus.DEPLOYED if again else StageStatus.ROLLED_BACK
        registry.set_life_cycle(entry.subject, PRODUCTION_STAGE, status, words)
