"""Resumption: a stop is lifted, and the version that served is brought back if it may serve still."""

from __future__ import annotations

from collections.abc import Sequence

from model_governance.decisions.publish import publish_head
from model_governance.domain.ledger import Entry, EntryKind, Proposal
from model_governance.domain.production import Production, read_production
from model_governance.errors import DecisionRefused, GateClosed
from model_governance.hooks.model_registry import PRODUCTION_STAGE, StageStatus
from model_governance.serving.orders import Order, refuse_unknown
from model_governance.serving.roll_back import end_what_may_not_serve
from model_governance.serving.service import serve, smoke_of
from model_governance.serving.verification import is_marked_by, stop_mark, verify_version
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
    made = finish_resumption(order)
    if made is not None:
        return made
    refuse_resumption(order, production)
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
        now = read_production(entries)
        refuse_resumption(order, now)
        if now.stops != production.stops:
            raise DecisionRefused(f"{order.use_case} is not resumed: it was stopped once more meanwhile; see why first")
        return Proposal(EntryKind.RESUME, subject, body)

    try:
        entry = ledger.propose(propose)
    except (DecisionRefused, GateClosed):
        end_what_may_not_serve(order.installation, order.use_case)
        raise
    _note(order, production, entry)
    return entry


def finish_resumption(order: Order) -> Entry | None:
    """Takes the marks of a stop that was lifted from the life cycles, where whoever lifted it was killed before that.

    Returns:
        The entry that lifted it; None where there was nothing to do.

    Raises:
        LedgerBroken, AccessRefused, ServiceUnavailable: As the hooks raise.
    """
    entries = order.installation.ledger(order.use_case).entries()
    production = read_production(entries)
    made = _unfinished(order, entries, production)
    if made is not None:
        _note(order, production, made)
    return made


def _unfinished(order: Order, entries: Sequence[Entry], production: Production) -> Entry | None:
    """The resumption that stands, if its maker was killed before the marks of the stop were taken from life cycles.

    A mark of another stop, which could not be entered when it was made, is none of these.
    """
    made = next((each for each in reversed(entries) if each.kind in (EntryKind.RESUME, EntryKind.STOP)), None)
    if production.stop is not None or made is None or made.kind is not EntryKind.RESUME:
        return None
    said = stop_mark(order.installation, production)
    lifted = read_production(entries[: made.sequence - 1]).stops
    return made if said is not None and any(is_marked_by(said, each) for each in lifted) else None


def refuse_resumption(order: Order, production: Production) -> None:
    """Raises unless there is a stop that this person may lift.

    Raises:
        DecisionRefused: No stop stands, or the person made it, and not for a drill.
    """
    stop, name = production.stop, order.use_case
    if stop is None:
        raise DecisionRefused(
            f"{name} cannot be resumed: no stop stands in its ledger. A stop that could not be entered is entered by: "
            f"model-governance stop {name} --reason ..."
        )
    own = [each for each in production.stops if each.body.get("actor") == order.person.id]
    stop = next((each for each in reversed(own) if not each.body.get("drill")), None)
    if stop is not None:
        raise DecisionRefused(
            f"{order.person.id} may not resume {name}: {order.person.id} stopped it (ledger entry {stop.sequence}: "
            f"{stop.body.get('reason')}), and another person lifts a stop that was no drill"
        )


def _note(order: Order, production: Production, made: Entry) -> None:
    """Takes the marks of the stop from the life cycles, and publishes the head."""
    registry, body = order.installation.registry, made.body
    by = f"by {body.get('actor')} as {body.get('role')} ({body.get('channel')}): {body.get('reason')}"
    attempted = production.attempt.entry if production.attempt else None
    for entry in (each for each in (attempted, production.serving) if each is not None):
        again = entry == production.serving and entry.body.get("version") == body.get("version")
        words = f"{'serves again' if again else 'the stop is lifted'}: resumed {by}"
        status = StageStatus.DEPLOYED if again else StageStatus.ROLLED_BACK
        package = registry.describe(entry.subject)
        if (package.stage, package.stage_status) != (PRODUCTION_STAGE, status):
            registry.set_life_cycle(entry.subject, PRODUCTION_STAGE, status, words)
    publish_head(order.installation, made, on_card=False)
