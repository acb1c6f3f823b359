"""``model-governance stop``, ``resume``, ``roll-back`` and ``retire``: what people have done to what serves."""

from __future__ import annotations

import time
from typing import Annotated

import psutil
import typer

from model_governance.cli.gates import caller
from model_governance.cli.terminal import installation, say
from model_governance.domain.ledger import Entry
from model_governance.domain.orders import Operation
from model_governance.errors import GovernanceError, RecordNotMade
from model_governance.serving import resume as resumption
from model_governance.serving import retirement, reversion
from model_governance.serving.orders import OperationChannel, Order, order
from model_governance.serving.stop import OutOfService, record_stop, take_out_of_service

UseCaseName = Annotated[str, typer.Argument(help="Name of the use case, such as loan-approval.")]
Reason = Annotated[str, typer.Option("--reason", "--comment", help="Why; goes into the ledger.")]


def stop(
    use_case: UseCaseName,
    reason: Reason,
    drill: Annotated[bool, typer.Option("--drill", help="It is an exercise; ended by resume.")] = False,
) -> None:
    """Take the production endpoint out of service at once, and let nothing be deployed until somebody resumes.

    Needs neither Airflow nor the bucket; what could not be entered in the ledger is entered by stopping again.
    """
    began = time.monotonic() - (time.time() - psutil.Process().create_time())
    given = _order(Operation.STOP, use_case, reason)
    out = take_out_of_service(given, began)
    was = "is out of service" if out.found else "was not there: nothing was in service"
    say(f"{use_case}: endpoint {out.endpoint} {was}, {out.seconds:.2f} s after the command began", style="bold")
    entry = _recorded(given, out, drill=drill)
    say(f"recorded as entry {entry.sequence} of the ledger: {'drill' if drill else 'stop'} {given.sentence}")
    say(f"nothing of {use_case} is deployed until: model-governance resume {use_case} --comment ...")


def resume(
    use_case: UseCaseName,
    comment: Annotated[str, typer.Option("--comment", "--reason", help="Why it may go on; goes into the ledger.")],
    lift_only: Annotated[
        bool, typer.Option("--lift-only", help="Allow deployments again, and serve nothing yet.")
    ] = False,
) -> None:
    """End a stop: the version that served is verified again and brought back."""
    entry = resumption.resume(_order(Operation.RESUME, use_case, comment), lift_only=lift_only)
    version = entry.body.get("version")
    _say_smoke(entry)
    what = f"version {version} serves again" if version else "deployments are allowed again; nothing serves"
    say(f"{use_case}: {what}; recorded as entry {entry.sequence} of the ledger")


def roll_back(
    use_case: UseCaseName,
    reason: Reason,
    to_version: Annotated[
        int | None, typer.Option(min=1, help="A version that served before; by default the last that nobody took back.")
    ] = None,
) -> None:
    """Have an earlier version serve again, if its approvals still hold."""
    entry = reversion.have_earlier_version_serve(_order(Operation.ROLL_BACK, use_case, reason), to_version)
    _say_smoke(entry)
    say(f"{use_case}: version {entry.body['version']} serves; recorded as entry {entry.sequence} of the ledger")


def retire(
    use_case: UseCaseName, reason: Reason, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False
) -> None:
    """Take the endpoints of a use case down and archive its versions; everything recorded of it is kept."""
    given = _order(Operation.RETIRE, use_case, reason)
    if not yes:
        typer.confirm(f"Retire {use_case}? It comes back by a new approval only.", abort=True)
    entry = retirement.retire(given)
    versions = ", ".join(str(each) for each in entry.body["versions"]) or "none"
    say(f"{use_case}: retired; versions archived: {versions}; recorded as entry {entry.sequence} of the ledger")


def _order(operation: Operation, use_case: str, reason: str) -> Order:
    known = installation()
    actor = caller(known).id
    return order(known, operation, use_case, actor=actor, channel=OperationChannel.COMMAND_LINE, reason=reason)


def _recorded(given: Order, out: OutOfService, *, drill: bool) -> Entry:
    """The stop's entry.

    Raises:
        RecordNotMade: It could not be entered; says that the endpoint is out of service all the same, and what to do.
    """
    try:
        return record_stop(given, out, drill=drill)
    except GovernanceError as fault:
        if out.found is None:
            raise
        raise RecordNotMade(
            f"{given.use_case} IS OUT OF SERVICE, BUT THAT IS NOT ON RECORD: {fault}. Enter it as soon as the ledger "
            f"can be reached, with the same command: model-governance stop {given.use_case} --reason ..."
        ) from fault


def _say_smoke(entry: Entry) -> None:
    if entry.body.get("smoke_failed"):
        say(f"its smoke test FAILED, look at it now: {entry.body['smoke_failed']}", style="bold")
