"""``model-governance clean-up``: takes down what a use case made; its ledger stays, with a tombstone of each."""

from __future__ import annotations

from typing import Annotated

import typer

from model_governance.cli.leavings import Leavings, delete
from model_governance.cli.terminal import installation, say
from model_governance.cli.use_cases import refuse_unknown
from model_governance.domain.ledger import EntryKind
from model_governance.errors import RecordConflict
from model_governance.hooks.aws import calling
from model_governance.hooks.installation import Installation


def clean_up(
    use_case: Annotated[str, typer.Argument(help="Name of the use case.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete endpoints, models, versions, card and stored objects of a use case; keep its ledger and tombstones.

    What was decided before counts no longer. Cut off half-way, it is finished by doing it again.
    """
    known = installation()
    what = Leavings.of(known, use_case)
    if what.is_empty:
        refuse_unknown(known, use_case, known.ledger(use_case).entries())
        say(f"{use_case}: nothing to take down")
        return
    say(f"{use_case}: {what.sentence}")
    if not yes:
        typer.confirm("Take all of it down? Its ledger stays.", abort=True)
    take_down(known, what)
    say(f"{use_case}: taken down; the ledger keeps a tombstone of each: model-governance ledger show {use_case}")
    say("a run that still waits in Airflow ends when the next one begins; mark it failed to end it now")


def take_down(known: Installation, what: Leavings) -> None:
    """Writes the tombstones, then deletes.

    Raises:
        RecordConflict: More was made meanwhile.
        AccessRefused, ServiceUnavailable, RequestRefused: As the services answer.
    """
    with calling("sts", "GetCallerIdentity"):
        principal = str(known.clients.client("sts").get_caller_identity()["Arn"])
    body = {**what.tombstones, "principal": principal}
    known.ledger(what.use_case).append(EntryKind.CLEAN_UP, what.use_case, body)
    delete(known, what)
    left = Leavings.of(known, what.use_case)
    if not left.is_empty:
        raise RecordConflict(
            f"{what.use_case}: {left.sentence} made meanwhile: a run of its lifecycle is under way. Mark it failed "
            "in Airflow, then do it again"
        )
